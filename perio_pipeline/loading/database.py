"""The journal's database, SQLite or PostgreSQL: durable commits, one writer at a time, and clear errors.

What can go wrong with it (no room, read-only, gone) is one `JournalError` wherever a statement meets it.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import sqlalchemy as sa

from perio_pipeline.errors import JournalError, SettingsError

URL_VARIABLE = "PERIO_JOURNAL_URL"
BUSY_SECONDS = 30
"""How long a writer waits for another one."""

GO_ON = "Then run again: what was written is safe, and the next run goes on from there."
NO_ROOM = ("there is no room left on its disk", f"Make room where it lies. {GO_ON}")
READ_ONLY = ("it is read-only", f"Let this user write to it, or name the server that takes writes. {GO_ON}")
BUSY = (f"another process has kept it busy for {BUSY_SECONDS} seconds", f"Look what that process does. {GO_ON}")
NO_RIGHTS = ("this user may not use it", f"Grant the rights to connect, and to create and write its tables. {GO_ON}")
GONE = ("the connection to it is lost", f"See that the database runs and can be reached. {GO_ON}")
FAILED = ("its disk fails", f"Look at the disk and at the system's log. {GO_ON}")
DAMAGED = ("it is damaged or no database", "Put it back from its backup, together with its key.")

SQLITE = {
    sqlite3.SQLITE_FULL: NO_ROOM,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", f"Look at the folder's rights and its room. {GO_ON}"),
    sqlite3.SQLITE_PERM: NO_RIGHTS,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_IOERR: FAILED,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
"""SQLite's primary result codes: https://www.sqlite.org/rescode.html."""

POSTGRES = {
    "53100": NO_ROOM,
    "53200": ("its server has no memory left", f"Look at the server. {GO_ON}"),
    "53300": ("its server takes no more connections", f"Raise `max_connections`, or end some. {GO_ON}"),
    "25006": READ_ONLY,
    "3F000": NO_RIGHTS,
    "42501": NO_RIGHTS,
    "55P03": BUSY,
    "58030": FAILED,
    "XX001": DAMAGED,
}
"""PostgreSQL's SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html."""

CONNECTION = {
    "application_name": "perio",
    "connect_timeout": "10",
    # A server that vanished is noticed within a minute, not after hours.
    "keepalives_idle": "20",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""How libpq connects, where the URL does not say otherwise."""


def open_database(url: str | sa.URL) -> sa.Engine:
    """Return the engine of a journal; connections are opened when they are needed.

    Raises:
        SettingsError: the URL is none, or names another kind of database.
    """
    try:
        address = sa.make_url(url)
        kind = address.get_backend_name()
        if kind == "sqlite":
            engine = sa.create_engine(address, hide_parameters=True)
            sa.event.listen(engine, "connect", _durable_sqlite)
        elif kind == "postgresql":
            libpq = {name: value for name, value in CONNECTION.items() if name not in address.query}
            # A server restarted while a load waited for the CRM's quota is met by a new connection, not by an error.
            engine = sa.create_engine(
                address,
                hide_parameters=True,
                isolation_level="READ COMMITTED",
                pool_pre_ping=True,
                connect_args=libpq,
            )
            sa.event.listen(engine, "connect", _durable_postgres)
        else:
            raise sa.exc.ArgumentError(kind)
    except (sa.exc.ArgumentError, ImportError):
        raise SettingsError(
            f"{URL_VARIABLE} names no database that can hold the journal.",
            "Write it as `postgresql+psycopg://USER@HOST/DATABASE`, or leave it out for SQLite in the data folder.",
        ) from None
    sa.event.listen(engine, "handle_error", _clear_error)
    return engine


def alone(connection: sa.Connection, name: str) -> None:
    """Let nobody else who asks for this name write until this transaction ends.

    Two who read the same last hash would fork the audit log's chain.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"perio {name}", 0))))


def clock(connection: sa.Connection) -> float:
    """Return the database's time, the same for all machines, in seconds since 1970."""
    if connection.dialect.name == "sqlite":
        return float(connection.exec_driver_sql("SELECT (julianday('now') - 2440587.5) * 86400.0").scalar_one())
    return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())


def _durable_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    # WAL lets readers go on while the loader writes; FULL makes each commit survive a power cut.
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            # SQLite does not wait while another one turns a new file to WAL.
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous=FULL")


def _durable_postgres(connection: Any, _: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
        # A server that may lose its last commits in a crash must not lose ours.
        cursor.execute("SELECT current_setting('synchronous_commit')")
        if cursor.fetchone() == ("off",):
            cursor.execute("SET synchronous_commit = 'on'")
    connection.commit()


def _clear_error(context: sa.engine.ExceptionContext) -> JournalError | None:
    """Return what is raised in place of a driver's error; None leaves it as it is."""
    if context.engine is None:  # a connection was found dead before it is used; it is replaced by a new one
        return None
    url, error = context.engine.url, context.original_exception
    if isinstance(error, sqlite3.Error):
        place, trouble = url.database or "", SQLITE.get(_code(error))
    else:
        place = f"{url.database or ''} on {url.host or url.query.get('host') or 'this machine'}"
        trouble = POSTGRES.get(getattr(error, "sqlstate", None) or "")
        if trouble is None and context.connection is None:
            trouble = (f"it cannot be reached ({str(error).strip().splitlines()[0]})", GONE[1])
        elif trouble is None and context.is_disconnect:
            trouble = GONE
    return JournalError(f"The journal cannot be used: {trouble[0]} ({place}).", trouble[1]) if trouble else None


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 where the driver gives none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
