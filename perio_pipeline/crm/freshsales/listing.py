"""Walking the lists of a view, which show a hundred records for one request.

Nothing says that a list shows every record, or all of a record, or its latest state. So what is returned are only those
records that a list shows with all that is known to be needed; `reading` proves them and reads the others alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.errors import ForbiddenError
from perio_pipeline.crm.freshsales.objects import LinkStyle, ObjectSpec
from perio_pipeline.crm.freshsales.routes import Route
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import Failure, JsonObject, Query, Response

_PAGES_AT_ONCE = 4
_FORBIDDEN = 403
_QUERY_REFUSED = (400, 422)
_ALL, _BIN = "all ", "recycle"
_VIEWS = 6
"""Views that are tried where there is none of all records: deals have some by their outcome."""
_INCLUDED: Mapping[LinkStyle, str] = {LinkStyle.PRIMARY_ACCOUNT: "sales_accounts", LinkStyle.ADDED_CONTACT: "contacts"}
"""Link → the included list that shows it; without the list nothing is known of the link."""


@dataclass
class _Walk:
    """What a walk looks for, and what it has found.

    Attributes:
        left: the ids that no page has shown yet.
        shown: id → record, of those that were shown whole.
        passed: how many were shown with something left out.
    """

    left: set[str]
    shown: dict[str, JsonObject] = field(default_factory=dict)
    passed: int = 0

    def take(self, spec: ObjectSpec, session: Session, page: Iterable[JsonObject]) -> int:
        """Look through a page; returns how many of its records were looked for."""
        before = len(self.left)
        for record in page:
            crm_id = id_of(record)
            if crm_id not in self.left:
                continue
            self.left.remove(crm_id)
            if _is_whole(spec, session, crm_id, record):
                self.shown[crm_id] = record
            else:
                self.passed += 1
        return before - len(self.left)

    @property
    def goes_on(self) -> bool:
        """Whether further pages may help: not when all that was shown lacks something, since that is the list's way."""
        return bool(self.left) and (bool(self.shown) or not self.passed)


def has_lists(spec: ObjectSpec, session: Session) -> bool:
    """Whether records of this object may be read through lists."""
    allowed = session.capabilities.view_lists
    if spec.routes.view is None or allowed == "none":
        return False
    return allowed == "all" or not spec.model.startswith(constants.ENTITY_PREFIX)


async def listed(spec: ObjectSpec, session: Session, wanted: Sequence[str]) -> dict[str, JsonObject]:
    """CRM id → record, of those that lists show whole; costs no more requests than reading them one by one."""
    walk = _Walk(set(wanted))
    scrolls = session.capabilities.scroll_lists and spec.routes.scroll is not None
    for view in (await _views(spec, session))[:_VIEWS]:
        if len(walk.left) < constants.WORTH_A_LIST or not walk.goes_on:
            break
        await (_scroll if scrolls else _turn_pages)(spec, session, view, walk)
    return walk.shown


