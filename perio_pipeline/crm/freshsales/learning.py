"""Learning the ids of records that a bulk job wrote, with few requests: its report is not known to tell them.

One filtered search shows a hundred records, once the index has caught up; if it does not, the newest page of a list
does; and what neither shows is looked up one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perio_pipeline.crm.answers import id_of
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.keys import Key
from perio_pipeline.crm.freshsales.listing import newest
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.searching import filtered, looked_up
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import JsonObject

AFTER_JOB = (0.0, 2.0, 5.0, 10.0)
"""Seconds of the CRM's clock before each search for the rows of a job that has ended: the index lags."""
IN_DOUBT = (2.0, 5.0, 15.0, 30.0)
"""The same for a job that may be under way still."""
LONG_IN_DOUBT = (*IN_DOUBT, 60.0, 120.0, 120.0)

Ids = dict[Key, str]


async def ids_of(
    spec: ObjectSpec, session: Session, keys: Sequence[Key], enough: int, looks: Sequence[float], *, written: bool
) -> Ids:
    """Key → CRM id of the records that the account shows, looked for until there are enough or time is up.

    Args:
        spec: the object.
        session: its account.
        keys: what names the records.
        enough: how many of them are there at most, as far as that is known.
        looks: seconds to wait before each search.
        written: the job says that they are there, so that it is worth a look-up each.
    """
    found: Ids = {}
    if session.capabilities.read_back == "filtered_search":
        found = await _by_search(spec, session, keys, enough, looks)
        if len(found) < enough:
            listed = _named(_missing(keys, found), await newest(spec, session, len(keys)))
            # A search that shows nothing of what a list shows is of no use for the next job either.
            session.searchable = session.searchable and (bool(found) or not listed)
            found |= listed
    if len(found) < enough and written and session.capabilities.read_back != "upsert":
        found |= await _by_lookup(spec, session, _missing(keys, found))
    return found


async def _by_search(
    spec: ObjectSpec, session: Session, keys: Sequence[Key], enough: int, looks: Sequence[float]
) -> Ids:
    found: Ids = {}
    for wait in looks:
        missing = _missing(keys, found)
        if len(found) >= enough or not session.searchable:
            break
        await session.pause(wait)
        shown = await filtered(spec, session, missing[0].field, [key.value for key in missing])
        if shown is None:
            session.searchable = False
        found |= _named(missing, shown or [])
    return found


async def _by_lookup(spec: ObjectSpec, session: Session, keys: Sequence[Key]) -> Ids:
    if any(key.field == constants.EXTERNAL_ID for key in keys) and not session.capabilities.lookup_external_id:
        return {}

    async def one(key: Key) -> Ids:
        return _named([key], await looked_up(spec, session, key.looked_up_as, key.value))

    shown = await concurrently(one, keys, session.settings.concurrency)
    return {key: crm_id for found in shown for key, crm_id in found.items()}


def _missing(keys: Sequence[Key], found: Ids) -> list[Key]:
    return [key for key in keys if key not in found]


def _named(keys: Sequence[Key], shown: Iterable[JsonObject]) -> Ids:
    records = [record for record in shown if id_of(record)]
    return {key: id_of(record) for key in keys for record in records if key.names(record)}
