"""What the loader and its journal cost beside bare httpx that posts the same bodies with as many requests in flight.

Once with the CRM's window on a fast clock, where both should send what the window lets through, and once with a window
that never binds, where the machine is the limit. The sandbox tells when the requests came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import httpx

from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.constants import API_VERSION, REQUESTS_PER_WINDOW
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.http import JsonObject, Query
from perio_pipeline.crm.ratewindow import RateWindow
from perio_pipeline.sandbox.common.server import RunningSandbox
from perio_pipeline.sandbox.highlevel.config import RateLimit
from perio_pipeline_tests.bench.figures import Figure
from perio_pipeline_tests.bench.loads import load_of, sandbox_of
from perio_pipeline_tests.bench.quota import usual
from perio_pipeline_tests.bench.served import served
from perio_pipeline_tests.shaped import ShapedPractice

CRM = "highlevel"
PATH = "/contacts/"
CLOCK = 4.0
"""On which 40 requests a second may leave: fewer than any machine can send."""
UNBOUND = 1_000_000
RECORDS, COUNTED = 600, 400
"""Contacts that are loaded, and requests in a row whose time is taken."""

Bodies = list[JsonObject]


@dataclass(frozen=True)
class Case:
    """A limit of the window, how often to run under it (the best run counts), and the ratio to be kept."""

    words: str
    limit: int
    times: int
    least: float | None = None


CASES = (
    Case(f"in the window, clock × {CLOCK:g}", REQUESTS_PER_WINDOW, 1, 0.97),
    Case("no window", UNBOUND, 3),
)


def figures(practice: ShapedPractice) -> list[Figure]:
    """Take about a minute."""
    return [_of(practice, case) for case in CASES]


def _of(practice: ShapedPractice, case: Case) -> Figure:
    config = sandbox_of(practice, CRM, CLOCK)
    location = config.locations[0].model_copy(
        update={"rate_limit": RateLimit(interval_max=case.limit, daily_max=UNBOUND)}
    )
    ours, bare = [], []
    with served(config.model_copy(update={"locations": (location,)})) as sandbox:
        settings = HighLevelSettings(
            sandbox.base_url,
            location.id,
            location.tokens[0].token,
            time_scale=CLOCK,
            rate_limit=case.limit,
            daily_limit=UNBOUND,
        )
        for _ in range(case.times):
            bodies = asyncio.run(_loaded(practice, settings, sandbox))
            ours.append(_rate(sandbox, location.id))
            sandbox.reset()
            asyncio.run(_posted(settings, bodies))
            bare.append(_rate(sandbox, location.id))
            sandbox.reset()
    return Figure(
        name=f"contacts loaded by the loader, {case.words}",
        figure=max(ours),
        unit="requests/s",
        reference=f"bare httpx: {max(bare):,.1f} requests/s",
        ratio=max(ours) / max(bare),
        machine_independent=False,
        least=case.least,
    )


def _rate(sandbox: RunningSandbox, location: str) -> float:
    """The latest requests per second of this machine's clock."""
    return COUNTED / usual(sandbox.moments()[location][-RECORDS:], COUNTED) * CLOCK


async def _loaded(practice: ShapedPractice, settings: HighLevelSettings, sandbox: RunningSandbox) -> Bodies:
    """Create contacts through the loader; returns the bodies that were sent."""
    bodies: Bodies = []

    def watch(method: str, path: str, _query: Query, body: JsonObject | None, _status: int | None) -> None:
        if (method, path) == ("POST", PATH) and body is not None:
            bodies.append(body)

    adapter = partial(HighLevelAdapter, settings, observer=watch)
    with load_of(practice, CRM, ("main", adapter), time_scale=CLOCK) as (load,):
        await load.prepare()
        sandbox.checkpoint()  # the bare client finds the fields as the loader did
        await load.load("contacts", load.shaped["contacts"].head(RECORDS))
    return bodies


async def _posted(settings: HighLevelSettings, bodies: Sequence[JsonObject]) -> None:
    window = RateWindow(settings.rate_limit, settings.window_seconds, settings.time_scale)
    headers = {"Authorization": f"Bearer {settings.token}", "Version": API_VERSION}
    limits = httpx.Limits(max_connections=settings.concurrency)
    async with httpx.AsyncClient(base_url=settings.base_url, headers=headers, limits=limits) as client:

        async def post(body: JsonObject) -> None:
            async with window.slot():
                (await client.post(PATH, json=body)).raise_for_status()

        await concurrently(post, bodies, settings.concurrency)
