"""Which records hold a value in a custom field, whoever put it there: what removing the field would take away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from perio_pipeline.crm.answers import has_value, id_of, records
from perio_pipeline.crm.highlevel import constants, routes
from perio_pipeline.crm.highlevel.customfields import raw_value
from perio_pipeline.crm.highlevel.objects import SPECS
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.highlevel.walking import contact_pages
from perio_pipeline.crm.http import JsonObject, Query
from perio_pipeline.crm.protocol import CreatedField


async def holders(session: Session, created: Sequence[CreatedField]) -> dict[CreatedField, frozenset[str] | None]:
    """CRM ids of the records in which each field holds a value."""
    held: dict[CreatedField, set[str]] = {each: set() for each in created}
    for model in sorted({each.model for each in created}):
        fields = {each.crm_id: each for each in created if each.model == model}
        async for page in _pages(session, model):
            for record in page:
                for each in _holding(record, fields):
                    held[each].add(id_of(record))
    return {each: frozenset(ids) for each, ids in held.items()}


def _holding(record: JsonObject, fields: Mapping[str, CreatedField]) -> list[CreatedField]:
    items = [item for item in records(record, "customFields") if has_value(raw_value(item))]
    return [fields[id_of(item)] for item in items if id_of(item) in fields]


def _pages(session: Session, model: str) -> AsyncIterator[list[JsonObject]]:
    return contact_pages(session) if model == SPECS[constants.CONTACTS].model else _opportunities(session)


async def _opportunities(session: Session) -> AsyncIterator[list[JsonObject]]:
    page = 1
    while True:
        query: Query = {"location_id": session.location_id, "status": "all", "limit": constants.PAGE, "page": page}
        found = records(
            await session.fetch(routes.OPPORTUNITY_SEARCH, routes.OPPORTUNITY_SEARCH.path, query=query),
            constants.OPPORTUNITIES,
        )
        yield found
        if len(found) < constants.PAGE:
            return
        page += 1
