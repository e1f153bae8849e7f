"""What the records of all modules have in common: reading bodies, rules, uniqueness, and the shape of answers."""

from collections.abc import Callable, Iterable
from typing import Any

from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales import contact_rules, deal_rules
from perio_pipeline.sandbox.freshsales.errors import UnusableValueError, bad_request
from perio_pipeline.sandbox.freshsales.exchange import Call
from perio_pipeline.sandbox.freshsales.fields import is_set
from perio_pipeline.sandbox.freshsales.fieldset import FieldSet
from perio_pipeline.sandbox.freshsales.modules import Module
from perio_pipeline.sandbox.freshsales.state import folded
from perio_pipeline.sandbox.freshsales.values import InvalidChoiceError, custom_value, local_midnight, native_value

Rule = Callable[[Call, Json, Json], None]
# What a module does with its special fields: call, body, record (which it completes).
SPECIAL: dict[str, Rule] = {
    "contacts": contact_rules.complete,
    "sales_accounts": deal_rules.complete_account,
    "deals": deal_rules.complete,
}
UNIQUE_KEYS = {("contacts", "email"): "_email", ("sales_accounts", "name"): "_name"}


def saved(call: Call, module: Module, body: Json, current: Json | None = None) -> Json:
    """Write a body onto a record, or onto a new one, and store it when all rules hold."""
    record = changed(call, module, body, current)
    check_unique(call, module, record, creating=current is None)
    if module.entity == "contacts" and current is None:
        record = contact_rules.welcomed(call, body, record)
    return call.account.put(module.entity, record)


def changed(call: Call, module: Module, body: Json, current: Json | None) -> Json:
    """The record after a body, checked but not stored."""
    record = {**current} if current else blank(call, body)
    record["updated_at"] = call.now()
    fields = call.account.fields(module.entity)
    problems: list[str] = []
    for native in fields.natives:
        if native.name in body and native.kind != "special":
            try:
                record[native.name] = native_value(call, native, body[native.name])
            except UnusableValueError as problem:
                # A label instead of a choice's id is refused whatever the settings (16.4).
                if call.behaviour.unusable_value == "refuse" or native.kind == "choice":
                    problems.append(str(problem))
    record["custom_field"] = custom_values(
        call, fields.custom, record["custom_field"], body.get("custom_field"), problems
    )
    special = SPECIAL.get(module.entity)
    if special:
        try:
            special(call, body, record)
        except UnusableValueError as problem:
            problems.append(str(problem))
    problems += missing(fields.required, record, body, creating=current is None)
    if problems:
        raise bad_request(*dict.fromkeys(problems))
    return record


def blank(call: Call, body: Json) -> Json:
    """A new record with what the server gives it."""
    owner = call.user
    number = call.sandbox.ids.next()
    return {
        "id": number,
        "owner_id": owner["id"],
        "custom_field": {},
        "created_at": call.created_at(body),
        "mcr_id": number + 1,
    }


def custom_values(call: Call, fields: dict[str, Json], current: Json, given: Any, problems: list[str]) -> Json:
    """Custom values after what a body gives; what cannot be used adds to `problems` or is dropped."""
    if not isinstance(given, dict):
        return current
    merged = dict(current)
    for name, value in given.items():
        field = fields.get(name)
        if field is None:
            if call.behaviour.unknown_custom_field == "refuse":
                problems.append(f"{name} is not a valid field")
            continue
        try:
            merged[name] = custom_value(call, field, value)
        except UnusableValueError as problem:
            choice = isinstance(problem, InvalidChoiceError)
            setting = call.behaviour.invalid_choice if choice else call.behaviour.unusable_value
            if setting == "refuse":
                problems.append(str(problem))
    return {name: value for name, value in merged.items() if value is not None}


def missing(fields: Iterable[Json], record: Json, body: Json, *, creating: bool) -> list[str]:
    """Messages for required fields that a create leaves out or an update empties; labels name them (1.3)."""
    messages = []
    for field in fields:
        values, given = (record["custom_field"], body.get("custom_field")) if field["custom"] else (record, body)
        touched = creating or (isinstance(given, dict) and field["name"] in given)
        if touched and not is_set(values.get(field["name"])):
            messages.append(f"{field['label']} can't be empty")
    return messages


def check_unique(call: Call, module: Module, record: Json, *, creating: bool) -> None:
    """Refuse values of unique fields that another record holds."""
    problem = "has already been taken" if creating else "is not unique"
    messages = []
    for field in call.account.fields(module.entity).unique:
        if _holders(call, module, record, field):
            messages.append(f"{field['label']} {problem}")
    if messages:
        raise bad_request(*messages)


def _holders(call: Call, module: Module, record: Json, field: Json) -> list[Json]:
    name: str = field["name"]
    key = f"custom_field.{name}" if field["custom"] else UNIQUE_KEYS.get((module.entity, name), name)
    value = record["custom_field"].get(name) if field["custom"] else record.get(name)
    if not is_set(value):
        return []
    value = folded(value) if key.startswith("_") else value
    return [
        other
        for other in call.account[module.entity].by(key, value)
        if other["id"] != record["id"] and (call.behaviour.deleted_rows_block or not other.get("_deleted"))
    ]


def shown(call: Call, module: Module, record: Json, *, custom_fields: bool = True) -> Json:
    """A record as the API answers it: all fields, null where empty, nothing private."""
    fields = call.account.fields(module.entity)
    public = {name: value for name, value in record.items() if name[0] != "_" and name not in fields.hidden}
    body: Json = {**fields.empty, **public}
    body["is_deleted"] = bool(record.get("_deleted"))
    if module.entity == "contacts":
        body |= contact_rules.derived(call, record)
    if custom_fields:
        body["custom_field"] = _shown_values(call, fields, record["custom_field"])
    else:
        del body["custom_field"]
    return body


def _shown_values(call: Call, fields: FieldSet, values: Json) -> Json:
    shown_values = {**fields.empty_custom, **values}
    for name in fields.dates if call.behaviour.date_reads_as == "midnight" else ():
        if shown_values[name] is not None:
            shown_values[name] = local_midnight(call.account, shown_values[name])
    return shown_values
