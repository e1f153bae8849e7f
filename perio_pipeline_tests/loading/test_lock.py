"""P6: one run at a time works on a practice's destination, whatever started it and wherever it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from perio_pipeline import processes
from perio_pipeline.errors import GateError
from perio_pipeline.loading import lock
from perio_pipeline.loading.database import clock
from perio_pipeline.loading.entries import Intent
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.lock import SILENT_SECONDS, Holder, LockedError
from perio_pipeline.loading.tables import HOLDER
from perio_pipeline_tests.loading.processes import Other, hold, hold_elsewhere, hold_in_turn
from perio_pipeline_tests.loading.small_load import RUN, entries, journal_in, scope

pytestmark = pytest.mark.usefixtures("journal_backend")
SECOND = replace(RUN, run="run-2")


@contextmanager
def locked(folder: Path, run: str = "run-2", destination: str = "test") -> Iterator[Journal]:
    with journal_in(folder) as journal, journal.locked("harbor", destination, replace(RUN, run=run)):
        yield journal


def is_free(folder: Path) -> bool:
    try:
        with locked(folder):
            return True
    except LockedError:
        return False


def test_a_second_run_is_refused_and_told_by_whom_and_since_when(tmp_path: Path) -> None:
    first = Other(hold, tmp_path, "run-1")
    assert first.hear() == "held"
    with pytest.raises(LockedError) as error, locked(tmp_path):
        pass
    told = error.value.holder
    assert (told.run, told.actor, told.process) == ("run-1", "jo", first.process.pid)
    for part in ("run-1", "jo", "harbor", told.since, str(told.process), told.host):
        assert part in error.value.problem
    with journal_in(tmp_path) as journal:
        assert lock.holder(journal.engine, "harbor", "test") == replace(told, beat=told.beat)
    first.tell()
    assert first.hear() == "free"
    with locked(tmp_path) as journal:
        assert lock.holder(journal.engine, "harbor", "test") is not None
    with journal_in(tmp_path) as journal:
        assert lock.holder(journal.engine, "harbor", "test") is None


@pytest.mark.parametrize("collected", [True, False])
def test_a_killed_holder_holds_nothing_whether_its_parent_noticed_or_not(tmp_path: Path, collected: bool) -> None:
    first = Other(hold, tmp_path, "run-1")
    first.hear()
    assert not is_free(tmp_path)
    assert first.process.pid is not None
    os.kill(first.process.pid, signal.SIGKILL)
    if collected:
        first.end()
    else:
        os.waitid(os.P_PID, first.process.pid, os.WEXITED | os.WNOWAIT)
    assert is_free(tmp_path)


def test_the_same_run_may_work_in_several_processes_and_holds_until_the_last_one_ends(tmp_path: Path) -> None:
    steps = [Other(hold, tmp_path, "run-1") for _ in range(2)]
    assert [step.hear() for step in steps] == ["held"] * 2
    with locked(tmp_path, "run-1"):
        pass
    steps[0].tell()
    assert steps[0].hear() == "free"
    assert not is_free(tmp_path)
    steps[1].kill()
    assert is_free(tmp_path)


def test_one_journal_may_ask_again_and_lets_go_at_the_end_of_the_outermost_block(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        with journal.locked("harbor", "test", RUN):
            with journal.locked("harbor", "test", RUN):
                pass
            assert not is_free(tmp_path)
        assert is_free(tmp_path)


def test_other_practices_and_destinations_do_not_wait(tmp_path: Path) -> None:
    first = Other(hold, tmp_path, "run-1")
    first.hear()
    with ExitStack() as all_at_once:
        all_at_once.enter_context(locked(tmp_path, destination="other"))
        journal = all_at_once.enter_context(journal_in(tmp_path))
        all_at_once.enter_context(journal.locked("elm", "test", SECOND))
        journal.append(scope(practice="elm"), SECOND, [Intent("P1", "create", "f")])


@pytest.mark.slow
def test_of_many_who_want_it_at_once_one_has_it(tmp_path: Path) -> None:
    others = [Other(hold_in_turn, tmp_path, f"run-{number}", 4) for number in range(3)]
    for other in others:
        other.hear()
    for other in others:
        other.tell("go")
    assert [other.end() for other in others] == [0] * 3
    log = [(row["run"], row["source_key"]) for row in entries(tmp_path)]
    assert len(log) == 24
    for begin, end in zip(log[::2], log[1::2], strict=True):
        assert (begin[1], end) == ("begin", (begin[0], "end"))


def plant(journal: Journal, **changes: Any) -> None:
    """Leave a row of another run, as if of this very process, but for the changes."""
    me = processes.this_process()
    with journal.engine.begin() as connection:
        row = Holder(
            "t", "harbor", "test", "run-1", "jo", me.host, me.machine, me.number, me.started, "now", clock(connection)
        )
        connection.execute(HOLDER.insert().values({**asdict(row), **changes}))


def test_a_holder_on_another_machine_is_believed_until_it_was_silent_for_too_long(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        plant(journal, machine="elsewhere", process=1)
        with journal.engine.begin() as connection:
            now = clock(connection)
        for silent, free in ((0, False), (SILENT_SECONDS - 20, False), (SILENT_SECONDS + 1, True)):
            with journal.engine.begin() as connection:
                connection.execute(HOLDER.update().values(beat=now - silent))
            assert is_free(tmp_path) is free


def test_a_number_that_another_process_has_now_is_nobodys_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living:
        with journal_in(tmp_path) as journal:
            plant(journal, process=living.pid, process_started=processes.started(living.pid))
            assert not is_free(tmp_path)
            with journal.engine.begin() as connection:
                connection.execute(HOLDER.update().values(process_started="1"))
            assert is_free(tmp_path)
        living.communicate(b"\n")


def test_what_this_process_left_behind_does_not_keep_it_out(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        plant(journal)
    assert is_free(tmp_path)


@pytest.mark.slow
def test_signs_of_life_keep_a_holder_and_one_that_comes_back_too_late_can_write_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "SILENT_SECONDS", 4)
    first = Other(hold_elsewhere, tmp_path, "run-1")
    assert first.hear() == "held"
    until = time.monotonic() + 5
    while time.monotonic() < until:
        assert not is_free(tmp_path)
        time.sleep(0.2)
    first.tell("P1")
    assert first.hear() == "written"
    assert first.process.pid is not None
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        time.sleep(4.5)
        with locked(tmp_path) as journal:
            os.kill(first.process.pid, signal.SIGCONT)
            first.tell("P2")
            assert "another run took over" in first.hear()
            journal.append(scope(), SECOND, [Intent("P3", "create", "f")])
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    first.tell("P4")
    assert "another run took over" in first.hear()
    assert [row["source_key"] for row in entries(tmp_path)] == ["P1", "P3"]


def test_who_holds_nothing_may_not_write_as_if(tmp_path: Path) -> None:
    with locked(tmp_path) as journal:
        with journal.engine.begin() as connection:
            connection.execute(HOLDER.delete())
        with pytest.raises(GateError, match="took over"):
            journal.append(scope(), SECOND, [Intent("P1", "create", "f")])
    assert entries(tmp_path) == []


def test_a_process_is_told_from_others_by_number_and_start() -> None:
    me = processes.this_process()
    assert (me.number, me.started) == (os.getpid(), processes.started(os.getpid()))
    assert processes.started(os.getpid()) != ""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert processes.started(ended.pid) == ""
    assert processes.started(ended.pid) == ""
