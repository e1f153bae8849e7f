"""Walking all records of a module by its view of all of them: Freshsales has no other list of a module (2, 2.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.freshsales.snapshots import snapshot
from perio_pipeline.crm.http import JsonObject, Query
from perio_pipeline.crm.protocol import Ref, Snapshot
from perio_pipeline.errors import DestinationError

_OLDEST_FIRST: Query = {"sort": "created_at", "sort_type": "asc"}
"""So that what is added meanwhile comes last and moves nothing from page to page."""


async def walk(spec: ObjectSpec, session: Session) -> AsyncIterator[list[Snapshot]]:
    """All records of an object, page by page.

    Raises:
        ValueError: Freshsales has no list of all of them.
        DestinationError: the account has no view that shows all of them.
    """
    if spec.children or spec.routes.upsert is None:
        raise ValueError(f"{spec.name}: {constants.NAME} has no list of all of them")
    view = await view_of_all(spec, session)
    if view is None:
        module = spec.plural.replace("_", " ")
        raise DestinationError(
            f"{session.settings.alias} has no view of all {module}.",
            f"Show the view whose name begins with All in the {module} list again, or make one without conditions.",
        )
    async for page in record_pages(spec, session, view):
        yield [snapshot(spec, record, Ref(spec.name, id_of(record)), session) for record in page]


async def view_of_all(spec: ObjectSpec, session: Session) -> str | None:
    """The id of the view that shows all records; ids differ from account to account. None where there is none."""
    if spec.routes.filters is None:
        return None
    views = records(await session.fetch(spec.routes.filters, spec.routes.filters.path), "filters")
    named = [view for view in views if str(view.get("name") or "").casefold().split()[:1] == ["all"]]
    return id_of(named[0]) if named else None


async def record_pages(spec: ObjectSpec, session: Session, view: str) -> AsyncIterator[list[JsonObject]]:
    """All records of a view as its list shows them, page by page."""
    if spec.routes.view is not None:
        async for page in session.pages(spec.routes.view, spec.routes.view.at(view=view), spec.plural, _OLDEST_FIRST):
            yield page
