"""Runs work in a forked process and kills it at one boundary of one request.

Boundaries stand before and after each intent, after the CRM has written and before its answer is read, and before and
after each result.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from perio_pipeline.loading import loader, rollback
from perio_pipeline.loading.entries import Item
from perio_pipeline.loading.journal import Journal

KILLED, DONE, BROKEN = "killed", "done", "broken"


class Boundaries:
    """Counts boundaries, and dies at one of them.

    Attributes:
        passed: how many were passed.
        fatal: the number of the one at which the process kills itself; 0 for none.
    """

    def __init__(self, fatal: int = 0) -> None:
        self.passed, self.fatal = 0, fatal

    def pass_one(self) -> None:
        """Pass a boundary, or die there."""
        self.passed += 1
        if self.passed == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the journal and the network of this process."""
        append, send = Journal.append, httpx.AsyncHTTPTransport.handle_async_request

        def appended(journal: Journal, scope: Any, run: Any, items: Sequence[Item]) -> None:
            if items:
                self.pass_one()
            append(journal, scope, run, items)
            if items:
                self.pass_one()

        async def sent(transport: Any, request: httpx.Request) -> httpx.Response:
            response = await send(transport, request)
            if request.method != "GET":
                self.pass_one()  # the CRM has done it; nobody here has read its answer
            return response

        with (
            mock.patch.object(Journal, "append", appended),
            mock.patch.object(httpx.AsyncHTTPTransport, "handle_async_request", sent),
            # One record at a time, so that each request has its own boundaries and every one of them is met.
            mock.patch.object(loader, "CONCURRENCY", 1),
            mock.patch.object(rollback, "CONCURRENCY", 1),
        ):
            yield


def boundaries_of(work: Callable[[], Any], notes: Path) -> int:
    """Run work undisturbed in a forked process; returns how many boundaries it passes."""

    def counted() -> str:
        watch = Boundaries()
        with watch.watched():
            work()
        return str(watch.passed)

    assert _forked(counted, notes) == DONE, notes.read_text()
    return int(notes.read_text())


def run_and_kill(work: Callable[[], Any], fatal: int, notes: Path) -> str:
    """Run work in a forked process that dies at a boundary; returns how it ended."""

    def watched() -> str:
        with Boundaries(fatal).watched():
            work()
        return ""

    return _forked(watched, notes)


def run(work: Callable[[], Any], notes: Path) -> None:
    """Run work undisturbed in a forked process.

    Raises:
        RuntimeError: it ended in an error, whose text is in it.
    """
    if _forked(lambda: str(work()), notes) != DONE:
        raise RuntimeError(notes.read_text())


def _forked(work: Callable[[], str], notes: Path) -> str:
    """Run work in a copy of this warm process; its last words are in `notes`."""
    notes.write_text("")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            notes.write_text(work())
            status = 0
        except BaseException:
            notes.write_text(traceback.format_exc())
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        return KILLED
    return DONE if os.WEXITSTATUS(ended) == 0 else BROKEN
