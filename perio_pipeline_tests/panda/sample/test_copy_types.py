"""The sample's tables as a SQL Server would have them: types of their own, where every value fits."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.panda.sample.schema import TABLES, PhysicalTable
from perio_pipeline.panda.sample.sqlserver import typed_table

THINGS = PhysicalTable(
    "Things",
    (
        ("No", "INTEGER"),
        ("IsOpen", "INTEGER"),
        ("Fee", "NUMERIC"),
        ("Made", "DATETIME"),
        ("Body", "BLOB"),
        ("Name", "TEXT"),
    ),
    key=("No",),
    indexes=("Name",),
)


def ddl(table: sa.Table) -> str:
    return " ".join(str(sa.schema.CreateTable(table).compile(dialect=mssql.dialect())).split())


def test_a_column_has_the_type_that_all_its_values_fit() -> None:
    rows = [(1, 1, 5.7, "2026-03-18 14:05:00", b"\x80", "a"), (2, 0, 120, None, "x", None)]
    table, values = typed_table(THINGS, rows, "mine")
    assert ddl(table) == (
        "CREATE TABLE mine.[Things] ( [No] INTEGER NOT NULL, [IsOpen] BIT NULL, [Fee] NUMERIC(19, 4) NULL, "
        "[Made] DATETIME2(7) NULL, [Body] VARBINARY(max) NULL, [Name] NVARCHAR(60) NULL, [RowVer] ROWVERSION NULL, "
        "PRIMARY KEY ([No]) )"
    )
    assert [index.name for index in table.indexes] == ["IX_Things_Name"]
    assert values == [
        {
            "No": 1,
            "IsOpen": True,
            "Fee": Decimal("5.7"),
            "Made": datetime(2026, 3, 18, 14, 5),
            "Body": b"\x80",
            "Name": "a",
        },
        {"No": 2, "IsOpen": False, "Fee": Decimal(120), "Made": None, "Body": b"x", "Name": None},
    ]


@pytest.mark.parametrize(
    ("place", "value"), [(1, 7), (2, 0.12345), (2, "n/a"), (3, "2026-02-30 00:00:00"), (3, "soon"), (0, 2**40)]
)
def test_one_value_that_does_not_fit_keeps_its_column_as_it_is(place: int, value: object) -> None:
    row: list[object] = [1, 1, 5.7, "2026-03-18 14:05:00", b"x", "a"]
    row[place] = value
    table, values = typed_table(THINGS, [row], "mine", versioned=False)
    name = THINGS.column_names[place]
    assert str(values[0][name]) == str(value)
    assert not isinstance(table.c[name].type, mssql.BIT | mssql.DATETIME2 | sa.Numeric)
    assert "RowVer" not in table.c


def test_every_table_of_the_sample_fits_its_types_and_its_keys(tmp_path: Path) -> None:
    generate(tmp_path / "harbor.db", patients=30)
    kinds: set[str] = set()
    with closing(sqlite3.connect(tmp_path / "harbor.db")) as connection:
        for physical in TABLES.values():
            rows = connection.execute(f"select * from {physical.name}").fetchall()
            table, values = typed_table(physical, rows, "mine")
            assert len(values) == len(rows)
            kinds |= {type(column.type).__name__ for column in table.columns}
            keys = [tuple(str(row[name]).casefold().rstrip() for name in physical.key) for row in values]
            assert not physical.key or len(set(keys)) == len(keys), "a key would repeat under a server's collation"
    assert {"BIT", "DATETIME2", "Numeric", "Integer", "NVARCHAR", "VARBINARY", "ROWVERSION"} <= kinds
