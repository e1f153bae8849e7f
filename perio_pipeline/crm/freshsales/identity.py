"""Keys that do not hold a record's mark: one that names another record of ours must not name this one.

An upsert changes whoever goes by its key. Families share an address, a provider may be a patient as well, and two
practices may have one name, so that the second record would overwrite the first. An address that nobody holds, or that
a contact without an external id holds, is a key; with any other one the record is created plainly, and the CRM decides
whether two may share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from perio_pipeline.crm.answers import carries
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.keys import Key, bulk_key, upsert_key
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.searching import filtered
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Payload


def shared_key(spec: ObjectSpec, payload: Payload, capabilities: Capabilities) -> Key | None:
    """The key of a payload that another record may have as well, whether it is to go in bulk or alone."""
    keys = (bulk_key(spec, payload, capabilities), upsert_key(spec, payload, capabilities))
    return next((key for key in keys if key is not None and not carries(key.value, payload.mark)), None)


def is_first(spec: ObjectSpec, session: Session, key: Key, payload: Payload) -> bool:
    """Whether no other record was sent with this key; searches lag, so that what was sent is remembered."""
    if carries(key.value, payload.mark):
        return True
    place = _place(spec, key)
    if session.memory.users.setdefault(place, payload.mark) != payload.mark:
        return False
    session.under_way.setdefault(place, asyncio.Event())
    return True


async def own_keys(
    spec: ObjectSpec, session: Session, keys: Mapping[int, Key], payloads: Mapping[int, Payload]
) -> dict[int, Key]:
    """Those of the keys that name no other record of ours; costs one search per hundred addresses.

    Raises:
        DestinationError: no answer after all attempts.
    """
    own = {number: key for number, key in keys.items() if is_first(spec, session, key, payloads[number])}
    addresses = {number: key for number, key in own.items() if key.field == constants.EMAILS}
    holders = await _holders(spec, session, [key.value for key in addresses.values()])
    taken = {
        number
        for number, key in addresses.items()
        if holders is None or any(_is_another_s(key, record, payloads[number]) for record in holders)
    }
    return {number: key for number, key in own.items() if number not in taken}


async def first_is_done(spec: ObjectSpec, session: Session, key: Key, payload: Payload) -> None:
    """Wait until the record that was first to use the key is written: its upsert would change one made meanwhile."""
    place = _place(spec, key)
    if session.memory.users.get(place) != payload.mark and place in session.under_way:
        await session.under_way[place].wait()


def done(spec: ObjectSpec, session: Session, key: Key, payload: Payload) -> None:
    """The record is written, or cannot be: those that wait for its key may go on."""
    place = _place(spec, key)
    if session.memory.users.get(place) == payload.mark and place in session.under_way:
        session.under_way[place].set()


def _place(spec: ObjectSpec, key: Key) -> tuple[str, str, str]:
    return spec.plural, key.field, key.folded


async def _holders(spec: ObjectSpec, session: Session, addresses: list[str]) -> list[JsonObject] | None:
    """The contacts that have one of the addresses; None when the account does not tell."""
    found: list[JsonObject] = []
    for start in range(0, len(addresses), constants.PAGE):
        shown = await filtered(spec, session, constants.EMAILS, addresses[start : start + constants.PAGE])
        if shown is None:
            return None
        found += shown
    return found


def _is_another_s(key: Key, record: JsonObject, payload: Payload) -> bool:
    if not key.names(record):
        return False
    if payload.mark_field != constants.EXTERNAL_ID or constants.EXTERNAL_ID not in record:
        return True  # whose it is cannot be told
    return record[constants.EXTERNAL_ID] not in (None, "", payload.mark)
