"""Lets a signal stop what runs where it can stop: a coroutine where it waits, a server with all that it started.

Dagster's handlers of SIGINT and SIGTERM raise wherever the process happens to be. Inside an event loop's own callbacks
the loop takes such an error for a callback's: it logs it, and goes on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
END_SECONDS = 60
"""How long a server may take to end."""


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


def run_server(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> bool:
    """Run a server until it ends, or end it when this process is asked to; returns whether it was.

    A signal, from the terminal or to this process alone, reaches the server once, which then ends its own processes.
    """
    came: list[float] = []

    def stop(_number: int, _frame: FrameType | None) -> None:
        came.append(time.monotonic())

    # Handled before the server starts, which else would ignore what this process ignores: SIGINT, as a shell's job.
    earlier = {each: signal.signal(each, stop) for each in (*SIGNALS, signal.SIGHUP)}
    try:
        # In a session of its own, since a terminal's Ctrl-C goes to every process of its group and would come twice.
        with subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True) as server:
            while server.poll() is None and not came:
                _wait_a_moment(server)
            if came:
                server.send_signal(signal.SIGINT)
            while server.poll() is None:
                _wait_a_moment(server)
                if time.monotonic() - came[0] > END_SECONDS:
                    os.killpg(server.pid, signal.SIGKILL)
    finally:
        for each, handler in earlier.items():
            signal.signal(each, handler)
    return bool(came)


def _wait_a_moment(server: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        server.wait(0.5)
