"""Keys that do not hold a record's mark: one that names another record of ours must not name this one.

An upsert changes whoever goes by its key. Families share an address, a provider may be a patient as well, and two
practices may have one name, so that the second record would overwrite the first. An address that nobody holds, or that
a contact without an external id holds, is a key; with any other one the record is created plainly, and the CRM decides
whether two may share it.
"""

from __future__ import annotations

from collections.abc import Mapping

from perio_pipeline.crm.answers import carries
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.keys import Key
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.searching import filtered
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Payload


async def own_keys(
    spec: ObjectSpec, session: Session, keys: Mapping[int, Key], payloads: Mapping[int, Payload]
) -> dict[int, Key]:
    """Those of the keys that name no other record of ours; costs one search per hundred addresses.

    Raises:
        DestinationError: no answer after all attempts.
    """
    own = {number: key for number, key in keys.items() if _first_to_use(spec, session, key, payloads[number])}
    addresses = {number: key for number, key in own.items() if key.field == constants.EMAILS}
    holders = await _holders(spec, session, [key.value for key in addresses.values()])
    taken = {
        number
        for number, key in addresses.items()
        if holders is None or any(_is_another_s(key, record, payloads[number]) for record in holders)
    }
    return {number: key for number, key in own.items() if number not in taken}


def _first_to_use(spec: ObjectSpec, session: Session, key: Key, payload: Payload) -> bool:
    """Whether no other record was sent with this key; searches lag, so that what was sent is remembered."""
    if carries(key.value, payload.mark):
        return True
    return session.memory.users.setdefault((spec.plural, key.field, key.folded), payload.mark) == payload.mark


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
