"""Reads a PANDA database through SQLAlchemy, read-only and in key order, as the bindings say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.bindings import Bindings, BoundColumn, BoundTable
from perio_pipeline.panda.canonical import Column, Kind, Table
from perio_pipeline.panda.decoding import decode_rows

VERSION = "version"
"""Column of `PandaSource.versions`."""

CHUNK_ROWS = 50_000
"""Source rows fetched at a time; a perio row becomes six."""


class PandaSource:
    """One practice's PANDA database."""

    def __init__(self, url: str, bindings: Bindings, bindings_file: str) -> None:
        self.url = sa.make_url(url)
        self.bindings = bindings
        self._bindings_file = bindings_file

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """Open the database for reading.

        Raises:
            SourceError: no such file, no driver, unreachable, or a statement the database refused; without its text,
                which may hold values.
        """
        url = self.url
        if url.get_backend_name() == "sqlite":
            if not url.database or not Path(url.database).is_file():
                raise SourceError(
                    f"The PANDA database file {url.database} does not exist.",
                    "Check `source.url` in the practice's file, or make the sample practice with `perio demo`.",
                )
            url = sa.make_url(f"sqlite:///file:{Path(url.database).resolve()}?mode=ro&uri=true")
        try:
            engine = sa.create_engine(url)
        except ImportError as error:
            raise SourceError(
                f"The database driver cannot be loaded ({error.name or 'pyodbc'}).",
                "For SQL Server install unixODBC (Debian: apt-get install unixodbc) and Microsoft's ODBC Driver 18.",
            ) from None
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            # The driver's text may repeat values; its class and the server are enough to act on.
            raise SourceError(
                f"The PANDA database at {url.host or url.database} cannot be read ({type(error.orig).__name__}).",
                "Check that the server runs, that the network reaches it, and the login in `source.url`.",
            ) from None
        finally:
            engine.dispose()

    def problems(self, tables: Iterable[Table]) -> list[str]:
        """Return every bound table and column of some tables that the database lacks, and where it is bound.

        Raises:
            SourceError: unreachable.
        """
        with self.connect() as connection:
            inspector = sa.inspect(connection)
            bound = {table.name: self.bindings.tables[table.name] for table in tables}
            return [problem for name, table in bound.items() for problem in _missing(inspector, name, table)]

    def check(self, tables: Iterable[Table]) -> None:
        """Compare the database with the bindings of some tables before anything is read.

        Raises:
            SourceError: unreachable, or every bound table and column that is missing, and where it is bound.
        """
        problems = self.problems(tables)
        if problems:
            raise SourceError(
                "The PANDA database does not fit its bindings: " + "; ".join(problems) + ".",
                f"Correct these entries in {self._bindings_file}.",
            )

    def count(self, table: Table) -> int:
        """Return the rows the extract of a canonical table will have."""
        bound = self.bindings.tables[table.name]
        with self.connect() as connection:
            rows: int = connection.execute(sa.select(sa.func.count()).select_from(_from(bound))).scalar_one()
        return rows * (len(bound.unpivot.values) if bound.unpivot else 1)

    def chunks(self, table: Table, rows: int = CHUNK_ROWS, only: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Stream a canonical table as extract frames in the order of its key; at least one, which may be empty.

        Args:
            table: which one.
            rows: source rows fetched at a time.
            only: the columns to read, where that is not all; nothing else leaves the database.
        """
        yield from self._chunks(table, self.bindings.tables[table.name], rows, only)

    def _chunks(self, table: Table, bound: BoundTable, rows: int, only: Sequence[str] | None) -> Iterator[pd.DataFrame]:
        if only is not None:
            table, bound = _narrowed(table, bound, only)
        columns = bound.physical_columns()
        keys = [bound.columns[name].column for name in table.key if name in bound.columns]
        statement: sa.Select[*tuple[Any, ...]] = (
            sa.select(*(sa.column(name) for name in columns))
            .select_from(_from(bound))
            .order_by(*(sa.column(name) for name in keys if name))
        )
        with self.connect() as connection:
            result = connection.execution_options(stream_results=True, max_row_buffer=rows).execute(statement)
            fetched = result.fetchmany(rows)
            yield decode_rows(table, bound, columns, fetched)
            while fetched := result.fetchmany(rows):
                yield decode_rows(table, bound, columns, fetched)

    def has_versions(self, table: Table) -> bool:
        """Whether each row of a table has something that is another one after each change."""
        return _version_column(self.bindings.tables[table.name]) is not None

    def versions(self, table: Table) -> Iterator[pd.DataFrame]:
        """Stream the keys of a table and each row's version (text), without reading anything else.

        Raises:
            ValueError: the table has no versions.
        """
        bound = self.bindings.tables[table.name]
        column = _version_column(bound)
        if column is None:
            raise ValueError(f"{table.name} has no versions")
        stamped = bound.model_copy(update={"columns": {**bound.columns, VERSION: BoundColumn(column=column)}})
        described = replace(table, columns=(*table.columns, Column(VERSION, Kind.TEXT, "the row's version")))
        yield from self._chunks(described, stamped, CHUNK_ROWS, [*table.key, VERSION])


def _version_column(bound: BoundTable) -> str | None:
    modified = bound.columns.get("modified_at")
    return bound.version or (modified.column if modified else None)


def _from(bound: BoundTable) -> sa.TableClause:
    schema, _, name = bound.table.rpartition(".")
    return sa.table(name, schema=schema or None)


def _narrowed(table: Table, bound: BoundTable, only: Sequence[str]) -> tuple[Table, BoundTable]:
    columns = tuple(table.column(name) for name in only)
    key = tuple(name for name in table.key if name in only)
    fields = {name: field for name, field in bound.columns.items() if name in only}
    return replace(table, key=key, columns=columns), bound.model_copy(update={"columns": fields})


def _missing(inspector: sa.Inspector, name: str, bound: BoundTable) -> list[str]:
    target = _from(bound)
    try:
        present = {column["name"].lower() for column in inspector.get_columns(target.name, target.schema)}
    except SQLAlchemyError:
        present = set()
    if not present:
        return [f"there is no table {bound.table} (tables.{name})"]
    wanted = bound.physical_columns()
    return [
        f"table {bound.table} has no column {column} (tables.{name}.columns)"
        for column in wanted
        if column.lower() not in present
    ]
