"""One opened account: sends routes, remembers its set-up, and turns what concerns the whole account into errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from perio_pipeline.crm.access import unanswered, unreachable
from perio_pipeline.crm.answers import records
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.customfields import CustomFields
from perio_pipeline.crm.freshsales.errors import denial, parse_error
from perio_pipeline.crm.freshsales.lookups import no_lookups
from perio_pipeline.crm.freshsales.memory import Memory
from perio_pipeline.crm.freshsales.objects import SPECS, ObjectSpec
from perio_pipeline.crm.freshsales.routes import Route
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.http import Failure, FailureKind, JsonObject, Query, Request, Response, Transport, Upload
from perio_pipeline.crm.lookups import Lookups
from perio_pipeline.crm.retry import TOO_MANY_REQUESTS
from perio_pipeline.crm.setup import answered, doubt
from perio_pipeline.errors import DestinationError


@dataclass
class Session:
    """Everything the object modules share.

    Attributes:
        settings, transport: the account and the way to it.
        memory: its set-up as it was read, and what all adapters of the account know.
        lookups, custom: its look-up entries and the custom fields that are resolved.
        account_fields: model → all its fields in the account.
        labels: model → folded label → API name.
        searchable: whether a filtered search after a bulk job is worth a request; False once it was of no use.
        jobs: bulk jobs at a time; the CRM runs only some side by side.
        under_way: module, field and value of a key that is no mark → set once the record that uses it is written.
    """

    settings: FreshsalesSettings
    transport: Transport
    memory: Memory = field(default_factory=Memory)
    lookups: Lookups = field(default_factory=no_lookups)
    custom: CustomFields = field(default_factory=CustomFields)
    account_fields: dict[str, list[JsonObject]] = field(default_factory=dict)
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict)
    searchable: bool = True
    jobs: asyncio.Semaphore = field(init=False)
    under_way: dict[tuple[str, str, str], asyncio.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.jobs = asyncio.Semaphore(self.capabilities.bulk_jobs)

    @property
    def capabilities(self) -> Capabilities:
        """How the account behaves."""
        return self.settings.capabilities

    def rows_at_once(self, module: str) -> int:
        """Rows of a bulk job at most."""
        return min(self.memory.rows.get(module, self.capabilities.bulk_rows), self.capabilities.bulk_rows)

    def limit_rows(self, module: str, rows: int) -> None:
        """Take over that the account refuses greater jobs than this."""
        self.memory.rows[module] = min(rows, self.rows_at_once(module))

    def length(self, spec: ObjectSpec, name: str) -> int:
        """The most characters that a field of an object takes."""
        if spec.plural == constants.NOTES and name == "description":
            return self.capabilities.note_characters
        return spec.lengths.get(name, constants.TEXT_LENGTH)

    def lengths(self) -> dict[str, dict[str, int]]:
        """Object → field → the most characters that it takes; a moment has no length."""
        return {
            name: {field: self.length(spec, field) for field in sorted(spec.fields - {constants.CREATED_AT})}
            for name, spec in SPECS.items()
        }

    async def pause(self, seconds: float) -> None:
        """Wait some seconds of the CRM's clock."""
        await asyncio.sleep(seconds / self.settings.time_scale)

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
            DestinationError: the host cannot be reached, the key is refused, or the hourly quota stays spent.
        """
        request = Request(route.method, path, query or {}, body, reads=route.reads, upload=upload)
        result = await self.transport.send(request, connects)
        if isinstance(result, Failure):
            if result.kind is FailureKind.NOT_SENT:
                raise unreachable(constants.NAME, self.settings.base_url, result.cause)
            return result
        if result.status in (401, 403):
            raise denial(result.status, f"{route.method} {route.path}", self.settings.alias)
        if result.status == TOO_MANY_REQUESTS:
            raise DestinationError(
                f"The hourly quota of {self.settings.alias} stays spent: other programs use it as well.",
                "Run again in an hour, or stop the other programs; nothing is lost, the run goes on where it stopped.",
            )
        if not (result.ok or route.reads):
            doubt(self.settings.set_up)
        return result

    async def fetch(
        self,
        route: Route,
        path: str,
        *,
        query: Query | None = None,
        body: JsonObject | None = None,
        connects: int | None = None,
    ) -> JsonObject | None:
        """Read an object; None when the CRM says that what was asked for is not there.

        Raises:
            DestinationError: no usable answer after all attempts, so that absence is never assumed.
        """
        found = await self.fetch_json(route, path, query=query, body=body, connects=connects)
        if found is None or isinstance(found, dict):
            return found
        raise self._unusable(route, 200, "the body is no object")

    async def fetch_json(
        self,
        route: Route,
        path: str,
        *,
        query: Query | None = None,
        body: JsonObject | None = None,
        connects: int | None = None,
    ) -> Any:
        """Read whatever the CRM answers; None when what was asked for is not there.

        Raises:
            DestinationError: no usable answer after all attempts.
        """
        result = await self.call(route, path, query=query, body=body, connects=connects)
        if isinstance(result, Failure):
            raise unanswered(constants.NAME, f"{route.method} {route.path}", result.cause)
        if result.ok and result.json is not None:
            return result.json
        if result.status == 404 and route.may_miss:
            return None
        raise self._unusable(route, result.status, parse_error(result).complaint.reason)

    async def set_up(self, route: Route, path: str) -> JsonObject | None:
        """Read a part of the account's set-up, from memory where it was read a short while ago.

        Raises:
            DestinationError: no usable answer after all attempts.
        """
        if not self.memory.knows(path):
            self.memory.keep(path, await self.remembered(route, path))
        return self.memory.said(path)

    async def remembered(self, route: Route, path: str, *, connects: int | None = None) -> JsonObject | None:
        """Read a part of the set-up, from an earlier run where that may be relied on.

        Raises:
            DestinationError: no usable answer after all attempts.
        """
        ask = partial(self.fetch, route, path, connects=connects)
        return await answered(self.settings.set_up, path, ask)

    async def pages(
        self, route: Route, path: str, key: str, order: Query | None = None
    ) -> AsyncIterator[list[JsonObject]]:
        """The pages of a list, in the order that is asked for; nothing when its owner is not there."""
        page = 1
        while True:
            query: Query = {"page": page, "per_page": constants.PAGE, **(order or {})}
            answer = await self.fetch(route, path, query=query)
            found = records(answer, key)
            yield found
            meta = (answer or {}).get("meta")
            total = meta.get("total_pages") if isinstance(meta, dict) else None
            more = page < total if isinstance(total, int) else len(found) >= constants.PAGE
            if not more:
                return
            page += 1

    def _unusable(self, route: Route, status: int, reason: str) -> DestinationError:
        return DestinationError(
            f"{constants.NAME} answered {status} to {route.method} {route.path}: {reason}.",
            "Run again; if it persists, give the request and the time to Freshworks' support.",
        )
