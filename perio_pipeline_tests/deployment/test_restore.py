"""The restore of docs/operations.md: a copy of the journal and its key bring back a log that is proven whole."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from perio_pipeline.errors import JournalError
from perio_pipeline.loading import audit
from perio_pipeline.loading.auditfile import Format
from perio_pipeline.loading.entries import Intent
from perio_pipeline.loading.journal import Journal, open_journal
from perio_pipeline.loading.sealing import KEY_VARIABLE
from perio_pipeline_tests.loading.small_load import RUN, scope
from perio_pipeline_tests.postgres import PostgresServer

Restore = Callable[[], str | None]
"""Puts the copy back; returns the URL of the journal that was put back."""


def write(journal: Journal, *keys: str) -> None:
    journal.append(scope(), RUN, [Intent(key, "update", "f", values_before={"lastName": key}) for key in keys])


@pytest.fixture(autouse=True)
def _key_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, Fernet.generate_key().decode())


def proves(folder: Path, url: str | None, export: Path, later: Path) -> None:
    """Steps 3 and 4: the right key opens it, it continues the export, and an export of later is told."""
    with closing(open_journal(folder, url)) as journal:
        assert audit.verify_journal(journal, "harbor").problems == []
        assert audit.verify_journal(journal, "harbor", audit.verify_file(export).head).problems == []
        assert audit.verify_journal(journal, "harbor", audit.verify_file(later).head).problems
        assert [journal.values_before(entry) for entry in journal.entries("harbor")] == [{"lastName": "P1"}]
        write(journal, "P3")
        assert audit.verify_journal(journal, "harbor").problems == []


def test_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "copy.sqlite"
    with closing(open_journal(tmp_path / "data")) as journal:
        write(journal, "P1")
        export = audit.export(journal, "harbor", None, tmp_path / "out", Format.JSONL)
        # What `sqlite3 journal.sqlite ".backup copy.sqlite"` does, while the journal is open.
        with (
            closing(sqlite3.connect(tmp_path / "data" / "journal.sqlite")) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        write(journal, "P2")
        later = audit.export(journal, "harbor", None, tmp_path / "out", Format.JSONL)
    restored = tmp_path / "restored"
    restored.mkdir()
    copy.rename(restored / "journal.sqlite")
    right = os.environ[KEY_VARIABLE]
    monkeypatch.setenv(KEY_VARIABLE, Fernet.generate_key().decode())
    with closing(open_journal(restored)) as journal, pytest.raises(JournalError, match="another key"):
        write(journal, "P3")
    monkeypatch.setenv(KEY_VARIABLE, right)
    proves(restored, None, export, later)


def test_postgresql(tmp_path: Path, postgres: PostgresServer) -> None:
    if postgres.binaries is None:
        pytest.skip("a server of somebody else's: its programs are not here")
    url = postgres.journal_url(tmp_path)
    schema = str(sa.make_url(url).query["options"]).partition("search_path=")[2]
    dump = tmp_path / "copy.dump"
    with closing(open_journal(tmp_path, url)) as journal:
        write(journal, "P1")
        export = audit.export(journal, "harbor", None, tmp_path / "out", Format.JSONL)
        _program(postgres, "pg_dump", "--format=custom", f"--schema={schema}", f"--file={dump}", _plain(postgres.url))
        write(journal, "P2")
        later = audit.export(journal, "harbor", None, tmp_path / "out", Format.JSONL)
    _program(postgres, "pg_restore", "--clean", "--if-exists", f"--dbname={_plain(postgres.url)}", str(dump))
    proves(tmp_path, url, export, later)


def _program(postgres: PostgresServer, name: str, *arguments: str) -> None:
    assert postgres.binaries is not None
    done = subprocess.run([postgres.binaries / name, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _plain(url: sa.URL) -> str:
    """The URL as PostgreSQL's own programs take it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
