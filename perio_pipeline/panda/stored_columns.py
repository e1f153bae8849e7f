"""Which columns a physical table has, and of which types: asked of the database before it is read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from perio_pipeline.panda.bindings import BoundTable
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


def unfit(name: str, bound: BoundTable, stored: StoredColumns) -> list[str]:
    """Say everything about a table that does not fit its binding, and where that is bound.

    Args:
        name: of the canonical table.
        bound: its binding.
        stored: the columns that the database has.
    """
    if not stored:
        return [f"there is no table {bound.table} (tables.{name}) that the login can see"]
    missing = [
        f"table {bound.table} has no column {column} (tables.{name}.columns)"
        for column in bound.physical_columns()
        if column.lower() not in stored
    ]
    encoded = {field.column for field in bound.columns.values() if field.encoding}
    strange = [
        f"column {column} of table {bound.table} is of type {kind}, {why} (tables.{name}.columns)"
        for column in bound.physical_columns()
        for kind in [stored.get(column.lower(), StoredType()).name]
        for why in [_why_not(kind, column in encoded)]
        if why
    ]
    return missing + strange


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


def _why_not(kind: str, encoded: bool) -> str:
    if kind in UNREADABLE:
        return "which has no text"
    return "whose bytes need an `encoding`" if kind in BYTES and not encoded else ""
