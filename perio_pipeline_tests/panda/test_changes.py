"""P7: new, changed and deleted records are found by key, however late they were committed or wrongly stamped."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.changes import (
    Guard,
    TableChanges,
    affected_tables,
    compare,
    merged,
    take_census,
)
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import INSURANCE_COVERAGE, PERIO_EXAM, PERIO_TOOTH, PROVIDER, TABLES
from perio_pipeline_tests.panda.test_source import database, source

Execute = Callable[[str], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "panda.db"
    stamps = "DateEntered text, LastModified text"
    database(
        path,
        "create table Provider (ProvNo text, FirstName text, LastName text, ProvType text, NPI text, Email text, "
        f"Phone text, IsHidden integer, {stamps})",
        "create table InsCoverage (PolicyNo integer, CovClass text, CovPercent integer)",
        "create table PerioTooth (ExamNo integer, ToothNo integer, ToothStat text, Mobility text, FurcB integer, "
        "FurcL integer, FurcM integer, FurcD integer)",
        "insert into Provider (ProvNo, LastName, LastModified) values ('P1', 'South', '2026-01-01 10:00:00')",
        "insert into Provider (ProvNo, LastName, LastModified) values ('P2', 'North', '2026-01-01 11:00:00')",
        "insert into InsCoverage values (1, 'preventive', 80), (1, 'basic', 50)",
        "insert into PerioTooth values (7, 1, 'P', null, 0, 0, 0, 0), (7, 2, 'P', null, 0, 0, 0, 0)",
        "insert into PerioTooth values (8, 1, 'P', null, 0, 0, 0, 0)",
    )
    return path


@pytest.fixture
def panda(path: Path) -> PandaSource:
    return source(f"sqlite:///{path}")


@pytest.fixture
def execute(path: Path) -> Execute:
    def run(statement: str) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(statement)

    return run


def look(panda: PandaSource, name: str, *, whole: bool = False) -> pd.DataFrame:
    census = take_census(panda, TABLES[name], whole=whole)
    assert census is not None
    return census


@pytest.mark.parametrize("whole", [True, False])
def test_p7_new_changed_and_deleted_rows_are_told_apart(panda: PandaSource, execute: Execute, whole: bool) -> None:
    before = look(panda, "provider", whole=True)
    execute("insert into Provider (ProvNo, LastName) values ('P3', 'West')")
    execute("update Provider set LastName = 'Southern', LastModified = '2026-01-02' where ProvNo = 'P1'")
    execute("delete from Provider where ProvNo = 'P2'")
    found = compare(before, look(panda, "provider", whole=whole))
    assert found == TableChanges(frozenset({"P3"}), frozenset({"P1"}), frozenset({"P2"}))


def test_p7_a_stamp_from_a_skewed_clock_or_a_late_commit_is_another_version_too(
    panda: PandaSource, execute: Execute
) -> None:
    before = look(panda, "provider")
    execute("update Provider set LastName = 'S', LastModified = '1999-01-01' where ProvNo = 'P1'")
    execute("insert into Provider (ProvNo, LastModified) values ('P0', '2001-01-01')")
    found = compare(before, look(panda, "provider"))
    assert (found.changed, found.new) == ({"P1"}, {"P0"})


def test_a_write_past_the_stamp_is_found_by_the_next_whole_sweep(panda: PandaSource, execute: Execute) -> None:
    before = look(panda, "provider", whole=True)
    execute("update Provider set LastName = 'Southern' where ProvNo = 'P1'")
    light = look(panda, "provider")
    assert not len(compare(before, light))
    kept = merged(before, light)
    assert compare(kept, look(panda, "provider", whole=True)).changed == {"P1"}


def test_a_light_look_reads_keys_and_versions_alone(panda: PandaSource) -> None:
    (frame,) = panda.versions(PROVIDER)
    assert frame.columns.tolist() == ["provider_id", "version"]


def test_a_table_without_versions_is_told_by_its_rows_content(panda: PandaSource, execute: Execute) -> None:
    before = look(panda, INSURANCE_COVERAGE.name)
    execute("update InsCoverage set CovPercent = 60 where CovClass = 'basic'")
    found = compare(before, look(panda, INSURANCE_COVERAGE.name))
    assert found == TableChanges(changed=frozenset({"1|basic"}))


def test_charts_are_counted_by_exam_and_only_in_a_whole_sweep(panda: PandaSource, execute: Execute) -> None:
    before = look(panda, PERIO_TOOTH.name, whole=True)
    assert before["key"].tolist() == ["7", "8"]
    execute("update PerioTooth set Mobility = '2' where ExamNo = 7 and ToothNo = 2")
    assert take_census(panda, PERIO_TOOTH, whole=False) is None
    assert compare(before, look(panda, PERIO_TOOTH.name, whole=True)) == TableChanges(changed=frozenset({"7"}))


def test_a_changed_exam_has_its_chart_read_again() -> None:
    changes = {PERIO_EXAM.name: TableChanges(changed=frozenset({"7"})), PROVIDER.name: TableChanges()}
    assert affected_tables(changes) == ["perio_exam", "perio_site", "perio_tooth"]
    assert affected_tables({PROVIDER.name: TableChanges()}) == []


def test_a_rowversion_column_serves_where_the_bindings_name_one(panda: PandaSource, execute: Execute) -> None:
    bound = panda.bindings.tables["insurance_coverage"].model_copy(update={"version": ("CovPercent",)})
    tables = {**panda.bindings.tables, "insurance_coverage": bound}
    versioned = PandaSource(str(panda.url), Bindings(source="test", tables=tables), "panda.yaml")
    assert versioned.has_versions(INSURANCE_COVERAGE)
    before = look(versioned, "insurance_coverage")
    execute("update InsCoverage set CovPercent = 60 where CovClass = 'basic'")
    assert len(compare(before, look(versioned, "insurance_coverage")).changed) == 1


def test_p7_an_empty_or_suddenly_tiny_table_is_no_mass_deletion() -> None:
    guard = Guard(share=0.2, few=20)
    gone = TableChanges(deleted=frozenset(map(str, range(21))))
    with pytest.raises(SourceError, match="21 of 100 records of table patient are gone at once"):
        guard.check("patient", gone, 100)
    guard.check("patient", gone, 200)
    guard.check("patient", TableChanges(deleted=frozenset(map(str, range(20)))), 20)
    Guard(trusted=frozenset({"patient"})).check("patient", gone, 21)


ROWS = st.dictionaries(st.text("ab1|", min_size=1, max_size=3), st.integers(1, 3), max_size=6)


@given(before=ROWS, now=ROWS)
def test_the_comparison_has_every_key_once(before: dict[str, int], now: dict[str, int]) -> None:
    def census(rows: dict[str, int]) -> pd.DataFrame:
        columns = {"key": list(rows), "version": list(rows.values()), "content": [0] * len(rows)}
        return pd.DataFrame(columns).astype({"key": "str", "version": "uint64", "content": "uint64"})

    found = compare(census(before), census(now))
    assert found.new == now.keys() - before.keys()
    assert found.deleted == before.keys() - now.keys()
    assert found.changed == {key for key in before.keys() & now.keys() if before[key] != now[key]}
