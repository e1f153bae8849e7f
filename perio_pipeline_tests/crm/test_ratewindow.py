"""The rate window, on a clock of its own, as the server would see it."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.crm.ratewindow import DailyBudget, RateWindow, RateWindows
from perio_pipeline.errors import DestinationError
from perio_pipeline_tests.crm.virtual_time import run_virtually

WINDOW = 10.0


def counted_by_server(
    limit: int, calls: int, latencies: list[tuple[float, float]], concurrency: int = 16
) -> list[float]:
    """When the server counts each request; latencies are given as (way there, way back), in turn."""
    counted: list[float] = []

    async def main() -> None:
        window = RateWindow(limit, WINDOW)
        places = asyncio.Semaphore(concurrency)

        async def request(number: int) -> None:
            there, back = latencies[number % len(latencies)]
            async with places, window.slot():
                await asyncio.sleep(there)
                counted.append(asyncio.get_running_loop().time())
                await asyncio.sleep(back)

        await asyncio.gather(*(request(number) for number in range(calls)))

    run_virtually(main())
    return sorted(counted)


def busiest(counted: list[float]) -> int:
    """The most requests in any half-open window, wherever it starts."""
    start, most = 0, 0
    for end, moment in enumerate(counted):
        while moment - counted[start] >= WINDOW - 1e-6:
            start += 1
        most = max(most, end - start + 1)
    return most


latency = st.tuples(st.floats(0.0, 25.0), st.floats(0.0, 25.0))
at_once_or_late = st.tuples(st.sampled_from([0.0, 5.0]), st.sampled_from([0.0, 5.0]))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 60), st.lists(latency, min_size=1, max_size=20), st.integers(1, 20))
def test_no_window_of_the_server_holds_more_than_the_limit(
    limit: int, calls: int, latencies: list[tuple[float, float]], concurrency: int
) -> None:
    counted = counted_by_server(limit, calls, latencies, concurrency)
    assert len(counted) == calls
    assert busiest(counted) <= limit


def test_nearly_the_whole_quota_is_used() -> None:
    chance = random.Random(7)
    latencies = [(chance.uniform(0.005, 0.05), chance.uniform(0.005, 0.04)) for _ in range(501)]
    counted = counted_by_server(100, 6_000, latencies)
    assert busiest(counted) <= 100
    allowed = 100 * (counted[-1] / WINDOW + 1)
    assert len(counted) / allowed >= 0.99


def test_no_slot_is_idle_while_a_caller_waits() -> None:
    async def main() -> list[float]:
        window, started = RateWindow(3, WINDOW), []

        async def request(seconds: float) -> None:
            async with window.slot():
                started.append(asyncio.get_running_loop().time())
                await asyncio.sleep(seconds)

        await asyncio.gather(*(request(seconds) for seconds in (1, 2, 4, 1, 1, 1)))
        return started

    assert run_virtually(main()) == pytest.approx([0, 0, 0, 11, 12, 14])


def test_slots_are_given_in_the_order_of_asking() -> None:
    async def main() -> list[int]:
        window, order = RateWindow(2, WINDOW), []

        async def request(number: int) -> None:
            async with window.slot():
                order.append(number)
                await asyncio.sleep(0.1 * (number % 3))

        await asyncio.gather(*(request(number) for number in range(20)))
        return order

    assert run_virtually(main()) == list(range(20))


def test_a_cancelled_waiter_costs_no_slot() -> None:
    async def main() -> float:
        window = RateWindow(1, WINDOW)

        async def request() -> None:
            async with window.slot():
                await asyncio.sleep(1)

        first = asyncio.create_task(request())
        await asyncio.sleep(0)
        waiters = [asyncio.create_task(request()) for _ in range(3)]
        await asyncio.sleep(5)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(first, *waiters, return_exceptions=True)
        await request()
        return asyncio.get_running_loop().time()

    assert run_virtually(main()) == pytest.approx(12)


def test_a_request_cancelled_in_flight_still_counts() -> None:
    async def main() -> float:
        window = RateWindow(1, WINDOW)

        async def request(seconds: float) -> None:
            async with window.slot():
                await asyncio.sleep(seconds)

        task = asyncio.create_task(request(100))
        await asyncio.sleep(2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await request(0)
        return asyncio.get_running_loop().time()

    assert run_virtually(main()) == pytest.approx(12)


def test_a_faster_clock_shortens_the_window() -> None:
    async def main() -> float:
        window = RateWindow(1, WINDOW, time_scale=100)
        for _ in range(3):
            async with window.slot():
                pass
        return asyncio.get_running_loop().time()

    assert run_virtually(main()) == pytest.approx(0.2, abs=1e-4)


def test_a_window_needs_room() -> None:
    with pytest.raises(ValueError, match="positive"):
        RateWindow(0, WINDOW)


class Wall:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_the_budget_stops_before_its_reserve_and_says_when_to_go_on() -> None:
    wall = Wall()
    budget = DailyBudget(limit=5, reserve=2, now=wall)
    for _ in range(3):
        budget.spend()
    with pytest.raises(DestinationError, match=r"daily quota.*Run again after 2026-03-02 12:00 UTC; nothing is lost"):
        budget.spend()
    wall.now += timedelta(days=1)
    budget.spend()


def test_the_crm_s_own_count_is_believed() -> None:
    budget = DailyBudget(limit=1_000, reserve=10, header="x-left", now=Wall())
    budget.spend()
    budget.observe({"x-left": "11"})
    budget.spend()
    budget.observe({"x-left": "12"})  # an answer that was overtaken
    with pytest.raises(DestinationError):
        budget.spend()
    budget.observe({"x-left": "not a number"})
    budget.observe({"x-left": "999"})  # the CRM's day has turned
    budget.spend()


def test_a_second_client_of_the_same_account_goes_on_from_the_first_ones_history() -> None:
    history: deque[float] = deque()
    counted: list[float] = []

    async def client(calls: int) -> None:
        window = RateWindow(5, WINDOW, history=history)
        for _ in range(calls):
            async with window.slot():
                counted.append(asyncio.get_running_loop().time())

    async def main() -> None:
        await client(4)
        await client(4)

    run_virtually(main())
    assert busiest(counted) == 5


def test_what_others_spent_of_the_window_is_taken_over_from_the_crms_own_count() -> None:
    counted: list[float] = []

    async def main() -> None:
        window = RateWindow(5, WINDOW)
        async with window.slot() as slot:
            pass
        slot.observe(1)  # the CRM counts 4 of 5; three of them are not ours
        for _ in range(2):
            async with window.slot():
                counted.append(asyncio.get_running_loop().time())

    run_virtually(main())
    assert counted[0] < 1
    assert counted[1] >= WINDOW - 1e-6


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.lists(at_once_or_late, min_size=1, max_size=20), st.integers(1, 20))
def test_the_crms_count_of_ourselves_alone_costs_no_slot(
    limit: int, latencies: list[tuple[float, float]], concurrency: int
) -> None:
    """However late an answer arrives, what it counts is nobody else's."""
    calls = 40

    def started(observing: bool) -> list[float]:
        moments: list[float] = []

        async def main() -> None:
            window, places, counted = RateWindow(limit, WINDOW), asyncio.Semaphore(concurrency), list[float]()
            now = asyncio.get_running_loop().time

            async def request(number: int) -> None:
                there, back = latencies[number % len(latencies)]
                async with places, window.slot() as slot:
                    moments.append(now())
                    await asyncio.sleep(there)
                    counted.append(now())
                    remaining = limit - sum(moment > now() - WINDOW for moment in counted)
                    await asyncio.sleep(back)
                await asyncio.sleep(back)
                if observing:
                    slot.observe(remaining)

            await asyncio.gather(*(request(number) for number in range(calls)))

        run_virtually(main())
        return moments

    assert started(observing=True) == started(observing=False)


