"""Files and links on records: upload, pooled storage, lists, download (section 9)."""

import hashlib
import re

from perio_pipeline.sandbox.common.exchange import Part, Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import RefusedError, bad_request, not_found
from perio_pipeline.sandbox.freshsales.exchange import PREFIX, Call, Operation
from perio_pipeline.sandbox.freshsales.modules import STANDARD
from perio_pipeline.sandbox.freshsales.targets import RECORD_TARGETS, SUCCESS, read_target, require, stamped

TARGETS = RECORD_TARGETS | {"Product"}
RESTRICTED = re.compile(r"[&$+,/:;=?@<>\[\]{}|\\^~%#]")
"""Characters that upload services commonly replace in names."""
DOWNLOAD = "/documents/{id}/download"


def upload(call: Call) -> Reply:
    """POST /documents: multipart only."""
    fields = dict(call.form.fields)
    part = next((item for item in call.form.files if item.name == "file"), None)
    if call.is_json or part is None:
        raise bad_request("File can't be empty")
    target = read_target(call, fields, TARGETS)
    _check_room(call, part)
    record = {
        **stamped(call, {}),
        **target,
        "kind": "document",
        "name": _kept_name(call, fields.get("file_name") or part.filename),
        "content_type": part.content_type,
        "size": len(part.content),
        "is_shared": fields.get("is_shared") == "true",
        "sha256": hashlib.sha256(part.content).hexdigest(),
    }
    call.sandbox.disk.save_file(record["id"], part.content)
    call.account.put("documents", record)
    return _made(call, record, "Document uploaded successfully")


def link(call: Call) -> Reply:
    """POST /document_links."""
    require(call.body, "url", "name", "targetable_type", "targetable_id")
    target = read_target(call, call.body, TARGETS)
    own = {"kind": "link", "name": call.body["name"], "url": call.body["url"]}
    record = {**stamped(call, {}), **target, **own, "is_shared": bool(call.body.get("is_shared"))}
    call.account.put("documents", record)
    return _made(call, record, "Link added successfully")


def listed(call: Call) -> Reply:
    """GET /{module}/{id}/document_associations: files and links."""
    record = call.find(call.module.entity, call.params["id"])
    found = call.account["documents"].by("_target", f"{call.module.target}/{record['id']}")
    records, meta = call.page(found)
    by_kind = {kind: [_shown(call, item) for item in records if item["kind"] == kind] for kind in ("document", "link")}
    return Reply({"documents": by_kind["document"], "links": by_kind["link"], "meta": meta})


def download(call: Call) -> Reply:
    """GET of a file's bytes, to callers with a token."""
    record = call.find("documents", call.params["id"])
    content = call.sandbox.disk.read_file(record["id"])
    if content is None:
        raise not_found("File")
    return Reply({}, 200, content, record["content_type"])


def delete(call: Call) -> Reply:
    """DELETE /documents/{id}: undocumented, so only where that is switched on."""
    if not call.behaviour.file_delete:
        raise not_found("Route")
    record = call.find("documents", call.params["id"])
    call.account.delete("documents", record["id"])
    call.sandbox.disk.delete_file(record["id"])
    return Reply(SUCCESS)


def used_storage(call: Call) -> int:
    """Bytes taken of the pool, with what forgotten contacts still hold."""
    kinds = ("documents", "lost_room")
    return sum(record.get("size", 0) for kind in kinds for record in call.account[kind])


def _kept_name(call: Call, name: str) -> str:
    return RESTRICTED.sub("_", name) if call.behaviour.file_names == "restrict" else name


def _check_room(call: Call, part: Part) -> None:
    behaviour = call.behaviour
    if len(part.content) > behaviour.file_limit_bytes:
        raise RefusedError(behaviour.file_over_limit_status, "File size exceeds the limit")
    if used_storage(call) + len(part.content) > call.account.config.storage():
        raise RefusedError(behaviour.storage_full_status, "You have used up your file storage")


def _made(call: Call, record: Json, message: str) -> Reply:
    body = {"id": record["id"], "msg": message, "url": _url(call, record)}
    return Reply(body, call.behaviour.create_status)


def _shown(call: Call, record: Json) -> Json:
    hidden = ("sha256", "targetable_type", "targetable_id")
    public = {name: value for name, value in record.items() if not name.startswith("_") and name not in hidden}
    return {**public, "url": _url(call, record)}


def _url(call: Call, record: Json) -> str:
    # The real address would lead out of this machine, so it is the sandbox's own.
    return str(record.get("url") or f"{call.base_url}{PREFIX}{DOWNLOAD.format(id=record['id'])}")


OPERATIONS = (
    Operation("POST", "/documents", upload, form=True),
    Operation("POST", "/document_links", link),
    Operation("DELETE", "/documents/{id}", delete),
    Operation("GET", DOWNLOAD, download),
    *(Operation("GET", f"{module.path}/{{id}}/document_associations", listed, module) for module in STANDARD),
)
