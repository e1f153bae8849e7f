"""`perio preflight` as people use it, on a practice and the sandbox over real HTTP."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from perio_pipeline.cli.main import app
from perio_pipeline_tests.end_to_end.world import PRACTICE, PROJECT, World, change_destination, make_sample, world

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample"), 20)


def preflight(made: World, monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
    for name, value in {
        "PERIO_DATA": made.rooms.data,
        "PERIO_MAPPINGS": made.rooms.mappings,
        "PERIO_DAGSTER": made.rooms.data / "dagster",
        "DAGSTER_HOME": PROJECT,
        "COLUMNS": "300",
    }.items():
        monkeypatch.setenv(name, str(value))
    return CliRunner().invoke(app, ["preflight", "--practice", PRACTICE, "--to", made.crm, *options])


def by_name(result: Result) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(result.stdout)["checks"]}


@pytest.mark.parametrize("crm", ["freshsales", "highlevel"])
def test_every_row_that_applies_is_checked_and_nothing_changes(
    crm: str, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path, sample, crm=crm) as made:
        before = made.sandbox.state_digest()
        result = preflight(made, monkeypatch, "--json")
        assert result.exit_code == 0, result.output
        assert made.sandbox.state_digest() == before
        rows = {check["requirement"] for check in json.loads(result.stdout)["checks"]}
        own = {"freshsales": {"G6", "G7"}, "highlevel": {"G9", "G11"}}[crm]
        assert rows == {"P3", "G1", "G2", "G3", "G4", "G5", "G8", "G10", "G12"} | own
        assert by_name(result)["bindings"]["verdict"] == "ok"
        shown = preflight(made, monkeypatch)
        assert "ok, " in shown.output
        assert "requests to" in shown.output


def test_g1_g8_a_source_and_an_account_that_do_not_open_are_each_refused_and_exit_code_is_1(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path, sample) as made:
        (made.rooms.data / "sample" / f"{PRACTICE}.db").unlink()
        accounts = [{"name": "main", "id": "LOCsomeoneelses00000", "token": "${PERIO_HARBOR_HIGHLEVEL_TOKEN}"}]
        change_destination(made.rooms, made.crm, {"accounts": accounts})
        result = preflight(made, monkeypatch, "--json")
        assert result.exit_code == 1
        checks = by_name(result)
        assert {checks[name]["verdict"] for name in ("source", "fields_main", "isolation_main")} == {"refused"}
        assert "G9 isolation_main" in result.stderr
        assert {checks[name]["verdict"] for name in ("express_limit", "bridge_only", "codes")} == {"unknown"}


def test_g1_a_column_that_is_not_there_is_named(sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with world(tmp_path, sample) as made:
        with closing(sqlite3.connect(made.rooms.data / "sample" / f"{PRACTICE}.db")) as connection, connection:
            connection.execute("ALTER TABLE Patient RENAME COLUMN BirthDate TO Born")
        result = preflight(made, monkeypatch, "--json")
        assert result.exit_code == 1
        assert "BirthDate" in by_name(result)["bindings"]["found"]


def test_g8_probes_find_out_how_the_account_behaves_and_what_they_found_holds_from_then_on(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path, sample, crm="freshsales") as made:
        change_destination(made.rooms, made.crm, {"capabilities": {"key_user": "ann@example.com"}})
        before = made.sandbox.state_digest()
        result = preflight(made, monkeypatch, "--probe", "--json")
        assert result.exit_code == 0, result.output
        assert made.sandbox.state_digest() == before
        told = json.loads(result.stdout)
        assert f"{told['probe_requests']}" != "0"
        assert "requests at most" in result.stderr
        assert by_name(result)["capabilities"]["verdict"] == "ok"
        assert "stated ann@example.com, found migration@example.com" in by_name(result)["capabilities_stated"]["found"]
        stated = made.rooms.practice(PRACTICE).destination(made.crm).capabilities
        assert stated["note_characters"] == 65_000
        assert stated["key_user"] == "ann@example.com"  # a person's word wins
        path = made.rooms.mappings / "practices" / "capabilities" / f"{PRACTICE}.{made.crm}.yaml"
        text = path.read_text(encoding="utf-8")
        assert "POST /appointments in 2019: 201" in text
        assert "pit-sandbox" not in text
        shown = preflight(made, monkeypatch, "--probe")
        assert "Not probed: 18.8 file_megabytes" in shown.output


def test_a_real_account_is_not_probed_before_a_named_person_allowed_it_and_someone_says_yes(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path, sample, crm="freshsales") as made:
        # No request is sent: both end before the account is opened.
        change_destination(made.rooms, made.crm, {"url": "https://harbor-perio.myfreshworks.com"})
        result = preflight(made, monkeypatch, "--probe")
        assert result.exit_code == 1
        assert "probing: {by: NAME" in result.output
        change_destination(made.rooms, made.crm, {"probing": {"by": "Ann Smith", "on": date(2026, 6, 1)}})
        declined = preflight(made, monkeypatch, "--probe")
        assert "requests at most" in declined.output
        assert "Make the throwaway records now?" in declined.output
        assert not (made.rooms.mappings / "practices" / "capabilities").exists()
