"""Field definitions of the modules: reading, creating within the plan's limits, slugs (section 6)."""

import re
from typing import Any

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.config import FieldConfig
from perio_pipeline.sandbox.freshsales.errors import bad_request, not_found
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation
from perio_pipeline.sandbox.freshsales.ids import IdSource
from perio_pipeline.sandbox.freshsales.modules import STANDARD
from perio_pipeline.sandbox.freshsales.natives import Native, natives_of
from perio_pipeline.sandbox.freshsales.plans import (
    ACTIVITY_FIELDS_PER_TYPE,
    CUSTOM_MODULE_UNIQUE_FIELDS,
    LIMIT_GROUPS,
    UNIQUE_FIELDS,
)
from perio_pipeline.sandbox.freshsales.state import AccountState

MAX_CHOICES = 300
UNIQUE_TYPES = frozenset({"text", "number"})
CHOICE_TYPES = frozenset({"dropdown", "radio", "multi_select_dropdown"})
SHOWN_TYPES = {"choice": "dropdown", "amount": "number", "percent": "number", "mobile": "text", "zone": "dropdown"}


def slug(label: str) -> str:
    """The API name of a custom field: cf_ and the label in lower case with underscores; hyphens stay."""
    return "cf_" + re.sub(r"[^a-z0-9_-]", "", re.sub(r"\s+", "_", label.strip().lower()))


def add_natives(account: AccountState, ids: IdSource, behaviour: Behaviour, entity: str) -> None:
    """Give a module its form and its native fields."""
    form = account.put("forms", {"id": ids.next(), "entity": entity, "name": "Default form"})
    required = {name for module, name in account.config.required_fields if module == entity}
    for position, native in enumerate(natives_of(entity), start=1):
        account.put(
            "fields",
            {
                **_blank(ids, entity, form["id"], position),
                "name": native.name,
                "label": native.label,
                "type": SHOWN_TYPES.get(native.kind, "text" if native.kind == "special" else native.kind),
                "default": True,
                "required": native.required or native.name in required,
                "field_options": {"unique": _native_is_unique(behaviour, entity, native)},
            },
        )


def add_custom(account: AccountState, ids: IdSource, behaviour: Behaviour, config: FieldConfig) -> Json:
    """Make a custom field, or refuse it where a limit of the plan or a rule stands against it."""
    known = account["fields"].by("entity", config.module)
    name = slug(config.name)
    if name == "cf_" or any(field["name"] == name for field in known):
        raise bad_request("Label has already been taken" if name != "cf_" else "Label can't be empty")
    _check_limits(account, behaviour, config, [field for field in known if field["custom"]])
    _check_kind(config, known)
    form = account["forms"].by("entity", config.module)[0]
    choices = [
        {"id": ids.next(), "value": value, "position": position}
        for position, value in enumerate(config.choices, start=1)
    ]
    return account.put(
        "fields",
        {
            **_blank(ids, config.module, form["id"], len(known) + 1),
            "name": name,
            "label": config.name,
            "type": config.type,
            "required": config.required,
            "custom": True,
            "choices": choices,
            "field_options": {"unique": config.unique},
            "_lookup": config.lookup,
        },
    )


def shown_field(account: AccountState, field: Json) -> Json:
    """A definition as the API answers it; native dropdowns list what their selector holds."""
    public = {name: value for name, value in field.items() if not name.startswith("_") and name != "entity"}
    native = next((native for native in natives_of(field["entity"]) if native.name == field["name"]), None)
    if native is not None and native.kind == "choice" and native.selector != "owners":
        values = account["selectors"].by("selector", native.selector)
        public["choices"] = [{"id": item["id"], "value": item["name"], "position": item["position"]} for item in values]
    return public


def listed(call: Call) -> Reply:
    """GET /settings/{module}/fields."""
    entity = call.params.get("module") or call.module.entity
    if call.fixed_module is None and entity != "sales_activities":
        entity = call.custom_module(entity).entity
        if call.behaviour.module_fields == "forms":
            raise not_found("Route")
    group = {"field_group": {"name": "basic_information"}} if "field_group" in call.includes() else {}
    fields = call.account["fields"].by("entity", entity)
    return Reply({"fields": [{**shown_field(call.account, field), **group} for field in fields]})


def _blank(ids: IdSource, entity: str, form_id: int, position: int) -> Json:
    return {
        "id": ids.next(),
        "entity": entity,
        "form_id": form_id,
        "default": False,
        "required": False,
        "actionable": True,
        "visible": True,
        "custom": False,
        "position": position,
        "quick_add_position": None,
        "base_model": entity,
        "field_class": "CustomField",
        "choices": [],
        "field_options": {"unique": False},
    }


def _native_is_unique(behaviour: Behaviour, entity: str, native: Native) -> bool:
    switches: dict[tuple[str, str], bool] = {
        ("contacts", "email"): behaviour.email_unique,
        ("contacts", "mobile_number"): behaviour.mobile_unique,
        ("sales_accounts", "name"): behaviour.account_name_unique,
    }
    return switches.get((entity, native.name), native.unique)


def _check_limits(account: AccountState, behaviour: Behaviour, config: FieldConfig, customs: list[Json]) -> None:
    plan = account.plan
    group = LIMIT_GROUPS[config.type]
    total, of_group = plan.fields_total, plan.fields[group]
    if config.module == "sales_activities":
        of_group = min(of_group, ACTIVITY_FIELDS_PER_TYPE)
    elif config.module.startswith("cm_"):
        total = min(total, behaviour.custom_module_field_limit)
    same = sum(LIMIT_GROUPS[field["type"]] == group for field in customs)
    if len(customs) >= total or same >= of_group:
        raise bad_request(f"You have reached the limit of {config.type} fields for your plan")


def _check_kind(config: FieldConfig, known: list[Json]) -> None:
    if config.type in CHOICE_TYPES and not 1 <= len(config.choices) <= MAX_CHOICES:
        raise bad_request(f"Choices must be 1 to {MAX_CHOICES}")
    if config.unique:
        most = UNIQUE_FIELDS.get(config.module, CUSTOM_MODULE_UNIQUE_FIELDS)
        if config.type not in UNIQUE_TYPES or _unique_count(known) >= most:
            raise bad_request(f"Only text and number fields can be unique, {most} at most")


def _unique_count(known: list[Json]) -> int:
    return sum(bool(field["field_options"]["unique"]) for field in known)


def is_set(value: Any) -> bool:
    """Whether a value counts as given."""
    return value is not None and value != "" and value != []


OPERATIONS = (
    *(Operation("GET", f"/settings/{module.entity}/fields", listed, module) for module in STANDARD),
    Operation("GET", "/settings/{module}/fields", listed),
)
