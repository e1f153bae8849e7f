"""Write bodies: a payload in the CRM's terms, out of the white-list of its operation and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from perio_pipeline.crm.highlevel.objects import FLAGS, NUMBERS, ObjectSpec
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Payload, Value

_COMPANY_NAME = "companyName"


def create_body(spec: ObjectSpec, payload: Payload, session: Session) -> JsonObject:
    """The body that makes a new record; empty values are left out.

    Raises:
        ValueError: a field or link that the operation does not take, or a link it needs; a fault of the mapping.
        UnknownLookupError: a pipeline, stage or calendar that the account does not have.
    """
    _check(spec, payload)
    fields = session.lookups.resolve({**spec.defaults, **payload.fields})
    body = _json({name: value for name, value in fields.items() if value is not None})
    if spec.located:
        body["locationId"] = session.location_id
    body |= {name: link(payload, name) for name in spec.body_links}
    custom = session.custom.items(spec.model, payload.custom, keep_nulls=False)
    return body | ({"customFields": custom} if custom else {})


def update_body(spec: ObjectSpec, payload: Payload, session: Session) -> JsonObject:
    """The body that sets the payload's fields on an existing record; None clears a field, as far as HighLevel can.

    Fields that only a create may set are left out; `fixed_fields` names them. The result is empty when none remains.

    Raises:
        ValueError: a field that neither create nor update takes; a fault of the mapping.
        UnknownLookupError: a pipeline, stage or calendar that the account does not have.
    """
    _check(spec, payload)
    settable = {name: value for name, value in payload.fields.items() if name not in _fixed(spec, session)}
    resolved = session.lookups.resolve(settable)
    body = _json({name: _empty(spec, name) if value is None else value for name, value in resolved.items()})
    custom = session.custom.items(spec.model, payload.custom, keep_nulls=True)
    body |= {"customFields": custom} if custom else {}
    return _json(spec.defaults) | body if body else {}


def _empty(spec: ObjectSpec, name: str) -> Value:
    """What clears a field."""
    if name in spec.nullable or name in NUMBERS:
        return None
    if name == "tags":
        return ()
    return False if name in FLAGS else ""


def fixed_fields(spec: ObjectSpec, payload: Payload, session: Session) -> list[str]:
    """The payload's fields that cannot be changed after creation."""
    return sorted(_fixed(spec, session) & payload.fields.keys())


def _fixed(spec: ObjectSpec, session: Session) -> frozenset[str]:
    open_here = {_COMPANY_NAME} if session.capabilities.company_name_updatable else set()
    return spec.fixed - open_here


def link(payload: Payload, name: str) -> str:
    """A link that the operation cannot do without.

    Raises:
        ValueError: the payload does not have it.
    """
    if name not in payload.links:
        raise ValueError(f"{payload.object}: the link {name} is missing")
    return payload.links[name]


def _check(spec: ObjectSpec, payload: Payload) -> None:
    unknown = sorted(payload.fields.keys() - spec.fields)
    if unknown:
        raise ValueError(f"{spec.name}: HighLevel takes no field {', '.join(unknown)}")
    if payload.custom and not spec.model:
        raise ValueError(f"{spec.name}: HighLevel has no custom fields here, yet {', '.join(sorted(payload.custom))}")
    allowed = {*spec.body_links, *({"contactId"} if spec.of_contact else set())}
    stray = sorted(payload.links.keys() - allowed)
    if stray:
        raise ValueError(f"{spec.name}: HighLevel takes no link {', '.join(stray)}")


def _json(fields: Mapping[str, Value]) -> JsonObject:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
