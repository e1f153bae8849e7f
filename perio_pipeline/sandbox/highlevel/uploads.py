"""Files in a contact's FILE_UPLOAD fields (section 8, way A) and their download."""

import hashlib
from pathlib import PurePath

from perio_pipeline.sandbox.common.exchange import Part, Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.contact_rules import shown
from perio_pipeline.sandbox.highlevel.errors import bad_request, unauthorized
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation

EXTENSIONS = frozenset(
    {"pdf", "docx", "doc", "jpg", "jpeg", "png", "gif", "csv", "xlsx", "xls", "mp4", "mpeg", "zip", "rar", "txt", "svg"}
)


def upload(call: Call) -> Reply:
    """POST /forms/upload-custom-files: all parts are checked before any is stored."""
    contact = call.find("contact", call.query["contactId"])
    if not call.parts:
        raise bad_request("No files were uploaded")
    fields = {**contact["customFields"]}
    accepted: list[tuple[str, Part]] = []
    for part in call.parts:
        field = _field(call, part)
        _check_file(call, part, field)
        value = _value(call, part)
        fields[field["id"]] = {**fields.get(field["id"], {}), value["meta"]["uuid"]: value}
        if len(fields[field["id"]]) > field["maxFileLimit"]:
            raise bad_request(f"Field {field['id']} takes at most {field['maxFileLimit']} files")
        accepted.append((value["documentId"], part))
    for document, part in accepted:
        _keep(call, contact, document, part)
    contact = call.location.put("contact", {**contact, "customFields": fields, "dateUpdated": call.now()})
    return Reply({"contact": shown(call, contact), "traceId": call.sandbox.ids.uuid()})


def _field(call: Call, part: Part) -> Json:
    """The field a part is for: its name is the field's id, an underscore and anything."""
    field_id, separator, file_id = part.name.partition("_")
    field = call.location["customField"].get(field_id)
    if not separator or not file_id or field is None or field["model"] != "contact":
        raise bad_request(f"Invalid custom field in part {part.name}")
    if field["dataType"] != "FILE_UPLOAD":
        raise bad_request(f"Custom field {field_id} is not a file field")
    return field


def _check_file(call: Call, part: Part, field: Json) -> None:
    extension = PurePath(part.filename).suffix.lower()
    accepted = [str(item).lower() for item in field.get("acceptedFormat", [])]
    listed = not accepted or "all" in accepted or extension in accepted
    if extension.removeprefix(".") not in EXTENSIONS or not listed:
        raise bad_request("File type is not allowed", call.behaviour.upload_wrong_type_status)
    if len(part.content) > call.behaviour.upload_limit_bytes:
        raise bad_request("File too large", call.behaviour.upload_over_limit_status)


def _value(call: Call, part: Part) -> Json:
    document = call.sandbox.ids.short()
    meta = {
        "fieldname": part.name,
        "originalname": part.filename,
        "encoding": "7bit",
        "mimetype": part.content_type,
        "size": len(part.content),
        "uuid": call.sandbox.ids.uuid(),
    }
    return {"meta": meta, "documentId": document}


def _keep(call: Call, contact: Json, document: str, part: Part) -> None:
    call.sandbox.disk.save_file(document, part.content)
    digest = hashlib.sha256(part.content).hexdigest()
    record = {"id": document, "contactId": contact["id"], "sha256": digest, "mimetype": part.content_type}
    call.location.put("file", record)


def download(call: Call) -> Reply:
    """GET /documents/download/{documentId}: the bytes, to callers with a token where those are taken."""
    if not call.behaviour.download_with_token:
        raise unauthorized("Invalid JWT")
    record = call.find("file", call.params["documentId"])
    return Reply({}, 200, call.sandbox.disk.read_file(record["id"]) or b"", record["mimetype"])


OPERATIONS = (
    Operation(
        "POST",
        "/forms/upload-custom-files",
        "forms.write",
        upload,
        required_query=("contactId", "locationId"),
        multipart=True,
    ),
    Operation("GET", "/documents/download/{documentId}", "contacts.readonly", download),
)
