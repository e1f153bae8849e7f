"""Walking all records of the account: contacts by the search, which alone goes deep; companies by their list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.highlevel import constants, routes
from perio_pipeline.crm.highlevel.objects import ObjectSpec
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.highlevel.snapshots import snapshot
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Ref, Snapshot

_OLDEST_FIRST = [{"field": "dateAdded", "direction": "asc"}]
"""So that what is added meanwhile comes last and moves nothing from page to page."""
_RAW_NAMES = {"firstName": "firstNameRaw", "lastName": "lastNameRaw"}
"""The search shows names in lower case, and as they were typed under these keys."""


def walk(spec: ObjectSpec, session: Session) -> AsyncIterator[list[Snapshot]]:
    """All records of an object, page by page.

    Raises:
        ValueError: HighLevel has no list of all of them.
    """
    if spec.name == constants.CONTACTS:
        return _snapshots(spec, session, contact_pages(session))
    if spec.listing is None or spec.of_contact:
        raise ValueError(f"{spec.name}: HighLevel has no list of all of them")
    return _snapshots(spec, session, session.pages(spec.listing, spec.listing.path, spec.list_key))


async def _snapshots(
    spec: ObjectSpec, session: Session, pages: AsyncIterator[list[JsonObject]]
) -> AsyncIterator[list[Snapshot]]:
    async for page in pages:
        yield [snapshot(spec, record, Ref(spec.name, id_of(record)), session) for record in page]


async def contact_pages(session: Session) -> AsyncIterator[list[JsonObject]]:
    """All contacts as the search shows them, page by page."""
    place: JsonObject = {"page": 1}
    for number in count(2):
        body = {
            "locationId": session.location_id,
            "pageLimit": constants.SEARCH_PAGE,
            "sort": _OLDEST_FIRST,
            **place,
        }
        found = records(
            await session.fetch(routes.CONTACT_SEARCH, routes.CONTACT_SEARCH.path, body=body), constants.CONTACTS
        )
        yield [_as_read(record) for record in found]
        if len(found) < constants.SEARCH_PAGE:
            return
        after = found[-1].get("searchAfter")  # goes beyond the 10,000 contacts that pages reach
        place = {"searchAfter": after} if after else {"page": number}


def _as_read(record: JsonObject) -> JsonObject:
    raw = {name: record[typed] for name, typed in _RAW_NAMES.items() if record.get(typed)}
    return {**record, **raw}
