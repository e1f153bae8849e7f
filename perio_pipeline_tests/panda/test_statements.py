"""P1: the T-SQL that reads every canonical table, going on behind a key, and what keeps it exact.

`python -m perio_pipeline_tests.panda.test_statements` writes the golden file anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from perio_pipeline.panda.arrow import compiled
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.decoding import as_text, physical_text
from perio_pipeline.panda.isolation import COMMITTED, SNAPSHOT, allowed_query
from perio_pipeline.panda.sample.schema import TABLES as PHYSICAL
from perio_pipeline.panda.statements import Key, Query, Reading, reading_of
from perio_pipeline.panda.stored_columns import columns_query, unfit
from perio_pipeline.panda.stored_types import StoredType
from perio_pipeline.panda.tables import TABLES
from perio_pipeline_tests.panda.bound import bindings, sample_types, small_table

GOLDEN = Path(__file__).with_name("golden") / "statements.sql"


def said(reading: Reading, after: Key | None = None) -> str:
    return " ".join(compiled(reading.rows(after))[0].split())


def key_of(reading: Reading) -> Key:
    return tuple(7 if reading.types[name.lower()].name == "int" else "K7" for name in reading.keys)


def statements() -> Iterator[str]:
    bound = bindings().tables
    for name, table in TABLES.items():
        reading = reading_of(table, bound[name], sample_types(bound[name]), None)
        behind, values = compiled(reading.rows(key_of(reading)))
        where = " ".join(behind.split()).partition(" WHERE ")[2].partition(" ORDER BY ")[0]
        yield f"-- {name}"
        yield said(reading) + ";"
        yield f"-- going on: WHERE {where}  -- {', '.join(map(str, values))}"
        yield " ".join(compiled(reading.look())[0].split()) + ";"
        yield ""


def test_every_canonical_table_is_read_with_the_statements_that_were_agreed_on() -> None:
    assert GOLDEN.read_text(encoding="utf-8").splitlines() == "\n".join(statements()).splitlines()


def test_no_statement_hints_or_writes() -> None:
    everything = "\n".join([*statements(), SNAPSHOT, COMMITTED, compiled(columns_query(("dbo", "x")))[0]]).upper()
    for word in ("NOLOCK", "UNCOMMITTED", "UPDATE ", "INSERT ", "DELETE ", "MERGE ", "EXEC ", " OFFSET ", " TOP "):
        assert word not in everything


def reading(key: tuple[str, ...] = ("a", "b"), **types: StoredType) -> Reading:
    names = ("a", "b", "c")
    bound = BoundTable(table="T", columns={name: name for name in names})
    return reading_of(small_table(*names, key=key), bound, types, None)


INT, CODE = StoredType("int"), StoredType("varchar", 8)
AS_CODE = "CAST([b] AS NVARCHAR(8)) COLLATE Latin1_General_BIN2"


@pytest.mark.parametrize(
    ("after", "where", "values"),
    [
        ((1, "x"), f"[a] > ? OR [a] = ? AND ({AS_CODE}) > ?", [1, 1, "x"]),
        ((1, None), f"[a] > ? OR [a] = ? AND ({AS_CODE}) IS NOT NULL", [1, 1]),
        ((None, "x"), f"[a] IS NOT NULL OR [a] IS NULL AND ({AS_CODE}) > ?", ["x"]),
        ((None, None), f"[a] IS NOT NULL OR [a] IS NULL AND ({AS_CODE}) IS NOT NULL", []),
    ],
)
def test_what_lies_behind_a_key_of_two_columns_is_written_out_and_null_is_first(
    after: Key, where: str, values: list[object]
) -> None:
    query = compiled(reading(a=INT, b=CODE).rows(after))
    assert f"WHERE {where} ORDER BY [a], {AS_CODE}" in " ".join(query[0].split())
    assert query[1] == values


@pytest.mark.parametrize(
    ("kind", "ordered"),
    [
        (StoredType("bigint"), "[a]"),
        (StoredType("decimal"), "[a]"),
        (StoredType("varbinary", 8), "[a]"),
        (StoredType("nvarchar", 20), "CAST([a] AS NVARCHAR(20)) COLLATE Latin1_General_BIN2"),
        (StoredType("varchar", 8000), "CAST([a] AS NVARCHAR(max)) COLLATE Latin1_General_BIN2"),
        (StoredType("nvarchar", -1), "CAST([a] AS NVARCHAR(max)) COLLATE Latin1_General_BIN2"),
        (StoredType("char", 5), "CAST(rtrim([a]) AS NVARCHAR(5)) COLLATE Latin1_General_BIN2"),
        (StoredType("uniqueidentifier"), "CAST(CONVERT(varchar(36), [a]) AS NVARCHAR(40)) COLLATE Latin1_General_BIN2"),
        (StoredType("datetime2"), "CAST(CONVERT(varchar(27), [a], 121) AS NVARCHAR(40)) COLLATE Latin1_General_BIN2"),
        (StoredType(), "[a]"),
    ],
)
def test_a_key_is_compared_by_what_was_read_of_it_never_by_a_collation(kind: StoredType, ordered: str) -> None:
    assert said(reading(("a",), a=kind)).endswith(f"ORDER BY {ordered}")
    assert f"WHERE {ordered if '(' not in ordered else f'({ordered})'} > ?" in said(reading(("a",), a=kind), (b"1",))


def test_a_column_named_like_what_is_selected_is_still_what_rows_are_ordered_by() -> None:
    # An alias in the select list would be taken for the column in ORDER BY.
    assert " AS [a]" not in said(reading(("a",), a=INT, b=StoredType("datetime2"), c=StoredType("xml")))


def test_only_some_columns_are_read_and_always_the_key() -> None:
    bound = bindings().tables["treatment_item"]
    found = reading_of(TABLES["treatment_item"], bound, sample_types(bound), ["plan_id", "description"])
    assert found.columns == ("PlanNo", "Descript", "ItemNo")
    assert found.keys == ("ItemNo",)


def test_a_look_sees_the_rowversion_or_the_last_change() -> None:
    bound = bindings().tables["patient"]
    with_version = compiled(reading_of(TABLES["patient"], bound, sample_types(bound), None).look())[0]
    assert "max(CONVERT(varchar(18), CONVERT(binary(8), [RowVer]), 1))" in with_version
    assert "max(CONVERT(varchar(27), [LastModified], 121))" in with_version
    assert "max([a])" not in compiled(reading(("a",), a=StoredType("bit")).look())[0]


JOINED = BoundTable.model_validate(
    {
        "table": "dbo.Person",
        "where": {"Kind": ["P", "Q"]},
        "joins": {
            "more": {"table": "Other.web.More", "on": {"No": "PersonNo"}, "optional": True},
            "state": {"table": "Words", "on": {"more.StateNo": "No"}, "where": {"List": "S", "Gone": ""}},
        },
        "version": ["RowVer", "more.RowVer"],
        "columns": {"a": "No", "b": "more.No", "c": "state.Word"},
    }
)
JOINED_TYPES = {
    "no": StoredType("int", None, "No"),
    "kind": StoredType("nvarchar", 1, "Kind"),
    "rowver": StoredType("timestamp", None, "RowVer"),
    "more.no": StoredType("datetime2", None, "No"),
    "more.rowver": StoredType("timestamp", None, "RowVer"),
    "state.gone": StoredType("bit", None, "Gone"),
    "state.word": StoredType("nvarchar", 9, "Word"),
}


def spaced(query: Query) -> str:
    return " ".join(compiled(query)[0].split())


def test_joined_tables_and_conditions_in_the_words_of_the_server() -> None:
    found = reading_of(small_table("a", "b", "c", key=("a",)), JOINED, JOINED_TYPES, None)
    source = (
        "FROM [dbo].[Person] AS this LEFT OUTER JOIN [Other].web.[More] AS more ON this.[No] = more.[PersonNo] "
        "LEFT OUTER JOIN [Words] AS state ON more.[StateNo] = state.[No] AND state.[List] = ? AND state.[Gone] IS NULL "
        "WHERE this.[Kind] = ? OR this.[Kind] = ?"
    )
    rows, values = compiled(found.rows((7,)))
    assert " ".join(rows.split()) == (
        "SELECT this.[No], CONVERT(varchar(27), more.[No], 121) AS [CONVERT_1], state.[Word], more.[StateNo], "
        f"state.[No] AS [No_1] {source[: source.index('WHERE') + 5]} (this.[Kind] = ? OR this.[Kind] = ?) "
        "AND this.[No] > ? ORDER BY this.[No]"
    )
    assert values == ["S", "P", "Q", 7]
    look = spaced(found.look())
    assert "max(CONVERT(varchar(18), CONVERT(binary(8), this.[RowVer]), 1))" in look
    assert "max(CONVERT(varchar(18), CONVERT(binary(8), more.[RowVer]), 1))" in look
    assert look.endswith(source)
    assert spaced(found.count()) == f"SELECT count(*) * 1 AS anon_1 {source}"
    assert spaced(found.doubled("state")) == (
        "SELECT count(*) AS count_1 FROM (SELECT state.[No] AS [No] FROM [Words] AS state WHERE state.[No] IS NOT NULL "
        "AND state.[List] = ? AND state.[Gone] IS NULL GROUP BY state.[No] HAVING count(*) > 1) AS several"
    )


def test_rows_that_are_there_are_counted_place_by_place_on_the_server() -> None:
    bound = BoundTable.model_validate(
        {
            "table": "T",
            "unpivot": [{"column": "b", "values": "1-2"}, {"column": "c", "values": "1-3"}],
            "rows_with": {"column": "T{b}", "null_when": ["-"]},
            "columns": {"a": "A"},
        }
    )
    types = {"t1": StoredType("nvarchar", 9, "T1"), "t2": StoredType("int", None, "T2")}
    count = spaced(reading_of(small_table("a", "b", "c", key=("a", "b", "c")), bound, types, None).count())
    assert count == (
        "SELECT sum(CASE WHEN ([T1] IS NULL OR rtrim([T1]) = '' OR CAST([T1] AS NVARCHAR(400)) IN (?)) "
        "THEN 0 ELSE 1 END) * ? "
        "+ sum(CASE WHEN ([T2] IS NULL OR CAST([T2] AS NVARCHAR(400)) IN (?)) THEN 0 ELSE 1 END) * ? AS anon_1 FROM [T]"
    )


def test_rows_of_no_kind_that_is_bound_are_counted_on_the_server() -> None:
    one, other = (
        Reading(BoundTable(table="P", columns={}, where={"Kind": kinds}), (), (), {}) for kinds in (("A",), ("B", ""))
    )
    assert spaced(one.unclaimed([other])) == (
        "SELECT sum(CASE WHEN ([Kind] = ? OR [Kind] = ? OR [Kind] IS NULL OR rtrim([Kind]) = '') THEN 0 ELSE 1 END) "
        "AS sum_1 FROM [P]"
    )


def test_columns_are_looked_for_where_the_server_would() -> None:
    own, values = compiled(columns_query(("Patient",)))
    assert "IN (SCHEMA_NAME(), ?)" in own
    assert values == ["Patient", "dbo"]
    there, values = compiled(columns_query(("Other", "web", "Patient")))
    assert "FROM [Other].[INFORMATION_SCHEMA].[COLUMNS]" in " ".join(there.split())
    assert values == ["Patient", "web"]


def test_snapshot_is_asked_of_every_database_that_is_read() -> None:
    assert compiled(allowed_query("dbo.Patient"))[1] == []
    assert compiled(allowed_query("Other.dbo.Patient"))[1] == ["Other"]


def test_columns_that_cannot_be_read_are_named() -> None:
    bound = BoundTable(
        table="dbo.T", columns={"a": "A", "b": "B", "c": {"column": "C", "encoding": "cp1252"}, "d": "D"}
    )  # type: ignore[dict-item]
    stored = {"a": StoredType("geography"), "b": StoredType("image"), "c": StoredType("image")}
    assert unfit("small", bound, stored) == [
        "column A of table dbo.T is of type geography, which has no text (tables.small.columns.a)",
        "column B of table dbo.T is of type image, whose bytes need an `encoding` (tables.small.columns.b)",
        "table dbo.T has no column D (tables.small.columns.d)",
    ]
    assert unfit("small", bound, {}) == ["there is no table dbo.T (tables.small) that the login can see"]


def test_every_kind_that_the_sample_has_is_read_from_every_table() -> None:
    declared = {kind for table in PHYSICAL.values() for _, kind in table.columns}
    assert declared == {"TEXT", "INTEGER", "NUMERIC", "DATETIME", "BLOB"}
    assert {column.kind for table in TABLES.values() for column in table.columns} == set(Kind)


@pytest.mark.parametrize(
    ("server", "text"),
    [
        ("2020-01-02 03:04:05.1234567", "2020-01-02 03:04:05.1234567"),
        ("2020-01-02 03:04:05.1234500", "2020-01-02 03:04:05.12345"),
        ("2020-01-02 03:04:05.0000000", "2020-01-02 03:04:05"),
        ("2020-01-02 03:04:00", "2020-01-02 03:04:00"),
        ("2020-01-02 03:04:05.000", "2020-01-02 03:04:05"),
        ("2020-01-20", "2020-01-20"),
        ("2020-01-02 03:04:05.5000000 +02:00", "2020-01-02 03:04:05.5 +02:00"),
        ("2020-01-02 03:04:05.0000000 +02:00", "2020-01-02 03:04:05 +02:00"),
        ("10:20:30.0500000", "10:20:30.05"),
        (None, None),
    ],
)
def test_a_time_keeps_its_seven_digits_and_no_zeros_behind_them(server: str | None, text: str | None) -> None:
    bound = BoundTable(table="T", columns={"a": "A"})
    for values in ([[server]], [pa.array([server], pa.string())]):
        found = physical_text(bound, ["A"], values, {"A"})["A"]
        assert found.tolist() == [text] if text else found.isna().all()


@pytest.mark.parametrize(
    ("value", "array", "text"),
    [
        (Decimal("120.5000"), pa.array([Decimal("120.5000")], pa.decimal128(19, 4)), "120.5"),
        (Decimal("0E-10"), pa.array([Decimal("0E-10")], pa.decimal128(19, 10)), "0"),
        (Decimal("100"), pa.array([Decimal("100")], pa.decimal128(9, 0)), "100"),
        (Decimal("-0.0100"), pa.array([Decimal("-0.0100")], pa.decimal128(19, 4)), "-0.01"),
        (Decimal("9" * 38), pa.array([Decimal("9" * 38)], pa.decimal128(38, 0)), "9" * 38),
        (True, pa.array([True]), "1"),
        (False, pa.array([False]), "0"),
        (2**62 + 1, pa.array([2**62 + 1]), str(2**62 + 1)),
        (255, pa.array([255], pa.uint8()), "255"),
        (0.1, pa.array([0.1]), "0.1"),
        (1e300, pa.array([1e300]), "1e+300"),
        ("\N{EURO SIGN}\N{GRINNING FACE}", pa.array(["\N{EURO SIGN}\N{GRINNING FACE}"], pa.large_string()), "€😀"),
        (b"\x80x", pa.array([b"\x80x"]), "€x"),
        (datetime(2020, 1, 2, 3, 4, 5, 120000), pa.array(["2020-01-02 03:04:05.12"]), "2020-01-02 03:04:05.12"),
    ],
)
def test_a_value_has_the_same_text_whichever_way_it_came(value: object, array: pa.Array, text: str) -> None:
    assert as_text([value], "cp1252").tolist() == as_text(array, "cp1252").tolist() == [text]
    absent = as_text([value, None], "cp1252")
    assert absent.isna().tolist() == [False, True]


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(statements()), encoding="utf-8")
