"""How a migration behaves when something is special: faults, samples, several locations, private values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.loading.costs import PLANNED_LOAD
from perio_pipeline.sandbox.highlevel import seed
from perio_pipeline.sandbox.highlevel.config import LocationConfig
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline_tests.end_to_end.world import CRM, PRACTICE, World, checks, failures, make_sample, world

pytestmark = pytest.mark.slow


def frame(made: World, *key: str) -> pd.DataFrame:
    return made.rooms.store().frame(PRACTICE, key).read()


def test_p5_a_field_the_crm_drops_turns_the_right_check_red_and_is_named(tmp_path: Path, sample_20: Path) -> None:
    dropped = Fault(kind="drop_field", method="POST", path="/contacts/$", every=7, field="Last_Exam_Date__c")
    with world(tmp_path, sample_20, faults=(dropped,)) as made:
        result = made.migrate()
        assert failures(result) == {}
        red = {name: check for name, check in checks(result).items() if not check.passed}
        assert list(red) == [f"{CRM}/readback/contacts:field_level_diff"]
        table = red[f"{CRM}/readback/contacts:field_level_diff"].metadata["differences_unexplained"]
        assert isinstance(table, dg.TableMetadataValue)
        counts = {str(record.data["field and cause"]): record.data["rows"] for record in table.records}
        assert list(counts) == ["Last_Exam_Date__c: dropped"]
        report = made.rooms.report_file(PRACTICE, CRM, "diff.html").read_text(encoding="utf-8")
        assert "Last_Exam_Date__c" in report
        made.sandbox.clear_faults()
        again = made.migrate()
        assert [name for name, check in checks(again).items() if not check.passed] == []
        contacts = made.status()["contacts"]
        assert contacts.updated == sum(counts.values())
        assert (contacts.created, contacts.failed) == (0, 0)


def test_p6_lost_answers_and_hiccups_lose_and_duplicate_nothing(tmp_path: Path, sample_60: Path) -> None:
    faults = (
        Fault(kind="lost_response", method="POST", path="/contacts/", every=9, times=8),
        Fault(kind="reset", method="POST", path="/opportunities/$", every=9, times=4),
        Fault(kind="status", status=502, method="POST", path="/contacts/.*/tasks", every=40, times=5),
        Fault(kind="status", status=500, method="GET", path="/contacts/.*", every=30, times=8),
        Fault(kind="status", status=429, path="/contacts/.*/notes", every=50, times=4),
    )
    with world(tmp_path, sample_60, faults=faults) as made:
        result = made.migrate()
        assert failures(result) == {}
        assert [name for name, check in checks(result).items() if not check.passed] == []
        status = made.status()
        assert all(item.differences_unexplained == 0 and item.failed == 0 for item in status.values())
        made.sandbox.clear_faults()
        location = made.rooms.practice(PRACTICE).destination(CRM).accounts[0].id
        companies = made.get("/businesses/", locationId=location, limit=100)["businesses"]
        assert len(companies) == status["companies"].shaped
        tasks = frame(made, CRM, "loaded", "tasks")
        for contact in tasks["parent_id"].dropna().unique()[:20]:
            bodies = [task["body"].rsplit("[", 1)[1] for task in made.get(f"/contacts/{contact}/tasks")["tasks"]]
            assert len(bodies) == len(set(bodies))


def test_p5_a_sample_shows_every_stratum_and_the_full_pass_goes_on_from_it(tmp_path: Path) -> None:
    with world(tmp_path, make_sample(tmp_path, 90)) as made:
        sample = made.migrate(LoadPass.SAMPLE)
        assert failures(sample) == {}
        assert [name for name, check in checks(sample).items() if not check.passed] == []
        first = made.status()
        assert first["contacts"].created == 60 < first["contacts"].shaped
        (event,) = [e for e in sample.get_asset_materialization_events() if e.asset_key == dg.AssetKey([CRM, "sample"])]
        assert "Every stratum is covered." in str(event.materialization.metadata["strata_not_covered"].value)
        full = made.migrate(LoadPass.FULL)
        assert [name for name, check in checks(full).items() if not check.passed] == []
        second = made.status()
        assert second["contacts"].unchanged == 60
        assert second["contacts"].created == first["contacts"].shaped - 60


def two_offices(made_for: str = "harbor") -> tuple[list[dict[str, Any]], tuple[LocationConfig, ...]]:
    """Two locations, one per office: their part of the practice's file, and the sandbox's side of it."""
    accounts = [
        {"name": "main", "id": "LOCmain000000000000a", "token": "${PERIO_TEST_MAIN}", "offices": ["MAIN"]},
        {"name": "west", "id": "LOCwest000000000000a", "token": "${PERIO_TEST_WEST}", "offices": ["WEST"]},
    ]
    locations = tuple(
        seed.practice(str(account["id"]), f"{made_for} {account['name']}", f"pit-{account['name']}")
        for account in accounts
    )
    return accounts, locations


def test_g9_two_locations_stay_apart(tmp_path: Path, sample_20: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts, locations = two_offices()
    monkeypatch.setenv("PERIO_TEST_MAIN", "pit-main")
    monkeypatch.setenv("PERIO_TEST_WEST", "pit-west")
    with world(tmp_path, sample_20, {"accounts": accounts}, locations=locations) as made:
        result = made.migrate()
        assert failures(result) == {}
        assert [name for name, check in checks(result).items() if not check.passed] == []
        contacts = frame(made, CRM, "loaded", "contacts")
        offices = frame(made, "validated", "patient").set_index("patient_id")["office"]
        assert set(contacts["account"]) == {"main", "west"}
        placed = contacts["source_key"].map(offices)
        assert (contacts.loc[placed == "WEST", "account"] == "west").all()
        assert (contacts.loc[placed == "MAIN", "account"] == "main").all()
        companies = frame(made, CRM, "loaded", "companies")
        shared = companies["source_key"].value_counts()
        assert shared.max() == 2  # a practice that refers to both offices is a company in both locations
        assert companies["crm_id"].is_unique


def test_phi_no_patients_value_is_in_dagsters_storage(migrated: World) -> None:
    patients = frame(migrated, "validated", "patient")
    accounts = frame(migrated, "validated", "guarantor_account")
    secrets = {str(v) for c in ("last_name", "email", "mobile_phone", "home_phone") for v in patients[c].dropna()}
    secrets |= {str(v) for v in accounts["street"].dropna()}
    secrets = {secret for secret in secrets if len(secret) >= 6}
    assert len(secrets) > 100
    events = [
        str(record.event_log_entry.to_json())
        for result in migrated.results
        for record in migrated.instance.get_records_for_run(result.run_id).records
    ]
    runs = [str(run) for run in migrated.instance.get_runs()]
    text = "\n".join([*events, *runs])
    assert len(text) > 100_000
    leaked = {secret for secret in secrets if secret in text}
    assert len(leaked) == 0, f"{len(leaked)} values of patients are in Dagster's storage"


def test_p8_a_retry_sends_only_what_failed_and_the_proof_covers_everything(tmp_path: Path, sample_60: Path) -> None:
    # Nobody shares a phone or an e-mail with them, which would be the other's while they are missing.
    body = '"(100022PC|100027PC|100032PC)"'
    refused = Fault(kind="status", status=400, method="POST", path="/contacts/$", body=body)
    with world(tmp_path, sample_60, faults=(refused,)) as made:
        assert failures(made.migrate()) == {}
        before = made.status()
        assert before["contacts"].failed == 3
        assert before["notes"].failed > 0  # their contacts are missing
        made.sandbox.clear_faults()
        again = made.migrate(LoadPass.RETRY)
        assert failures(again) == {}
        assert [name for name, check in checks(again).items() if not check.passed] == []
        after = made.status()
        for name, status in after.items():
            assert (status.created, status.failed) == (before[name].failed, 0), name
            assert status.unchanged == before[name].created, name
        assert after["contacts"].requests < before["contacts"].requests / 2
        planned = made.rooms.store().frame(PRACTICE, (CRM, PLANNED_LOAD)).note()
        assert (planned["load_pass"], planned["run"]) == ("full", made.results[0].run_id)
        assert made.migrate().success
        assert {name: status.created + status.updated for name, status in made.status().items() if status.created} == {}
