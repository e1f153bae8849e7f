"""What names a record in an upsert, so that a repetition changes the same record and no other one."""

from __future__ import annotations

from dataclasses import dataclass

from perio_pipeline.crm.answers import carries
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Payload


@dataclass(frozen=True)
class Key:
    """A field of the identifier and its value."""

    field: str
    value: str

    @property
    def folded(self) -> str:
        """The value as the CRM compares it."""
        return self.value.strip().casefold()

    @property
    def looked_up_as(self) -> str:
        """What a look-up calls the field."""
        return "email" if self.field == constants.EMAILS else self.field

    def names(self, record: JsonObject) -> bool:
        """Whether a record that was found has this value."""
        return self.folded in values_in(
            record.get(self.field), record.get("email") if self.field == constants.EMAILS else None
        )


def upsert_key(spec: ObjectSpec, payload: Payload, capabilities: Capabilities) -> Key | None:
    """The key of a single upsert; None when the record is to be created by a plain POST."""
    return _key(spec, payload, capabilities, capabilities.upsert_key)


def bulk_key(spec: ObjectSpec, payload: Payload, capabilities: Capabilities) -> Key | None:
    """The key of a row in a bulk job; None when the record cannot go into one."""
    if not capabilities.bulk_upsert or spec.routes.bulk is None:
        return None
    return _key(spec, payload, capabilities, capabilities.bulk_key)


def values_in(*held: object) -> set[str]:
    """All texts in values and in lists of objects, folded."""
    found: set[str] = set()
    for value in held:
        if isinstance(value, dict):
            found |= values_in(*value.values())
        elif isinstance(value, list):
            found |= values_in(*value)
        elif value is not None:
            found.add(str(value).strip().casefold())
    return found


def _key(spec: ObjectSpec, payload: Payload, capabilities: Capabilities, of_contact: str) -> Key | None:
    if spec.routes.upsert is None:
        return None
    if spec.bulk_name:
        name = str(payload.fields.get(spec.bulk_name) or "")
        usable = capabilities.names_as_keys == "any" or carries(name, payload.mark)
        return Key(spec.bulk_name, name) if name and usable else None
    if of_contact == constants.EXTERNAL_ID:
        stated = payload.mark if payload.mark_field == constants.EXTERNAL_ID else payload.fields.get(of_contact)
    else:
        stated = payload.fields.get("emails") or payload.fields.get("email") if of_contact == "emails" else None
    return Key(of_contact, str(stated)) if stated else None
