"""P1: tables are found whatever they are called, in other schemas and databases as well."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy.dialects import mssql

from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.places import column_clause, name_parts, table_clause, written_name
from perio_pipeline.panda.source import PandaSource
from perio_pipeline_tests.panda.bound import bindings, small_table


@pytest.mark.parametrize(
    ("written", "parts", "in_sql_server"),
    [
        ("Patient", ("Patient",), "[Patient]"),
        ("dbo.Patient", ("dbo", "Patient"), "[dbo].[Patient]"),
        ("dbo.Perio Exam", ("dbo", "Perio Exam"), "[dbo].[Perio Exam]"),
        ("order", ("order",), "[order]"),
        ("[a.b]", ("a.b",), "[a.b]"),
        ("[a.b].[c.d]", ("a.b", "c.d"), "[a.b].[c.d]"),
        ("web.[it]]s]", ("web", "it]s"), "[web].[it]]s]"),
        ('"two ""words"""', ('two "words"',), '[two "words"]'),
        ("O'Neil", ("O'Neil",), "[O'Neil]"),
        ("Perio.dbo.Exam", ("Perio", "dbo", "Exam"), "[Perio].dbo.[Exam]"),
        ("[Perio 2.0].[my own].[select]", ("Perio 2.0", "my own", "select"), "[Perio 2.0].[my own].[select]"),
    ],
)
def test_a_name_is_split_at_its_dots_and_quoted(written: str, parts: tuple[str, ...], in_sql_server: str) -> None:
    assert name_parts(written) == parts
    said = str(sa.select(sa.func.count()).select_from(table_clause(written)).compile(dialect=mssql.dialect()))
    assert said.endswith(f"FROM {in_sql_server}")


@pytest.mark.parametrize("written", ["", ".", "a.", ".a", "[a", "[a]b", '"a', "a.b.c.d", "[a]]b].c.d", "a..b"])
def test_what_is_no_name_is_refused_where_it_is_bound(written: str) -> None:
    with pytest.raises(ValidationError):
        BoundTable(table=written, columns={})


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), min_size=1), min_size=1, max_size=2))
def test_any_name_can_be_written(parts: list[str]) -> None:
    assert name_parts(".".join(map(written_name, parts))) == tuple(parts)
    assert name_parts(".".join("[" + part.replace("]", "]]") + "]" for part in parts)) == tuple(parts)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), min_size=1))
def test_no_name_can_leave_its_brackets(name: str) -> None:
    said = str(sa.select(column_clause(name)).compile(dialect=mssql.dialect(paramstyle="qmark")))
    assert said == "SELECT [" + name.replace("]", "]]") + "]"


@pytest.mark.parametrize(
    ("table", "column"),
    [("Perio Exam", "Exam No"), ("order", "group"), ("a.b", "c.d"), ('it"s', "o'clock"), ("x]y", "[")],
)
def test_odd_names_are_read_from_sqlite(tmp_path: Path, table: str, column: str) -> None:
    path = tmp_path / "odd.db"

    def quoted(name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"create table {quoted(table)} ({quoted(column)} text)")
        connection.executemany(f"insert into {quoted(table)} values (?)", [("b",), ("a",)])
    bound = BoundTable(table="main.[" + table.replace("]", "]]") + "]", columns={"id": column})
    made = bindings().model_copy(update={"tables": {"small": bound}})
    source = PandaSource(f"sqlite:///{path}", made, "panda.yaml")
    shape = small_table("id", key=("id",))
    source.check([shape])
    assert source.count(shape) == 2
    (frame,) = source.chunks(shape)
    assert frame["id"].tolist() == ["a", "b"]
