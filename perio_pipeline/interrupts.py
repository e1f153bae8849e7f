"""Runs coroutines so that a signal stops them where they wait, not in the middle of anything.

Dagster's handlers of SIGINT and SIGTERM raise wherever the process happens to be. Inside an event loop's own callbacks
the loop takes such an error for a callback's: it logs it, and goes on.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, as `asyncio.run` does, or until SIGINT or SIGTERM.

    Then it is cancelled, and once it has tidied up, the signal goes to whoever handled it before.

    Raises:
        BaseException: what that handler raises.
    """
    if threading.current_thread() is not threading.main_thread():  # signals come to the main thread alone
        return asyncio.run(main)
    earlier = {each: handler for each in SIGNALS if callable(handler := signal.getsignal(each))}
    came: list[int] = []
    try:
        with asyncio.Runner() as runner:
            result = runner.run(_listening(main, list(earlier), came))
    except asyncio.CancelledError:
        if not came:
            raise
    finally:
        for each, handler in earlier.items():
            signal.signal(each, handler)
    if came:
        signal.raise_signal(came[0])
        raise KeyboardInterrupt  # that handler raised nothing, but the coroutine may not have come to its end
    return result


async def _listening(main: Coroutine[Any, Any, T], signals: list[signal.Signals], came: list[int]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main)

    def stop(number: int, _frame: FrameType | None) -> None:
        if not came:
            loop.call_soon_threadsafe(task.cancel)
        came.append(number)

    for each in signals:
        signal.signal(each, stop)
    return await task
