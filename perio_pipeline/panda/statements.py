"""The statements that read a canonical table: its rows in key order, the rows behind a key, and a look at it.

Everything is built with SQLAlchemy and compiled for the database at hand; no statement is put together from text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from perio_pipeline.panda.binding_rules import BASE
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.fields import filled
from perio_pipeline.panda.places import column_clause, table_clause
from perio_pipeline.panda.stored_types import LONG_TEXTS, MOMENTS, ROWVERSION, TEXTS, StoredType

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
        versions: the columns of which one is another one after each change of a row.
    """

    bound: BoundTable
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    types: Mapping[str, StoredType]
    versions: tuple[str, ...] = ()

    @property
    def moments(self) -> frozenset[str]:
        """The columns that hold dates and times which the server wrote as text."""
        return frozenset(name for name in self.columns if self._type(name).name in MOMENTS)

    def rows(self, after: Key | None = None) -> Query:
        """Return the statement for all rows in the order of the key, or for those behind a key."""
        query = self._from(sa.select(*(self._read(name) for name in self.columns)))
        query = query.order_by(*(self._key(name) for name in self.keys))
        return query if after is None else query.where(self._behind(after))

    def look(self) -> Query:
        """Return the statement for what changes when rows do: their number, the last key, the last change."""
        versions = [name for name, kind in self.types.items() if kind.name == ROWVERSION]
        # A bit has no maximum, and would say nothing.
        watched = [self._key(name) for name in self.keys if self._type(name).name != "bit"]
        watched += [self._read(name) for name in _once([*(self._spelled(name) for name in versions), *self.versions])]
        return self._from(sa.select(sa.func.count(), *(sa.func.max(each) for each in watched)))

    def count(self) -> Query:
        """Return the statement for the number of rows that the extract will have."""
        if not self.bound.rows_with:
            return self._from(sa.select(sa.func.count() * sa.literal_column(str(len(self.bound.places)))))
        presences = [
            tuple((filled(each.column, place.suffixes), each.null_when) for each in self.bound.rows_with)
            for place in self.bound.places
        ]
        counts = [sa.func.sum(self._one_where(columns)) * many for columns, many in Counter(presences).items()]
        return self._from(sa.select(sum(counts[1:], counts[0])))

    def doubled(self, alias: str) -> Query:
        """Return the statement for the number of keys that several rows of a joined table have."""
        join = self.bound.joins[alias]
        other = self._tables[alias]
        keys = [other.c[name] for name in join.on.values()]
        query = sa.select(*keys).select_from(other).where(*(key.is_not(None) for key in keys))
        query = query.where(*self._conditions(join.where, f"{alias}."))
        several = query.group_by(*keys).having(sa.func.count() > sa.literal_column("1")).subquery("several")
        return sa.select(sa.func.count()).select_from(several)

    def unclaimed(self, others: Sequence[Reading]) -> Query:
        """Return the statement for the number of rows of the table that neither this reading nor others take."""
        taken = [sa.and_(*each._conditions(each.bound.where)) for each in (self, *others)]
        one_each = sa.case((sa.or_(*taken), sa.literal_column("0")), else_=sa.literal_column("1"))
        return sa.select(sa.func.sum(one_each)).select_from(table_clause(self.bound.table))

    def _from(self, query: Query) -> Query:
        """Say which tables are read, and which of their rows."""
        source: Any = table_clause(self.bound.table)
        if self.bound.joins:
            source = self._tables[BASE]
        for alias, join in self.bound.joins.items():
            other = self._tables[alias]
            on = [self._column(own) == other.c[name] for own, name in join.on.items()]
            source = source.outerjoin(other, sa.and_(*on, *self._conditions(join.where, f"{alias}.")))
        return query.select_from(source).where(*self._conditions(self.bound.where))

    def _conditions(self, where: Mapping[str, Sequence[str]], prefix: str = "") -> list[sa.ColumnElement[bool]]:
        """Compare with texts, which the database converts if the column is none; an empty one stands for no value."""
        conditions: list[sa.ColumnElement[bool]] = []
        for name, values in where.items():
            column = self._column(prefix + name)
            kept = [column == sa.bindparam(None, value, type_=sa.Unicode()) for value in values if value]
            if "" in values:
                kept.append(self._absent(prefix + name, column))
            conditions.append(sa.or_(*kept))
        return conditions

    def _absent(self, name: str, column: Any) -> sa.ColumnElement[bool]:
        """A text of nothing but blanks is no value; a number compared with one would be 0."""
        if self._type(name).name in ("", *TEXTS - LONG_TEXTS):
            return sa.or_(column.is_(None), sa.func.rtrim(column) == sa.literal_column("''"))
        found: sa.ColumnElement[bool] = column.is_(None)
        return found

    def _one_where(self, columns: Sequence[tuple[str, tuple[str, ...]]]) -> sa.ColumnElement[int]:
        absent = []
        for name, null_when in columns:
            column = self._column(name)
            none = self._absent(name, column)
            as_text = sa.cast(column, sa.Unicode(400))
            absent.append(sa.or_(none, as_text.in_([sa.literal(each, sa.Unicode()) for each in null_when])))
        return sa.case((sa.and_(*absent), sa.literal_column("0")), else_=sa.literal_column("1"))

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
        return self._type(name).read(self._column(name))

    def _key(self, name: str) -> sa.ColumnElement[Any]:
        return self._type(name).key(self._column(name))

    def _type(self, name: str) -> StoredType:
        return self.types.get(name.lower(), StoredType())

    def _spelled(self, name: str) -> str:
        """A column as the database spells it, with the join it belongs to."""
        alias = self.bound.alias_of(name)
        return f"{alias}.{self.types[name].column}" if alias else self.types[name].column

    def _column(self, name: str) -> Any:
        if not self.bound.joins:
            return column_clause(name)
        alias = self.bound.alias_of(name)
        return self._tables[alias or BASE].c[name.partition(".")[2] if alias else name]

    @cached_property
    def _tables(self) -> dict[str, sa.FromClause]:
        """Every table by its alias, where there are joins."""
        names = {BASE: self.bound.table, **{alias: join.table for alias, join in self.bound.joins.items()}}
        return {alias: table_clause(name, self._columns_of(alias)).alias(alias) for alias, name in names.items()}

    def _columns_of(self, alias: str) -> list[str]:
        named = [*self.columns, *self.keys, *self.versions, *self.bound.where, *map(self._spelled, self.types)]
        for joined, join in self.bound.joins.items():
            named += [*join.on, *(f"{joined}.{name}" for name in (*join.on.values(), *join.where))]
        own = "" if alias == BASE else alias
        return _once([name.removeprefix(f"{own}.") for name in named if self.bound.alias_of(name) == own])


def reading_of(table: Table, bound: BoundTable, types: Mapping[str, StoredType], only: Sequence[str] | None) -> Reading:
    """Return how a canonical table is read.

    Args:
        table: which one.
        bound: its binding.
        types: the types of its physical columns, in lower case.
        only: the columns to read, where that is not all; the key is always read.
    """
    keys = bound.keys(table.key)
    columns = tuple(_once([*bound.physical_columns(only), *keys]))
    return Reading(bound, columns, keys, types, bound.changes(table.key))


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