async def newest(spec: ObjectSpec, session: Session, count: int) -> list[JsonObject]:
    """The records that were made last, as far as the list of all records shows them."""
    found: list[JsonObject] = []
    for view in (await _views(spec, session))[:1]:
        for number in range(1, -(-count // constants.PAGE) + 1):
            page, pages = await _page(spec, session, view, number)
            found += page
            if number >= pages:
                break
    return found


async def count(spec: ObjectSpec, session: Session) -> int | None:
    """How many records an object's module holds; None where no list says so."""
    views = await _views(spec, session)
    if not views or spec.routes.view is None:
        return None
    answer = await _asked(session, spec.routes.view, {"page": 1, "per_page": 1}, view=views[0])
    meta = _object(answer).get("meta")
    total = meta.get("total") if isinstance(meta, dict) else None
    return total if isinstance(total, int) else None


def number_of(crm_id: str) -> int:
    """An id as a number: later records have greater ones."""
    return int(crm_id) if crm_id.isdecimal() else 0


async def _turn_pages(spec: ObjectSpec, session: Session, view: str, walk: _Walk) -> None:
    """Newest records first; as many pages at a time as are needed in any case."""
    page, pages = await _page(spec, session, view, 1)
    walk.take(spec, session, page)
    at = 1
    # A page is worth its request only while fewer pages are left than records.
    while walk.goes_on and 0 < pages - at < len(walk.left):
        ahead = min(_PAGES_AT_ONCE, pages - at, -(-len(walk.left) // constants.PAGE))
        numbers = range(at + 1, at + 1 + ahead)
        more = await concurrently(lambda number: _page(spec, session, view, number), numbers, _PAGES_AT_ONCE)
        for page, _ in more:
            walk.take(spec, session, page)
        at += ahead


async def _scroll(spec: ObjectSpec, session: Session, view: str, walk: _Walk) -> None:
    """By ascending id, from each record that is looked for on; a request never shows less than one of them."""
    route = spec.routes.scroll
    while walk.goes_on and route is not None:
        first = min(walk.left, key=number_of)
        query = {**_include(spec), "limit": constants.PAGE, "last_fetched_id": number_of(first) - 1}
        page = records(_object(await _asked(session, route, query, view=view)), spec.plural)
        if not walk.take(spec, session, page):
            return
        last = max(number_of(id_of(record)) for record in page)
        # What lies among those that were shown, and was not shown, is read alone.
        walk.left = {crm_id for crm_id in walk.left if number_of(crm_id) > last}


async def _page(spec: ObjectSpec, session: Session, view: str, number: int) -> tuple[list[JsonObject], int]:
    """A page, and how many pages there are; none where the list cannot be had.

    Whether a list takes `include` and `sort` is not settled: where it is refused, it is asked for more plainly.
    """
    route = spec.routes.view
    if route is None:
        return [], 0
    ways: tuple[Query, ...] = ({**_include(spec), "sort": "id", "sort_type": "desc"}, _include(spec), {})
    for way in range(session.memory.queries.get(route.path, 0), len(ways)):
        answer = await _asked(session, route, {"page": number, "per_page": constants.PAGE, **ways[way]}, view=view)
        if isinstance(answer, Failure) or not (answer.ok or answer.status in _QUERY_REFUSED):
            break
        session.memory.queries[route.path] = way + (not answer.ok)
        if answer.ok:
            page, meta = records(answer.object, spec.plural), answer.object.get("meta")
            pages = meta.get("total_pages") if isinstance(meta, dict) else None
            return page, pages if isinstance(pages, int) else number + (len(page) >= constants.PAGE)
    return [], 0


async def _views(spec: ObjectSpec, session: Session) -> list[str]:
    """The views that are walked: that of all records or, where there is none, the others but the recycle bin."""
    route = spec.routes.filters
    if route is None or not has_lists(spec, session):
        return []
    if not session.memory.knows(route.path):
        answer = await _asked(session, route, {})
        session.memory.keep(route.path, _object(answer))
    views = records(session.memory.said(route.path), "filters")
    named = [(str(view.get("name") or "").strip().casefold(), id_of(view)) for view in views]
    everything = [crm_id for name, crm_id in named if name.startswith(_ALL) and crm_id]
    return everything[:1] or [crm_id for name, crm_id in named if _BIN not in name and crm_id]


async def _asked(session: Session, route: Route, query: Query, **ids: str) -> Response | Failure:
    """The answer. A list that cannot be had is no obstacle, since every record can be read alone."""
    try:
        return await session.call(route, route.at(**ids), query=query)
    except ForbiddenError:
        return Response(_FORBIDDEN)


def _object(answer: Response | Failure) -> JsonObject:
    return answer.object if isinstance(answer, Response) and answer.ok else {}


def _is_whole(spec: ObjectSpec, session: Session, crm_id: str, record: JsonObject) -> bool:
    """Whether a list shows a record's custom fields and links, and not an earlier state than the one we know of."""
    held = record.get("custom_field")
    shown = held.keys() if isinstance(held, dict) else set()
    included = [_INCLUDED[style] for style in spec.links.values() if style in _INCLUDED]
    return (
        session.custom.api_names(spec.model) <= shown
        and all(isinstance(record.get(name), list) for name in included)
        and record.get("is_deleted") is not True
        and not session.memory.outdated(spec.plural, crm_id, record)
    )


def _include(spec: ObjectSpec) -> Query:
    return {"include": spec.include} if spec.include else {}
