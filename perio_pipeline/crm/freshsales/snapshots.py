"""Records as the CRM returned them, in the names of `Payload`."""

from __future__ import annotations

from typing import Any

from perio_pipeline.crm.answers import carries, id_of, number, records
from perio_pipeline.crm.freshsales import constants, standins
from perio_pipeline.crm.freshsales.bodies import ACCOUNT_LIST
from perio_pipeline.crm.freshsales.lookups import FIELDS
from perio_pipeline.crm.freshsales.objects import TARGETS, LinkStyle, ObjectSpec
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.freshsales.timezones import to_iana
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Payload, Ref, Snapshot, Value

# The list of a contact's files does not say under which key it gives their names.
_ALIASES = {"file_name": ("file_name", "name", "content_file_name", "title")}
_NESTED = {"owner_id": "owner", "creater_id": "creater"}
_MAY_READ_NULL = frozenset({"lifecycle_stage_id", "contact_status_id"})


def snapshot(spec: ObjectSpec, record: JsonObject, ref: Ref, session: Session) -> Snapshot:
    """The white-listed fields that the record has, its resolved custom fields and its links."""
    fields: dict[str, Value] = {}
    for name in sorted(spec.fields):
        present, raw = _held(record, name)
        if present and _tells(name, raw, session):
            fields[name] = _spoken(spec, name, raw, session)
    custom, links = session.custom.decoded(spec.model, record) if spec.model else ({}, {})
    return Snapshot(ref, fields, custom, links | _links(spec, record, ref))


def carries_mark(spec: ObjectSpec, record: JsonObject, payload: Payload, session: Session) -> bool:
    """Whether the record's mark field holds the payload's mark, in whole or as a part that no other mark contains."""
    if session.custom.knows(spec.model, payload.mark_field):
        text: object = session.custom.decoded(spec.model, record)[0].get(payload.mark_field)
    else:
        text = _held(record, payload.mark_field)[1]
    return carries(text, payload.mark)


def has_field(record: JsonObject, name: str) -> bool:
    """Whether a record in a list carries the field at all."""
    return _held(record, name)[0]


def accounts_of(record: JsonObject) -> list[JsonObject]:
    """A contact's accounts."""
    return records(record, ACCOUNT_LIST)


def _held(record: JsonObject, name: str) -> tuple[bool, Any]:
    """Whether the record has the field, and its raw value."""
    for key in _ALIASES.get(name, (name,)):
        if key in record:
            return True, record[key]
    nested = record.get(_NESTED.get(name, ""))
    if isinstance(nested, dict):
        return True, nested.get("id")
    return False, None


def _tells(name: str, raw: Any, session: Session) -> bool:
    """Whether what is held says anything of what was written."""
    if name == constants.CREATED_AT:
        return session.capabilities.created_at_writable
    return raw is not None or name not in _MAY_READ_NULL or not session.capabilities.lifecycle_reads_null


def _spoken(spec: ObjectSpec, name: str, raw: Any, session: Session) -> Value:
    if raw is None or raw == "":
        return None
    if name == "emails" and isinstance(raw, list):
        raw = _primary_email(raw)
    raw = standins.read_back(name, raw, session.capabilities) if spec.plural == constants.CONTACTS else raw
    if name in FIELDS:
        named = session.lookups.spoken(name, raw)
        return standins.owner_read_back(named, session.capabilities) if name == standins.OWNER else named
    if isinstance(raw, list):
        return tuple(str(part) for part in raw)
    if name in spec.numbers and isinstance(raw, str):
        return number(raw)
    if name in spec.dates:
        return str(raw)[:10]
    if name == "time_zone":
        return to_iana(str(raw))
    return raw if isinstance(raw, str | int | float | bool) else None


def _primary_email(held: list[Any]) -> Value:
    addresses = [item for item in held if isinstance(item, dict) and item.get("value")]
    addresses.sort(key=lambda item: item.get("is_primary") is not True)
    return str(addresses[0]["value"]) if addresses else None


def _links(spec: ObjectSpec, record: JsonObject, ref: Ref) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, style in spec.links.items():
        if style is LinkStyle.PRIMARY_ACCOUNT:
            held = sorted(accounts_of(record), key=lambda item: item.get("is_primary") is not True)
            found |= {name: id_of(held[0])} if held else {}
        elif style is LinkStyle.ADDED_CONTACT:
            contacts = [id_of(item) for item in records(record, constants.CONTACTS)]
            found |= {name: contacts[0]} if contacts else {}
        elif style is LinkStyle.FIELD and record.get(name):
            found[name] = str(record[name])
    return found | _target_link(spec, record, ref)


def _target_link(spec: ObjectSpec, record: JsonObject, ref: Ref) -> dict[str, str]:
    if LinkStyle.TARGET not in spec.links.values():
        return {}
    stated = [(str(item.get("type") or ""), id_of(item)) for item in records(record, "targetables")]
    stated.append((str(record.get("targetable_type") or ""), str(record.get("targetable_id") or "")))
    for name, target in TARGETS.items():
        if name in spec.links and (found := [crm_id for kind, crm_id in stated if kind == target.type and crm_id]):
            return {name: found[0]}
    module, _, crm_id = (ref.parent_id or "").rpartition("/")
    names = [name for name, target in TARGETS.items() if target.module == (module or constants.CONTACTS)]
    return {names[0]: crm_id} if crm_id else {}
