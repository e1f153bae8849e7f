"""Reads a PANDA database through SQLAlchemy, read-only and in key order, as the bindings say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.bindings import Bindings, BoundTable
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.decoding import decode_rows

CHUNK_ROWS = 50_000
"""Source rows fetched at a time; a perio row becomes six."""


class PandaSource:
    """One practice's PANDA database."""

    def __init__(self, url: str, bindings: Bindings, bindings_file: str) -> None:
        self._url = sa.make_url(url)
        self._bindings = bindings
        self._bindings_file = bindings_file

    @contextmanager
    def _connect(self) -> Iterator[sa.Connection]:
        url = self._url
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

    def check(self, tables: Iterable[Table]) -> None:
        """Compare the database with the bindings of some tables before anything is read.

        Raises:
            SourceError: unreachable, or every bound table and column that is missing, and where it is bound.
        """
        with self._connect() as connection:
            inspector = sa.inspect(connection)
            bound = {table.name: self._bindings.tables[table.name] for table in tables}
            problems = [problem for name, table in bound.items() for problem in _missing(inspector, name, table)]
        if problems:
            raise SourceError(
                "The PANDA database does not fit its bindings: " + "; ".join(problems) + ".",
                f"Correct these entries in {self._bindings_file}.",
            )

    def count(self, table: Table) -> int:
        """Return the rows the extract of a canonical table will have."""
        bound = self._bindings.tables[table.name]
        with self._connect() as connection:
            rows: int = connection.execute(sa.select(sa.func.count()).select_from(_from(bound))).scalar_one()
        return rows * (len(bound.unpivot.values) if bound.unpivot else 1)

    def chunks(self, table: Table, rows: int = CHUNK_ROWS) -> Iterator[pd.DataFrame]:
        """Stream a canonical table as extract frames in the order of its key; at least one, which may be empty."""
        bound = self._bindings.tables[table.name]
        columns = bound.physical_columns()
        keys = [bound.columns[name].column for name in table.key if name in bound.columns]
        statement: sa.Select[*tuple[Any, ...]] = (
            sa.select(*(sa.column(name) for name in columns))
            .select_from(_from(bound))
            .order_by(*(sa.column(name) for name in keys if name))
        )
        with self._connect() as connection:
            result = connection.execution_options(stream_results=True, max_row_buffer=rows).execute(statement)
            fetched = result.fetchmany(rows)
            yield decode_rows(table, bound, columns, fetched)
            while fetched := result.fetchmany(rows):
                yield decode_rows(table, bound, columns, fetched)


def _from(bound: BoundTable) -> sa.TableClause:
    schema, _, name = bound.table.rpartition(".")
    return sa.table(name, schema=schema or None)


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
