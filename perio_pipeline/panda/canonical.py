"""The shape of a canonical table: what a `Table` and a `Column` say; the tables themselves are in `tables.py`.

Validation schemas, Parquet schemas, the column lists in Dagster's UI and the checks on `mappings/panda.yaml` are all
derived from these definitions; nothing lists canonical columns a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a column holds. `DATETIME` is local wall-clock time of the practice, as PANDA stores it."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"  # exact, 19 digits, 4 after the point
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


@dataclass(frozen=True)
class Column:
    """One canonical column.

    Attributes:
        name: canonical name.
        kind: what it holds.
        description: meaning, with its unit where it has one.
        required: a row without it is quarantined.
        choices: the allowed codes; empty for free values.
        low, high: inclusive bounds of a number.
        references: the parent table whose key this column holds.
        keeps_row: the row stays when the parent is missing; the link is cleared and reported instead.
        phi: the value says something about a patient and may appear only in the data folder.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    references: str | None = None
    keeps_row: bool = False
    phi: bool = True


def _of(kind: Kind) -> Callable[..., Column]:
    def column(name: str, description: str, **rules: Any) -> Column:
        return Column(name, kind, description, **rules)

    return column


text = _of(Kind.TEXT)
integer = _of(Kind.INTEGER)
decimal = _of(Kind.DECIMAL)
boolean = _of(Kind.BOOLEAN)
date = _of(Kind.DATE)
datetime = _of(Kind.DATETIME)


def identifier(name: str, description: str) -> Column:
    """Make a key column: required, and no secret."""
    return text(name, description, required=True, phi=False)


@dataclass(frozen=True)
class Table:
    """One canonical table: rows of PANDA in the pipeline's own words.

    Attributes:
        name: canonical name, the last part of the asset key.
        key: the columns that name a row; joined with `|` they are its source key.
        columns: all columns, in order.
        description: what one row is.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    description: str

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names) or not set(self.key) <= set(names):
            raise ValueError(f"{self.name}: columns repeat, or the key is not among them")

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")

    @property
    def column_names(self) -> list[str]:
        """All column names, in order."""
        return [column.name for column in self.columns]

    @property
    def parents(self) -> dict[str, str]:
        """Column → the table whose single key column it refers to."""
        return {column.name: column.references for column in self.columns if column.references}
