"""What tests let other processes do to a journal: real ones, since threads share what processes do not.

Little is imported here, so that they start quickly.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from perio_pipeline import processes
from perio_pipeline.errors import GateError
from perio_pipeline.loading import lock
from perio_pipeline.loading.entries import Intent, Result, RunInfo, Scope
from perio_pipeline.loading.journal import Journal, open_journal

SPAWN = multiprocessing.get_context("spawn")
PATIENCE = 60
RUN = RunInfo("run-1", "full", "jo")


def scope(obj: str = "contacts") -> Scope:
    return Scope("harbor", "test", "main", obj)


class Other:
    """Another process that works on the journal of a folder and says things through a pipe."""

    def __init__(self, work: Callable[..., None], folder: Path, *args: Any) -> None:
        from perio_pipeline_tests.loading.small_load import opened_url

        self.said, theirs = SPAWN.Pipe()
        url = opened_url(folder)
        self.process: BaseProcess = SPAWN.Process(target=work, args=(theirs, folder, url, *args), daemon=True)
        self.process.start()
        theirs.close()

    def hear(self) -> Any:
        """Wait for the next thing it says; EOFError when it has ended."""
        assert self.said.poll(PATIENCE), "the other process says nothing"
        return self.said.recv()

    def hear_out(self) -> list[Any]:
        """Everything it said until it ended."""
        heard = []
        with suppress(EOFError):
            while True:
                heard.append(self.hear())
        return heard

    def tell(self, word: Any = None) -> None:
        self.said.send(word)

    def kill(self) -> None:
        self.process.kill()
        self.process.join(PATIENCE)

    def end(self) -> int | None:
        """Wait until it ends; its exit code."""
        self.process.join(PATIENCE)
        return self.process.exitcode


def append_some(pipe: Connection, folder: Path, url: str | None, obj: str, count: int) -> None:
    """Open the journal when told to, then append one entry per transaction."""
    pipe.send("ready")
    pipe.recv()
    journal = open_journal(folder, url)
    for number in range(count):
        journal.append(scope(obj), RUN, [Intent(f"{obj}{number}", "create", "f")])
    journal.close()


def append_until_killed(pipe: Connection, folder: Path, url: str | None) -> None:
    """Append intents and results without end, and say which ones are durable."""
    journal: Journal = open_journal(folder, url)
    for number in range(1_000_000):
        key = f"P{number}"
        journal.append(scope(), RUN, [Intent(key, "create", "f"), Intent(f"{key}b", "create", "f")])
        pipe.send(key)
        journal.append(scope(), RUN, [Result(key, "create", "f", "done")])
        time.sleep(0)


def hold(pipe: Connection, folder: Path, url: str | None, run: str, destination: str = "test") -> None:
    """Hold a destination until told to let go."""
    journal = open_journal(folder, url)
    with journal.locked("harbor", destination, replace(RUN, run=run)):
        pipe.send("held")
        pipe.recv()
    journal.close()
    pipe.send("free")


def hold_elsewhere(pipe: Connection, folder: Path, url: str | None, run: str) -> None:
    """Hold a destination as a process of another machine would, with quick signs of life, and write when told to."""
    vars(processes)["_machine"] = lambda: "elsewhere"
    lock.BEAT_SECONDS = 0.1  # type: ignore[assignment]
    journal = open_journal(folder, url)
    with journal.locked("harbor", "test", replace(RUN, run=run)):
        pipe.send("held")
        while key := pipe.recv():
            try:
                journal.append(scope(), replace(RUN, run=run), [Intent(key, "create", "f")])
                pipe.send("written")
            except GateError as error:
                pipe.send(str(error))
    journal.close()


def hold_in_turn(pipe: Connection, folder: Path, url: str | None, run: str, times: int) -> None:
    """Hold a destination again and again, and write two entries each time."""
    journal = open_journal(folder, url)
    pipe.send("ready")
    pipe.recv()
    while times:
        try:
            with journal.locked("harbor", "test", replace(RUN, run=run)):
                for key in ("begin", "end"):
                    journal.append(scope(), replace(RUN, run=run), [Intent(key, "create", "f")])
            times -= 1
        except lock.LockedError:
            time.sleep(0.02)
    journal.close()
