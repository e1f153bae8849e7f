"""The account's searches. Each sees an index that lags behind what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perio_pipeline.crm.access import unanswered
from perio_pipeline.crm.answers import records
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import Failure, JsonObject

_ATTRIBUTES: Mapping[str, str] = {"emails": "contact_email.email"}
"""Field → what a filter calls it, where that differs."""


async def looked_up(spec: ObjectSpec, session: Session, field: str, value: str) -> list[JsonObject]:
    """Records whose field has this value; answers hold the list's key inside itself."""
    answer = await session.fetch(
        routes.LOOKUP, routes.LOOKUP.path, query={"q": value, "f": field, "entities": spec.entity}
    )
    inner = (answer or {}).get(spec.plural)
    return records(inner if isinstance(inner, dict) else answer, spec.plural)


async def filtered(spec: ObjectSpec, session: Session, field: str, values: Sequence[str]) -> list[JsonObject] | None:
    """Records whose field has one of at most a page of values, without custom fields; None when the filter is refused.

    Raises:
        DestinationError: no answer after all attempts.
    """
    rule = {
        "attribute": _ATTRIBUTES.get(field, field),
        "operator": "is_in",
        "value": values[0] if len(values) == 1 else _together(values, session),
    }
    body: JsonObject = {
        "filter_rule": [rule],
        "page": 1,
        "per_page": constants.PAGE,
        "sort": "updated_at",
        "sort_type": "desc",
    }
    route = routes.FILTERED_SEARCH
    result = await session.call(route, route.at(entity=spec.entity), body=body)
    if isinstance(result, Failure) or result.status >= 500:
        cause = result.cause if isinstance(result, Failure) else f"HTTP {result.status}"
        raise unanswered(constants.NAME, f"{route.method} {route.path}", cause)
    return records(result.object, spec.plural) if result.ok else None


async def searched(spec: ObjectSpec, session: Session, words: str) -> list[JsonObject]:
    """Hits of the full-text search: ids and names only, as a bare list."""
    found = await session.fetch_json(routes.SEARCH, routes.SEARCH.path, query={"q": words, "include": spec.entity})
    return [hit for hit in found if isinstance(hit, dict)] if isinstance(found, list) else []


def _together(values: Sequence[str], session: Session) -> str | list[str]:
    return ",".join(values) if session.capabilities.filter_values == "comma" else list(values)
