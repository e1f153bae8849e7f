"""A trial reading: whether each entry of the bindings can read what its columns hold, before anything is loaded.

An entry that fails on a few rows has found bad rows, which validation holds back; one that fails on many is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import pandas as pd

from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.fields import BoundColumn
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.unread import reasons
from perio_pipeline.wording import percent

ROWS = 50_000
"""Rows of a table that are tried at most."""

UNLISTED = "a code that is not listed"
UNNAMED_FLAG = "a flag that no field names"
_FLAG = "?"


@dataclass(frozen=True)
class Limit:
    """When an entry is wrong rather than its rows.

    Attributes:
        share: of the rows that were read, which it may fail on.
        few: as many rows it may always fail on.
    """

    share: float = 0.02
    few: int = 20

    def exceeded(self, failed: int, read: int) -> bool:
        """Whether it fails on too many."""
        return failed > max(self.few, self.share * read)


@dataclass(frozen=True)
class Failure:
    """An entry that cannot read some rows.

    Attributes:
        entry: where it stands in the bindings file.
        table: the physical table.
        reason: why it cannot read them; no value.
        failed, read: rows.
    """

    entry: str
    table: str
    reason: str
    failed: int
    read: int

    def __str__(self) -> str:
        rows = f"{self.failed:,} of {self.read:,} rows ({percent(self.share)})"
        return f"{self.entry} of {self.table}: {self.reason} on {rows}"

    @property
    def share(self) -> float:
        """Of the rows that were read."""
        return self.failed / self.read if self.read else 0.0


def try_entries(source: PandaSource, tables: Iterable[Table], rows: int = ROWS) -> list[Failure]:
    """Read some rows of each table, no more columns than entries can fail on, and count what they fail on.

    Raises:
        SourceError: a table cannot be read at all.
    """
    return [failure for table in tables for part in source.parts(table) for failure in _of(source, table, part, rows)]


def _of(source: PandaSource, table: Table, part: BoundTable, rows: int) -> Iterator[Failure]:
    tried = {name: entry for name, entry in part.columns.items() if _can_fail(part, entry)}
    if not tried:
        return
    read = 0
    counts: dict[str, Counter[str]] = {name: Counter() for name in tried}
    with closing(source.part_chunks(table, part, only=[*tried])) as frames:
        for frame in frames:
            read += len(frame)
            for name, entry in tried.items():
                counts[name].update(_failures(table, name, entry, frame[name]))
            if read >= rows:
                break
    for name, found in counts.items():
        for reason, failed in found.items():
            yield Failure(part.address(table.name, f"columns.{name}"), part.table, reason, failed, read)


def _can_fail(part: BoundTable, entry: BoundColumn) -> bool:
    joined = any(part.alias_of(name) for place in part.places for name in entry.columns(place.suffixes))
    return entry.transforms or joined


def _failures(table: Table, name: str, entry: BoundColumn, cells: pd.Series[str]) -> Mapping[str, int]:
    """Reason → rows."""
    found = {str(reason).rpartition(": ")[2]: int(rows) for reason, rows in reasons(cells).items()}
    choices = table.column(name).choices
    if entry.bit is not None or entry.letter is not None:
        found[UNNAMED_FLAG] = int(cells.str.startswith(_FLAG).sum())
    elif entry.codes and (choices or set(entry.codes.values()) <= {"true", "false"}):
        known = {*entry.codes.values(), *choices}
        found[UNLISTED] = int((cells.notna() & ~cells.isin(known)).sum()) - sum(found.values())
    return {reason: rows for reason, rows in found.items() if rows}
