"""One opened account: sends routes, and turns what concerns the account as a whole into errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial

from perio_pipeline.crm.access import unanswered, unreachable
from perio_pipeline.crm.answers import records
from perio_pipeline.crm.highlevel.capabilities import Capabilities
from perio_pipeline.crm.highlevel.constants import PAGE
from perio_pipeline.crm.highlevel.customfields import CustomFields
from perio_pipeline.crm.highlevel.errors import denial, parse_error
from perio_pipeline.crm.highlevel.lookups import no_lookups
from perio_pipeline.crm.highlevel.routes import Route
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.http import Failure, FailureKind, JsonObject, Query, Request, Response, Transport, Upload
from perio_pipeline.crm.lookups import Lookups
from perio_pipeline.crm.setup import answered, doubt
from perio_pipeline.errors import DestinationError


@dataclass
class Session:
    """Everything the object modules share."""

    settings: HighLevelSettings
    transport: Transport
    lookups: Lookups = field(default_factory=no_lookups)
    custom: CustomFields = field(default_factory=CustomFields)

    @property
    def capabilities(self) -> Capabilities:
        """How the sub-account behaves."""
        return self.settings.capabilities

    @property
    def location_id(self) -> str:
        """The sub-account's id."""
        return self.settings.location_id

    async def call(
        self,
        route: Route,
        path: str,
        *,
        query: Query | None = None,
        body: JsonObject | None = None,
        upload: Upload | None = None,
        connects: int | None = None,
    ) -> Response | Failure:
        """Send one request; what is returned concerns one record only.

        Raises:
            DestinationError: the host cannot be reached, the token is refused, or the daily quota is spent.
        """
        request = Request(route.method, path, query or {}, body, {"Version": route.version}, route.reads, upload)
        result = await self.transport.send(request, connects)
        if isinstance(result, Failure):
            if result.kind is FailureKind.NOT_SENT:
                raise unreachable("HighLevel", self.settings.base_url, result.cause)
            return result
        if result.status in (401, 403):
            raise denial(parse_error(result), route.scope, self.location_id)
        if not (result.ok or route.reads):
            doubt(self.settings.set_up)
        return result

    async def set_up(
        self, route: Route, path: str, *, query: Query | None = None, connects: int | None = None
    ) -> JsonObject | None:
        """Read a part of the account's set-up, from an earlier run where that may be relied on.

        Raises:
            DestinationError: no usable answer after all attempts.
        """
        ask = partial(self.fetch, route, path, query=query, connects=connects)
        return await answered(self.settings.set_up, path, ask)

    async def fetch(
        self,
        route: Route,
        path: str,
        *,
        query: Query | None = None,
        body: JsonObject | None = None,
        connects: int | None = None,
    ) -> JsonObject | None:
        """Read something; None when the CRM says that the record asked for is not there.

        Raises:
            DestinationError: no usable answer after all attempts, so that absence is never assumed.
        """
        result = await self.call(route, path, query=query, body=body, connects=connects)
        if isinstance(result, Failure):
            raise unanswered("HighLevel", f"{route.method} {route.path}", result.cause)
        if result.ok and isinstance(result.json, dict):
            return result.json
        error = parse_error(result)
        if error.absent and route.may_miss:
            return None
        trace = f" (trace {error.trace_id})" if error.trace_id else ""
        raise DestinationError(
            f"HighLevel answered {result.status} to {route.method} {route.path}: {error.reason}{trace}.",
            "Run again; if it persists, give the trace id to HighLevel's support.",
        )

    async def pages(self, route: Route, path: str, key: str) -> AsyncIterator[list[JsonObject]]:
        """The pages of a list that takes `limit` and `skip`; nothing when its owner is not there."""
        skip = 0
        while True:
            query: Query = {"locationId": self.location_id, "limit": PAGE, "skip": skip}
            page = records(await self.fetch(route, path, query=query), key)
            yield page
            if len(page) < PAGE:
                return
            skip += PAGE
