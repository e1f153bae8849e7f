"""What has changed in a PANDA database since it was last looked at: new, changed and deleted records by key (P7).

A census says what was there: one row per record with a hash of its version (the rowversion or the modified stamp) and
one of all that it says. The next look is compared with it, key by key. Versions are compared for being another one,
never for being later: a row that was committed late, or stamped by a clock that runs wrong, has another version all the
same. Deletions are keys that are gone. Where a table has no version, or something wrote past it, the hash of the whole
row tells; tables that hold a chart are counted by exam, and follow their exam's version between two whole sweeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.source import VERSION, PandaSource
from perio_pipeline.panda.tables import BY_EXAM

CENSUS: dict[str, Any] = {"key": "str", "version": "uint64", "content": "uint64"}
"""Columns of a census: the record's source key (of a chart, its exam's), and two hashes; 0 where one was not taken."""

KEY_SEPARATOR = "|"


@dataclass(frozen=True)
class TableChanges:
    """What became of the records of one table, by source key."""

    new: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.new) + len(self.changed) + len(self.deleted)


@dataclass(frozen=True)
class Guard:
    """When a smaller source is taken for a broken one (an empty restore, a wrong database), not for deletions.

    Attributes:
        share: of a table's records that may be gone at once.
        few: as many records may always be gone.
    """

    share: float = 0.2
    few: int = 20
    trusted: frozenset[str] = field(default_factory=frozenset)

    def check(self, table: str, changes: TableChanges, before: int) -> None:
        """Refuse what looks like a mass deletion.

        Raises:
            SourceError: too much is gone at once.
        """
        self._refuse(table, len(changes.deleted), before)

    def check_size(self, table: str, before: int, now: int) -> None:
        """Refuse a table that has become much smaller, where it is not known which records are gone.

        Raises:
            SourceError: too much is gone at once.
        """
        self._refuse(table, before - now, before)

    def _refuse(self, table: str, gone: int, before: int) -> None:
        if table not in self.trusted and gone > max(self.few, self.share * before):
            raise SourceError(
                f"{gone} of {before} records of table {table} are gone at once, so nothing is taken for deleted.",
                "See whether the source is the right database and whole. If they were deleted on purpose, say so: "
                f"`perio cutover trust-deletions --table {table}`.",
            )


def take_census(source: PandaSource, table: Table, *, whole: bool) -> pd.DataFrame | None:
    """Look at every record of a table.

    Args:
        source: where it lies.
        table: which one.
        whole: read the rows; else only their keys and versions.

    Returns:
        A census (`CENSUS`). Without `whole`, `content` is 0. A table without versions is read whole always; but one
        that is counted by exam is not looked at then (None), since its exams' versions speak for it.

    Raises:
        SourceError: the table cannot be read.
    """
    versioned = source.has_versions(table)
    if not (versioned or whole) and table.name in BY_EXAM:
        return None
    # Versions first: what changes in between is found again at the next look, and not overlooked.
    census = _gathered(_version_rows(table, frame) for frame in source.versions(table)) if versioned else None
    if census is not None and not whole:
        return census
    read = _gathered(_content_rows(table, frame) for frame in source.chunks(table))
    if census is None:
        return read
    seen = census.set_index("key")["version"].reindex(read["key"], fill_value=np.uint64(0))
    return read.assign(version=seen.to_numpy())


def compare(before: pd.DataFrame, now: pd.DataFrame) -> TableChanges:
    """Return what has changed between two censuses; a hash that one of them did not take says nothing."""
    old, new = before.set_index("key"), now.set_index("key")
    shared = old.index.intersection(new.index)
    differs = np.zeros(len(shared), dtype=bool)
    for name in ("version", "content"):
        one, other = old.loc[shared, name].to_numpy(), new.loc[shared, name].to_numpy()
        differs |= (one != other) & (one != 0) & (other != 0)
    return TableChanges(
        frozenset(new.index.difference(old.index)),
        frozenset(shared[differs]),
        frozenset(old.index.difference(new.index)),
    )


def merged(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the newer census, with the content hashes of the older one where the newer one has the same version."""
    known = before.set_index("key").reindex(now["key"], fill_value=np.uint64(0))
    same = now["version"].to_numpy() == known["version"].to_numpy()
    taken = now["content"].to_numpy()
    return now.assign(content=np.where((taken == 0) & same, known["content"].to_numpy(), taken))


def affected_tables(changes: Mapping[str, TableChanges]) -> list[str]:
    """Return the tables to read again: those that changed, and the charts of exams that did."""
    tables = [name for name, each in changes.items() if len(each)]
    charts = sorted(BY_EXAM) if "perio_exam" in tables else []
    return list(dict.fromkeys([*tables, *charts]))


def unit(table: Table) -> tuple[str, ...]:
    """Return the columns that name what is counted: a record, or the exam of a chart's rows."""
    return ("exam_id",) if table.name in BY_EXAM else table.key


def _version_rows(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    version = _hash(frame[[VERSION]])
    return pd.DataFrame({"key": _keys(table, frame), "version": version, "content": np.uint64(0)})


def _content_rows(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    content = _hash(frame[table.column_names])
    return pd.DataFrame({"key": _keys(table, frame), "version": np.uint64(0), "content": content})


def _keys(table: Table, frame: pd.DataFrame) -> pd.Series[str]:
    first, *rest = unit(table)
    keys = frame[first].fillna("")
    for name in rest:
        keys = keys + KEY_SEPARATOR + frame[name].fillna("")
    return keys


def _hash(frame: pd.DataFrame) -> Any:
    """One hash per row, the same on every machine; never 0, which stands for none."""
    values = pd.util.hash_pandas_object(frame.reset_index(drop=True), index=False).to_numpy()
    return np.where(values == 0, np.uint64(1), values)


def _gathered(pieces: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put the rows of a key together: the sum of hashes does not depend on the order in which rows come."""
    parts = [piece.groupby("key", sort=False).sum() for piece in pieces]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in CENSUS.items()})
    whole = pd.concat(parts).groupby(level=0).sum().reset_index()
    return whole.astype(CENSUS)
