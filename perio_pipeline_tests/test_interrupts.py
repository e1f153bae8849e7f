"""P6: a signal stops a load where it waits, and comes to whoever asked for it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from perio_pipeline import interrupts


class StoppedError(BaseException):
    """What a handler like Dagster's raises: no `Exception`, and not one that asyncio lets through."""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """SIGINT and SIGTERM raise wherever the process happens to be."""

    def stop(*_: object) -> None:
        raise StoppedError

    earlier = {each: signal.signal(each, stop) for each in interrupts.SIGNALS}
    yield
    for each, handler in earlier.items():
        signal.signal(each, handler)


async def busy(done: list[str], callback: bool) -> None:
    """Be hit by SIGTERM, in a callback of the loop's own or in a task, and go on if nothing comes of it."""
    try:
        if callback:
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        else:
            os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.2)
        done.append("went on")
    finally:
        done.append("tidied up")


@pytest.mark.parametrize("callback", [True, False])
def test_a_signal_cancels_what_runs_and_then_goes_to_the_handler(
    callback: bool, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []
    with caplog.at_level(logging.DEBUG, "asyncio"), pytest.raises(StoppedError):
        interrupts.run(busy(done, callback))
    assert done == ["tidied up"]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_signal_that_comes_when_everything_is_done_is_not_lost() -> None:
    async def last() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(StoppedError):
        interrupts.run(last())


def test_without_a_signal_the_result_comes_back_and_all_is_as_before() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    before = [signal.getsignal(each) for each in interrupts.SIGNALS]
    assert interrupts.run(answer()) == 42
    assert [signal.getsignal(each) for each in interrupts.SIGNALS] == before


def test_an_error_of_the_coroutine_comes_through() -> None:
    async def fails() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        interrupts.run(fails())


SERVER = """
import sys, time
from pathlib import Path
try:
    said = Path(sys.argv[1]).open("a", buffering=1)
    time.sleep(20)
except KeyboardInterrupt:
    said.write("interrupted ")
    time.sleep(0.3)
"""
RUNNER = """
import os, signal, sys
from pathlib import Path
from perio_pipeline.interrupts import run_server
signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell starts its background jobs
print(run_server([sys.executable, "-c", sys.argv[1], sys.argv[2]], Path.cwd(), os.environ))
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_server_is_interrupted_once_and_ends_before_who_runs_it(tmp_path: Path, how: signal.Signals) -> None:
    said = tmp_path / "said"
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, SERVER, str(said)], stdout=subprocess.PIPE, text=True)
    while not said.exists():
        assert runner.poll() is None
        time.sleep(0.05)
    for _ in range(2):
        runner.send_signal(how)
        time.sleep(0.05)
    output, _ = runner.communicate(timeout=30)
    assert (output, runner.returncode, said.read_text()) == ("True\n", 0, "interrupted ")
