"""Custom fields: found by label in the account, never by a computed name, and the shapes of their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from perio_pipeline.crm.answers import number
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.limits import (
    CHOICE_SEPARATOR,
    check_choices,
    check_date,
    check_length,
    check_number,
)
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import FieldSpec, FieldType, Value

TYPES: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: ("text",),
    FieldType.PHONE: ("text", "phone", "phone_number"),
    FieldType.LONG_TEXT: ("paragraph", "textarea", "text_area"),
    FieldType.NUMBER: ("decimal", "number"),
    FieldType.DATE: ("date", "date_time", "datetime"),
    FieldType.DATE_TIME: ("date_time", "datetime", "date"),
    FieldType.CHOICE: ("dropdown", "radio"),
    FieldType.MULTI_CHOICE: ("multi_select_dropdown",),
    FieldType.CHECKBOX: ("checkbox",),
    FieldType.LOOKUP: ("auto_complete", "lookup"),
}
"""Our types → the CRM's names for them; the first is used in creation. Its date picker goes by several names."""

WITH_OPTIONS = frozenset({FieldType.CHOICE, FieldType.MULTI_CHOICE})
_LENGTHS = {FieldType.LONG_TEXT: constants.LONG_TEXT_LENGTH, FieldType.TEXT: constants.TEXT_LENGTH}


@dataclass(frozen=True)
class CustomField:
    """A field that the mapping uses and the account has."""

    api_name: str
    model: str
    name: str
    type: FieldType
    choices: tuple[str, ...] = ()


@dataclass
class CustomFields:
    """The fields that are resolved so far. `arrays`: several choices are sent as a list, not joined."""

    arrays: bool = False
    _by_name: dict[tuple[str, str], CustomField] = field(default_factory=dict)

    def register(self, record: JsonObject, spec: FieldSpec) -> str:
        """Take over a field of the account; returns its API name."""
        found = CustomField(str(record["name"]), spec.model, spec.name, spec.type, choices_of(record))
        self._by_name[spec.model, spec.name] = found
        return found.api_name

    def knows(self, model: str, name: str) -> bool:
        """Whether this name is a custom field of the model."""
        return (model, name) in self._by_name

    def api_names(self, model: str) -> set[str]:
        """The CRM's names of all fields of a model that are resolved."""
        return {known.api_name for (owner, _), known in self._by_name.items() if owner == model}

    def api_name(self, model: str, name: str) -> str:
        """The CRM's name.

        Raises:
            ValueError: the field was not among those given to `missing_fields` or `create_fields`.
        """
        return self._field(model, name).api_name

    def encoded(self, model: str, values: Mapping[str, Value], keep_nulls: bool) -> JsonObject:
        """Values as a write body carries them; None clears a field and is left out where there is nothing to clear.

        Raises:
            RefusedValueError: a value that the CRM would refuse or cut.
        """
        return {
            self.api_name(model, name): None if value is None else self._encode(self._field(model, name), value)
            for name, value in values.items()
            if value is not None or keep_nulls
        }

    def linked(self, model: str, links: Mapping[str, str]) -> JsonObject:
        """Links to other records as a write body carries them."""
        return {self.api_name(model, name): numeric(crm_id) for name, crm_id in links.items()}

    def decoded(self, model: str, record: JsonObject) -> tuple[dict[str, Value], dict[str, str]]:
        """The values and the links in a record that was read, by stable name; others' fields are left out."""
        held = record.get("custom_field")
        values: dict[str, Value] = {}
        links: dict[str, str] = {}
        for (owner, name), known in self._by_name.items():
            if owner != model or not isinstance(held, dict) or known.api_name not in held:
                continue
            raw = held[known.api_name]
            if known.type is not FieldType.LOOKUP:
                values[name] = _decode(known, raw)
            elif raw:
                links[name] = str(raw["id"] if isinstance(raw, dict) else raw)
        return values, links

    def _field(self, model: str, name: str) -> CustomField:
        if not self.knows(model, name):
            raise ValueError(f"custom field {name} of {model or 'this object'} is not resolved")
        return self._by_name[model, name]

    def _encode(self, known: CustomField, value: Value) -> Any:
        if known.type is FieldType.NUMBER:
            check_number(known.name, value)
        elif known.type in (FieldType.DATE, FieldType.DATE_TIME):
            check_date(known.name, value)
        elif known.type in WITH_OPTIONS:
            chosen = value if isinstance(value, tuple) else (str(value),)
            check_choices(known.name, chosen, known.choices)
            joined = CHOICE_SEPARATOR.join(chosen)
            return list(chosen) if self.arrays and known.type is FieldType.MULTI_CHOICE else joined
        elif known.type is not FieldType.CHECKBOX:
            check_length(known.name, value, _LENGTHS.get(known.type, constants.TEXT_LENGTH))
        return list(value) if isinstance(value, tuple) else value


def choices_of(record: JsonObject) -> tuple[str, ...]:
    """The choices of a field as the account lists it."""
    listed = record.get("choices")
    return tuple(str(c.get("value")) for c in listed if isinstance(c, dict)) if isinstance(listed, list) else ()


def flat(items: Iterable[Any]) -> list[JsonObject]:
    """Fields out of forms and groups, however deep they are nested."""
    found: list[JsonObject] = []
    for item in items:
        if isinstance(item, dict):
            inner = item.get("fields")
            found += flat(inner) if isinstance(inner, list) else [item]
    return found


def numeric(crm_id: str) -> int | str:
    """An id as bodies carry it: the CRM's ids are numbers."""
    return int(crm_id) if crm_id.isdecimal() else crm_id


def _decode(known: CustomField, raw: Any) -> Value:
    if raw is None or raw == "":
        return () if known.type is FieldType.MULTI_CHOICE else None
    if known.type is FieldType.MULTI_CHOICE:
        parts = raw if isinstance(raw, list) else str(raw).split(CHOICE_SEPARATOR)
        return tuple(str(part).strip() for part in parts)
    if known.type is FieldType.DATE:
        return str(raw)[:10]
    if known.type is FieldType.NUMBER and isinstance(raw, str):
        return number(raw)
    return raw if isinstance(raw, str | int | float | bool) else None
