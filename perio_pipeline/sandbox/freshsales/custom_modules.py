"""Custom modules as such, their forms and fields (sections 5 and 6.1). Their records are handled like all others."""

import re
from typing import Any, get_args

from pydantic import ValidationError

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.config import FieldConfig, FieldType
from perio_pipeline.sandbox.freshsales.errors import RefusedError, bad_request, not_found
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation, unwrapped
from perio_pipeline.sandbox.freshsales.fields import add_custom, add_natives, shown_field
from perio_pipeline.sandbox.freshsales.ids import IdSource
from perio_pipeline.sandbox.freshsales.modules import BY_ENTITY
from perio_pipeline.sandbox.freshsales.state import AccountState
from perio_pipeline.sandbox.freshsales.targets import require
from perio_pipeline.sandbox.freshsales.views import add_views

ROOT = "/settings/module_customizations"
WRITABLE = ("singular_name", "plural_name", "icon", "description", "show_in_navigation_menu")
ENTITY_NAME = re.compile(r"[a-z][a-z0-9_]*")
PREFIX = "cm_"


def add_module(account: AccountState, ids: IdSource, behaviour: Behaviour, entity_name: str, body: Json) -> Json:
    """Make a custom module with its form, native fields and views."""
    number = ids.next()
    record: Json = {
        "id": number,
        "entity_name": entity_name,
        "custom": True,
        "table_name": entity_name,
        "coll_id": number,
        "position": len(account["modules"]) + 1,
        "status": 1,
        "icon": None,
        "description": None,
        "show_in_navigation_menu": True,
        "layout_customizations": {},
        "resource_path_for_navigation": f"/custom_module/{entity_name}",
        **{name: body[name] for name in WRITABLE if name in body},
        "created_at": body["created_at"],
        "updated_at": body["created_at"],
    }
    account.put("modules", record)
    add_natives(account, ids, behaviour, entity_name)
    add_views(account, ids, behaviour, entity_name, str(record["plural_name"]))
    return record


def create(call: Call) -> Reply:
    """POST /settings/module_customizations."""
    call.check_custom_modules()
    body = unwrapped(call.body, "module_customization")
    require(body, "entity_name", "singular_name", "plural_name", "icon")
    entity_name = _entity_name(call, body["entity_name"])
    if call.account["modules"].by("entity_name", entity_name):
        raise bad_request("Entity name has already been taken")
    given = {**body, "created_at": call.now()}
    record = add_module(call.account, call.sandbox.ids, call.behaviour, entity_name, given)
    return Reply({"module_customization": record}, call.behaviour.create_status)


def listed(call: Call) -> Reply:
    """GET /settings/module_customizations: the standard ones too, with custom false."""
    call.check_custom_modules()
    standard = [{"id": number, "entity_name": name, "custom": False} for number, name in enumerate(BY_ENTITY, start=1)]
    return Reply({"module_customizations": [*standard, *call.account["modules"]]})


def view(call: Call) -> Reply:
    """GET /settings/module_customizations/{id}."""
    call.check_custom_modules()
    return Reply({"module_customization": call.find("modules", call.params["id"])})


def update(call: Call) -> Reply:
    """PUT /settings/module_customizations/{id}."""
    call.check_custom_modules()
    record, body = call.find("modules", call.params["id"]), unwrapped(call.body, "module_customization")
    changed = {**record, **{name: body[name] for name in WRITABLE if name in body}, "updated_at": call.now()}
    return Reply({"module_customization": call.account.put("modules", changed)})


def delete(call: Call) -> Reply:
    """DELETE /settings/module_customizations/{id}: with its records and fields."""
    call.check_custom_modules()
    record = call.find("modules", call.params["id"])
    for item in list(call.account[record["entity_name"]]):
        call.account.delete(record["entity_name"], item["id"])
    for kind in ("fields", "forms", "views"):
        for item in call.account[kind].by("entity", record["entity_name"]):
            call.account.delete(kind, item["id"])
    call.account.delete("modules", record["id"])
    return Reply({"message": "Module deleted successfully"})


