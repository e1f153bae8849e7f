"""Records as the CRM returned them, in the names of `Payload`."""

from __future__ import annotations

from typing import Any

from perio_pipeline.crm.answers import carries
from perio_pipeline.crm.highlevel.lookups import FIELDS
from perio_pipeline.crm.highlevel.objects import ObjectSpec
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Payload, Ref, Snapshot, Value

_BIRTH_DATE = "dateOfBirth"


def snapshot(spec: ObjectSpec, record: JsonObject, ref: Ref, session: Session) -> Snapshot:
    """The record's own white-listed fields, its resolved custom fields and its links."""
    fields: dict[str, Value] = {}
    for name in sorted(spec.fields - spec.derived):
        present, value = _field(spec, record, name)
        if present:
            fields[name] = session.lookups.spoken(name, value) if name in FIELDS else value
    custom = session.custom.values(record) if spec.model else {}
    return Snapshot(ref, fields, custom, _links(spec, record, ref))


def carries_mark(spec: ObjectSpec, record: JsonObject, payload: Payload, session: Session) -> bool:
    """Whether the record's mark field holds the payload's mark, in whole or as a part that no other mark contains."""
    if session.custom.knows(spec.model, payload.mark_field):
        text = session.custom.values(record).get(payload.mark_field)
    else:
        text = _field(spec, record, payload.mark_field)[1]
    return carries(text, payload.mark)


def _field(spec: ObjectSpec, record: JsonObject, name: str) -> tuple[bool, Value]:
    """Whether the record has the field, and its value."""
    key = name if name in record else spec.aliases.get(name, name)
    if key not in record:
        return False, None
    value: Any = record[key]
    if isinstance(value, list):
        return True, tuple(str(part) for part in value)
    if name == _BIRTH_DATE and isinstance(value, str):
        return True, value[:10]
    scalar = value is None or isinstance(value, str | int | float | bool)
    return scalar, value if scalar else None


def _links(spec: ObjectSpec, record: JsonObject, ref: Ref) -> dict[str, str]:
    if not (spec.of_contact or spec.body_links):
        return {}
    nested = record.get("contact")
    found = record.get("contactId") or (nested.get("id") if isinstance(nested, dict) else None) or ref.parent_id
    return {"contactId": str(found)} if found else {}
