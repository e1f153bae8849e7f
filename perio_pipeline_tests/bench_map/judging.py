"""What counts as right: the same physical columns, and the same decoding.

A field is right when the table is the true one, the entry is made of the same physical columns (of the table, or of
the same joined tables, whatever the joins are called), and the first rows of the design, read by it and by the true
entry, are the same value by value. A code is right when it means what the true entry says; codes that no row has are
not counted, nor those that the true entry does not list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pydantic import ValidationError

from perio_pipeline.errors import PerioError
from perio_pipeline.mapping.proposing.model import Binding, Confidence, FieldProposal, Proposal, TableProposal
from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES

ROWS = 1_500
"""Source rows that are read both ways."""


@dataclass(frozen=True)
class Judged:
    """One field: whether the proposal is right, one of the first three is, how sure it was, and its codes."""

    table: str
    field: str
    first: bool
    third: bool
    confidence: Confidence
    codes: int
    right_codes: int


def judge(proposal: Proposal, source: PandaSource) -> Iterator[Judged]:
    """Compare a proposal with the true bindings of a source, field by field."""
    proposed = {each.canonical: each for each in proposal.tables}
    for name, truth in source.bindings.tables.items():
        for field in truth.columns:
            yield _judged(name, field, truth, proposed[name], source)


def _judged(name: str, field: str, truth: BoundTable, table: TableProposal, source: PandaSource) -> Judged:
    found = next((each for each in table.fields if each.field == field), None)
    if found is None or found.binding is None or table.table != truth.table:
        return Judged(name, field, False, False, found.confidence if found else Confidence.NONE, 0, 0)
    true_cells = _cells(name, field, truth, source)
    entries = [found.binding, *(each.binding for each in found.alternatives[:2])]
    right = [_is_right(name, field, truth, table, entry, source, true_cells) for entry in entries]
    codes, right_codes = _codes(field, truth, found)
    return Judged(name, field, right[0], any(right), found.confidence, codes, right_codes)


def _is_right(
    name: str, field: str, truth: BoundTable, table: TableProposal, entry: Binding, source: PandaSource, cells: Any
) -> bool:
    keys = {
        key: truth.columns[key].model_dump(exclude_defaults=True) for key in TABLES[name].key if key in truth.columns
    }
    try:
        columns = {**keys, **_beside(table, entry), field: entry}
        bound = BoundTable.model_validate({"table": table.table, **table.structure, "columns": columns})
        if _physical(bound, field) != _physical(truth, field):
            return False
        mine = _cells(name, field, bound, source)
    except (ValidationError, PerioError, KeyError):
        return False
    return bool(mine.equals(cells))


def _beside(table: TableProposal, entry: Binding) -> dict[str, Binding]:
    """What is proposed for the same column: a sum of flags is read by all that share it."""
    column = entry.get("column") if isinstance(entry, dict) else None
    found = {each.field: each.binding for each in table.fields if isinstance(each.binding, dict)}
    return {
        name: each for name, each in found.items() if isinstance(each, dict) and column and each.get("column") == column
    }


def _physical(bound: BoundTable, field: str) -> set[tuple[str, str]]:
    """Table and column of everything the field is made of."""
    names = {name for place in bound.places for name in bound.columns[field].columns(place.suffixes)}
    return {
        (bound.joins[alias].table if alias else bound.table, name.removeprefix(f"{alias}."))
        for name in names
        for alias in [bound.alias_of(name)]
    }


def _cells(name: str, field: str, bound: BoundTable, source: PandaSource) -> Any:
    table = TABLES[name]
    alone = PandaSource(str(source.url), Bindings(source="", tables={name: bound}), "")
    frame = next(alone.chunks(table, ROWS, only=list(dict.fromkeys([*table.key, field]))))
    keys = [key for key in table.key if key != field]
    frame = frame.sort_values([*keys, field]) if keys else frame.sort_values(field)
    cells: pd.Series[str] = frame[field].reset_index(drop=True)
    return cells


def _codes(field: str, truth: BoundTable, found: FieldProposal) -> tuple[int, int]:
    true = truth.columns[field].codes
    told = [each for each in found.codes if each.code in true]
    return len(told), sum(true[each.code] == each.target for each in told)
