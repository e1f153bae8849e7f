"""The hourly window beside the minute's, on a clock of its own, as the server would see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.protocol import Ref
from perio_pipeline_tests.crm.virtual_time import run_virtually

HOUR, MINUTE = 3600.0, 60.0
LATENCY = 0.15


class Server:
    """Counts when each request arrives; refuses some, as if other programs used the quota."""

    def __init__(self, refused_until: float = 0.0, headers: dict[str, str] | None = None) -> None:
        self.at: list[float] = []
        self.refused_until, self.headers = refused_until, headers or {}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        now = asyncio.get_running_loop().time()
        self.at.append(now)
        await asyncio.sleep(LATENCY)
        if now < self.refused_until:
            return httpx.Response(429, headers=self.headers, json={"errors": {"message": "Too many requests"}})
        crm_id = request.url.path.rpartition("/")[2]
        return httpx.Response(200, json={"contact": {"id": int(crm_id)}})

    def busiest(self, window: float) -> int:
        start, most = 0, 0
        for end, moment in enumerate(self.at):
            while moment - self.at[start] >= window - 1e-6:
                start += 1
            most = max(most, end - start + 1)
        return most


def read(server: Server, count: int, plan: str, on_wait: Callable[[float, datetime], None] | None = None) -> None:
    one_by_one = Capabilities(view_lists="none")
    settings = FreshsalesSettings("https://gum.myfreshworks.com", "gum", "key-1", plan, one_by_one)

    async def main() -> None:
        async with FreshsalesAdapter(settings, on_wait=on_wait, wire=httpx.MockTransport(server)) as adapter:
            found = await adapter.read([Ref("contacts", str(number + 1)) for number in range(count)])
            assert len(found) == count

    run_virtually(main())


@pytest.mark.parametrize(
    ("plan", "hourly", "count"), [("growth", 1000, 3000), ("pro", 2000, 3000), ("enterprise", 5000, 5500)]
)
def test_neither_hour_nor_minute_is_exceeded_and_the_hour_is_used_in_full(plan: str, hourly: int, count: int) -> None:
    server = Server()
    read(server, count, plan)
    assert server.busiest(HOUR) == hourly
    assert server.busiest(MINUTE) <= 400
    # Each hour's worth leaves at the very beginning of its hour, as fast as the minutes allow.
    full_hours = (count - 1) // hourly
    assert server.at[-1] <= full_hours * (HOUR + LATENCY) + MINUTE * (hourly // 400 + 1)


def test_the_first_minutes_are_used_in_full() -> None:
    server = Server()
    read(server, 1000, "growth")
    assert server.busiest(MINUTE) == 400
    assert server.at[-1] < 2.5 * MINUTE


def test_long_waits_are_shown() -> None:
    waits: list[tuple[float, datetime]] = []
    read(Server(), 1001, "growth", lambda seconds, until: waits.append((seconds, until)))
    assert len(waits) == 3  # for the second and third minute, and for the second hour
    assert waits[-1][0] == pytest.approx(HOUR, rel=0.05)
    assert waits[-1][1].tzinfo is not None


def test_a_quota_that_others_spent_is_waited_out_even_without_a_word_when_it_ends() -> None:
    waits: list[float] = []
    server = Server(refused_until=HOUR)
    read(server, 1, "growth", lambda seconds, until: waits.append(seconds))
    assert HOUR <= server.at[-1] < HOUR + 900
    assert len(server.at) < 20
    assert waits


def test_an_announced_end_is_believed() -> None:
    server = Server(refused_until=1800.0, headers={"Retry-After": "1800"})
    read(server, 1, "growth")
    assert [round(moment) for moment in server.at] == [0, 1800]


def test_the_window_runs_on_the_crm_s_clock() -> None:
    settings: dict[str, Any] = {"url": "http://127.0.0.1:1", "alias": "gum", "token": "key-1", "time_scale": 60.0}
    settings["capabilities"] = Capabilities(view_lists="none")
    server = Server()

    async def main() -> None:
        async with FreshsalesAdapter(FreshsalesSettings(**settings), wire=httpx.MockTransport(server)) as adapter:
            await adapter.read([Ref("contacts", str(number + 1)) for number in range(1001)])

    run_virtually(main())
    assert server.at[-1] == pytest.approx(60.0, abs=2.0)
