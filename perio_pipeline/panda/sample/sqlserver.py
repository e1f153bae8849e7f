"""Copies a sample practice to a SQL Server, into a schema of its own, with the types a real database would have.

A column gets a type of its own (bit, decimal, datetime2) where every value of the sample fits it exactly; a column with
a planted problem, such as a date that is none, stays text, as it would be in a database that holds such a thing.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql as _mssql
from sqlalchemy.exc import DBAPIError

from perio_pipeline.panda.drivers import sqlserver_engine
from perio_pipeline.panda.sample.schema import TABLES, PhysicalTable

mssql: Any = _mssql  # its types are not annotated

ROWVERSION = "RowVer"
"""A column of every copied table that the server changes with each row."""

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_FLAGS = ("Is", "NoContact", "Diabetes")
_LARGEST = 2**31
_BATCH = 1000


@dataclass(frozen=True)
class _Typed:
    """A type of the server, and how a value of SQLite becomes one of it."""

    kind: Any
    convert: Callable[[Any], Any]


def copy_to(sample: Path, url: str, schema: str) -> None:
    """Make the schema and write the sample's tables into it.

    Args:
        sample: the SQLite file that `generate` wrote.
        url: an mssql+pyodbc URL whose login may create a schema and tables in it.
        schema: its name; it must not be there yet.
    """
    with closing(sqlite3.connect(f"file:{sample.resolve()}?mode=ro", uri=True)) as source, _writing(url) as engine:
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(schema))
        for physical in TABLES.values():
            columns: list[Any] = [sa.column(name) for name in physical.column_names]
            query = sa.select(*columns).select_from(sa.table(physical.name))
            _copy_table(engine, physical, source.execute(str(query)).fetchall(), schema)


def drop_copy(url: str, schema: str) -> None:
    """Remove a copy and its schema, or what an interrupted copy left of them."""
    with _writing(url) as engine, engine.begin() as connection:
        for name in TABLES:
            table = sa.Table(name, sa.MetaData(), schema=schema)
            connection.execute(sa.schema.DropTable(table, if_exists=True))
        connection.execute(sa.schema.DropSchema(schema, if_exists=True))


def typed_table(
    physical: PhysicalTable, rows: Sequence[Sequence[Any]], schema: str, *, versioned: bool = True
) -> tuple[sa.Table, list[dict[str, Any]]]:
    """Return a table of SQL Server that holds some rows of the sample, and the rows in its types."""
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(physical.columns)
    types = [
        _typed(name, declared, [cell for cell in column if cell is not None], indexed=name in _indexed(physical))
        for (name, declared), column in zip(physical.columns, cells, strict=True)
    ]
    columns = [
        sa.Column(name, each.kind, primary_key=name in physical.key, autoincrement=False)
        for name, each in zip(physical.column_names, types, strict=True)
    ]
    if versioned:
        columns.append(sa.Column(ROWVERSION, mssql.ROWVERSION()))
    table = sa.Table(physical.name, sa.MetaData(), *columns, schema=schema)
    for name in physical.indexes:
        sa.Index(f"IX_{physical.name}_{name}", table.c[name])
    return table, [
        {
            name: None if cell is None else each.convert(cell)
            for name, each, cell in zip(physical.column_names, types, row, strict=True)
        }
        for row in rows
    ]


def _copy_table(engine: sa.Engine, physical: PhysicalTable, rows: Sequence[Sequence[Any]], schema: str) -> None:
    table, values = typed_table(physical, rows, schema)
    try:
        with engine.begin() as connection:
            table.create(connection, checkfirst=False)
    except DBAPIError:  # a compatible server may have no rowversion
        table, values = typed_table(physical, rows, schema, versioned=False)
        with engine.begin() as connection:
            table.create(connection, checkfirst=False)
    with engine.begin() as connection:
        for start in range(0, len(values), _BATCH):
            connection.execute(table.insert(), values[start : start + _BATCH])


@contextmanager
def _writing(url: str) -> Iterator[sa.Engine]:
    given = sa.make_url(url)
    other = [name for name in given.query if name.lower() == "applicationintent"]
    engine = sqlserver_engine(
        given.difference_update_query(other).update_query_dict({"ApplicationIntent": "ReadWrite"})
    )
    try:
        yield engine
    finally:
        engine.dispose()


def _indexed(physical: PhysicalTable) -> set[str]:
    return {*physical.key, *physical.indexes}


def _typed(name: str, declared: str, cells: Sequence[Any], *, indexed: bool) -> _Typed:
    """The narrowest type that holds every value as it is."""
    if declared == "DATETIME" and all(_is_moment(cell) for cell in cells):
        return _Typed(mssql.DATETIME2(7), datetime.fromisoformat)
    if declared == "NUMERIC" and all(_is_decimal(cell) for cell in cells):
        return _Typed(sa.Numeric(19, 4), lambda cell: Decimal(str(cell)))
    if declared == "INTEGER" and all(type(cell) is int and abs(cell) < _LARGEST for cell in cells):
        if name.startswith(_FLAGS) and set(cells) <= {0, 1}:
            return _Typed(mssql.BIT(), bool)
        return _Typed(sa.Integer(), int)
    if declared == "BLOB":
        return _Typed(mssql.VARBINARY("max"), lambda cell: cell.encode("cp1252") if isinstance(cell, str) else cell)
    longest = max((len(str(cell)) for cell in cells), default=0)
    return _Typed(mssql.NVARCHAR(60 if indexed else 400 if longest <= 400 else "max"), str)


def _is_moment(cell: object) -> bool:
    if not isinstance(cell, str) or not _MOMENT.fullmatch(cell):
        return False
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _is_decimal(cell: object) -> bool:
    number = Decimal(str(cell)) if isinstance(cell, int | float) else None
    return number is not None and abs(number) < 10**15 and number == round(number, 4)
