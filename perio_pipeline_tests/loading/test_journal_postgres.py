"""P6: a journal on PostgreSQL, where the server has its own mind: restarts, cut connections, defaults, rights."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from perio_pipeline.errors import JournalError, SettingsError
from perio_pipeline.loading.entries import Intent
from perio_pipeline.loading.journal import Journal, open_journal
from perio_pipeline_tests.loading import small_load
from perio_pipeline_tests.loading.fake_crm import FakeCrm
from perio_pipeline_tests.loading.processes import Other, append_some
from perio_pipeline_tests.loading.small_load import RUN, actions, chain_holds, contacts, entries, load, scope
from perio_pipeline_tests.postgres import PostgresServer

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'perio'"


@pytest.fixture(autouse=True)
def _on_postgres(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_load, "journal_url", postgres.journal_url)


@contextmanager
def journal_at(url: str, folder: Path) -> Iterator[Journal]:
    journal = open_journal(folder, url)
    try:
        yield journal
    finally:
        journal.close()


def append(journal: Journal, key: str) -> None:
    journal.append(scope(), RUN, [Intent(key, "create", "f")])


def test_a_server_that_restarts_between_two_writes_is_not_noticed(postgres: PostgresServer, tmp_path: Path) -> None:
    postgres.own()
    with small_load.journal_in(tmp_path) as journal:
        append(journal, "P1")
        postgres.stop()
        postgres.start()
        append(journal, "P2")
        assert set(journal.known(scope())) == {"P1", "P2"}


def test_a_server_that_is_down_is_one_clear_error_and_the_next_run_goes_on(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    postgres.own()
    crm = FakeCrm()
    with small_load.journal_in(tmp_path) as journal:
        load(journal, crm, contacts(3))
        postgres.stop()
        try:
            with pytest.raises(JournalError, match="cannot be reached") as down:
                load(journal, crm, contacts(6))
        finally:
            postgres.start()
        assert "what was written is safe" in down.value.remedy
        assert set(actions(load(journal, crm, contacts(6))).values()) == {"unchanged", "created"}
    assert crm.held() == [f"P{number}" for number in range(1, 7)]
    assert chain_holds(entries(tmp_path))


def test_a_server_that_is_gone_when_a_lock_is_given_back_does_not_hide_what_went_wrong(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    postgres.own()

    def cut_off(journal: Journal) -> None:
        with journal.locked("harbor", "test", RUN):
            postgres.stop()
            append(journal, "P1")

    with small_load.journal_in(tmp_path) as journal:
        try:
            with pytest.raises(JournalError, match="cannot be reached"):
                cut_off(journal)
        finally:
            postgres.start()
        with journal.locked("harbor", "test", replace(RUN, run="run-2")):
            append(journal, "P1")


def test_p6_connections_cut_while_a_load_writes_lose_and_double_nothing(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    postgres.own()
    crm, over, count = FakeCrm(), threading.Event(), 0

    def cut() -> None:
        while not over.wait(0.01):
            postgres.run(CUT)

    cutter = threading.Thread(target=cut)
    cutter.start()
    said: list[JournalError] = []
    try:
        while len(said) < 3 and count < 1000:
            count += 10
            try:
                with small_load.journal_in(tmp_path) as journal:
                    load(journal, crm, contacts(count))
            except JournalError as error:
                said.append(error)
    finally:
        over.set()
        cutter.join()
    assert len(said) == 3, "no connection was cut while it was used"
    assert {error.problem.split(" (")[0] for error in said} <= {
        "The journal cannot be used: the connection to it is lost",
        "The journal cannot be used: it cannot be reached",
    }
    with small_load.journal_in(tmp_path) as journal:
        assert "failed" not in actions(load(journal, crm, contacts(count))).values()
    assert crm.held() == sorted(f"P{number}" for number in range(1, count + 1))
    assert chain_holds(entries(tmp_path))


def test_commits_are_durable_where_the_server_would_not_wait_for_its_disk(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    seen = []

    def look(connection: sa.Connection, *_: object) -> None:
        seen.append(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())

    for default in ("off", "local"):
        with journal_at(postgres.journal_url(tmp_path, synchronous_commit=default), tmp_path) as journal:
            sa.event.listen(journal.engine, "begin", look)
            append(journal, "P1")
    assert seen == ["on", "local"]


def test_p10_the_chain_does_not_fork_where_the_server_isolates_transactions_more(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stricter(folder: Path) -> str:
        return postgres.journal_url(folder, default_transaction_isolation="serializable")

    monkeypatch.setattr(small_load, "journal_url", stricter)
    others = [Other(append_some, tmp_path, obj, 25) for obj in ("tasks", "notes")]
    for other in others:
        other.hear()
    for other in others:
        other.tell("go")
    assert [other.end() for other in others] == [0, 0]
    assert len(entries(tmp_path)) == 50
    assert chain_holds(entries(tmp_path))


def test_a_read_only_server_is_named(postgres: PostgresServer, tmp_path: Path) -> None:
    with journal_at(postgres.journal_url(tmp_path), tmp_path) as journal:
        append(journal, "P1")
    url = postgres.journal_url(tmp_path, default_transaction_read_only="on")
    with journal_at(url, tmp_path) as journal, pytest.raises(JournalError, match="it is read-only"):
        append(journal, "P2")


def test_a_user_without_rights_is_told_so(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.journal_url(tmp_path, role="perio_nobody")
    postgres.run("CREATE ROLE perio_nobody")
    try:
        with pytest.raises(JournalError, match="may not use it"), journal_at(url, tmp_path):
            pass
    finally:
        postgres.run("DROP ROLE perio_nobody")


def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://perio:hunter2@127.0.0.1:9/perio"
    with pytest.raises(JournalError, match=r"cannot be reached .*127\.0\.0\.1") as error, journal_at(url, tmp_path):
        pass
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("url", ["postgres at home", "mysql+pymysql://a@b/c", "postgres://a@b/c", "postgresql+x://a/b"])
def test_a_url_that_names_no_database_we_can_use_says_what_would(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PERIO_JOURNAL_URL") as error, suppress(OSError):
        open_journal(tmp_path, url)
    assert "postgresql+psycopg://" in error.value.remedy
