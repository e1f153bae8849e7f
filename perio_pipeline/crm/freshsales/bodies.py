"""Write bodies: a payload in the CRM's terms, out of the white-list of its object and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perio_pipeline.crm.freshsales import constants, standins
from perio_pipeline.crm.freshsales.customfields import numeric
from perio_pipeline.crm.freshsales.limits import RefusedValueError, check_date, check_length, check_number
from perio_pipeline.crm.freshsales.lookups import FIELDS
from perio_pipeline.crm.freshsales.objects import TARGETS, LinkStyle, ObjectSpec, Target
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.freshsales.timezones import to_rails
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Payload, Value

ACCOUNT_LIST = "sales_accounts"


def create_body(spec: ObjectSpec, payload: Payload, session: Session) -> JsonObject:
    """The record to make, not yet wrapped; empty values are left out.

    Raises:
        ValueError: a field or link that the object does not take; a fault of the mapping.
        RefusedValueError: a value that the CRM would refuse or cut.
        UnknownLookupError: a stage, pipeline or other entry that the account does not have.
    """
    stated: dict[str, Value] = {name: value for name, value in payload.fields.items() if value is not None}
    if payload.mark_field == constants.EXTERNAL_ID:
        stated[constants.EXTERNAL_ID] = payload.mark
    if spec.plural == constants.CONTACTS:
        stated = standins.completed(payload, stated, session.capabilities)
    body = _body(spec, payload, stated, session, keep_nulls=False)
    account = payload.links.get("sales_account_id")
    if account and spec.links.get("sales_account_id") is LinkStyle.PRIMARY_ACCOUNT:
        body[ACCOUNT_LIST] = account_list(account, [])
    return body | _target(spec, payload, session)


def update_body(spec: ObjectSpec, payload: Payload, session: Session) -> JsonObject:
    """The fields to set on an existing record, not yet wrapped; None clears a field.

    The list of accounts is not in it, since it would replace what people added; nor is the record that an activity
    belongs to: see `moved`.

    Raises:
        ValueError: a field or link that the object does not take; a fault of the mapping.
        RefusedValueError: a value that the CRM would refuse or cut.
        UnknownLookupError: a stage, pipeline or other entry that the account does not have.
    """
    stated = standins.never_ownerless(payload.fields, session.capabilities)
    if spec.plural == constants.CONTACTS:
        stated = standins.never_emptied(payload, stated, session.capabilities)
    body = _body(spec, payload, stated, session, keep_nulls=True)
    for name in payload.unlinked:
        if spec.links.get(name) is LinkStyle.FIELD:
            body[name] = None
        elif session.custom.knows(spec.model, name):
            body.setdefault("custom_field", {})[session.custom.api_name(spec.model, name)] = None
    return body


def wrapped(spec: ObjectSpec, body: JsonObject) -> JsonObject:
    """The record under its key, as the CRM documents it."""
    return {spec.entity: body}


def account_list(primary: str, held: list[JsonObject]) -> list[JsonObject]:
    """A contact's accounts with this one as the primary one; those it has already stay."""
    others = [item["id"] for item in held if str(item.get("id")) != primary and item.get("id")]
    return [{"id": numeric(primary), "is_primary": True}, *({"id": other, "is_primary": False} for other in others)]


def target_of(spec: ObjectSpec, payload: Payload, session: Session) -> tuple[Target, str]:
    """The record that an activity belongs to.

    Raises:
        ValueError: the payload has no link to one.
    """
    for name, target in TARGETS.items():
        if name == "appointment_id" and not session.capabilities.note_on_appointment:
            continue
        if name in spec.links and name in payload.links:
            return target, payload.links[name]
    raise ValueError(f"{spec.name}: a link to the record it belongs to is missing")


def moved(spec: ObjectSpec, payload: Payload, session: Session, parent: str | None) -> JsonObject:
    """What an update says of the record that an activity belongs to: nothing where it is that one already."""
    if not spec.children or not any(name in payload.links for name in TARGETS):
        return {}
    target, crm_id = target_of(spec, payload, session)
    return {} if parent_of(target, crm_id) == parent else _target(spec, payload, session)


def parent_of(target: Target, crm_id: str) -> str:
    """The `parent_id` of an activity: a contact's id or, for other records, module and id."""
    return crm_id if target.module == constants.CONTACTS else f"{target.module}/{crm_id}"


def checked(spec: ObjectSpec, fields: Mapping[str, Value], session: Session) -> JsonObject:
    """Standard fields in the CRM's shapes, look-ups as ids.

    Raises:
        RefusedValueError: a value that the CRM would refuse or cut.
        UnknownLookupError: a stage, pipeline or other entry that the account does not have.
    """
    resolved = session.lookups.resolve(fields)
    return {name: _shaped(spec, name, value, session) for name, value in resolved.items()}


def _body(
    spec: ObjectSpec, payload: Payload, stated: Mapping[str, Value], session: Session, *, keep_nulls: bool
) -> JsonObject:
    by_field = _check(spec, payload, session)
    body = checked(spec, stated, session)
    for name, style in spec.links.items():
        if name in payload.links and style is LinkStyle.FIELD:
            body[name] = numeric(payload.links[name])
        elif name in payload.links and style is LinkStyle.ADDED_CONTACT:
            body["contacts_added_list"] = [numeric(payload.links[name])]
    custom = session.custom.encoded(spec.model, payload.custom, keep_nulls)
    custom |= session.custom.linked(spec.model, by_field)
    return body | ({"custom_field": custom} if custom else {})


def _check(spec: ObjectSpec, payload: Payload, session: Session) -> dict[str, str]:
    """Returns the links that custom look-up fields carry."""
    unknown = sorted(payload.fields.keys() - spec.fields)
    if unknown:
        raise ValueError(f"{spec.name}: {constants.NAME} takes no field {', '.join(unknown)}")
    if payload.custom and not spec.model:
        raise ValueError(f"{spec.name}: there are no custom fields here, yet {', '.join(sorted(payload.custom))}")
    others = {name: crm_id for name, crm_id in payload.links.items() if name not in spec.links}
    stray = sorted(name for name in others if not session.custom.knows(spec.model, name))
    if stray:
        raise ValueError(f"{spec.name}: {constants.NAME} takes no link {', '.join(stray)}")
    return others


def _target(spec: ObjectSpec, payload: Payload, session: Session) -> JsonObject:
    if LinkStyle.TARGET not in spec.links.values():
        return {}
    target, crm_id = target_of(spec, payload, session)
    return {"targetable_type": target.type, "targetable_id": numeric(crm_id)}


def _shaped(spec: ObjectSpec, name: str, value: Value, session: Session) -> Any:
    if name == constants.CREATED_AT and not session.capabilities.created_at_writable:
        raise RefusedValueError(
            "not_settable", name, "the account sets it itself; see the capability created_at_writable"
        )
    if value is None:
        return None
    if name in FIELDS:
        return numeric(str(value))
    if name in spec.numbers:
        check_number(name, value)
    elif name in spec.dates:
        check_date(name, value)
        return str(value)[:10]
    elif name == "time_zone" and session.capabilities.rails_time_zones:
        return to_rails(str(value))
    check_length(name, value, session.length(spec, name))
    return list(value) if isinstance(value, tuple) else value
