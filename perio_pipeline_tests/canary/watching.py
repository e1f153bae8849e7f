"""Watches what is there only while a program runs: its processes and its temporary files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

EVERY = 0.1
"""Seconds between two looks."""


@contextmanager
def watching(look: Callable[[], None]) -> Iterator[None]:
    """Look again and again while the block runs, and once more when it ends."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(EVERY):
            look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        look()


def processes(of_group: int) -> Iterator[tuple[int, bytes, bytes]]:
    """Every process of a process group: its number, its command line and its environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            number = int(folder.name)
            if os.getpgid(number) == of_group:
                yield number, (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except (ProcessLookupError, FileNotFoundError, PermissionError):
            continue  # it has ended by now, or is not ours
