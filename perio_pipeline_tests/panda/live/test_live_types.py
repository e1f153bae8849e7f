"""P1 on a server: every type of SQL Server arrives as the same text, as rows and as Arrow."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from perio_pipeline.panda.bound import BoundTable
from perio_pipeline_tests.panda.bound import small_table
from perio_pipeline_tests.panda.live.room import Room

SHAPE = small_table("id", "value", key=("id",))
LONG = "\N{GREEK CAPITAL LETTER OMEGA}\N{GRINNING FACE}" * 6000

EXACT = [
    ("bigint", "9223372036854775807", "9223372036854775807"),
    ("int", "-5", "-5"),
    ("tinyint", "255", "255"),
    ("bit", "1", "1"),
    ("bit", "0", "0"),
    ("decimal(38, 10)", "1234567890123456789012345678.0123456789", "1234567890123456789012345678.0123456789"),
    ("decimal(19, 4)", "120.5000", "120.5"),
    ("numeric(9, 0)", "100", "100"),
    ("money", "-922337203685477.5808", "-922337203685477.5808"),
    ("smallmoney", "0.1", "0.1"),
    ("float", "0.1", "0.1"),
    ("real", "0.5", "0.5"),
    ("char(10)", "'A b'", "A b"),
    ("nchar(10)", "N'\N{EURO SIGN}'", "\N{EURO SIGN}"),
    ("varchar(20)", "'a  '", "a  "),
    (
        "varchar(50) COLLATE SQL_Latin1_General_CP1_CI_AS",
        "N'patient\N{RIGHT SINGLE QUOTATION MARK}s \N{EURO SIGN}'",
        "patient\N{RIGHT SINGLE QUOTATION MARK}s \N{EURO SIGN}",
    ),
    ("nvarchar(50)", "N'\N{GREEK CAPITAL LETTER OMEGA}\N{GRINNING FACE}'", LONG[:2]),
    ("nvarchar(max)", f"N'{LONG}'", LONG),
    ("text", "'old text'", "old text"),
    ("ntext", "N'old \N{GREEK CAPITAL LETTER OMEGA}'", "old \N{GREEK CAPITAL LETTER OMEGA}"),
    ("xml", "'<a>1</a>'", "<a>1</a>"),
    ("varbinary(max)", "0x80FF", "\N{EURO SIGN}\N{LATIN SMALL LETTER Y WITH DIAERESIS}"),
    ("binary(2)", "0x4142", "AB"),
    ("image", "0x4142", "AB"),
    ("uniqueidentifier", "'6f9619ff-8b86-d011-b42d-00c04fc964ff'", "6F9619FF-8B86-D011-B42D-00C04FC964FF"),
    ("hierarchyid", "'/1/2/'", "/1/2/"),
    ("sql_variant", "CAST(N'x' AS nvarchar(5))", "x"),
    ("sql_variant", "CAST(7 AS int)", "7"),
    ("nvarchar(10)", "N''", None),
]

MOMENTS = [
    ("date", "2026-03-18", "2026-03-18"),
    ("time(7)", "14:05:00.1234567", "14:05:00.1234567"),
    ("time(0)", "14:05:00", "14:05:00"),
    ("datetime", "2026-03-18T14:05:00.123", "2026-03-18 14:05:00.123"),
    ("datetime", "2026-03-18T00:00:00", "2026-03-18 00:00:00"),
    ("smalldatetime", "2026-03-18T14:05:00", "2026-03-18 14:05:00"),
    ("datetime2(0)", "2026-03-18T14:05:09", "2026-03-18 14:05:09"),
    ("datetime2(7)", "2026-03-18T14:05:00.1234567", "2026-03-18 14:05:00.1234567"),
    ("datetime2(7)", "9999-12-31T23:59:59.9999999", "9999-12-31 23:59:59.9999999"),
    ("datetime2(7)", "0001-01-01T00:00:00", "0001-01-01 00:00:00"),
    ("datetimeoffset(7)", "2026-03-18T14:05:00.5000000+01:00", "2026-03-18 14:05:00.5 +01:00"),
    ("datetimeoffset(0)", "2026-03-18T14:05:00-05:00", "2026-03-18 14:05:00 -05:00"),
    ("sql_variant", "CAST('2026-03-18T14:05:00.1234567' AS datetime2(7))", "2026-03-18 14:05:00.1234567"),
]


def stored(room: Room, kind: str, value: str) -> None:
    try:
        room.run(
            f"CREATE TABLE {room.schema}.Kinds (Id int NOT NULL PRIMARY KEY, Value {kind} NULL)",
            f"INSERT INTO {room.schema}.Kinds VALUES (1, {value})",
            f"INSERT INTO {room.schema}.Kinds VALUES (2, NULL)",
        )
    except DBAPIError:
        pytest.skip(f"the server has no {kind}, or holds no such value in it")


def read(room: Room) -> list[Any]:
    bound = BoundTable(
        table=f"{room.schema}.Kinds",
        columns={"id": "Id", "value": {"column": "Value", "encoding": "cp1252"}},  # type: ignore[dict-item]
    )
    source = room.source(SHAPE, bound)
    source.check([SHAPE])
    (frame,) = source.extract(SHAPE)
    assert frame["id"].tolist() == ["1", "2"]
    assert frame["value"].isna().iloc[1]
    value = frame["value"].iloc[0]
    return [None if value != value else value]


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(("kind", "value", "text"), EXACT)
def test_a_value_arrives_as_it_is(room: Room, kind: str, value: str, text: str | None) -> None:
    stored(room, kind, value)
    assert read(room) == [text]


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize(("kind", "value", "text"), MOMENTS)
def test_a_time_keeps_what_the_server_keeps(room: Room, kind: str, value: str, text: str) -> None:
    stored(room, kind, value if value.startswith("CAST") else f"'{value}'")
    kept = str(room.ask(f"SELECT CONVERT(varchar(40), Value, 121) FROM {room.schema}.Kinds WHERE Id = 1"))
    if len(text.partition(".")[2].partition(" ")[0]) == 7 and text not in kept:
        pytest.skip("the server does not keep the seventh digit")
    assert read(room) == [text]


@pytest.mark.usefixtures("reader")
def test_a_float_in_a_variant_keeps_its_digits(room: Room) -> None:
    stored(room, "sql_variant", "CAST(0.1 AS float)")
    (text,) = read(room)
    assert float(text) == 0.1


@pytest.mark.usefixtures("reader")
def test_a_rowversion_is_told_in_hexadecimal(room: Room) -> None:
    try:
        room.run(
            f"CREATE TABLE {room.schema}.Kinds (Id int NOT NULL PRIMARY KEY, Value rowversion)",
            f"INSERT INTO {room.schema}.Kinds (Id) VALUES (1)",
        )
    except DBAPIError:
        pytest.skip("the server has no rowversion")
    bound = BoundTable(table=f"{room.schema}.Kinds", columns={"id": "Id", "value": "Value"}, version="Value")
    source = room.source(SHAPE, bound)
    (frame,) = source.extract(SHAPE)
    assert re.fullmatch("0x[0-9A-F]{16}", frame["value"].iloc[0])
    (versions,) = source.versions(SHAPE)
    assert versions["version"].tolist() == frame["value"].tolist()


def test_a_type_without_a_text_is_named(room: Room) -> None:
    try:
        room.run(f"CREATE TABLE {room.schema}.Kinds (Id int NOT NULL PRIMARY KEY, Value geography NULL)")
    except DBAPIError:
        pytest.skip("the server has no geography")
    bound = BoundTable(table=f"{room.schema}.Kinds", columns={"id": "Id", "value": "Value"})
    (problem,) = room.source(SHAPE, bound).problems([SHAPE])
    assert "column Value" in problem
    assert "geography, which has no text" in problem
