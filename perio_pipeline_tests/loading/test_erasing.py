"""Values are erased from the journal, and what stays can still be proven: who did what to which record, and when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from perio_pipeline.loading.audit import export, verify_file, verify_journal
from perio_pipeline.loading.auditfile import Format
from perio_pipeline.loading.entries import Intent, Result, RunInfo, Scope
from perio_pipeline.loading.erasing import erase_values, values_held
from perio_pipeline.loading.journal import Journal, open_journal
from perio_pipeline.loading.tables import ENTRY
from perio_pipeline_tests.loading.small_load import RUN, opened_url

PURGE = RunInfo("purge-1", "purge", "Dana Frost")
VALUE = "Zyquobaka"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(open_journal(tmp_path, opened_url(tmp_path))) as opened:
        for crm in ("highlevel", "freshsales"):
            where = Scope("harbor", crm, "main", "contacts")
            for key in ("P1", "P2"):
                opened.append(where, RUN, [Intent(key, "update", "f", values_before={"lastName": VALUE})])
                opened.append(where, RUN, [Result(key, "update", "f", "done")])
        yield opened


def numbers_and_hashes(journal: Journal) -> list[tuple[int, str]]:
    return [(entry.number, entry.hash) for entry in journal.entries("harbor")]


def test_no_value_is_left_and_the_chain_is_as_it_was(journal: Journal) -> None:
    before = numbers_and_hashes(journal)
    assert values_held(journal, "harbor", None)[0] == 4
    erased = erase_values(journal, "harbor", PURGE)
    assert [(each.destination, each.entries) for each in erased] == [("freshsales", 2), ("highlevel", 2)]
    assert values_held(journal, "harbor", None) == (0, 0)
    entries = list(journal.entries("harbor"))
    assert all(entry.values_before is None and entry.values_after is None for entry in entries)
    assert numbers_and_hashes(journal)[: len(before)] == before
    assert [(entry.actor, entry.operation) for entry in entries[len(before) :]] == [("Dana Frost", "purge")] * 2
    found = verify_journal(journal, "harbor")
    assert (found.problems, found.erased) == ([], 4)


def test_the_database_file_holds_the_sealed_values_no_more(tmp_path: Path, journal: Journal) -> None:
    sealed = next(entry.values_before for entry in journal.entries("harbor") if entry.values_before)
    files = [tmp_path / "journal.sqlite", tmp_path / "journal.sqlite-wal"]
    assert any(sealed in file.read_bytes() for file in files)
    erase_values(journal, "harbor", PURGE)
    assert not any(sealed in file.read_bytes() for file in files if file.exists())


@pytest.mark.parametrize("destination", [None, "highlevel"])
@pytest.mark.parametrize("form", Format)
def test_an_export_is_proven_from_the_file_alone(
    tmp_path: Path, journal: Journal, destination: str | None, form: Format
) -> None:
    erase_values(journal, "harbor", PURGE)
    found = verify_file(export(journal, "harbor", destination, tmp_path / "out", form))
    assert (found.problems, found.erased) == ([], 2 if destination else 4)


def test_who_changes_what_stays_of_an_erased_entry_is_found(journal: Journal) -> None:
    erase_values(journal, "harbor", PURGE)
    with journal.engine.begin() as connection:
        connection.execute(ENTRY.update().where(ENTRY.c.number == 1).values(actor="nobody"))
    assert verify_journal(journal, "harbor").problems


def test_who_takes_values_away_without_saying_so_is_found(journal: Journal) -> None:
    erase_values(journal, "harbor", PURGE)
    where = Scope("harbor", "highlevel", "main", "contacts")
    journal.append(where, RUN, [Intent("P3", "update", "f", values_before={"lastName": VALUE})])
    assert verify_journal(journal, "harbor").problems == []
    with journal.engine.begin() as connection:
        connection.execute(ENTRY.update().where(ENTRY.c.source_key == "P3").values(values_before=sa.null()))
    (problem,) = verify_journal(journal, "harbor").problems
    assert "does not say what was written" in problem.what


def test_a_second_erasure_vouches_for_both(journal: Journal) -> None:
    erase_values(journal, "harbor", PURGE)
    where = Scope("harbor", "highlevel", "main", "contacts")
    journal.append(where, RUN, [Intent("P3", "update", "f", values_before={"lastName": VALUE})])
    erase_values(journal, "harbor", PURGE)
    found = verify_journal(journal, "harbor")
    assert (found.problems, found.erased) == ([], 5)


def test_what_is_younger_stays_and_so_does_what_has_no_known_outcome(journal: Journal) -> None:
    assert erase_values(journal, "harbor", PURGE, datetime.now(UTC) - timedelta(days=1)) == []
    where = Scope("harbor", "highlevel", "main", "contacts")
    journal.append(where, RUN, [Intent("P1", "update", "g", values_before={"lastName": VALUE})])
    erase_values(journal, "harbor", PURGE, datetime.now(UTC) + timedelta(days=1))
    left = [entry.source_key for entry in journal.entries("harbor", "highlevel") if entry.values_before]
    assert left == ["P1", "P1"]


def test_another_practice_keeps_its_values(journal: Journal) -> None:
    journal.append(Scope("cove", "highlevel", "main", "contacts"), RUN, [Intent("P1", "update", "f", None, {"a": "b"})])
    erase_values(journal, "harbor", PURGE)
    assert values_held(journal, "cove", None)[0] == 1
    assert verify_journal(journal, "cove").problems == []
