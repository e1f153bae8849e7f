"""What a database says about itself: its edition and size, its tables, and what our login may do in it.

One class per kind of database. SQL Server is asked through `Ask`, so that its statements can be proven on recorded
answers. Facts on its views: Microsoft Learn, sys.database_files, sys.partitions, sys.dm_db_partition_stats,
HAS_PERMS_BY_NAME; the limits of Express: editions and supported features of SQL Server 2022 and 2025.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from perio_pipeline.errors import SourceError

MEGABYTE = 1024**2
EXPRESS = 4
"""SQL Server's EngineEdition of Express."""
EXPRESS_MEGABYTES, NEWER_EXPRESS_MEGABYTES, NEWER_EXPRESS = 10_240, 51_200, 17
"""Data of one Express database: 10 GB up to SQL Server 2022, 50 GB from 2025 (major version 17)."""


@dataclass(frozen=True)
class Server:
    """The database and the server it is on.

    Attributes:
        kind: `sqlite` or `mssql`.
        edition, version: as it names them.
        database: its name, or the file's.
        schema: where tables without a schema are looked for.
        collation: how texts compare and are encoded.
        utc_offset_minutes: of the server's clock now; None where there is no server.
        used_bytes: data, without logs.
        limit_bytes: the most data its edition holds; None without a limit.
        snapshot: whether many tables can be read as of one moment (SNAPSHOT isolation is allowed).
    """

    kind: str
    edition: str
    version: str
    database: str
    schema: str
    collation: str
    utc_offset_minutes: int | None
    used_bytes: int
    limit_bytes: int | None
    snapshot: bool


