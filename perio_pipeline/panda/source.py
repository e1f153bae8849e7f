"""Reads a PANDA database through SQLAlchemy, read-only and in key order, as the bindings say."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Column, Kind, Table
from perio_pipeline.panda.drivers import sqlserver_engine
from perio_pipeline.panda.extract import Extract
from perio_pipeline.panda.failures import explained
from perio_pipeline.panda.fields import BoundColumn
from perio_pipeline.panda.statements import Reading, reading_of
from perio_pipeline.panda.stored_columns import stored_columns, stored_types, unfit

VERSION = "version"
"""Column of `PandaSource.versions`."""

CHUNK_ROWS = 50_000
"""Source rows fetched at a time; a perio row becomes six."""

VALUES_AT_ONCE = 200
"""How many values one statement asks for; SQL Server takes 2,100 parameters, SQLite an expression of depth 1,000."""


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
        try:
            with self.opened() as connection:
                yield connection
        except DBAPIError as error:
            raise explained(error, f"The PANDA database at {self.url.host or self.url.database}") from None

    @contextmanager
    def opened(self) -> Iterator[sa.Connection]:
        """Open the database for reading; errors of the driver come through as they are, for who tries again.

        Raises:
            SourceError: no such file, or no driver.
        """
        engine = self._engine()
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def problems(self, tables: Iterable[Table]) -> list[str]:
        """Return every bound table and column of some tables that the database lacks, and where it is bound.

        Raises:
            SourceError: unreachable.
        """
        with self.connect() as connection:
            found = [problem for table in tables for problem in self._problems(connection, table)]
        return list(dict.fromkeys(found))  # a finding's column is named by its record as well

    def check(self, tables: Iterable[Table]) -> None:
        """Compare the database with the bindings of some tables before anything is read.

        Raises:
            SourceError: unreachable, or every bound table and column that is missing, and where it is bound.
        """
        problems = self.problems(tables)
        if problems:
            raise SourceError(
                "The PANDA database does not fit its bindings: " + "; ".join(problems) + ".",
                f"Correct these entries in {self._bindings_file}, or grant the login what it lacks.",
            )

    def unclaimed(self) -> dict[str, int]:
        """Return how many rows of each table that only conditions are bound to are read by none of them.

        Conditions on a joined table are not looked at.

        Raises:
            SourceError: unreachable, or a table is not there.
        """
        counts: dict[str, int] = {}
        with self.connect() as connection:
            for name, entries in self.bindings.shared().items():
                types = stored_columns(connection, name)
                alone = [each.model_copy(update={"joins": {}, "version": ()}) for each in entries]
                if not any(each.alias_of(column) for each in entries for column in each.where):
                    first, *others = [Reading(each, (), (), types) for each in alone]
                    counts[name] = int(connection.execute(first.unclaimed(others)).scalar_one() or 0)
        return counts

    def count(self, table: Table) -> int:
        """Return the rows the extract of a canonical table will have."""
        with self.connect() as connection:
            readings = [reading_of(table, part, stored_types(connection, part), None) for part in self.parts(table)]
            return sum(int(connection.execute(reading.count()).scalar_one() or 0) for reading in readings)

    def extract(self, table: Table, rows: int = CHUNK_ROWS) -> Extract:
        """Return a canonical table for reading, as often as needed; it knows afterwards how it was read."""
        extract = Extract(self, table, self.parts(table), rows)
        extract.note = {"reading": uuid4().hex, "bindings": self.fingerprint(table)}
        return extract

    def extract_of(self, table: Table, field: str, values: Collection[str]) -> Extract | None:
        """Return those rows of a table for reading that have one of some values in a field.

        The database compares as it does, perhaps without regard to case; whoever reads looks at the values once more.
        None where the database cannot be asked for them.
        """
        asked = sorted(values)
        batches = [asked[start : start + VALUES_AT_ONCE] for start in range(0, len(asked), VALUES_AT_ONCE)]
        parts = [part.holding(field, batch) for part in self.parts(table) for batch in batches]
        known = [part for part in parts if part is not None]
        return Extract(self, table, known, CHUNK_ROWS) if len(known) == len(parts) else None

    def fingerprint(self, table: Table) -> str:
        """Return what is another text whenever the table's entries in the bindings are others."""
        return sha256("".join(part.model_dump_json() for part in self.parts(table)).encode()).hexdigest()

    def chunks(self, table: Table, rows: int = CHUNK_ROWS, only: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Stream a canonical table as extract frames in the order of its key; at least one, which may be empty.

        Args:
            table: which one.
            rows: source rows fetched at a time.
            only: the columns to read, where that is not all; besides the key nothing else leaves the database.
        """
        return iter(Extract(self, table, self.parts(table), rows, only, readings=1))

    def parts(self, table: Table) -> tuple[BoundTable, ...]:
        """Return what a canonical table is read from, in order."""
        return self.bindings.parts(table.name)

    def part_chunks(self, table: Table, part: BoundTable, only: Sequence[str]) -> Generator[pd.DataFrame]:
        """Stream some columns of one of the parts that a canonical table is read from, as `chunks` does of all."""
        return Extract(self, table, (part,), CHUNK_ROWS, only, readings=1).__iter__()

    def has_versions(self, table: Table) -> bool:
        """Whether each row of a table has something that is another one after each change."""
        return all(part.changes(table.key) for part in self.parts(table))

    def versions(self, table: Table) -> Iterator[pd.DataFrame]:
        """Stream the keys of a table and each row's version (text), without reading anything else.

        Raises:
            ValueError: the table has no versions.
        """
        if not self.has_versions(table):
            raise ValueError(f"{table.name} has no versions")
        stamped = [
            part.model_copy(update={"columns": {**part.columns, VERSION: _version(part.changes(table.key))}})
            for part in self.parts(table)
        ]
        described = replace(table, columns=(*table.columns, Column(VERSION, Kind.TEXT, "the row's version")))
        return iter(Extract(self, described, stamped, CHUNK_ROWS, [*table.key, VERSION], readings=1))

    def _problems(self, connection: sa.Connection, table: Table) -> Iterator[str]:
        """What of a table's parts does not fit: names first, then joins that more than one row would answer."""
        for part in self.parts(table):
            types = stored_types(connection, part)
            problems = unfit(table.name, part, types)
            yield from problems
            for alias, join in part.joins.items() if not problems else ():
                doubled = connection.execute(reading_of(table, part, types, None).doubled(alias)).scalar_one()
                if doubled:
                    place = part.address(table.name, f"joins.{alias}")
                    yield (
                        f"{doubled} keys stand in several rows of {join.table} ({place}), of which at most one may "
                        "belong to a row"
                    )

    def _engine(self) -> sa.Engine:
        url = self.url
        if url.get_backend_name() == "mssql":
            return sqlserver_engine(url)
        if url.get_backend_name() == "sqlite":
            if not url.database or not Path(url.database).is_file():
                raise SourceError(
                    f"The PANDA database file {url.database} does not exist.",
                    "Check `source.url` in the practice's file, or make the sample practice with `perio demo`.",
                )
            url = sa.make_url(f"sqlite:///file:{Path(url.database).resolve()}?mode=ro&uri=true")
        return sa.create_engine(url)


def _version(columns: Sequence[str]) -> BoundColumn:
    """The row's version: all that may be another one after a change."""
    if len(columns) == 1:
        return BoundColumn(column=columns[0])
    return BoundColumn(text=" ".join("{" + name + "}" for name in columns))
