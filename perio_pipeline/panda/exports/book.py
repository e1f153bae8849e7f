"""The SQLite file that an export is staged in, and beside it what is known of the files that it was staged from.

What is known lies in a file of its own, so that the staged one holds the practice's tables and nothing else. A
transaction spans both.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from perio_pipeline.errors import SourceError

WAIT_SECONDS = 3600
"""How long a process waits for another one that stages the same practice."""
_BEAT_SECONDS = 0.2
READER_SECONDS = 60
"""How long a table that has changed waits for those who read the file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS known.file (
  name TEXT PRIMARY KEY, stamp TEXT NOT NULL, sha256 TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS known.survey (
  name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, survey TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS known.staged (
  "table" TEXT PRIMARY KEY, fingerprint TEXT NOT NULL
);
"""


class Book:
    """The open pair of files."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def digest(self, name: str, stamp: str) -> str | None:
        """Return the digest of a file, if it is the file that was looked at before."""
        return self._one("SELECT sha256 FROM known.file WHERE name = ? AND stamp = ?", (name, stamp))

    def survey(self, name: str, fingerprint: str) -> str | None:
        """Return the survey of a file, if it still holds."""
        return self._one("SELECT survey FROM known.survey WHERE name = ? AND fingerprint = ?", (name, fingerprint))

    def is_staged(self, table: str, fingerprint: str) -> bool:
        """Whether a table is there, from the same file, read in the same way."""
        known = self._one('SELECT fingerprint FROM known.staged WHERE "table" = ?', (table,))
        return known == fingerprint and table in self.tables()

    def tables(self) -> list[str]:
        """Names of the tables that are there."""
        return [row[0] for row in self._connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]

    def keep_digest(self, name: str, stamp: str, sha256: str) -> None:
        """Remember the digest of a file for as long as it is not touched."""
        with self.alone():
            self._connection.execute("INSERT OR REPLACE INTO known.file VALUES (?, ?, ?)", (name, stamp, sha256))

    def keep_survey(self, name: str, fingerprint: str, survey: str) -> None:
        """Remember the survey of a file."""
        with self.alone():
            self._connection.execute(
                "INSERT OR REPLACE INTO known.survey VALUES (?, ?, ?)", (name, fingerprint, survey)
            )

    def write(
        self, table: str, columns: Sequence[str], rows: Iterable[Iterable[Sequence[object]]], fingerprint: str
    ) -> None:
        """Write a table anew, from batches of rows; to be called in `alone`."""
        self.drop(table)
        listed = ", ".join(f"{_quoted(column)} TEXT" for column in columns)
        self._connection.execute(f"CREATE TABLE main.{_quoted(table)} ({listed})")
        insert = f"INSERT INTO main.{_quoted(table)} VALUES ({', '.join('?' * len(columns))})"
        for batch in rows:
            self._connection.executemany(insert, batch)
        self._connection.execute("INSERT OR REPLACE INTO known.staged VALUES (?, ?)", (table, fingerprint))

    def drop(self, table: str) -> None:
        """Take a table away; to be called in `alone`."""
        self._connection.execute(f"DROP TABLE IF EXISTS main.{_quoted(table)}")
        self._connection.execute('DELETE FROM known.staged WHERE "table" = ?', (table,))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Write in one transaction: what the block wrote is there as a whole or not at all."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _one(self, query: str, values: Sequence[str]) -> str | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else str(row[0])


@contextmanager
def open_book(path: Path) -> Iterator[Book]:
    """Open the file that an export is staged in, as the only one who does; makes it, readable by its owner only.

    Raises:
        SourceError: another process has been staging for an hour, a run reads the file, the disk is full.
    """
    known = path.with_suffix(".files.db")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for each in (path, known):
        os.close(os.open(each, os.O_CREAT | os.O_RDWR, 0o600))
    try:
        with (
            _only_one(path.with_suffix(".lock")),
            closing(sqlite3.connect(path, isolation_level=None, timeout=READER_SECONDS)) as connection,
        ):
            connection.execute("ATTACH DATABASE ? AS known", (str(known),))
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            yield Book(connection)
    except sqlite3.Error as error:
        raise _error(path, error) from None


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process; an interrupt ends the wait for it.

    SQLite's own locks span one transaction; this one spans all files, so that no file is read by two processes.
    """
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    end = time.monotonic() + WAIT_SECONDS
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise SourceError(
                        "Another process has been staging this practice's export for an hour.",
                        "Wait until it ends, or end it; then start again, it goes on from there.",
                    ) from None
                time.sleep(_BEAT_SECONDS)
        yield
    finally:
        os.close(handle)


def _error(path: Path, error: sqlite3.Error) -> SourceError:
    """SQLite's text may repeat what was to be written; its code does not."""
    code = getattr(error, "sqlite_errorname", type(error).__name__)
    if code.startswith("SQLITE_BUSY"):
        return SourceError(
            f"An export has changed, and a run still reads {path}.", "Start again when the run has ended."
        )
    return SourceError(
        f"The export cannot be staged in {path} ({code}).",
        "See that the disk has room and that the folder can be written.",
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
