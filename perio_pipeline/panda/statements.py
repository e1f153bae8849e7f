"""The statements that read a canonical table: its rows in key order, the rows behind a key, and a look at it.

Everything is built with SQLAlchemy and compiled for the database at hand; no statement is put together from text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from perio_pipeline.panda.bindings import BoundTable
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.places import column_clause, table_clause
from perio_pipeline.panda.stored_types import MOMENTS, ROWVERSION, StoredType

Query = sa.Select[*tuple[Any, ...]]
Key = tuple[object, ...]
"""The values of the key columns of a row, as the driver gave them."""


@dataclass(frozen=True)
class Reading:
    """How a bound table is read.

    Attributes:
        bound: the binding.
        columns: the physical columns that are selected, in order.
        keys: those of them that the rows are ordered by.
        types: physical column in lower case → its type; empty for SQLite.
    """

    bound: BoundTable
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    types: Mapping[str, StoredType]

    @property
    def moments(self) -> frozenset[str]:
        """The columns that hold dates and times which the server wrote as text."""
        return frozenset(name for name in self.columns if self._type(name).name in MOMENTS)

    def rows(self, after: Key | None = None) -> Query:
        """Return the statement for all rows in the order of the key, or for those behind a key."""
        query = sa.select(*(self._read(name) for name in self.columns))
        query = query.select_from(table_clause(self.bound.table)).order_by(*(self._key(name) for name in self.keys))
        return query if after is None else query.where(self._behind(after))

    def look(self) -> Query:
        """Return the statement for what changes when rows do: their number, the last key, the last change."""
        versions = [kind.column for kind in self.types.values() if kind.name == ROWVERSION]
        # A bit has no maximum, and would say nothing.
        watched = [self._key(name) for name in self.keys if self._type(name).name != "bit"]
        watched += [self._read(name) for name in dict.fromkeys([*versions, self.bound.changes]) if name]
        return sa.select(sa.func.count(), *(sa.func.max(each) for each in watched)).select_from(
            table_clause(self.bound.table)
        )

    def _behind(self, after: Key) -> sa.ColumnElement[bool]:
        """(a, b) > (x, y), written out as `a > x OR (a = x AND b > y)`: SQL Server compares no rows, and no NULLs."""
        either: list[sa.ColumnElement[bool]] = []
        same: list[sa.ColumnElement[bool]] = []
        for name, value in zip(self.keys, after, strict=True):
            column = self._key(name)
            if value is None:  # both kinds of database sort NULL first
                either.append(sa.and_(*same, column.is_not(None)))
                same.append(column.is_(None))
            else:
                given = self._type(name)
                either.append(sa.and_(*same, column > given.key_value(value)))
                same.append(column == given.key_value(value))
        return sa.or_(*either)

    def _read(self, name: str) -> sa.ColumnElement[Any]:
        return self._type(name).read(column_clause(name))

    def _key(self, name: str) -> sa.ColumnElement[Any]:
        return self._type(name).key(column_clause(name))

    def _type(self, name: str) -> StoredType:
        return self.types.get(name.lower(), StoredType())


def reading_of(table: Table, bound: BoundTable, types: Mapping[str, StoredType], only: Sequence[str] | None) -> Reading:
    """Return how a canonical table is read.

    Args:
        table: which one.
        bound: its binding.
        types: the types of its physical columns, in lower case.
        only: the columns to read, where that is not all; the key is always read.
    """
    keys = [bound.columns[name].column for name in table.key if name in bound.columns]
    wanted = bound if only is None else bound.model_copy(update={"columns": chosen(bound, only)})
    named = tuple(dict.fromkeys(name for name in keys if name))
    return Reading(bound, tuple(dict.fromkeys([*wanted.physical_columns(), *named])), named, types)


def chosen(bound: BoundTable, only: Sequence[str]) -> dict[str, Any]:
    """Return the bound fields of some canonical columns."""
    return {name: field for name, field in bound.columns.items() if name in only}
