"""The `perio` command: what goes wrong is one clear message and exit code 1, and the next run picks up from there."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from perio_pipeline.cli.main import app
from perio_pipeline.cli.sandboxes import state_path
from perio_pipeline.sandbox.highlevel.auth import ALL_SCOPES
from perio_pipeline.sandbox.highlevel.config import LocationConfig, TokenConfig
from perio_pipeline.sandbox.highlevel.seed import practice as sandbox_practice
from perio_pipeline_tests.end_to_end.world import PRACTICE, PROJECT, TOKEN_VARIABLE, World, make_sample, world

pytestmark = pytest.mark.slow

LOCATION = "LOCharbor0000000000a"
MIGRATE = ["migrate", "--practice", PRACTICE, "--to", "highlevel", "--pass", "full"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample"), 20)


@pytest.fixture
def here(tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A practice of 20 patients with its sandbox, and the environment that leads `perio` to it."""
    with world(tmp_path, sample) as made:
        _lead_to(made, monkeypatch)
        yield made


def _lead_to(made: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dagster = made.rooms.data / "dagster"
    dagster.mkdir(exist_ok=True)
    for name, value in {
        "PERIO_DATA": made.rooms.data,
        "PERIO_MAPPINGS": made.rooms.mappings,
        "PERIO_DAGSTER": dagster,
        "DAGSTER_HOME": PROJECT,
        "DAGSTER_REDACT_USER_CODE_ERRORS": "1",
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "COLUMNS": "300",
    }.items():
        monkeypatch.setenv(name, str(value))


def perio(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def refused(*arguments: str) -> str:
    """Run a command that must end with a clear message; returns it."""
    result = perio(*arguments)
    assert result.exit_code == 1, result.output
    assert "Error:" in result.output
    assert "What to do:" in result.output
    assert "Traceback" not in result.output
    return result.output


def database(made: World) -> Path:
    return made.rooms.data / "sample" / f"{PRACTICE}.db"


def edit_mapping(made: World, name: str, old: str, new: str) -> None:
    path = made.rooms.mappings / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_wrong_token_says_where_to_put_the_right_one(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "pit-wrong")
    assert "token" in refused(*MIGRATE)


def test_a_wrong_location_is_named(here: World) -> None:
    edit_mapping(here, f"practices/{PRACTICE}.yaml", LOCATION, "LOCsomeoneelses00000")
    assert "LOCsomeoneelses00000" in refused(*MIGRATE)


def test_an_account_that_the_crm_cannot_have_is_named(here: World) -> None:
    edit_mapping(here, f"practices/{PRACTICE}.yaml", LOCATION, "LOC-short")
    said = refused("sandbox", "--practice", PRACTICE, "--to", "highlevel")
    assert "id: String should match" in said
    assert "destinations.highlevel.accounts" in said


def test_an_unreachable_database_is_named(here: World) -> None:
    database(here).unlink()
    assert "does not exist" in refused(*MIGRATE)


def test_a_missing_table_and_a_missing_column_are_both_named(here: World) -> None:
    with closing(sqlite3.connect(database(here))) as connection, connection:
        connection.execute("alter table Letter rename to Letters")
        connection.execute("alter table Patient rename column NickName to CallName")
    said = refused(*MIGRATE)
    assert "there is no table Letter (tables.letter)" in said
    assert "table Patient has no column NickName" in said


def test_a_malformed_mapping_is_named_by_file_and_line(here: World) -> None:
    edit_mapping(here, "highlevel.yaml", "from: first_name", "from: frist_name")
    said = refused(*MIGRATE)
    assert "highlevel.yaml:" in said
    assert "firstName" in said
    assert "first_name" in said


def test_a_mapping_that_is_no_yaml_is_named_by_line(here: World) -> None:
    edit_mapping(here, "highlevel.yaml", "objects:", "objects: [")
    assert "not YAML" in refused(*MIGRATE)


def test_an_unknown_practice_or_destination_is_named(here: World) -> None:
    assert "nowhere.yaml" in refused("migrate", "--practice", "nowhere", "--to", "highlevel")
    assert "no destination salesforce" in refused("migrate", "--practice", PRACTICE, "--to", "salesforce")


def without(*scopes: str) -> LocationConfig:
    token = TokenConfig(token=f"pit-sandbox-{PRACTICE}-main", scopes=ALL_SCOPES - set(scopes))
    return sandbox_practice(LOCATION, "Harbor", token.token, tokens=(token,))


def test_a_missing_scope_is_named_before_anything_is_read(
    tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path, sample, locations=(without("opportunities.readonly"),)) as made:
        _lead_to(made, monkeypatch)
        assert "opportunities.readonly" in refused(*MIGRATE)
        assert not (made.rooms.data / "frames").exists()


def test_what_stops_in_the_middle_is_finished_by_the_next_run(
    tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_path(tmp_path / "data", PRACTICE, "highlevel")
    with world(tmp_path, sample, locations=(without("opportunities.write"),), state_path=state) as made:
        _lead_to(made, monkeypatch)
        said = refused(*MIGRATE)
        assert "opportunities.write" in said
        assert "highlevel/loaded/opportunities" in said
    second = tmp_path / "second"
    second.mkdir()
    with world(second, sample, locations=(without(),), state_path=state) as made:
        monkeypatch.setenv(TOKEN_VARIABLE, made.token)
        # The second sandbox has another port; everything else is as the first run left it.
        text = (made.rooms.mappings / "practices" / f"{PRACTICE}.yaml").read_text(encoding="utf-8")
        (tmp_path / "mappings" / "practices" / f"{PRACTICE}.yaml").write_text(text, encoding="utf-8")
        assert perio(*MIGRATE).exit_code == 0
        counts = json.loads(perio("status", "--practice", PRACTICE, "--json").stdout)["destinations"]["highlevel"]
        assert counts["contacts"]["created"] == 0
        assert counts["contacts"]["unchanged"] > 0
        assert counts["opportunities"]["created"] > 0
        assert sum(item["differences_unexplained"] + item["failed"] for item in counts.values()) == 0


def _interrupted(journal: Path, how: signal.Signals, loaded: int) -> tuple[int, str]:
    """A migration that gets a signal once so many records are loaded; returns its exit code and what it said."""
    command = [sys.executable, "-m", "perio_pipeline.cli.main", *MIGRATE]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 300
    while _loaded(journal) < loaded and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(how)
    said, _ = process.communicate()
    return process.returncode, said


def test_p6_runs_that_are_stopped_or_killed_are_gone_on_from_by_the_next_one(here: World) -> None:
    journal = here.rooms.data / "journal.sqlite"
    code, said = _interrupted(journal, signal.SIGTERM, 20)
    assert (code, "The run was stopped" in said, "Traceback" in said) == (1, True, False), said
    assert _loaded(journal) < 60
    _, said = _interrupted(journal, signal.SIGKILL, 60)
    assert "had died" not in said  # the one before was closed in good order
    assert _loaded(journal) >= 60
    resumed = perio(*MIGRATE)
    assert resumed.exit_code == 0, resumed.output
    assert "had died" in resumed.output
    counts = json.loads(perio("status", "--practice", PRACTICE, "--json").stdout)["destinations"]["highlevel"]
    assert sum(item["unchanged"] for item in counts.values()) > 0
    assert sum(item["failed"] + item["differences_unexplained"] for item in counts.values()) == 0
    location = here.rooms.practice(PRACTICE).destination("highlevel").accounts[0].id
    companies = here.get("/businesses/", locationId=location, limit=100)["businesses"]
    assert len(companies) == counts["companies"]["shaped"]


def _loaded(journal: Path) -> int:
    if not journal.exists():
        return 0
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        try:
            return int(
                connection.execute(
                    "select count(*) from record where state = 'done' and object <> 'schema'"
                ).fetchone()[0]
            )
        except sqlite3.OperationalError:  # the tables are not there yet
            return 0


def test_two_migrations_of_one_practice_at_once_are_refused(here: World) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "perio_pipeline.cli.main", *MIGRATE], stdout=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 90
    while _loaded(here.rooms.data / "journal.sqlite") < 20 and time.monotonic() < deadline:
        time.sleep(0.02)
    said = refused(*MIGRATE)
    output, _ = first.communicate()
    assert first.returncode == 0, output
    (run,) = re.findall(r"^Run (\S+)\.$", output, re.MULTILINE)
    assert f"Run {run} of " in said
    assert f"process {first.pid} on" in said
    with closing(here.rooms.journal()) as journal:
        assert {entry.run for entry in journal.entries(PRACTICE)} == {run}


def set_window(made: World, hours: str) -> None:
    edit_mapping(made, f"practices/{PRACTICE}.yaml", "  highlevel:\n", f"  highlevel:\n    window_hours: {hours}\n")


def test_p12_a_load_beyond_its_window_starts_only_with_anyway_and_a_second_one_writes_nothing(here: World) -> None:
    set_window(here, "0.0001")
    said = refused(*MIGRATE)
    assert "its window is 0.0001 h. Nothing was loaded." in said
    assert "history: {notes: yearly}: one note per patient and year:" in said
    assert here.sandbox.stats()["writes"] == 0
    assert not (here.rooms.data / "frames" / PRACTICE / "highlevel" / "account.parquet").exists()
    assert "were not loaded into highlevel yet" in refused("reconcile", *MIGRATE[1:5])
    assert perio(*MIGRATE, "--anyway").exit_code == 0
    assert here.sandbox.stats()["writes"] > 0
    again = perio(*MIGRATE, "--anyway")
    assert again.exit_code == 0, again.output
    counts = json.loads(perio("status", "--practice", PRACTICE, "--json").stdout)["destinations"]["highlevel"]
    wanted = {
        "source", "quarantined", "shaped", "created", "updated", "unchanged", "failed", "cells_compared",
        "differences_explained", "differences_unexplained", "requests", "rate_limited",
    }  # fmt: skip
    assert all(wanted <= set(item) for item in counts.values())
    assert sum(item["writes"] for item in counts.values()) == 0
    with closing(sqlite3.connect(here.rooms.data / "dagster" / "history" / "runs.db")) as runs:
        assert runs.execute("select count(*) from runs where status = 'SUCCESS'").fetchone() == (2,)
    _reconciliation_sees_what_people_did(here)


def _reconciliation_sees_what_people_did(here: World) -> None:
    contact = here.rooms.store().frame(PRACTICE, ["highlevel", "readback", "contacts"]).read()["crm_id"].iloc[0]
    headers = {"Authorization": f"Bearer {here.token}", "Version": "2021-07-28"}
    edit = httpx.put(f"{here.sandbox.base_url}/contacts/{contact}", headers=headers, json={"city": "Elsewhere"})
    edit.raise_for_status()
    looked = perio("reconcile", *MIGRATE[1:5])
    assert looked.exit_code == 0, looked.output
    differences = here.rooms.store().frame(PRACTICE, ["highlevel", "diff", "contacts"]).read()
    assert "edited" in set(differences.loc[differences["crm_id"] == contact, "cause"])


def test_status_of_a_practice_nobody_migrated_is_empty(here: World) -> None:
    assert json.loads(perio("status", "--json").stdout) == {
        "practice": PRACTICE,
        "destinations": {"highlevel": {}, "freshsales": {}},
    }


def test_the_sandbox_is_served_on_this_machine_only(here: World) -> None:
    edit_mapping(here, f"practices/{PRACTICE}.yaml", here.sandbox.base_url, "https://services.leadconnectorhq.com")
    assert "loopback" in refused("sandbox", "--practice", PRACTICE)


def test_the_sandbox_of_another_data_folder_is_not_written_to(
    tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = state_path(tmp_path / "other", PRACTICE, "highlevel")
    with world(tmp_path, sample, state_path=others) as made:
        _lead_to(made, monkeypatch)
        said = refused(*MIGRATE)
        assert f"a sandbox that does not hold the data of practice {PRACTICE}" in said
        assert "another port" in said
        assert made.sandbox.stats()["total"] == 0


def test_a_real_account_is_refused_before_the_baa_is_confirmed(here: World) -> None:
    edit_mapping(here, f"practices/{PRACTICE}.yaml", here.sandbox.base_url, "https://services.leadconnectorhq.com")
    assert "BAA" in refused(*MIGRATE)


def test_p12_perio_plan_says_what_a_load_costs_and_sends_nothing(here: World) -> None:
    shown = perio("plan", "--practice", PRACTICE, "--to", "highlevel")
    assert shown.exit_code == 0, shown.output
    assert "its window is 48 h" in shown.output
    assert "opening the account" in shown.output
    set_window(here, "0.0001")
    made = json.loads(perio("plan", "--practice", PRACTICE, "--to", "highlevel", "--json").stdout)
    assert (made["destination"], made["load_pass"], made["fits"]) == ("highlevel", "full", False)
    assert "history: {notes: yearly}" in {option["setting"] for option in made["options"]}
    assert sum(each["records"] for each in made["cost"]["objects"]) > 100
    assert here.sandbox.stats()["total"] == 0
