"""One table on its way out of the source: read in key order, gone on with after a cut, and looked at twice.

What was handed out is never read again: after a cut, reading goes on behind the last key that is complete. Where the
database cannot show one moment, it is looked at before and after; if it changed in between, the reading is repeated,
and in the end reported.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.arrow import ArrowError, arrow_batches, arrow_connection
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.decoding import decode_text
from perio_pipeline.panda.failures import explained, passes
from perio_pipeline.panda.field_decoding import Decoded
from perio_pipeline.panda.frames import extract_kinds, typed_frame
from perio_pipeline.panda.isolation import Isolation, isolate
from perio_pipeline.panda.pieces import Piece, Values, pieces_of
from perio_pipeline.panda.statements import Key, Reading, reading_of
from perio_pipeline.panda.stored_columns import stored_types

WAITS = (1, 5, 15, 30)
"""Seconds before each further attempt to go on with a table; then it is given up."""

READINGS = 3
"""How often a table is read at most because it changed while it was read."""

ARROW_ROWS = 100_000
"""Rows from which on Arrow is worth a connection of its own."""


class SourceChangedError(SourceError):
    """A table changed while it was read without a snapshot; iterating over the extract once more reads it again."""


class Opener(Protocol):
    """What opens the database for reading."""

    url: sa.URL

    def opened(self) -> AbstractContextManager[sa.Connection]:
        """Open it; errors of the driver come through as they are."""
        ...


@dataclass(frozen=True)
class Report:
    """How a table was read.

    Attributes:
        isolation: what keeps its rows together.
        reader: `rows`, or `arrow`.
        source_rows: rows of the physical table.
        resumed: how often the reading was cut and gone on with.
        readings: how often it was read because it changed in between.
        changed: it did so the last time as well.
    """

    isolation: Isolation = Isolation.FILE
    reader: str = "rows"
    source_rows: int = 0
    resumed: int = 0
    readings: int = 0
    changed: bool = False

    def metadata(self) -> dict[str, str | int | bool]:
        """As Dagster shows it."""
        return {f"source/{name}": getattr(self, name) for name in Report.__dataclass_fields__} | {
            "source/isolation": self.isolation.value
        }


class Extract:
    """A canonical table as extract frames, in the order of its key; at least one, which may be empty.

    Where it is bound to several parts, one comes after the other, each in the order of its key.

    Attributes:
        report: how it was read.
        note: what is noted beside the frame that it becomes.
    """

    def __init__(
        self,
        source: Opener,
        table: Table,
        parts: Sequence[BoundTable],
        rows: int,
        only: Sequence[str] | None = None,
        readings: int = READINGS,
    ) -> None:
        """Prepare to read; nothing is opened yet.

        Args:
            source: the database.
            table: which table.
            parts: what it is bound to, read one after the other.
            rows: source rows fetched at a time, fewer where each becomes many.
            only: the columns to read, where that is not all; besides the key nothing else leaves the database.
            readings: how often it is read at most because it changed while it was read.
        """
        self._source, self._parts, self._rows, self._only, self._readings = source, parts, rows, only, readings
        self.note: dict[str, str] = {}
        self._shape = table if only is None else _narrowed(table, only)
        self._table = table
        self.report = Report()

    def __iter__(self) -> Generator[pd.DataFrame]:
        """Read it.

        Raises:
            SourceError: it cannot be read; names the table, and how far reading got.
            SourceChangedError: it changed while it was read, and may be read again.
        """
        self.report = Report(readings=self.report.readings + 1)
        empty = True
        changed: list[str] = []
        for bound in self._parts:
            run = _Run(self._source, self._table, bound, max(self._rows // bound.fan_out, 1), self._only)
            before, decoded = self.report, Decoded()
            for piece in self._going_on(run, before):
                empty = False
                yield decode_text(self._shape, bound, piece.text, decoded)
            if run.changed:
                changed.append(bound.table)
        if empty:
            yield typed_frame(extract_kinds(self._shape))
        if changed:
            if self.report.readings < self._readings:
                raise SourceChangedError(
                    f"Table {', '.join(changed)} changed while it was read.", "Read it at a quieter time."
                )
            self.report = replace(self.report, changed=True)

    def _going_on(self, run: _Run, before: Report) -> Iterator[Piece]:
        """Hand out every piece once, whatever comes between."""
        while True:
            try:
                for piece in run.pieces():
                    yield piece
                    self._note(run, before)
                self._note(run, before)
                return
            except ArrowError:
                if not run.has_place:
                    raise SourceError(f"{self._reached(run)} cannot be read on: it has no key.", "Bind one.") from None
                run.arrow = False
            except UnicodeDecodeError:
                remedy = "Correct that text in PANDA, or bind a view that leaves it out."
                raise SourceError(f"{self._reached(run)} holds a text with half a character.", remedy) from None
            except DBAPIError as error:
                if not (run.has_place and run.cuts < len(WAITS) and run.was_there and passes(error)):
                    raise explained(error, self._reached(run)) from None
                time.sleep(WAITS[run.cuts])
                run.cuts += 1

    def _reached(self, run: _Run) -> str:
        url = self._source.url
        where = f"Table {run.table} of the PANDA database at {url.host or url.database}"
        return f"{where} ({run.read:,} rows were read)"

    def _note(self, run: _Run, before: Report) -> None:
        self.report = replace(
            before,
            isolation=run.isolation,
            reader=run.reader,
            source_rows=before.source_rows + run.read,
            resumed=before.resumed + run.resumed,
        )


class _Run:
    """One reading of a table, over as many connections as it takes."""

    def __init__(self, source: Opener, table: Table, bound: BoundTable, rows: int, only: Sequence[str] | None) -> None:
        self._source, self._table, self._bound, self._rows, self._only = source, table, bound, rows, only
        self._before: Sequence[Any] | None = None
        self._connections = 0
        self._after: Key | None = None
        self.isolation, self.reader = Isolation.FILE, "rows"
        self.arrow = True
        self.read = self.cuts = 0
        self.changed = False

    @property
    def table(self) -> str:
        """The physical table that is read."""
        return self._bound.table

    @property
    def was_there(self) -> bool:
        """Whether the server could be reached at all."""
        return self._connections > 0

    @property
    def has_place(self) -> bool:
        """Whether it is known what is left to read."""
        return self._after is not None or not self.read

    @property
    def resumed(self) -> int:
        """How often it was gone on with."""
        return max(self._connections - 1, 0)

    def pieces(self) -> Iterator[Piece]:
        """Read what was not handed out yet."""
        with self._source.opened() as connection:
            self._connections += 1
            reading = reading_of(self._table, self._bound, stored_types(connection, self._bound), self._only)
            self.isolation = isolate(connection, self._bound.physical_tables)
            looks = self.isolation is not Isolation.FILE
            if looks and self._before is None:
                self._before = tuple(connection.execute(reading.look()).one())
            for piece in pieces_of(reading, self._batches(connection, reading)):
                self.read += len(piece.text)
                self._after = piece.last
                yield piece
            if looks and (self.isolation is Isolation.COMMITTED or self.resumed):
                connection.rollback()  # a new transaction, or a snapshot would show the same once more
                after = tuple(connection.execute(reading.look()).one())
                self.changed = after != self._before or after[0] != self.read

    def _batches(self, connection: sa.Connection, reading: Reading) -> Iterator[Sequence[Values]]:
        query = reading.rows(self._after)
        words = arrow_connection(self._source.url) if self.arrow and self._large else None
        if words:
            self.reader = "arrow"
            connection.rollback()  # Arrow has a connection of its own, with its own snapshot
            yield from arrow_batches(words, query, self._rows, self.isolation)
            return
        self.reader = "rows"
        result = connection.execute(query)  # both drivers fetch as they are asked, and hold nothing back
        while values := _fetch(connection, result, self._rows):
            yield values

    @property
    def _large(self) -> bool:
        return self._before is not None and self._before[0] >= ARROW_ROWS


def _fetch(connection: sa.Connection, result: sa.CursorResult[Any], rows: int) -> list[Values]:
    """Fetch rows of the driver's own, and turn them into columns; SQLAlchemy's rows take as long again to make.

    Raises:
        DBAPIError: as SQLAlchemy would.
    """
    driver = connection.dialect.loaded_dbapi.Error
    # So many new tuples make the collector look through the whole process again and again, and none of them is garbage.
    gc.disable()
    try:
        return list(zip(*result.cursor.fetchmany(rows), strict=True)) if result.cursor else []
    except driver as error:
        lost = connection.dialect.is_disconnect(error, None, result.cursor)
        raise DBAPIError.instance(None, None, error, driver, connection_invalidated=lost) from None
    finally:
        gc.enable()


def _narrowed(table: Table, only: Sequence[str]) -> Table:
    columns = tuple(table.column(name) for name in only)
    return replace(table, key=tuple(name for name in table.key if name in only), columns=columns)
