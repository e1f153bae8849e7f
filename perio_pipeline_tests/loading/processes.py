"""What tests let other processes do to a journal: real ones, since threads share what processes do not."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from perio_pipeline.loading.entries import Intent, Result
from perio_pipeline.loading.journal import Journal, open_journal
from perio_pipeline_tests.loading import small_load
from perio_pipeline_tests.loading.small_load import RUN, scope

SPAWN = multiprocessing.get_context("spawn")
PATIENCE = 60


class Other:
    """Another process that works on the journal of a folder and says things through a pipe."""

    def __init__(self, work: Callable[..., None], folder: Path, *args: Any) -> None:
        self.said, theirs = SPAWN.Pipe()
        url = small_load.opened_url(folder)
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
