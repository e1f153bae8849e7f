"""Looking for a record by its mark, after an answer was lost. Nothing is repeated here; search may lag behind."""

from __future__ import annotations

from collections.abc import AsyncIterator

from perio_pipeline.crm.answers import id_of, record_in, records
from perio_pipeline.crm.highlevel import constants, routes
from perio_pipeline.crm.highlevel.bodies import link
from perio_pipeline.crm.highlevel.objects import ObjectSpec
from perio_pipeline.crm.highlevel.reading import get, of_contact
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.highlevel.snapshots import carries_mark
from perio_pipeline.crm.http import JsonObject, Query
from perio_pipeline.crm.protocol import Payload, Ref

_SEARCH_PAGE = 20


async def find(spec: ObjectSpec, session: Session, payload: Payload) -> Ref | None:
    """The first record that carries the mark now."""
    async for record in _candidates(spec, session, payload):
        if carries_mark(spec, record, payload, session):
            return Ref(spec.name, id_of(record), payload.links.get("contactId") if spec.of_contact else None)
    return None


def _candidates(spec: ObjectSpec, session: Session, payload: Payload) -> AsyncIterator[JsonObject]:
    if spec.of_contact:
        return _contact_records(spec, session, payload)
    if spec.name == constants.CONTACTS:
        return _contacts(spec, session, payload)
    if spec.name == constants.OPPORTUNITIES:
        return _opportunities(spec, session, payload)
    return _companies(spec, session)


async def _contacts(spec: ObjectSpec, session: Session, payload: Payload) -> AsyncIterator[JsonObject]:
    """By the search index, which lags; then by e-mail and phone, which may show another member of the family."""
    seen: set[str] = set()
    async for found in _contact_hits(spec, session, payload):
        hit = id_of(found)
        if hit and hit not in seen:
            seen.add(hit)
            # The index also shows contacts that are deleted; only the record itself counts.
            record = await get(spec, session, hit)
            if record is not None:
                yield record


async def _contact_hits(spec: ObjectSpec, session: Session, payload: Payload) -> AsyncIterator[JsonObject]:
    marked = payload.mark_field
    if session.custom.knows(spec.model, marked):
        marked = f"customFields.{session.custom.id_of(spec.model, marked)}"
    body: JsonObject = {
        "locationId": session.location_id,
        "page": 1,
        "pageLimit": _SEARCH_PAGE,
        "filters": [{"field": marked, "operator": "eq", "value": payload.mark}],
    }
    search = await session.fetch(routes.CONTACT_SEARCH, routes.CONTACT_SEARCH.path, body=body)
    for record in records(search, "contacts"):
        yield record
    for name, parameter in (("email", "email"), ("phone", "number")):
        if payload.fields.get(name):
            query: Query = {"locationId": session.location_id, parameter: str(payload.fields[name])}
            answer = await session.fetch(routes.CONTACT_DUPLICATE, routes.CONTACT_DUPLICATE.path, query=query)
            yield record_in(answer or {}, spec.envelope)


async def _opportunities(spec: ObjectSpec, session: Session, payload: Payload) -> AsyncIterator[JsonObject]:
    query: Query = {
        "location_id": session.location_id,
        "contact_id": link(payload, "contactId"),
        "limit": constants.PAGE,
    }
    answer = await session.fetch(routes.OPPORTUNITY_SEARCH, routes.OPPORTUNITY_SEARCH.path, query=query)
    for found in records(answer, "opportunities"):
        if carries_mark(spec, found, payload, session):
            record = await get(spec, session, id_of(found))
            if record is not None:
                yield record


async def _companies(spec: ObjectSpec, session: Session) -> AsyncIterator[JsonObject]:
    async for page in session.pages(routes.COMPANY_LIST, routes.COMPANY_LIST.path, spec.list_key):
        for record in page:
            yield record


async def _contact_records(spec: ObjectSpec, session: Session, payload: Payload) -> AsyncIterator[JsonObject]:
    for record in await of_contact(spec, session, link(payload, "contactId")):
        # The list of a contact's appointments may leave out the text that carries the mark.
        held = {payload.mark_field, spec.aliases.get(payload.mark_field)} & record.keys()
        full = None if held else await get(spec, session, id_of(record))
        yield full or record
