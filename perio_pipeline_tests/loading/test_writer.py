"""One durable commit serves all requests that wait for it, and none goes on before its own rows are durable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from perio_pipeline.loading.entries import Intent, Result, RunInfo, Scope
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.writer import JournalWriter
from perio_pipeline_tests.loading.small_load import RUN, entries, journal_in, scope

pytestmark = pytest.mark.usefixtures("journal_backend")


class Watched:
    """A journal that counts its commits, takes its time, and may be full."""

    def __init__(self, journal: Journal, full_at: int | None = None) -> None:
        self.journal, self.full_at, self.commits = journal, full_at, 0

    def append(self, where: Scope, run: RunInfo, items: Sequence[Intent | Result]) -> None:
        self.commits += 1
        time.sleep(0.01)
        if self.commits == self.full_at:
            raise OSError("no space left on device")
        self.journal.append(where, run, items)


def watched_writer(journal: Journal, full_at: int | None = None) -> tuple[Watched, JournalWriter]:
    watched = Watched(journal, full_at)
    return watched, JournalWriter(watched, scope(), RUN)  # type: ignore[arg-type]


def intent(number: int) -> Intent:
    return Intent(f"P{number}", "create", "f")


def test_many_coroutines_share_commits_and_each_waits_for_its_own_rows(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        watched, writer = watched_writer(journal)

        async def one(number: int) -> bool:
            await asyncio.sleep(0.001 * (number % 7))
            await writer.append([intent(number)])
            return f"P{number}" in journal.known(scope())

        async def main() -> list[bool]:
            return await asyncio.gather(*(one(number) for number in range(60)))

        assert all(asyncio.run(main()))
    assert watched.commits <= 12
    assert sorted(row["source_key"] for row in entries(tmp_path)) == sorted(f"P{number}" for number in range(60))


def test_an_intent_stands_before_its_result(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        _, writer = watched_writer(journal)

        async def one(number: int) -> None:
            await writer.append([intent(number)])
            await writer.append([Result(f"P{number}", "create", "f", "done")])

        async def main() -> None:
            await asyncio.gather(*(one(number) for number in range(10)))

        asyncio.run(main())
    kinds: dict[str, list[str]] = {}
    for row in entries(tmp_path):
        kinds.setdefault(row["source_key"], []).append(row["kind"])
    assert set(map(tuple, kinds.values())) == {("intent", "result")}


def test_an_error_in_the_journal_reaches_every_waiter_and_the_next_commit_works(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        _, writer = watched_writer(journal, full_at=1)

        async def main() -> list[BaseException | None]:
            failed = await asyncio.gather(*(writer.append([intent(n)]) for n in range(5)), return_exceptions=True)
            await writer.append([intent(9)])
            return failed

        failed = asyncio.run(asyncio.wait_for(main(), timeout=5))
        assert [type(error) for error in failed] == [OSError] * 5
        assert list(journal.known(scope())) == ["P9"]


def test_a_cancelled_waiter_holds_up_nobody(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        _, writer = watched_writer(journal)

        async def main() -> None:
            first = asyncio.create_task(writer.append([intent(1)]))
            await asyncio.sleep(0.002)
            first.cancel()
            await asyncio.wait_for(writer.append([intent(2)]), timeout=5)
            with pytest.raises(asyncio.CancelledError):
                await first

        asyncio.run(main())
        assert sorted(journal.known(scope())) == ["P1", "P2"]
