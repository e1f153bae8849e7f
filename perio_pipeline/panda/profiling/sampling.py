"""Takes a bounded sample of every table of a database; what it holds is for this process only and never written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from perio_pipeline.panda.catalogue import StoredTable, catalogue_of
from perio_pipeline.panda.decoding import as_text
from perio_pipeline.panda.places import column_clause, table_clause, written_name
from perio_pipeline.panda.stored_columns import stored_columns
from perio_pipeline.panda.stored_types import UNREADABLE

Text = Any  # a pandas Series of text

SAMPLE_ROWS = 4_000
"""Rows of a table that are looked at: half of them its first ones, half its last."""

KEYS = 300_000
"""Keys of a table that are held in memory, to see which columns refer to it."""

LONGEST = 2_000
"""Characters of a text that are looked at."""


@dataclass(frozen=True)
class SampledColumn:
    """One physical column.

    Attributes:
        name: as the database spells it.
        type: as the database declares it.
        text: the sampled rows as text, as extracts have it.
        encoding: the code page of its bytes; empty for a column of texts.
    """

    name: str
    type: str
    text: Text
    encoding: str = ""

    @cached_property
    def values(self) -> Text:
        """The rows that have a value."""
        return self.text.dropna()

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Value → rows, the most frequent first."""
        return {str(value): int(rows) for value, rows in self.values.value_counts().items()}

    @property
    def filled(self) -> float:
        """Share of rows that have a value."""
        return len(self.values) / len(self.text) if len(self.text) else 0.0

    @property
    def unique(self) -> bool:
        """Whether every row has a value of its own."""
        return len(self.text) > 0 and self.filled == 1 and len(self.counts) == len(self.text)


@dataclass(frozen=True)
class SampledTable:
    """One physical table, or some of its rows.

    Attributes:
        name: as a bindings file writes it.
        rows: that it has.
        columns: by name, in order.
        primary_key: declared; empty where none is.
        foreign_keys: column → table and column that it is declared to refer to.
        where: what the rows have in common, where these are not all of the table's.
        keys: column that names a row → all its values, also those of rows that are not in the sample.
    """

    name: str
    rows: int
    columns: Mapping[str, SampledColumn]
    primary_key: tuple[str, ...] = ()
    foreign_keys: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def looked_at(self) -> int:
        """Rows in the sample."""
        return max((len(column.text) for column in self.columns.values()), default=0)


def sample_database(connection: sa.Connection, rows: int = SAMPLE_ROWS) -> list[SampledTable]:
    """Sample every table that has rows; views are left out, since they show what tables hold.

    Args:
        connection: the open database.
        rows: the most rows of one table.

    Raises:
        SourceError: a kind of database that PANDA does not run on.
    """
    catalogue = catalogue_of(connection)
    unreadable = set(catalogue.login().unreadable)
    inspector = sa.inspect(connection)
    found = []
    for stored in catalogue.tables():
        if stored.full_name in unreadable or stored.name in _views(inspector, stored.schema):
            continue
        table = _sampled(connection, inspector, stored, rows)
        if table.columns:
            found.append(table)
    return found


def _views(inspector: sa.Inspector, schema: str) -> set[str]:
    try:
        return set(inspector.get_view_names(schema or None))
    except SQLAlchemyError:
        return set()


def _sampled(connection: sa.Connection, inspector: sa.Inspector, stored: StoredTable, rows: int) -> SampledTable:
    schema = stored.schema if stored.schema not in ("", "dbo") else ""
    name = ".".join(written_name(part) for part in (schema, stored.name) if part)
    types = {kind.column: kind for kind in stored_columns(connection, name).values()}
    names = [column for column in stored.columns if column in types and types[column].name not in UNREADABLE]
    declared = _declared(inspector, stored)
    key, foreign = _keys(inspector, stored)
    query = sa.select(*(types[column].read(column_clause(column)) for column in names)).select_from(table_clause(name))
    fetched = connection.execute(query.limit(rows)).all() if names else []
    if len(fetched) == rows and key:
        backwards = query.order_by(*(column_clause(each).desc() for each in key)).limit(rows // 2)
        fetched = [*fetched[: rows // 2], *connection.execute(backwards).all()]
    cells = list(zip(*fetched, strict=True)) if fetched else [()] * len(names)
    columns = {
        column: _column(column, declared.get(column, ""), list(values))
        for column, values in zip(names, cells, strict=True)
    }
    whole = len(fetched) < rows
    keys = {
        column: frozenset(
            each.counts if whole else _all_values(connection, name, types[column].read(column_clause(column)))
        )
        for column, each in columns.items()
        if each.unique and not each.encoding
    }
    return SampledTable(
        name, stored.rows if stored.rows is not None else len(fetched), columns, key, foreign, keys=keys
    )


def _all_values(connection: sa.Connection, name: str, column: Any) -> list[str]:
    found = connection.execute(sa.select(column).select_from(table_clause(name)).limit(KEYS)).scalars().all()
    return [str(value) for value in as_text(list(found), None).dropna()]


def _column(name: str, declared: str, values: list[Any]) -> SampledColumn:
    encoding = ""
    if any(isinstance(value, bytes | bytearray | memoryview) for value in values):
        encoding = _encoding(values)
    text = as_text(values, encoding or None)
    if text.str.len().max() > LONGEST:
        text = text.str.slice(0, LONGEST)
    return SampledColumn(name, declared, text, encoding)


def _encoding(values: list[Any]) -> str:
    """UTF-8 where every text is, and some text is more than ASCII; else the code page of old Windows programs."""
    texts = [bytes(value) for value in values if isinstance(value, bytes | bytearray | memoryview)]
    if all(text.isascii() for text in texts):
        return "cp1252"
    try:
        for text in texts:
            text.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _declared(inspector: sa.Inspector, stored: StoredTable) -> dict[str, str]:
    try:
        columns = inspector.get_columns(stored.name, stored.schema or None)
    except SQLAlchemyError:
        return {}
    return {column["name"]: str(column["type"]) for column in columns}


def _keys(inspector: sa.Inspector, stored: StoredTable) -> tuple[tuple[str, ...], dict[str, tuple[str, str]]]:
    schema = stored.schema or None
    try:
        key = inspector.get_pk_constraint(stored.name, schema).get("constrained_columns") or ()
        foreign = list(_foreign(inspector.get_foreign_keys(stored.name, schema)))
    except SQLAlchemyError:
        return (), {}
    return tuple(key), dict(foreign)


def _foreign(declared: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    for each in declared:
        if len(each["constrained_columns"]) == 1 and len(each["referred_columns"]) == 1:
            yield each["constrained_columns"][0], (each["referred_table"], each["referred_columns"][0])
