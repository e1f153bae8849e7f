"""What is read for the checks, against plain SQL on the same database."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from perio_pipeline.crm.protocol import FileLimits
from perio_pipeline.mapping.rows import Router
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.panda.own_findings import OwnFinding
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.preflight import reading
from perio_pipeline_tests.end_to_end.world import PROJECT, make_sample

pytestmark = pytest.mark.slow

CLINICAL = ("PerioExam", "PerioDx", "TxPlan", "InstaNote", "Letter", "ImageRef", "CustomFinding")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample with one line that has no code, one with a code that is not listed, and one letter about nothing."""
    made = make_sample(tmp_path_factory.mktemp("sample"), 30)
    with closing(sqlite3.connect(made)) as connection, connection:
        first, second = (row[0] for row in connection.execute("SELECT ItemNo FROM TxItem ORDER BY ItemNo LIMIT 2"))
        connection.execute("UPDATE TxItem SET ProcCode = NULL WHERE ItemNo = ?", [first])
        connection.execute("UPDATE TxItem SET ProcCode = 'X9999' WHERE ItemNo = ?", [second])
        letter = connection.execute("SELECT LetterNo FROM Letter WHERE PlanNo IS NOT NULL").fetchone()[0]
        words = {"LetterRtf": b"See you soon.", "LetterFormat": "T"}
        for column, value in words.items():
            connection.execute(f"UPDATE Letter SET {column} = ? WHERE LetterNo = ?", [value, letter])
    return made


@pytest.fixture
def sql(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def opened(path: Path) -> PandaSource:
    return PandaSource(f"sqlite:///{path}", load_bindings(PROJECT / "mappings" / "panda.yaml"), "panda.yaml")


@pytest.fixture(scope="module")
def panda(path: Path) -> PandaSource:
    return opened(path)


def test_g3_bridged_and_treated_patients(panda: PandaSource, sql: sqlite3.Connection) -> None:
    found = reading.read_patients(panda)
    union = " UNION ".join(f"SELECT PatID FROM {table}" for table in CLINICAL)
    only = f"SELECT PatID FROM Patient WHERE BridgePatID IS NOT NULL AND PatID NOT IN ({union})"
    expected = {str(row[0]) for row in sql.execute(only)}
    assert expected
    assert set(found.bridged) - found.treated == expected
    assert len(found.offices) == sql.execute("SELECT count(*) FROM Patient").fetchone()[0]


def test_g4_lines_and_letters(panda: PandaSource, sql: sqlite3.Connection) -> None:
    found = reading.read_crosswalk(panda)
    assert found.items == sql.execute("SELECT count(*) FROM TxItem").fetchone()[0]
    assert found.uncoded == 1
    assert found.strange["X9999"] == 1
    differing = (
        "SELECT count(*) FROM TxItem i JOIN ProcCode p USING (ProcCode) WHERE lower(i.Descript) <> lower(AbbrDesc)"
    )
    assert sum(found.differing.values()) == sql.execute(differing).fetchone()[0]
    assert found.letters == sql.execute("SELECT count(*) FROM Letter WHERE PlanNo IS NOT NULL").fetchone()[0]
    assert 1 <= found.silent < found.letters


def test_g5_findings_are_told_from_those_that_are_declared(panda: PandaSource, sql: sqlite3.Connection) -> None:
    counted = dict(sql.execute("SELECT FindingName, count(*) FROM CustomFinding GROUP BY 1").fetchall())
    guard = OwnFinding(type="choice", choices={"yes": "Yes"})
    found = reading.read_findings(panda, {"night  GUARD": guard})
    no = "SELECT count(*) FROM CustomFinding WHERE FindingName = 'Night guard' AND FindingValue <> 'yes'"
    assert found.declared == {"night  GUARD": counted.pop("Night guard")}
    assert found.unfit == {"night  GUARD": sql.execute(no).fetchone()[0]}
    assert found.undeclared == {name: rows for name, rows in counted.items() if rows >= reading.RARE}
    assert found.rare == len(counted) - len(found.undeclared)
    assert '"Papilla index": {type: number, take: latest}' in found.proposals
    assert any(each.startswith('"Occlusal trauma": {type: ') for each in found.proposals)


def test_phi_a_finding_s_name_that_is_hardly_recorded_is_counted_and_not_shown(path: Path, tmp_path: Path) -> None:
    copy = shutil.copy(path, tmp_path / "panda.db")
    with closing(sqlite3.connect(copy)) as connection, connection:
        row = "SELECT rowid FROM CustomFinding WHERE FindingName = 'Night guard' LIMIT 1"
        connection.execute(f"UPDATE CustomFinding SET FindingName = 'asked by Jane Roe' WHERE rowid = ({row})")
    before, after = (reading.read_findings(opened(each), {}) for each in (path, copy))
    assert (after.rare, after.undeclared.keys()) == (before.rare + 1, before.undeclared.keys())
    assert "Jane" not in f"{after}"


def test_g7_images_go_to_the_account_of_the_patient_s_office(panda: PandaSource, sql: sqlite3.Connection) -> None:
    patients = reading.read_patients(panda)
    offices = sorted({str(office) for office in patients.offices["office"].dropna()})
    router = Router({offices[0]: "north"}, "main")
    needs = reading.read_storage(panda, router, {"main": FileLimits(), "north": FileLimits(room=1)})
    total = sql.execute("SELECT count(*), sum(FileBytes) FROM ImageRef WHERE FileBytes IS NOT NULL").fetchone()
    assert (sum(need.files for need in needs.values()), sum(need.bytes for need in needs.values())) == total
    north = "SELECT count(*) FROM ImageRef JOIN Patient USING (PatID) WHERE OfficeCode = ? AND FileBytes IS NOT NULL"
    assert needs["north"].files == sql.execute(north, [offices[0]]).fetchone()[0]
    assert needs["north"].no_room == needs["north"].files
