"""What a PANDA database holds, learned before it is read: tables, rows, sizes, dates and rights (P1, G1, G2).

An inventory holds names, counts and dates of records; no patient's value. The database's own catalogue says most of
it; `catalogue.py` asks it, in the words of each kind of database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Kind, Table
from perio_pipeline.panda.catalogue import Catalogue, Login, Server, StoredTable, catalogue_of
from perio_pipeline.panda.places import column_clause, name_parts, table_clause
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES

CREATED = "created_at"
BIRTH = "birth_date"
"""A date of a person, not of a record: the inventory does not look at it."""

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class TableFacts:
    """A physical table.

    Attributes:
        stored: its name, columns, rows and bytes, as the database's catalogue has them.
        canonical: the canonical tables that are bound to it.
        unread: column that no binding reads → rows that have a value there; empty for a table that none is bound to.
    """

    stored: StoredTable
    canonical: tuple[str, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Period:
    """When the rows of a canonical table are from.

    Attributes:
        table: the canonical table.
        column: its date that the first and the last day are of.
        first, last: None where no row has a date.
        rows: source rows.
        recent: those of them that were made in the twelve months before the inventory.
    """

    table: str
    column: str
    first: date | None
    last: date | None
    rows: int
    recent: int


@dataclass(frozen=True)
class Inventory:
    """A whole database."""

    server: Server
    login: Login
    tables: tuple[TableFacts, ...]
    periods: tuple[Period, ...]

    @property
    def bound(self) -> list[TableFacts]:
        """The tables that canonical tables are read from."""
        return [table for table in self.tables if table.canonical]

    @property
    def unbound(self) -> list[TableFacts]:
        """The tables that nothing is read from."""
        return [table for table in self.tables if not table.canonical]

    @property
    def yearly_growth(self) -> int:
        """Bytes the data grows by in a year, if it goes on as in the last one; 0 where no rows are dated."""
        rows = sum(period.rows for period in self.periods)
        recent = sum(period.recent for period in self.periods)
        return round(self.server.used_bytes * recent / rows) if rows else 0

    @property
    def years(self) -> tuple[int, int] | None:
        """The first and the last year of any dated record; None where nothing is dated."""
        days = [day for period in self.periods for day in (period.first, period.last) if day]
        return (min(days).year, max(days).year) if days else None


def take_inventory(source: PandaSource, today: date) -> Inventory:
    """Look at everything once: one question per fact to the catalogue, and one or two counts per bound table.

    Raises:
        SourceError: the database cannot be reached, or is of a kind that cannot be read.
    """
    with source.connect() as connection:
        catalogue = catalogue_of(connection)
        server, login = catalogue.server(), catalogue.login()
        stored = {_folded(table.schema, table.name): table for table in catalogue.tables()}
        reader = _Reader(connection, catalogue, server.schema, source.bindings)
        facts = tuple(reader.facts(table) for table in stored.values())
        present = {name for fact in facts for name in fact.canonical}
        periods = [reader.period(table, today) for name, table in TABLES.items() if name in present]
    return Inventory(server, login, facts, tuple(period for period in periods if period))


class _Reader:
    """Counts what the catalogue does not know."""

    def __init__(self, connection: sa.Connection, catalogue: Catalogue, schema: str, bindings: Bindings) -> None:
        self.connection, self.catalogue, self.schema, self.bindings = connection, catalogue, schema, bindings

    def facts(self, stored: StoredTable) -> TableFacts:
        here = _folded(stored.schema, stored.name)
        bound, read = [], set()
        for name, table in self.bindings.tables.items():
            aliases = {"": table.table, **{alias: join.table for alias, join in table.joins.items()}}
            mine = {alias for alias, place in aliases.items() if self._place(place) == here}
            bound += [name] if mine else []
            read |= {
                column.removeprefix(f"{alias}.").lower()
                for column in table.entries()
                for alias in [table.alias_of(column)]
                if alias in mine
            }
        if not bound:
            return TableFacts(stored)
        unread = [column for column in stored.columns if column.lower() not in read]
        return TableFacts(stored, tuple(bound), self._filled(stored, unread))

    def period(self, table: Table, today: date) -> Period | None:
        """The dates of a table's rows; None where the database does not have the columns or none is bound."""
        bound = self.bindings.tables.get(table.name)
        if bound is None:
            return None
        own = next((c.name for c in table.columns if _is_date(c.kind) and c.required and c.name != BIRTH), CREATED)
        dated = [name for name in (own, CREATED) if name in bound.columns and _is_comparable(bound, name)]
        if not dated:
            return None
        shown: sa.ColumnClause[Any] = column_clause(str(bound.columns[dated[0]].column))
        made: sa.ColumnClause[Any] = column_clause(str(bound.columns[dated[-1]].column))
        recent = sa.case((made >= self.catalogue.moment(today - YEAR), 1), else_=0)
        query = sa.select(sa.func.min(shown), sa.func.max(shown), sa.func.count(), sa.func.sum(recent))
        first, last, rows, newer = self._one(query.select_from(table_clause(bound.table)))
        return Period(table.name, dated[0], _day(first), _day(last), int(rows), int(newer or 0))

    def _filled(self, stored: StoredTable, columns: Sequence[str]) -> dict[str, int]:
        if not columns:
            return {}
        # COUNT refuses the old text and image types; a CASE takes them all.
        counts = [sa.func.sum(sa.case((sa.column(name).is_(None), 0), else_=1)) for name in columns]
        row = self._one(sa.select(*counts).select_from(sa.table(stored.name, schema=stored.schema or None)))
        return {name: int(count or 0) for name, count in zip(columns, row, strict=True)}

    def _place(self, table: str) -> tuple[str, str]:
        *around, name = name_parts(table)
        return _folded(around[-1] if around else self.schema, name)

    def _one(self, query: sa.Select[*tuple[Any, ...]]) -> Sequence[Any]:
        return self.connection.execute(query).one()


def _folded(schema: str, name: str) -> tuple[str, str]:
    return schema.lower(), name.lower()


def _is_date(kind: Kind) -> bool:
    return kind in (Kind.DATE, Kind.DATETIME)


def _is_comparable(bound: BoundTable, name: str) -> bool:
    """Whether a field is a column of the table itself that holds its dates as such."""
    field = bound.columns[name]
    return field.column is not None and not (field.transforms or bound.alias_of(field.column))


def _day(value: Any) -> date | None:
    """The day of a database's date, date-time or ISO text; None for what is no date."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
