"""Custom fields of contacts and opportunities (section 6.1)."""

import re

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.config import Behaviour
from perio_pipeline.sandbox.highlevel.errors import bad_request
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation
from perio_pipeline.sandbox.highlevel.ids import IdSource
from perio_pipeline.sandbox.highlevel.state import LocationState
from perio_pipeline.sandbox.highlevel.values import find_field

DATA_TYPES = frozenset(
    {
        "TEXT",
        "LARGE_TEXT",
        "NUMERICAL",
        "PHONE",
        "MONETORY",
        "CHECKBOX",
        "SINGLE_OPTIONS",
        "MULTIPLE_OPTIONS",
        "FLOAT",
        "TIME",
        "DATE",
        "TEXTBOX_LIST",
        "FILE_UPLOAD",
        "SIGNATURE",
        "RADIO",
    }
)
MODELS = ("contact", "opportunity")
COPIED = ("placeholder", "acceptedFormat", "textBoxListOptions", "description", "parentId")


def slug(name: str) -> str:
    """The key part of a field's name: lower case, spaces as underscores, other punctuation gone."""
    return re.sub(r"[^a-z0-9_]", "", name.strip().lower().replace(" ", "_"))


def new_field(location: LocationState, ids: IdSource, behaviour: Behaviour, body: Json) -> Json:
    """Make a field of a create body and store it."""
    if body["dataType"] not in DATA_TYPES:
        raise bad_request(f"Invalid dataType {body['dataType']}")
    model = body.get("model", "contact")
    field = {
        "id": ids.short(),
        "name": body["name"],
        "fieldKey": _free_key(location, behaviour, f"{model}.{slug(body['name'])}"),
        "dataType": body["dataType"],
        "model": model,
        "locationId": location.config.id,
        "position": body.get("position", 0),
        "isAllowedCustomOption": False,
    }
    return location.put("customField", {**field, **_options(body)})


def _options(body: Json) -> Json:
    return {
        **{name: body[name] for name in COPIED if name in body},
        "picklistOptions": body.get("options", []),
        "picklistImageOptions": [],
        "isMultiFileAllowed": body.get("isMultipleFile", False),
        "maxFileLimit": int(body.get("maxNumberOfFiles", 1)),
    }


def _free_key(location: LocationState, behaviour: Behaviour, key: str) -> str:
    fields = location["customField"]
    if behaviour.repeated_field_key == "same" or not fields.by("fieldKey", key):
        return key
    if behaviour.repeated_field_key == "refuse":
        raise bad_request("A custom field with this name already exists")
    number = 1
    while fields.by("fieldKey", f"{key}_{number}"):
        number += 1
    return f"{key}_{number}"


def create(call: Call) -> Reply:
    """POST /locations/{locationId}/customFields: `options` in, `picklistOptions` out."""
    field = new_field(call.location, call.sandbox.ids, call.behaviour, call.body)
    return Reply({"customField": field}, 201)


def listed(call: Call) -> Reply:
    """GET /locations/{locationId}/customFields?model=."""
    model = call.query.get("model", "contact")
    if model not in (*MODELS, "all"):
        raise bad_request("model must be one of contact, opportunity, all")
    fields = [field for field in call.location["customField"] if model in ("all", field["model"])]
    return Reply({"customFields": fields})


def read(call: Call) -> Reply:
    """GET /locations/{locationId}/customFields/{id}, by id or key."""
    by_key = call.location["customField"].by("fieldKey", call.params["id"])
    return Reply({"customField": by_key[0] if by_key else call.find("customField", call.params["id"])})


def update(call: Call) -> Reply:
    """PUT /locations/{locationId}/customFields/{id}: the type and the model stay as they are."""
    field = call.find("customField", call.params["id"])
    if call.body.get("model", field["model"]) != field["model"]:
        raise bad_request("model cannot be changed")
    renamed = {"name": call.body["name"], "position": call.body.get("position", field["position"])}
    given = _options(call.body)
    sources = {"options": "picklistOptions", "isMultipleFile": "isMultiFileAllowed", "maxNumberOfFiles": "maxFileLimit"}
    kept = {target: given[target] for source, target in sources.items() if source in call.body}
    kept |= {name: given[name] for name in COPIED if name in call.body}
    return Reply({"customField": call.location.put("customField", {**field, **renamed, **kept})})


def delete(call: Call) -> Reply:
    """DELETE /locations/{locationId}/customFields/{id}: its values vanish from all records."""
    field = call.find("customField", call.params["id"], deleting=True)
    for record in list(call.location[field["model"]]):
        if field["id"] in record["customFields"]:
            values = {field_id: value for field_id, value in record["customFields"].items() if field_id != field["id"]}
            call.location.put(field["model"], {**record, "customFields": values})
    call.location.delete("customField", field["id"])
    return Reply({"succeded": True})


def without_field(call: Call, name: str) -> Json:
    """The body of a call without one property, or without one custom field's value (by id, key or name)."""
    body = {key: value for key, value in call.body.items() if key != name}
    if isinstance(body.get("customFields"), list):
        body["customFields"] = [item for item in body["customFields"] if not _means(call, item, name)]
    return body


def _means(call: Call, item: Json, name: str) -> bool:
    fields = [find_field(call, model, item) for model in MODELS]
    return any(field and name in (field["id"], field["fieldKey"], field["name"]) for field in fields)


READ, WRITE = "locations/customFields.readonly", "locations/customFields.write"
ROOT = "/locations/{locationId}/customFields"
NO_QUERY: frozenset[str] = frozenset()
OPERATIONS = (
    Operation("GET", ROOT, READ, listed, query=frozenset({"model"})),
    Operation("POST", ROOT, WRITE, create, dto="create-custom-field"),
    Operation("GET", f"{ROOT}/{{id}}", READ, read, query=NO_QUERY),
    Operation("PUT", f"{ROOT}/{{id}}", WRITE, update, dto="update-custom-field", query=NO_QUERY),
    Operation("DELETE", f"{ROOT}/{{id}}", WRITE, delete, query=NO_QUERY),
)
