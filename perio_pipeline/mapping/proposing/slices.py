"""Tables that hold several kinds of rows: persons of all kinds, told apart by one column, are a table for each kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.panda.profiling.sampling import SampledColumn, SampledTable

MOST_KINDS, FEWEST_COLUMNS = 12, 10
CONTRAST, SHARE = 0.6, 0.3
"""A column tells kinds of rows apart where so many of the others are filled so much more in one kind than another."""

_NUMBER = re.compile(r"[0-9]+")


def parts_of(table: SampledTable) -> list[SampledTable]:
    """Return a table's kinds of rows, or the table itself where it has one."""
    kinds = _telling(table)
    if kinds is None:
        return [table]
    return [_part(table, kinds, value) for value in kinds.counts]


def _telling(table: SampledTable) -> SampledColumn | None:
    if len(table.columns) < FEWEST_COLUMNS:
        return None
    # Of numbered columns a row has as many as it has of them: two phones, or the teeth that are left.
    stems = Counter(_NUMBER.sub("#", name) for name in table.columns)
    single = [each for name, each in table.columns.items() if stems[_NUMBER.sub("#", name)] == 1]
    rated = [(_contrast(single, each), each.name) for each in single if _may_tell(table, each)]
    best, name = max(rated, default=(0.0, ""))
    return table.columns[name] if best >= SHARE else None


def _may_tell(table: SampledTable, column: SampledColumn) -> bool:
    coded = Origin(column.name, column, table.name).coded
    return column.filled == 1 and 2 <= len(coded) <= MOST_KINDS and min(coded.values()) >= 3


def _contrast(columns: Sequence[SampledColumn], kinds: SampledColumn) -> float:
    """The share of columns that are filled in rows of one kind, and hardly in those of another.

    None where one kind only lacks what another one has: a missing tooth has no depths, and is a tooth all the same.
    """
    shares = [each.text.notna().groupby(kinds.text).mean() for each in columns if each is not kinds]
    if not shares:
        return 0.0
    filled = np.array([each.to_numpy(dtype=float) for each in shares])
    more = (filled[:, :, None] - filled[:, None, :] >= CONTRAST).any(axis=0)
    if not (more & more.T).any():
        return 0.0
    return float(((filled.max(axis=1) - filled.min(axis=1)) >= CONTRAST).mean())


def _part(table: SampledTable, kinds: SampledColumn, value: str) -> SampledTable:
    rows = kinds.text == value
    columns = {name: replace(each, text=each.text[rows].reset_index(drop=True)) for name, each in table.columns.items()}
    keys = {name: frozenset(each.counts) for name, each in columns.items() if each.unique and not each.encoding}
    return replace(table, rows=int(rows.sum()), columns=columns, where={kinds.name: value}, keys=keys)