@dataclass(frozen=True)
class Login:
    """What our login may do.

    Attributes:
        name: of the login; empty where there are none.
        rules: `server` or `database` where it controls all of it; else empty.
        writable: tables whose rows it may change.
        unreadable: tables it may not read.
    """

    name: str
    rules: str
    writable: tuple[str, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class StoredTable:
    """A physical table; `rows` and `bytes` are None where the catalogue does not say."""

    schema: str
    name: str
    columns: tuple[str, ...]
    rows: int | None
    bytes: int | None

    @property
    def full_name(self) -> str:
        """With its schema, where there is one."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


class Catalogue(Protocol):
    """The questions an inventory asks."""

    def server(self) -> Server:
        """Edition, version, size."""
        ...

    def login(self) -> Login:
        """What we may do."""
        ...

    def tables(self) -> list[StoredTable]:
        """All tables and views with their columns."""
        ...

    def moment(self, day: date) -> object:
        """The beginning of a day, as a value that date columns can be compared with."""
        ...


Ask = Callable[[sa.TextClause], Sequence[Mapping[str, Any]]]
"""Runs a statement and returns its rows by column name."""


def catalogue_of(connection: sa.Connection) -> Catalogue:
    """Return the catalogue of an open database.

    Raises:
        SourceError: a kind of database that PANDA does not run on.
    """
    kind = connection.dialect.name
    if kind == "sqlite":
        return SqliteCatalogue(connection)
    if kind == "mssql":
        return SqlServerCatalogue(lambda statement: [row._asdict() for row in connection.execute(statement)])
    raise SourceError(
        f"A PANDA database cannot be a {kind} database.", "Use an mssql+pyodbc:// or a sqlite:// URL in `source.url`."
    )


class SqliteCatalogue:
    """A file, as the sample practice is one."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def server(self) -> Server:
        """The file has no edition and no limit that could be reached."""
        pages, size = self._pragma("page_count"), self._pragma("page_size")
        return Server(
            kind="sqlite",
            edition="SQLite",
            version=str(self._connection.exec_driver_sql("select sqlite_version()").scalar_one()),
            database=str(self._pragma("database_list", 2)).rpartition("/")[2],
            schema="",
            collation=str(self._pragma("encoding")),
            utc_offset_minutes=None,
            used_bytes=int(pages) * int(size),
            limit_bytes=None,
            snapshot=True,
        )

    def login(self) -> Login:
        """Whoever may open the file may read it all; that this connection cannot write is tried, not assumed."""
        names = tuple(self._names())
        same = int(self._pragma("user_version"))
        self._connection.exec_driver_sql("begin")
        try:
            self._connection.exec_driver_sql(f"pragma user_version = {same}")
        except SQLAlchemyError:
            return Login("", "", (), ())
        finally:
            self._connection.exec_driver_sql("rollback")
        return Login("", "database", names, ())

    def tables(self) -> list[StoredTable]:
        """Rows are counted, since SQLite keeps no statistics."""
        inspector = sa.inspect(self._connection)
        return [
            StoredTable(
                "", name, tuple(column["name"] for column in inspector.get_columns(name)), self._count(name), None
            )
            for name in self._names()
        ]

    def moment(self, day: date) -> object:
        """Dates are text."""
        return day.isoformat()

    def _names(self) -> list[str]:
        inspector = sa.inspect(self._connection)
        return sorted([*inspector.get_table_names(), *inspector.get_view_names()])

    def _count(self, name: str) -> int:
        return int(self._connection.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one())

    def _pragma(self, name: str, column: int = 0) -> Any:
        return self._connection.exec_driver_sql(f"pragma {name}").all()[0][column]


SERVER = sa.text(
    """
SELECT CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS edition,
       CAST(SERVERPROPERTY('EngineEdition') AS int) AS engine_edition,
       CAST(SERVERPROPERTY('ProductMajorVersion') AS nvarchar(10)) AS major,
       CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(40)) AS version,
       DB_NAME() AS database_name,
       SCHEMA_NAME() AS default_schema,
       CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) AS collation_name,
       DATEPART(TZOFFSET, SYSDATETIMEOFFSET()) AS utc_offset_minutes
"""
)
"""SERVERPROPERTY gives sql_variant, which pyodbc cannot take: each one is cast."""

OPTIONS = sa.text("SELECT snapshot_isolation_state_desc AS snapshot FROM sys.databases WHERE database_id = DB_ID()")

SIZE = sa.text(
    """
SELECT SUM(CAST(size AS bigint)) * 8192 AS allocated_bytes,
       SUM(CAST(FILEPROPERTY(name, 'SpaceUsed') AS bigint)) * 8192 AS used_bytes
FROM sys.database_files WHERE type = 0
"""
)
"""Data files in pages of 8 KB; logs do not count against the limit of Express."""

COLUMNS = sa.text(
    """
SELECT TABLE_SCHEMA AS schema_name, TABLE_NAME AS table_name, COLUMN_NAME AS column_name
FROM INFORMATION_SCHEMA.COLUMNS ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION
"""
)

ROWS = sa.text(
    """
SELECT s.name AS schema_name, t.name AS table_name, SUM(p.rows) AS row_count
FROM sys.tables t
JOIN sys.schemas s ON s.schema_id = t.schema_id
JOIN sys.partitions p ON p.object_id = t.object_id AND p.index_id IN (0, 1)
GROUP BY s.name, t.name
"""
)
"""Heap or clustered index only, or each further index would count the rows again."""

BYTES = sa.text(
    """
SELECT s.name AS schema_name, t.name AS table_name, SUM(d.used_page_count) * 8192 AS used_bytes
FROM sys.tables t
JOIN sys.schemas s ON s.schema_id = t.schema_id
JOIN sys.dm_db_partition_stats d ON d.object_id = t.object_id
GROUP BY s.name, t.name
"""
)
"""Needs VIEW DATABASE STATE, which a login that can only read does not have; sizes are then not known."""

RIGHTS = sa.text(
    """
SELECT SUSER_SNAME() AS login_name,
       HAS_PERMS_BY_NAME(NULL, NULL, 'CONTROL SERVER') AS rules_server,
       HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CONTROL') AS rules_database
"""
)

TABLE_RIGHTS = sa.text(
    """
SELECT s.name AS schema_name, o.name AS table_name,
       HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'SELECT') AS can_select,
       HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'INSERT') AS can_insert,
       HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'UPDATE') AS can_update,
       HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'DELETE') AS can_delete
FROM sys.objects o
JOIN sys.schemas s ON s.schema_id = o.schema_id
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
"""
)
"""Effective rights, with roles and denials taken into account; nothing is tried."""


class SqlServerCatalogue:
    """A SQL Server database. Views that a compatible server or a narrow login lacks are done without."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def server(self) -> Server:
        """Edition and version say how much data there may be."""
        (facts,) = self._ask(SERVER)
        options, sizes = self._if_possible(OPTIONS), self._if_possible(SIZE)
        express = facts["engine_edition"] == EXPRESS
        major = int(facts["major"]) if str(facts["major"] or "").isdecimal() else 0
        megabytes = NEWER_EXPRESS_MEGABYTES if major >= NEWER_EXPRESS else EXPRESS_MEGABYTES
        return Server(
            kind="mssql",
            edition=str(facts["edition"]),
            version=str(facts["version"]),
            database=str(facts["database_name"]),
            schema=str(facts["default_schema"] or "dbo"),
            collation=str(facts["collation_name"]),
            utc_offset_minutes=facts["utc_offset_minutes"],
            used_bytes=int(sizes[0]["used_bytes"] or sizes[0]["allocated_bytes"] or 0) if sizes else 0,
            limit_bytes=megabytes * MEGABYTE if express else None,
            snapshot=bool(options) and options[0]["snapshot"] == "ON",
        )

    def login(self) -> Login:
        """What the server says that we may do; rights it grants count, whether or not we would use them."""
        (facts,) = self._ask(RIGHTS)
        rights = self._ask(TABLE_RIGHTS)
        writing = ("can_insert", "can_update", "can_delete")
        return Login(
            name=str(facts["login_name"]),
            rules="server" if facts["rules_server"] else "database" if facts["rules_database"] else "",
            writable=tuple(_name(row) for row in rights if any(row[right] for right in writing)),
            unreadable=tuple(_name(row) for row in rights if not row["can_select"]),
        )

    def tables(self) -> list[StoredTable]:
        """Tables and views that we may see."""
        rows = {_name(row): int(row["row_count"]) for row in self._if_possible(ROWS)}
        sizes = {_name(row): int(row["used_bytes"]) for row in self._if_possible(BYTES)}
        columns: dict[tuple[str, str], list[str]] = {}
        for row in self._ask(COLUMNS):
            columns.setdefault((row["schema_name"], row["table_name"]), []).append(row["column_name"])
        return [
            StoredTable(schema, name, tuple(listed), rows.get(f"{schema}.{name}"), sizes.get(f"{schema}.{name}"))
            for (schema, name), listed in columns.items()
        ]

    def moment(self, day: date) -> object:
        """Dates are typed; a text would be read in the login's language."""
        return datetime.combine(day, time())

    def _if_possible(self, statement: sa.TextClause) -> Sequence[Mapping[str, Any]]:
        try:
            return self._ask(statement)
        except SQLAlchemyError:
            return ()


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['schema_name']}.{row['table_name']}"
