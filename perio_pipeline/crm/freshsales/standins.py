"""What a record is given where the account demands something that it does not have; it reads back as nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping

from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.protocol import Payload, Value

OWNER = "owner_id"
NO_LAST_NAME = "-"
_DOMAIN = "@no-email.invalid"
"""The ending `.invalid` is reserved: no message can ever reach such an address (RFC 2606)."""
_ADDRESSES = ("emails", "email")


def completed(payload: Payload, fields: Mapping[str, Value], capabilities: Capabilities) -> dict[str, Value]:
    """A new contact's fields with stand-ins for what it lacks."""
    given = dict(fields)
    if capabilities.last_name_required and not given.get("last_name"):
        given["last_name"] = NO_LAST_NAME
    if _needs_address(given, capabilities):
        given["emails"] = _address(payload)
    return given


def never_emptied(payload: Payload, fields: Mapping[str, Value], capabilities: Capabilities) -> dict[str, Value]:
    """The fields of an update, with stand-ins in place of emptying what the account demands."""
    given = dict(fields)
    if capabilities.last_name_required and "last_name" in given and not given["last_name"]:
        given["last_name"] = NO_LAST_NAME
    emptied = [name for name in _ADDRESSES if name in given and not given[name]]
    if emptied and _needs_address(given, capabilities):
        given[emptied[0]] = _address(payload)
    return given


def read_back(name: str, value: Value, capabilities: Capabilities) -> Value:
    """A field's value as it was meant: none for a stand-in."""
    if name in _ADDRESSES and isinstance(value, str) and value.endswith(_DOMAIN):
        return None
    if name == "last_name" and value == NO_LAST_NAME and capabilities.last_name_required:
        return None
    return value


def never_ownerless(fields: Mapping[str, Value], capabilities: Capabilities) -> dict[str, Value]:
    """The fields of an update, by what people would say, with the key's user in place of no owner.

    Freshsales gives a new record without an owner to that user, so that taking an owner away leads back there.
    """
    given = dict(fields)
    if OWNER in given and not given[OWNER] and capabilities.key_user:
        given[OWNER] = capabilities.key_user
    return given


def owner_read_back(value: Value, capabilities: Capabilities) -> Value:
    """A record's owner, by e-mail, as it was meant: none for the key's user."""
    key_user = capabilities.key_user.strip().casefold()
    return None if key_user and str(value).strip().casefold() == key_user else value


def _needs_address(fields: Mapping[str, Value], capabilities: Capabilities) -> bool:
    needs = {"unique_field": (), "email": _ADDRESSES, "email_or_mobile": (*_ADDRESSES, "mobile_number")}
    enough = needs[capabilities.contact_needs]
    return bool(enough) and not any(fields.get(name) for name in enough)


def _address(payload: Payload) -> str:
    """One of its own for each record: addresses are unique."""
    return re.sub(r"[^a-z0-9]+", "-", payload.mark.lower()).strip("-") + _DOMAIN
