"""Which columns a physical table has, and of which types: asked of the database before it is read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.places import name_parts, table_clause
from perio_pipeline.panda.stored_types import BYTES, UNREADABLE, StoredType

StoredColumns = dict[str, StoredType]
"""Types by the names of columns in lower case; servers differ in how they spell names."""


def stored_columns(connection: sa.Connection, name: str) -> StoredColumns:
    """Return the columns of a table; none where there is no such table, or where the login may not see it."""
    if connection.dialect.name == "mssql":
        return _of_server(connection, name_parts(name))
    target = table_clause(name)
    try:
        columns = sa.inspect(connection).get_columns(target.name, target.schema)
    except SQLAlchemyError:
        return {}
    return {column["name"].lower(): StoredType(column=column["name"]) for column in columns}


def stored_types(connection: sa.Connection, bound: BoundTable) -> StoredColumns:
    """Return the columns of a bound table; those of a joined one as `alias.column`."""
    types = stored_columns(connection, bound.table)
    for alias, join in bound.joins.items():
        found = stored_columns(connection, join.table)
        types |= {f"{alias.lower()}.{name}": kind for name, kind in found.items()}
    return types


def unfit(name: str, bound: BoundTable, stored: StoredColumns) -> list[str]:
    """Say everything about a table and its joins that does not fit its binding, and where that is bound.

    Args:
        name: of the canonical table.
        bound: its binding.
        stored: the columns that the database has, as `stored_types` gives them.
    """
    problems: list[str] = []
    encoded = {field.column for field in bound.columns.values() if field.encoding}
    aliases = {alias.lower() for alias in bound.joins}
    here = any(key.partition(".")[0] not in aliases for key in stored)
    for alias, table in {"": bound.table, **{alias: join.table for alias, join in bound.joins.items()}}.items():
        there = any(key.startswith(f"{alias.lower()}.") for key in stored) if alias else here
        if not there:
            place = bound.address(name, f"joins.{alias}" if alias else "")
            problems.append(f"there is no table {table} ({place}) that the login can see")
            continue
        for column, entry in bound.entries().items():
            if bound.alias_of(column) == alias:
                own_name = column.removeprefix(f"{alias}.")
                problem = _problem(table, own_name, stored.get(column.lower()), column in encoded)
                problems += [f"{problem} ({bound.address(name, entry)})"] if problem else []
    return problems


def columns_query(parts: tuple[str, ...]) -> sa.Select[*tuple[Any, ...]]:
    """Return the question for the columns of a table of SQL Server.

    INFORMATION_SCHEMA has the base of types that a database defines itself, and compatible servers have it.
    """
    database, schema, table = (None, None, *parts)[-3:]
    around = f"[{database}].[INFORMATION_SCHEMA]" if database else "INFORMATION_SCHEMA"
    view = sa.table(
        "COLUMNS",
        *(sa.column(each) for each in ("TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE")),
        sa.column("CHARACTER_MAXIMUM_LENGTH"),
        schema=around,
    )
    owner, spelled = view.c.TABLE_SCHEMA, view.c.TABLE_NAME
    # A name without a schema is looked for where the server looks: in the login's own schema, then in dbo.
    own: sa.ColumnElement[Any] = sa.func.SCHEMA_NAME()
    places: list[Any] = [schema] if schema else [own, "dbo"]
    rank = (
        sa.literal_column("0")
        if schema
        else sa.case((owner == own, sa.literal_column("0")), else_=sa.literal_column("1"))
    )
    return sa.select(rank.label("place"), view.c.COLUMN_NAME, view.c.DATA_TYPE, view.c.CHARACTER_MAXIMUM_LENGTH).where(
        spelled == _text(table), owner.in_([_text(place) for place in places])
    )


def _text(value: Any) -> Any:
    return sa.literal(value, sa.Unicode()) if isinstance(value, str) else value


def _of_server(connection: sa.Connection, parts: tuple[str, ...]) -> StoredColumns:
    rows = connection.execute(columns_query(parts)).all()
    first = min((row[0] for row in rows), default=None)
    return {
        str(name).lower(): StoredType(str(kind).lower(), length, str(name))
        for place, name, kind, length in rows
        if place == first
    }


def _problem(table: str, column: str, stored: StoredType | None, encoded: bool) -> str:
    """What is wrong with a column that is bound; empty where nothing is."""
    if stored is None:
        return f"table {table} has no column {column}"
    if stored.name in UNREADABLE:
        return f"column {column} of table {table} is of type {stored.name}, which has no text"
    if stored.name in BYTES and not encoded:
        return f"column {column} of table {table} is of type {stored.name}, whose bytes need an `encoding`"
    return ""
