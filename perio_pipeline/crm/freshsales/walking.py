"""Walking all records of a module by its view of all of them: Freshsales has no other list of a module (2, 2.5)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.freshsales.snapshots import snapshot
from perio_pipeline.crm.http import Query
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
    path = routes.VIEW.at(module=spec.plural, view=await _view_of_all(spec, session))
    async for page in session.pages(routes.VIEW, path, spec.plural, _OLDEST_FIRST):
        yield [snapshot(spec, record, Ref(spec.name, id_of(record)), session) for record in page]


async def _view_of_all(spec: ObjectSpec, session: Session) -> str:
    """The id of the view; ids differ from account to account."""
    views = records(await session.fetch(routes.VIEWS, routes.VIEWS.at(module=spec.plural)), "filters")
    named = [view for view in views if str(view.get("name") or "").casefold().split()[:1] == ["all"]]
    if not named:
        module = spec.plural.replace("_", " ")
        raise DestinationError(
            f"{session.settings.alias} has no view of all {module}.",
            f"Show the view whose name begins with All in the {module} list again, or make one without conditions.",
        )
    return id_of(named[0])
