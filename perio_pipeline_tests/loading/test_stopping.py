"""P6: a journal that takes no more is one clear error, and once that is mended the next run finishes the load."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from perio_pipeline.crm.protocol import RequestStats
from perio_pipeline.errors import JournalError
from perio_pipeline.loading.entries import Intent
from perio_pipeline.loading.journal import Journal, open_journal
from perio_pipeline.loading.objects import Target, load_object
from perio_pipeline.loading.writer import JournalWriter
from perio_pipeline_tests.disks import fill, remount, small_disk
from perio_pipeline_tests.loading import small_load
from perio_pipeline_tests.loading.fake_crm import FakeCrm
from perio_pipeline_tests.loading.small_load import (
    FAST,
    MAPPING,
    RUN,
    actions,
    chain_holds,
    contacts,
    entries,
    journal_in,
    load,
    scope,
)
from perio_pipeline_tests.loading.test_objects import PEOPLE, contact_frame
from perio_pipeline_tests.postgres import PostgresServer

MANY = 1000


def load_until_it_stops(journal: Journal, crm: FakeCrm) -> JournalError:
    """Load more and more, as long as the journal takes it."""
    for count in range(50, MANY, 50):
        try:
            load(journal, crm, contacts(count))
        except JournalError as error:
            return error
    raise AssertionError("the journal took everything")


def finish(journal: Journal, crm: FakeCrm, folder: Path) -> None:
    """The next run: nothing is lost, nothing doubled, and the one after it sends nothing."""
    assert set(actions(load(journal, crm, contacts(MANY))).values()) <= {"created", "adopted", "unchanged"}
    assert crm.held() == sorted(f"P{number}" for number in range(1, MANY + 1))
    asked = len(crm.calls)
    assert set(actions(load(journal, crm, contacts(MANY))).values()) == {"unchanged"}
    assert len(crm.calls) == asked
    assert chain_holds(entries(folder))


def test_a_full_disk_stops_a_load_and_with_room_again_it_is_finished(tmp_path: Path) -> None:
    crm = FakeCrm()
    with small_disk(tmp_path / "disk", 600) as folder, journal_in(folder) as journal:
        error = load_until_it_stops(journal, crm)
        assert "no room left on its disk" in error.problem
        assert str(folder) in error.problem
        assert "what was written is safe" in error.remedy
        assert len(journal.known(scope())) >= len(crm.records) > 0
        remount(folder, "size=8m")
        finish(journal, crm, folder)


def test_a_disk_that_is_full_for_this_program_only_is_the_same(tmp_path: Path) -> None:
    crm = FakeCrm()
    with journal_in(tmp_path) as journal:

        def limit(connection: sa.Connection) -> None:
            connection.exec_driver_sql("PRAGMA max_page_count = 60")

        sa.event.listen(journal.engine, "begin", limit)
        assert "no room left" in load_until_it_stops(journal, crm).problem
    with journal_in(tmp_path) as journal:
        finish(journal, crm, tmp_path)


def test_a_full_disk_of_the_server_stops_a_load_and_with_room_again_it_is_finished(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = FakeCrm()
    with small_disk(postgres.own() / "small", 800) as disk, postgres.tablespace("small", disk):

        def there(folder: Path) -> str:
            return postgres.journal_url(folder, default_tablespace="small")

        monkeypatch.setattr(small_load, "journal_url", there)
        with journal_in(tmp_path) as journal:
            error = load_until_it_stops(journal, crm)
            assert "no room left on its disk" in error.problem
            assert len(journal.known(scope())) >= len(crm.records) > 0
            remount(disk, "size=20m")
            finish(journal, crm, tmp_path)


def test_a_disk_that_turns_read_only_is_named_and_the_load_is_finished_later(tmp_path: Path) -> None:
    crm = FakeCrm()
    with small_disk(tmp_path / "disk", 8000) as folder:
        with journal_in(folder) as journal:
            load(journal, crm, contacts(20))
        remount(folder, "ro")
        with pytest.raises(JournalError, match=r"cannot be used: .*(read-only|opened)"), journal_in(folder) as journal:
            load(journal, crm, contacts(40))
        assert len(crm.records) == 20
        remount(folder, "rw")
        with journal_in(folder) as journal:
            finish(journal, crm, folder)


def test_a_journal_is_not_begun_on_a_full_disk_and_leaves_no_empty_key(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 400) as folder:
        filler = fill(folder)
        with pytest.raises(JournalError, match="No space left on device"), journal_in(folder):
            pass
        filler.unlink()
        with journal_in(folder) as journal:
            load(journal, FakeCrm(), contacts(1))
        Fernet((folder / "journal.key").read_bytes())


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(JournalError, match="data cannot be used"):
        open_journal(tmp_path / "data")


@pytest.mark.parametrize("content", [b"no database at all" * 200, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_journal_is_told_from_a_missing_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.sqlite").write_bytes(content)
    with pytest.raises(JournalError, match="damaged or no database") as error, journal_in(tmp_path):
        pass
    assert "backup" in error.value.remedy


def full(journal: Journal) -> None:
    """Let the journal take no more pages than it has."""

    def limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")

    sa.event.listen(journal.engine, "begin", limit)


def test_every_waiter_hears_the_same_clear_error(tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        full(journal)
        writer = JournalWriter(journal, scope(), RUN)
        large = [Intent(f"P{number}", "create", "f" * 5000) for number in range(5)]

        async def main() -> list[BaseException | None]:
            return await asyncio.gather(*(writer.append([intent]) for intent in large), return_exceptions=True)

        errors = asyncio.run(main())
        assert {type(error) for error in errors} == {JournalError}
        assert journal.known(scope()) == {}
        with pytest.raises(JournalError):
            journal.record_traffic(scope("o" * 5000), RUN, "load", RequestStats(1, 1, 0))


def test_a_whole_object_ends_with_that_error_and_with_nothing_half_done(tmp_path: Path) -> None:
    crm = FakeCrm("north")
    with journal_in(tmp_path) as journal:
        target = Target("harbor", "test", MAPPING, {"north": crm.adapter}, journal, RUN, FAST)
        people = contact_frame(
            *({**PEOPLE[1], "source_key": f"{number:0900}"} for number in range(30)),
        )
        full(journal)
        with pytest.raises(JournalError, match="no room left"):
            asyncio.run(load_object(target, "contacts", people))
    with journal_in(tmp_path) as journal:
        target = Target("harbor", "test", MAPPING, {"north": crm.adapter}, journal, RUN, FAST)
        manifest = asyncio.run(load_object(target, "contacts", people))
    assert set(manifest["action"]) <= {"created", "adopted", "unchanged"}
    assert len(crm.records) == 30
