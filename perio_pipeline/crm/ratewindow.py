"""How many requests may leave, and when: the CRM's short window and its daily quota.

A CRM counts a request at some moment between our sending it and its answer reaching us, and we cannot know which. So a
slot stays taken while its request is in flight and for one whole window after the answer. Then no window the server can
draw, wherever it starts and however slow the network is, holds more than the limit, and no 429 is ever earned; and a
slot is never idle while a caller waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from perio_pipeline.errors import DestinationError

# The loop may wake a rounding error early. A slot is held this much longer and taken for free half of it before.
_MARGIN = 1e-6

OnWait = Callable[[float, datetime], None]
"""Told of each long wait as it begins: its seconds, and the moment in UTC when it ends."""

WORTH_TELLING = 10.0
"""Seconds; a shorter wait is not announced."""


def announce(on_wait: OnWait | None, seconds: float) -> None:
    """Tell whoever wants to know of a wait that a person would notice."""
    if on_wait is not None and seconds >= WORTH_TELLING:
        on_wait(seconds, _utc_now() + timedelta(seconds=seconds))


class Slot(Protocol):
    """What one request holds of a rate limit."""

    def observe(self, remaining: int) -> None:
        """Take over what the CRM says, in its answer to this request, is left."""
        ...


class Window(Protocol):
    """What a transport asks of a rate limit."""

    def slot(self) -> AbstractAsyncContextManager[Slot]:
        """Wait for a slot and hold it for one request."""
        ...


class RateWindow:
    """At most `limit` slots in flight or answered less than one window ago; served in the order of asking.

    Time is the running loop's, so that a test can drive it. Cancelling a waiter costs no slot.

    Args:
        limit: slots per window.
        window: seconds, as the CRM states it.
        time_scale: how many of the CRM's seconds pass in one of ours; 1 but for a sandbox with a faster clock.
        history: when earlier slots come free; a window that takes over another one's history keeps its promise.
        on_wait: told of long waits.
    """

    def __init__(
        self,
        limit: int,
        window: float,
        time_scale: float = 1.0,
        history: deque[float] | None = None,
        on_wait: OnWait | None = None,
    ) -> None:
        if limit < 1 or window <= 0 or time_scale <= 0:
            raise ValueError("limit, window and time_scale are positive")
        self._limit = limit
        self._window = window / time_scale + _MARGIN
        self._on_wait = on_wait
        self._in_flight = 0
        self._ever_taken = 0
        self._free_at: deque[float] = deque() if history is None else history
        self._turn = asyncio.Lock()
        self._returned = asyncio.Event()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """Wait for a slot and hold it for one request; leaving the block is the moment its answer arrived."""
        await self._acquire()
        try:
            yield _HeldSlot(self, self._taken() - self._ever_taken)
        finally:
            self._in_flight -= 1
            self._free_at.append(asyncio.get_running_loop().time() + self._window)
            self._returned.set()

    def observe(self, remaining: int, before: int) -> None:
        """Take over what the CRM said in an answer.

        The CRM counted at some moment while the request was under way, and slots may have come free here since. All
        that were held at any moment since the request was sent are never fewer than the CRM's count of us, so what
        it counts beyond them was spent by someone else on the same quota: an earlier process, or another program. It
        is freed one window from now.

        Args:
            remaining: what the CRM says is left.
            before: the slots that were held when the request was sent, less those ever taken until then.
        """
        others = max(0, self._limit - remaining - (before + self._ever_taken))
        now = asyncio.get_running_loop().time()
        self._free_at.extend([now + self._window] * others)
        self._ever_taken += others

    async def _acquire(self) -> None:
        # asyncio.Lock is fair, so only the longest waiting caller looks for a slot.
        async with self._turn:
            while self._taken() >= self._limit:
                await self._wait()
            self._in_flight += 1
            self._ever_taken += 1

    def _taken(self) -> int:
        now = asyncio.get_running_loop().time()
        while self._free_at and now >= self._free_at[0] - _MARGIN / 2:
            self._free_at.popleft()
        return self._in_flight + len(self._free_at)

    async def _wait(self) -> None:
        """Until the oldest answered slot comes free or, when all are in flight, until one is answered."""
        if self._free_at:
            seconds = max(0.0, self._free_at[0] - asyncio.get_running_loop().time())
            announce(self._on_wait, seconds)
            await asyncio.sleep(seconds)
            return
        self._returned.clear()
        await self._returned.wait()


@dataclass(frozen=True)
class _HeldSlot:
    """A slot, with what was held beside it when it was taken."""

    window: RateWindow
    before: int

    def observe(self, remaining: int) -> None:
        """Take over what the CRM says is left of the window."""
        self.window.observe(remaining, self.before)


class RateWindows:
    """Several limits that hold at once, such as one of an hour and one of a minute.

    Args:
        windows: every one of them must have a slot free. The CRM's own count, where it sends one, is of the first.
    """

    def __init__(self, windows: Sequence[RateWindow]) -> None:
        self._windows = tuple(windows)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """Wait for a slot in every window and hold them all for one request; the CRM's count is of the first."""
        async with AsyncExitStack() as held:
            slots = [await held.enter_async_context(window.slot()) for window in self._windows]
            yield slots[0]


_HISTORIES: dict[str, deque[float]] = {}


def history_of(account: str) -> deque[float]:
    """Return the history all windows of an account share in this process, so that the next client goes on from it."""
    return _HISTORIES.setdefault(account, deque())


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DailyBudget:
    """The daily quota, with a reserve left for the practice's other integrations.

    It counts for itself, and believes the CRM's own count wherever an answer carries one: an earlier run or another
    program may have spent of the same quota.

    Args:
        limit: requests per day.
        reserve: how many of them to leave.
        header: the response header with the CRM's count of what is left, if it sends one.
        time_scale: as in `RateWindow`.
        now: the wall clock, in UTC.
    """

    # Answers arrive out of order, so a count may look a little higher than the last one; only a larger jump upwards
    # says that the CRM's day has turned.
    _OUT_OF_ORDER = 200

    def __init__(
        self,
        limit: int = 200_000,
        reserve: int = 1_000,
        header: str = "",
        time_scale: float = 1.0,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._limit = limit
        self._reserve = reserve
        self._header = header
        self._day = timedelta(days=1) / time_scale
        self._now = now
        self._left = limit
        self._ends: datetime | None = None

    def spend(self) -> None:
        """Take one request out of the day's budget.

        Raises:
            DestinationError: only the reserve is left.
        """
        now = self._now()
        if self._ends is None or now >= self._ends:
            self._ends, self._left = now + self._day, self._limit
        if self._left <= self._reserve:
            raise DestinationError(
                f"The daily quota of the CRM is spent ({self._reserve} requests are kept in reserve).",
                f"Run again after {self._ends:%Y-%m-%d %H:%M} UTC; nothing is lost, the run goes on where it stopped.",
            )
        self._left -= 1

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take over the CRM's own count from the headers of an answer."""
        stated = headers.get(self._header, "") if self._header else ""
        if not stated.isdecimal():
            return
        left = int(stated)
        if left < self._left or left > self._left + self._OUT_OF_ORDER:
            self._left = left
