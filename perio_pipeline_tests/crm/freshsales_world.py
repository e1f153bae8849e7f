"""The adapter against the Freshsales sandbox over real HTTP: an account with all fields of the tests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.freshsales.capabilities import capabilities_from
from perio_pipeline.crm.freshsales.memory import forget_all
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.protocol import FieldSpec, FieldType, Outcome, Payload, Ref, Snapshot, Status
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.config import FieldConfig, ModuleConfig
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline.sandbox.freshsales.seed import ALIAS, TOKEN, demo_config
from perio_pipeline.sandbox.freshsales.server import RunningFreshsales, running
from perio_pipeline_tests.crm.freshsales_support import FIELDS, LINE

Result = TypeVar("Result")
Work = Callable[[FreshsalesAdapter], Awaitable[Result]]
FACTOR = 1000.0
"""How much faster than ours the account's clock runs."""
TYPES = {
    FieldType.NUMBER: "number",
    FieldType.CHOICE: "dropdown",
    FieldType.MULTI_CHOICE: "multi_select_dropdown",
    FieldType.DATE: "date",
    FieldType.CHECKBOX: "checkbox",
    FieldType.LONG_TEXT: "paragraph",
    FieldType.TEXT: "text",
    FieldType.LOOKUP: "auto_complete",
}
MODULES = (ModuleConfig(entity_name=LINE, singular_name="Plan line", plural_name="Plan lines"),)


@dataclass
class World:
    """One account that is being served, and an adapter that stays open on it.

    Attributes:
        sandbox: the server.
        capabilities: what the practice's file says of it.
        settings: further settings of the adapter.
        runner: the event loop.
        spent: requests of the latest `run`, without those that opened the account.
    """

    sandbox: RunningFreshsales
    capabilities: dict[str, Any]
    settings: dict[str, Any]
    runner: asyncio.Runner
    spent: int = 0
    _open: tuple[FreshsalesAdapter, Sequence[FieldSpec]] | None = None

    def run(
        self, work: Callable[[FreshsalesAdapter], Awaitable[Result]], fields: Sequence[FieldSpec] = FIELDS
    ) -> Result:
        """Do something with the adapter, after it has resolved these fields."""

        async def main() -> Result:
            if self._open is None or self._open[1] != fields:
                await self._close()
                await self._opened(fields)
            assert self._open is not None
            adapter = self._open[0]
            before = adapter.stats.requests
            try:
                return await work(adapter)
            finally:
                self.spent = adapter.stats.requests - before

        return self.runner.run(main())

    def reopen(self) -> None:
        """Let the next `run` open the account anew."""
        self.runner.run(self._close())

    async def _opened(self, fields: Sequence[FieldSpec]) -> None:
        options = {
            "url": self.sandbox.base_url,
            "alias": ALIAS,
            "token": TOKEN,
            "plan": "enterprise",
            "time_scale": FACTOR,
            "capabilities": capabilities_from(self.capabilities),
        }
        adapter = FreshsalesAdapter(FreshsalesSettings(**{**options, **self.settings}))
        await adapter.__aenter__()
        self._open = adapter, fields
        await adapter.connect()
        assert await adapter.missing_fields(fields) == []

    async def _close(self) -> None:
        if self._open is not None:
            await self._open[0].__aexit__()
        self._open = None

    def create(self, payloads: Sequence[Payload]) -> list[Outcome]:
        """Write records of one object, in batches as the loader does."""

        async def work(adapter: FreshsalesAdapter) -> list[Outcome]:
            groups: dict[str, list[int]] = {}
            for number, payload in enumerate(payloads):
                groups.setdefault(adapter.batch_key(payload), []).append(number)
            size = adapter.batch_size(payloads[0].object)
            batches = [group[at : at + size] for group in groups.values() for at in range(0, len(group), size)]
            found: dict[int, Outcome] = {}
            for batch in batches:
                outcomes = await adapter.create([payloads[number] for number in batch])
                found |= dict(zip(batch, outcomes, strict=True))
            return [found[number] for number in range(len(payloads))]

        return self.run(work)

    def load(self, payloads: Sequence[Payload]) -> list[Ref]:
        """Write records that must all arrive; where each of them lies."""
        outcomes = self.create(payloads)
        assert {(outcome.status, outcome.code) for outcome in outcomes} <= {
            (Status.DONE, ""),
            (Status.DONE, "left_out"),
        }
        return [outcome.ref for outcome in outcomes if outcome.ref]

    def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read records back."""
        return self.run(lambda adapter: adapter.read(refs))

    def held(self, kind: str) -> list[dict[str, Any]]:
        """What the account holds of one kind, as the server keeps it; without what lies in the recycle bin."""
        return [record for record in self.sandbox.state()[ALIAS][kind] if not record.get("_deleted")]

    def asked(self, method: str, route: str) -> int:
        """How often a route was asked, by its template."""
        counts: Counter[tuple[str, str]] = Counter()
        for entry in self.sandbox.stats()["routes"]:
            counts[entry["method"], entry["route"]] += entry["count"]
        return counts[method, route]


@contextmanager
def account(
    behaviour: dict[str, Any] | None = None,
    capabilities: dict[str, Any] | None = None,
    faults: Sequence[Fault] = (),
    *,
    lag: float = 2.0,
    holds: dict[str, Any] | None = None,
    **settings: Any,
) -> Iterator[World]:
    """Serve an account.

    Args:
        behaviour: how it behaves, where that is not the default.
        capabilities: what the adapter is told of it.
        faults: what goes wrong.
        lag: how late its searches are, in seconds of its clock.
        holds: what else its configuration says of it.
        settings: further settings of the adapter.
    """
    forget_all()
    config = demo_config(
        custom_fields=[_admins_field(spec) for spec in FIELDS],
        behaviour=Behaviour(**({"per_minute_limit": None} | (behaviour or {}))),
        clock_factor=FACTOR,
        search_lag_seconds=lag,
        faults=tuple(faults),
    )
    practice = config.accounts[0].model_dump() | {"custom_modules": MODULES, "calls_per_hour": 100_000} | (holds or {})
    config = config.model_copy(update={"accounts": (type(config.accounts[0])(**practice),)})
    stated, more = {"minute_requests": 0, **(capabilities or {})}, {"per_hour": 100_000, **settings}
    with running(config) as sandbox, asyncio.Runner() as runner:
        world = World(sandbox, stated, more, runner)
        try:
            yield world
        finally:
            world.reopen()


def _admins_field(spec: FieldSpec) -> FieldConfig:
    module = spec.model if spec.model.startswith("cm_") else f"{spec.model}s"
    given: dict[str, Any] = {"name": spec.label, "type": TYPES[spec.type], "choices": spec.options, "module": module}
    return FieldConfig.model_validate(given | ({"lookup": f"{spec.target}s"} if spec.target else {}))
