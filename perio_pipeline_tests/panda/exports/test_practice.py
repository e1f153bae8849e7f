"""P1: a practice's file names a database or a folder of exports, and everything else works on either."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from perio_pipeline.cli.main import app
from perio_pipeline.errors import MappingError, SettingsError, SourceError
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.panda.tables import PATIENT, TABLES
from perio_pipeline.preflight.checks import Verdict
from perio_pipeline.preflight.run import source_checks
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.panda.exports.writing import BINDINGS_FILE, TODAY, Style, export


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    generate(folder / "harbor.db", patients=12)
    return export(
        folder / "harbor.db", folder / "harbor", Style("CP1252", ";", dates="day first", words=True, comma=True)
    )


@pytest.fixture
def rooms(tmp_path: Path, exports: Path) -> Workplace:
    shutil.copytree(BINDINGS_FILE.parent, tmp_path / "mappings")
    shutil.copytree(exports, tmp_path / "data" / "exports" / "harbor")
    made = Workplace(tmp_path / "data", tmp_path / "mappings")
    hand_over(made, folder="${PERIO_DATA}/exports/harbor", bindings="panda.yaml")
    return made


def hand_over(rooms: Workplace, **source: str) -> None:
    path = rooms.mappings / "practices" / "harbor.yaml"
    yaml = YAML(typ="rt")
    practice = yaml.load(path)
    practice["source"] = source
    yaml.dump(practice, path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "either `url`, of a database, or `folder`, of CSV exports, must be given, and only one"),
        ({"url": "sqlite:///x.db", "folder": "x"}, "and only one"),
        ({"url": "sqlite:///x.db", "dates": "day_first"}, "`dates` is for a `folder`"),
        ({"folder": "x", "dates": "year_first"}, "day_first"),
    ],
)
def test_p1_a_practice_hands_over_a_database_or_exports(rooms: Workplace, source: dict[str, str], message: str) -> None:
    hand_over(rooms, **source)
    with pytest.raises(MappingError, match=message) as error:
        rooms.practice("harbor")
    assert error.value.line > 1


def test_p1_the_source_of_a_practice_with_exports_is_staged_when_it_is_asked_for(rooms: Workplace) -> None:
    source = rooms.source(rooms.practice("harbor"))
    source.check(TABLES.values())
    assert sum(len(frame) for frame in source.chunks(PATIENT)) == source.count(PATIENT) == 12
    again = rooms.source(rooms.practice("harbor"))
    pd.testing.assert_frame_equal(next(again.chunks(PATIENT)), next(source.chunks(PATIENT)))
    report = rooms.data / "reports" / "harbor" / "exports.json"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_p1_a_broken_export_is_no_source(rooms: Workplace) -> None:
    (rooms.data / "exports" / "harbor" / "Patient.csv").write_text("", encoding="utf-8")
    with pytest.raises(SourceError, match=r"Patient\.csv is empty"):
        rooms.source(rooms.practice("harbor"))


def test_p1_preflight_refuses_a_broken_export_and_goes_on(rooms: Workplace) -> None:
    (rooms.data / "exports" / "harbor" / "Patient.csv").write_text("", encoding="utf-8")
    practice = rooms.practice("harbor")
    checks = list(source_checks(rooms, practice, TODAY))
    assert (checks[0].verdict, "Patient.csv is empty" in checks[0].found) == (Verdict.REFUSED, True)


def test_p1_a_database_has_no_exports_to_stage(rooms: Workplace) -> None:
    hand_over(rooms, url="sqlite:///x.db")
    with pytest.raises(SettingsError, match="hands over a database"):
        rooms.stage(rooms.practice("harbor"))


def describe(rooms: Workplace, monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
    monkeypatch.setenv("PERIO_DATA", str(rooms.data))
    monkeypatch.setenv("PERIO_MAPPINGS", str(rooms.mappings))
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner().invoke(app, ["source", "describe", "--practice", "harbor", *options])


def test_p1_what_was_found_out_is_shown_with_its_evidence(rooms: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    result = describe(rooms, monkeypatch)
    assert result.exit_code == 0, result.output
    assert "Patient.csv" in result.output
    assert "CP1252" in result.output
    assert "semicolon" in result.output
    assert "Patient.csv BirthDate: day, month, year, decided by its values" in result.output
    assert "only with the day first (line " in result.output
    assert "IsHidden: True and False are 1 and 0" in result.output


def test_p1_the_report_holds_counts_and_lines_and_no_values(rooms: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    result = describe(rooms, monkeypatch, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.output)
    assert report == json.loads((rooms.data / "reports" / "harbor" / "exports.json").read_text(encoding="utf-8"))
    patient = next(file for file in report["files"] if file["table"] == "Patient")
    assert (patient["rows"], patient["delimiter"], patient["staged"]) == (12, "semicolon", True)
    assert {file["encoding"] for file in report["files"]} == {"UTF-8", "CP1252"}  # ASCII is both
    born = next(each for each in patient["dates"] if each["column"] == "BirthDate")
    assert born["evidence"]["day_first"]["line"] >= 2
    (frame,) = rooms.source(rooms.practice("harbor")).chunks(PATIENT)
    for name in ("last_name", "email", "patient_id", "birth_date"):
        for value in frame[name].dropna():
            assert str(value) not in result.output


def test_p1_what_is_broken_is_described_as_far_as_it_can_be(rooms: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = rooms.data / "exports" / "harbor" / "RecallRule.csv"
    path.write_bytes(path.read_bytes() + b"9;x\r\n")
    result = describe(rooms, monkeypatch)
    assert result.exit_code == 1
    assert "Patient.csv" in result.output
    assert "1 broken rows" in result.output
    assert "What to do:" in result.output
    assert "Traceback" not in result.output
