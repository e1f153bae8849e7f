"""One canonical table in a concrete database: its table, what is joined to it, which of its rows, and its columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from perio_pipeline.panda.fields import BoundColumn, Texts, filled
from perio_pipeline.panda.places import name_parts
from perio_pipeline.yamlfile import Entry

USUAL_PLACES = 6
"""The probing sites of a tooth, for which the number of rows that are read at a time is made."""

_RANGE = re.compile(r"([0-9]+)-([0-9]+)")


def _is_a_name(table: str) -> str:
    name_parts(table)
    return table


class Unpivot(Entry):
    """One row with a column per value becomes one row per value; `{column}` in a name stands for the suffix."""

    column: str
    values: dict[str, str]

    @field_validator("values", mode="before")
    @classmethod
    def _range(cls, values: Any) -> Any:
        """`01-32` stands for 1 to 32, with suffixes of two digits."""
        match = _RANGE.fullmatch(values) if isinstance(values, str) else None
        if match is None:
            return values
        width = len(match[1]) if match[1].startswith("0") else 0
        return {str(each): str(each).zfill(width) for each in range(int(match[1]), int(match[2]) + 1)}


class Join(Entry):
    """Another table, of which at most one row belongs to each row: the rest of a record, or a list of codes.

    Attributes:
        on: column of this table → column of the other one.
        where: which of its rows count.
        optional: a row may have no partner; otherwise it cannot be read where its key names a row that is not there.
    """

    table: Annotated[str, BeforeValidator(_is_a_name)]
    on: dict[str, str] = Field(min_length=1)
    where: dict[str, Texts] = Field(default_factory=dict)
    optional: bool = False


class Presence(Entry):
    """A column that has a value where there is a row at all."""

    column: str
    null_when: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str | dict | Unpivot) else value


@dataclass(frozen=True)
class Place:
    """One of the rows that a physical row becomes.

    Attributes:
        labels: canonical field → its value there.
        suffixes: the same field → what stands for it in names of columns.
    """

    labels: Mapping[str, str]
    suffixes: Mapping[str, str]


class BoundTable(Entry):
    """One canonical table: the physical table and its columns.

    Attributes:
        columns: canonical field → how it is read.
        version: columns of which one is another one after each change of a row, such as a rowversion; without it
            `modified_at` serves, where that is bound.
        unpivot: a row becomes one for each combination of their values.
        joins: alias → another table; its columns are called `alias.Column`.
        where: column → values; only these rows are the table's.
        rows_with: only rows in which one of these columns has a value are rows.
        findings: the practice's name of a finding → its column; rows of `practice_finding` are made of them.
    """

    table: Annotated[str, BeforeValidator(_is_a_name)]
    columns: dict[str, BoundColumn]
    version: Texts = ()
    unpivot: Annotated[tuple[Unpivot, ...], BeforeValidator(_as_list)] = ()
    joins: dict[str, Join] = Field(default_factory=dict)
    where: dict[str, Texts] = Field(default_factory=dict)
    rows_with: Annotated[tuple[Presence, ...], BeforeValidator(_as_list)] = ()
    findings: dict[str, BoundColumn] = Field(default_factory=dict)

    @property
    def places(self) -> list[Place]:
        """What each physical row becomes, in order; one place without labels where nothing is unpivoted."""
        names = [each.column for each in self.unpivot]
        return [
            Place(
                dict(zip(names, (label for label, _ in one), strict=True)),
                dict(zip(names, (suffix for _, suffix in one), strict=True)),
            )
            for one in product(*(each.values.items() for each in self.unpivot))
        ]

    @property
    def fan_out(self) -> int:
        """How many times more rows than the usual six a physical row becomes; at least 1."""
        return max(len(self.places) // USUAL_PLACES, 1)

    @property
    def physical_tables(self) -> tuple[str, ...]:
        """The table and those joined to it."""
        return (self.table, *(join.table for join in self.joins.values()))

    def keys(self, key: Sequence[str]) -> tuple[str, ...]:
        """Return the physical columns that a canonical key is made of, as far as unpivoting does not make it."""
        fields = [self.columns[name] for name in key if name in self.columns]
        first, last = self.places[0], self.places[-1]
        everywhere = {name for field in fields for name in field.columns(last.suffixes)}
        names = dict.fromkeys(name for field in fields for name in field.columns(first.suffixes))
        return tuple(name for name in names if name in everywhere)

    def partners(self, key: Sequence[str]) -> tuple[str, ...]:
        """Return the joins that hold the rest of a record; a change there leaves no trace in the row itself.

        A join that starts at other columns than the key's leads to a list of words, which change with no record.
        """
        keys = set(self.keys(key))
        return tuple(alias for alias, join in self.joins.items() if set(join.on) <= keys)

    def changes(self, key: Sequence[str]) -> tuple[str, ...]:
        """Return the physical columns of which one is another one after each change of a row; none if there are none.

        Args:
            key: the canonical key.
        """
        if self.version:
            return self.version
        modified = self.columns.get("modified_at")
        if modified is None or self.partners(key):
            return ()
        return modified.columns({})

    def holding(self, field: str, values: Sequence[str]) -> BoundTable | None:
        """Return the same table with those rows only that have one of some values in a field.

        None where its column does not hold the values as they are, or is asked for others already.
        """
        bound = self.columns.get(field)
        if bound is None or bound.column is None or bound.transforms or bound.null_when or bound.encoding:
            return None
        names = {filled(bound.column, place.suffixes) for place in self.places}
        if len(names) > 1 or names & self.where.keys():
            return None
        return self.model_copy(update={"where": {**self.where, names.pop(): tuple(values)}})

    def physical_columns(self, only: Collection[str] | None = None) -> list[str]:
        """Every physical column that is read, once, in order; of a joined table as `alias.Column`.

        Args:
            only: the canonical fields that are wanted, where not all are.
        """
        fields = [field for name, field in self.columns.items() if only is None or name in only]
        places = self.places
        names = [name for field in fields for place in places for name in field.columns(place.suffixes)]
        names += [filled(each.column, place.suffixes) for each in self.rows_with for place in places]
        aliases = dict.fromkeys(alias for name in names for alias in [self.alias_of(name)] if alias)
        names += [name for alias in aliases if not self.joins[alias].optional for name in self.link(alias)]
        return list(dict.fromkeys(names))

    def address(self, table: str, entry: str = "") -> str:
        """Return where an entry of this table stands in the bindings file.

        Args:
            table: the canonical table.
            entry: below the table's own, such as `columns.name`; empty for the table itself.
        """
        return f"tables.{table}.{entry}" if entry else f"tables.{table}"

    def entries(self) -> dict[str, str]:
        """Return every physical column that is named anywhere, with the entry that names it first."""
        named: list[tuple[str, str]] = []
        for place in self.places:
            for entry, fields in (("columns", self.columns), ("findings", self.findings)):
                for key, field in fields.items():
                    named += [(name, f"{entry}.{key}") for name in field.columns(place.suffixes)]
            named += [(filled(each.column, place.suffixes), "rows_with") for each in self.rows_with]
        named += [(name, "where") for name in self.where] + [(name, "version") for name in self.version]
        for alias, join in self.joins.items():
            named += [(own, f"joins.{alias}.on") for own in join.on]
            named += [(f"{alias}.{name}", f"joins.{alias}") for name in (*join.on.values(), *join.where)]
        entries: dict[str, str] = {}
        for name, entry in named:
            entries.setdefault(name, entry)
        return entries

    def alias_of(self, name: str) -> str:
        """Return the join that a column belongs to; empty for a column of the table itself."""
        alias, dot, _ = name.partition(".")
        return alias if dot and alias in self.joins else ""

    def link(self, alias: str) -> Iterator[str]:
        """Name the columns by which it is seen whether a joined row is there."""
        for own, other in self.joins[alias].on.items():
            yield own
            yield f"{alias}.{other}"