def test_several_windows_hold_at_once() -> None:
    async def main() -> list[float]:
        windows, started = RateWindows([RateWindow(5, 100.0), RateWindow(2, WINDOW)]), []
        for _ in range(8):
            async with windows.slot():
                started.append(asyncio.get_running_loop().time())
        return started

    assert run_virtually(main()) == pytest.approx([0, 0, 10, 10, 20, 100, 100, 110], abs=1e-3)


def test_the_crm_s_own_count_is_of_the_first_window() -> None:
    async def main() -> float:
        windows = RateWindows([RateWindow(5, 100.0), RateWindow(2, WINDOW)])
        async with windows.slot() as slot:
            pass
        slot.observe(0)
        async with windows.slot():
            return asyncio.get_running_loop().time()

    assert run_virtually(main()) == pytest.approx(100)


def test_only_waits_that_a_person_would_notice_are_announced() -> None:
    waits: list[tuple[float, datetime]] = []

    async def main() -> None:
        for seconds in (5.0, 50.0):
            window = RateWindow(1, seconds, on_wait=lambda *wait: waits.append(wait))
            for _ in range(2):
                async with window.slot():
                    pass

    run_virtually(main())
    ((seconds, until),) = waits
    assert seconds == pytest.approx(50)
    assert until > datetime.now(UTC)
