"""E-mail addresses as keys: one that another record of ours holds must not name this one.

An upsert by address changes whoever has it. Families share addresses, and a provider may be a patient as well, so that
the second of them would overwrite the first. An address that nobody holds, or that a contact without an external id
holds, is a key; with any other one the record is created plainly, and the CRM decides whether two may share it.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    addresses = {number: key for number, key in keys.items() if key.field == constants.EMAILS}
    mine = {number: key for number, key in addresses.items() if _first_to_use(session, key, payloads[number])}
    numbers = list(mine)
    held: list[JsonObject] = []
    for start in range(0, len(numbers), constants.PAGE):
        values = [mine[number].value for number in numbers[start : start + constants.PAGE]]
        shown = await filtered(spec, session, constants.EMAILS, values)
        if shown is None:
            mine = {}  # who holds an address cannot be asked here
            break
        held += shown
    free = {n: key for n, key in mine.items() if not any(_is_another_s(key, record, payloads[n]) for record in held)}
    return {number: key for number, key in keys.items() if number not in addresses or number in free}


def _first_to_use(session: Session, key: Key, payload: Payload) -> bool:
    """Searches lag, so that what was sent a moment ago is remembered."""
    return session.memory.addresses.setdefault(key.folded, payload.mark) == payload.mark


def _is_another_s(key: Key, record: JsonObject, payload: Payload) -> bool:
    if not key.names(record):
        return False
    if payload.mark_field != constants.EXTERNAL_ID or constants.EXTERNAL_ID not in record:
        return True  # whose it is cannot be told
    return record[constants.EXTERNAL_ID] not in (None, "", payload.mark)
