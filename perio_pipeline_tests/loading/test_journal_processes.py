"""P6, P10: several processes on one journal, and processes that die while they write."""

from __future__ import annotations

from pathlib import Path

import pytest

from perio_pipeline.loading.entries import Intent
from perio_pipeline_tests.loading.processes import Other, append_some, append_until_killed
from perio_pipeline_tests.loading.small_load import RUN, chain_holds, entries, journal_in, scope

pytestmark = pytest.mark.usefixtures("journal_backend")


def test_p10_processes_that_open_a_new_journal_at_once_and_write_do_not_fork_the_chain(tmp_path: Path) -> None:
    others = [Other(append_some, tmp_path, obj, 25) for obj in ("tasks", "notes", "contacts", "companies")]
    for other in others:
        assert other.hear() == "ready"
    for other in others:
        other.tell("go")
    assert [other.end() for other in others] == [0] * 4
    rows = entries(tmp_path)
    assert len(rows) == 100
    assert chain_holds(rows)
    with journal_in(tmp_path) as journal:
        assert [len(journal.known(scope(obj))) for obj in ("tasks", "notes", "contacts", "companies")] == [25] * 4


def test_p6_what_a_killed_process_was_told_is_durable_is_there_and_nothing_is_half_written(tmp_path: Path) -> None:
    other = Other(append_until_killed, tmp_path)
    told = [other.hear() for _ in range(40)]
    other.kill()
    told += other.hear_out()
    with journal_in(tmp_path) as journal:
        known = journal.known(scope())
        assert set(told) <= set(known)
        assert {key for key in known if f"{key}b" in known} == {key for key in known if not key.endswith("b")}
        journal.append(scope(), RUN, [Intent("next", "create", "f")])
    assert chain_holds(entries(tmp_path))
