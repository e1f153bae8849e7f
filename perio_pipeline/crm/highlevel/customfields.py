"""Custom fields of contacts and opportunities: resolved by name, created where they lack, and their values' shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from perio_pipeline.crm.answers import id_of, number
from perio_pipeline.crm.highlevel.constants import FILES_PER_FIELD
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import FieldSpec, FieldType, Fit, Made, Standing, Value

DATA_TYPES: Mapping[FieldType, str] = {
    FieldType.TEXT: "TEXT",
    FieldType.LONG_TEXT: "LARGE_TEXT",
    FieldType.NUMBER: "NUMERICAL",
    FieldType.DATE: "DATE",
    FieldType.CHOICE: "SINGLE_OPTIONS",
    FieldType.PHONE: "PHONE",
    FieldType.MULTI_CHOICE: "MULTIPLE_OPTIONS",
    FieldType.FILE: "FILE_UPLOAD",
}
AT_NOON = "T12:00:00.000Z"
_WITH_OPTIONS = frozenset({FieldType.CHOICE, FieldType.MULTI_CHOICE})
MODELS = frozenset({"contact", "opportunity"})

# Contacts return `value`; opportunities name the key after the type; the specification says `fieldValue`.
_VALUE_KEYS = (
    "fieldValueString",
    "fieldValueNumber",
    "fieldValueArray",
    "fieldValueDate",
    "fieldValue",
    "field_value",
    "value",
)


@dataclass(frozen=True)
class CustomField:
    """A field that the mapping uses and the account has."""

    id: str
    model: str
    name: str
    data_type: str


@dataclass
class CustomFields:
    """The fields that are resolved so far. `noon`: a date is written as noon of its day in UTC."""

    noon: bool = False
    _by_name: dict[tuple[str, str], CustomField] = field(default_factory=dict)
    _by_id: dict[str, CustomField] = field(default_factory=dict)

    def register(self, record: JsonObject, spec: FieldSpec) -> str:
        """Take over a field of the account; returns its id."""
        found = CustomField(str(record["id"]), spec.model, spec.name, DATA_TYPES[spec.type])
        self._by_name[spec.model, spec.name] = found
        self._by_id[found.id] = found
        return found.id

    def knows(self, model: str, name: str) -> bool:
        """Whether this name is a custom field of the model."""
        return (model, name) in self._by_name

    def id_of(self, model: str, name: str) -> str:
        """The CRM's id.

        Raises:
            ValueError: the field was not among those given to `missing_fields` or `create_fields`.
        """
        if not self.knows(model, name):
            raise ValueError(f"custom field {name} of {model or 'this object'} is not resolved")
        return self._by_name[model, name].id

    def items(self, model: str, values: Mapping[str, Value], keep_nulls: bool) -> list[JsonObject]:
        """Values as a write body carries them; None clears a field and is left out where there is nothing to clear."""
        return [
            {"id": self.id_of(model, name), "field_value": self._written(model, name, value)}
            for name, value in values.items()
            if value is not None or keep_nulls
        ]

    def _written(self, model: str, name: str, value: Value) -> Any:
        if isinstance(value, tuple):
            return list(value)
        is_date = self._by_name[model, name].data_type == DATA_TYPES[FieldType.DATE]
        return f"{value}{AT_NOON}" if self.noon and is_date and value else value

    def values(self, record: JsonObject) -> dict[str, Value]:
        """The values in a record that was read, by stable name; fields the mapping does not use are left out."""
        found: dict[str, Value] = {}
        items = record.get("customFields")
        for item in items if isinstance(items, list) else []:
            known = self._by_id.get(str(item.get("id"))) if isinstance(item, dict) else None
            # Files are records of their own.
            if known is not None and known.data_type != DATA_TYPES[FieldType.FILE]:
                found[known.name] = _value(item, known.data_type)
        return found


REMEDY = "Correct or rename them in the account (a type cannot be changed, only a field deleted), then run again."
"""What to do about fields that do not fit."""


def compare(wanted: Sequence[FieldSpec], present: Iterable[JsonObject], known: CustomFields) -> list[Standing]:
    """Compare the wanted fields with those of the account, and register those that fit.

    Raises:
        ValueError: HighLevel has no such fields at all.
    """
    account = list(present)
    standings: list[Standing] = []
    for spec in wanted:
        if spec.model not in MODELS:
            raise ValueError(f"custom field {spec.name}: HighLevel has none on {spec.model}")
        if spec.type not in DATA_TYPES:
            raise ValueError(f"custom field {spec.name}: HighLevel has no fields of type {spec.type}")
        same = [item for item in account if item.get("name") == spec.name and item.get("model") == spec.model]
        fault = _fault(spec, same) if same else ""
        fit = Fit.DIFFERS if fault else Fit.THERE if same else Fit.MISSING
        if fit is Fit.THERE:
            known.register(same[0], spec)
        crm_id = id_of(same[0]) if len(same) == 1 else ""
        standings.append(Standing(Made.FIELD, spec.model, spec.name, fit, crm_id, fault, spec=spec))
    return standings


def creation_body(spec: FieldSpec) -> JsonObject:
    """The body that creates a field; its label is what the form shows in the empty field."""
    body: JsonObject = {
        "name": spec.name,
        "dataType": DATA_TYPES[spec.type],
        "placeholder": spec.label,
        "model": spec.model,
    }
    if spec.type in _WITH_OPTIONS:
        body["options"] = list(spec.options)
    if spec.type is FieldType.FILE:
        body |= {"isMultipleFile": True, "maxNumberOfFiles": FILES_PER_FIELD}
    return body


def _fault(spec: FieldSpec, same: Sequence[JsonObject]) -> str:
    if len(same) > 1:
        return f"exists {len(same)} times; keep one"
    data_type, wanted = same[0].get("dataType"), DATA_TYPES[spec.type]
    if data_type != wanted:
        return f"has the type {data_type}; it should be {wanted}"
    if spec.type is FieldType.FILE and same[0].get("isMultiFileAllowed") is False:
        return "takes one file only; allow several"
    offered = same[0].get("picklistOptions") or []
    lacking = [option for option in spec.options if option not in offered]
    return f"lacks the options {', '.join(lacking)}" if spec.type in _WITH_OPTIONS and lacking else ""


def raw_value(item: JsonObject) -> Any:
    """The value of an item of a record's `customFields`; None where it holds none."""
    return next((item[key] for key in _VALUE_KEYS if item.get(key) is not None), None)


def _value(item: JsonObject, data_type: str) -> Value:
    raw = raw_value(item)
    if isinstance(raw, list):
        return tuple(str(part) for part in raw)
    if data_type == "DATE":
        return _date(raw)
    if data_type == "NUMERICAL" and isinstance(raw, str):
        return number(raw)
    return raw if isinstance(raw, str | int | float | bool) else None


def _date(raw: Any) -> Value:
    """The day: dates come as ISO text, with or without a time, or as milliseconds."""
    if isinstance(raw, int | float):
        return datetime.fromtimestamp(raw / 1000, UTC).date().isoformat()
    return raw[:10] if isinstance(raw, str) and raw else None