def forms(call: Call) -> Reply:
    """GET /settings/{entity}/forms."""
    entity = _form_entity(call)
    if entity not in BY_ENTITY and call.behaviour.module_fields == "fields":
        raise not_found("Route")
    fields = [shown_field(call.account, field) for field in call.account["fields"].by("entity", entity)]
    section = {"name": "basic_information", "label": "Basic information", "fields": fields}
    shown = [
        {"id": form["id"], "name": form["name"], "fields": [{**section, "form_id": form["id"]}]}
        for form in call.account["forms"].by("entity", entity)
    ]
    return Reply({"forms": shown})


def create_field(call: Call) -> Reply:
    """POST /settings/{entity}/forms/{form_id}/fields: field_type is a number."""
    entity = _form_entity(call)
    form = call.find("forms", call.params["form"])
    if form["entity"] != entity:
        raise not_found("Form")
    body = unwrapped(call.body, "field")
    require(body, "label", "field_type")
    field = add_custom(call.account, call.sandbox.ids, call.behaviour, _field_config(call, entity, body))
    return Reply({"field": shown_field(call.account, field)}, call.behaviour.create_status)


def delete_field(call: Call) -> Reply:
    """DELETE /settings/{entity}/forms/{form_id}/fields/{id}: its values vanish. Only where that is switched on."""
    if not call.behaviour.field_deletion:
        raise not_found("Route")
    entity = _form_entity(call)
    field = call.find("fields", call.params["id"])
    if field["entity"] != entity or not field["custom"]:
        raise not_found("Field")
    for record in list(call.account[entity]):
        if field["name"] in record["custom_field"]:
            values = {name: value for name, value in record["custom_field"].items() if name != field["name"]}
            call.account.put(entity, {**record, "custom_field": values})
    call.account.delete("fields", field["id"])
    return Reply({"message": "Field deleted successfully"})


def _form_entity(call: Call) -> str:
    """The entity whose forms may be seen; of standard ones only where that is switched on."""
    entity = call.params["entity"]
    if entity not in BY_ENTITY:
        return call.custom_module(entity).entity
    if call.behaviour.standard_field_creation != "on":
        raise RefusedError(int(call.behaviour.standard_field_creation), "Forms of this module are not available")
    return entity


def _entity_name(call: Call, given: Any) -> str:
    if not isinstance(given, str) or not ENTITY_NAME.fullmatch(given):
        raise bad_request("Entity name is invalid")
    prefixed = given.startswith(PREFIX)
    if call.behaviour.module_prefix == ("bare" if prefixed else "prefixed"):
        raise bad_request("Entity name is invalid")
    return given if prefixed else PREFIX + given


def _field_config(call: Call, entity: str, body: Json) -> FieldConfig:
    names = {code: name for name, code in call.behaviour.field_type_codes.items() if name in get_args(FieldType)}
    options = body.get("field_options") if isinstance(body.get("field_options"), dict) else {}
    try:
        return FieldConfig.model_validate(
            {
                "name": body["label"],
                "type": names.get(body["field_type"]),
                "choices": [item["value"] for item in body.get("choices", [])],
                "module": entity,
                "required": body.get("required", False),
                "unique": (options or {}).get("unique", False),
                "lookup": (options or {}).get("lookup_entity", "contacts"),
            }
        )
    except (ValidationError, KeyError, TypeError):
        raise bad_request("Field is invalid") from None


OPERATIONS = (
    Operation("POST", ROOT, create),
    Operation("GET", ROOT, listed),
    Operation("GET", f"{ROOT}/{{id}}", view),
    Operation("PUT", f"{ROOT}/{{id}}", update),
    Operation("DELETE", f"{ROOT}/{{id}}", delete),
    Operation("GET", "/settings/{entity}/forms", forms),
    Operation("POST", "/settings/{entity}/forms/{form}/fields", create_field),
    Operation("DELETE", "/settings/{entity}/forms/{form}/fields/{id}", delete_field),
)
