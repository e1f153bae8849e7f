"""One practice, end to end: PANDA → HighLevel, every cell proven (requirements H1-H10, P1, P2, P5, P6)."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.panda.tables import TABLES
from perio_pipeline_tests.crm import openapi_contract
from perio_pipeline_tests.end_to_end.world import CRM, PRACTICE, World, checks, failures

pytestmark = pytest.mark.slow


def test_p6_the_whole_practice_is_loaded_with_every_check_green(migrated: World) -> None:
    first = migrated.results[0]
    assert failures(first) == {}
    assert first.success
    red = [name for name, check in checks(first).items() if not check.passed]
    assert red == []
    manifest = migrated.rooms.store().frame(PRACTICE, [CRM, "loaded", "contacts"]).read()
    assert len(manifest) > 50


def test_p5_every_cell_was_compared_and_none_differs_without_a_reason(migrated: World) -> None:
    for name, status in migrated.status().items():
        assert (status.cells_compared > 0) == (name != "yearly_notes")
        assert status.differences_unexplained == 0


def test_p6_a_second_pass_writes_nothing(migrated: World) -> None:
    for name, status in migrated.status().items():
        assert (status.created, status.updated, status.failed, status.writes) == (0, 0, 0, 0)
        assert (status.unchanged > 0) == (name != "yearly_notes")


def test_g10_the_limits_were_kept(migrated: World) -> None:
    assert sum(status.rate_limited for status in migrated.status().values()) == 0
    assert migrated.sandbox.stats()["throttled"] == 0


FILES = "/documents/download/"
"""Where an uploaded file is read back: an address that the CRM's answers hold, not an operation that it publishes."""


def test_every_request_fits_the_published_api(migrated: World) -> None:
    if not openapi_contract.available():
        pytest.skip("the official OpenAPI files lie in ../shared, which is not here")
    captured = migrated.sandbox.requests()
    assert len(captured) > 500
    complaints = {
        f"{request['method']} {request['path']}: {complaint}"
        for request in captured
        if not request["path"].startswith(FILES)
        for complaint in openapi_contract.validate_request(request["method"], request["path"], request["body"])
    }
    assert complaints == set()


def test_p2_nothing_is_lost_between_the_tables(migrated: World) -> None:
    store = migrated.rooms.store()
    for name in TABLES:
        extracted = store.frame(PRACTICE, ["panda", name]).rows()
        valid = store.frame(PRACTICE, ["validated", name]).rows()
        quarantined = store.frame(PRACTICE, ["quarantine", name]).read()["row"].nunique()
        assert extracted == valid + quarantined, name


def test_p2_what_the_sample_plants_is_what_cleaning_finds(migrated: World, sample_60: Path) -> None:
    planted = json.loads(sample_60.with_name(sample_60.name + ".planted.json").read_text(encoding="utf-8"))["problems"]
    store = migrated.rooms.store()

    def quarantined(table: str, rule: str) -> int:
        lines = store.frame(PRACTICE, ["quarantine", table]).read()
        return int(lines.loc[lines["rule"] == rule, "row"].nunique())

    def treated(table: str, rule: str) -> int:
        lines = store.frame(PRACTICE, ["treatments", table]).read()
        return int(lines.loc[lines["rule"] == rule, "row"].nunique())

    identity = store.frame(PRACTICE, ["validated", "patient_identity"]).read()
    assert quarantined("patient", "required") == planted["patient_without_last_name"]
    assert quarantined("patient", "choice") == planted["status_unknown_patient"]
    assert treated("clinical_note", "signature_blob") == planted["note_signature_blob"]
    assert treated("insurance_policy", "placeholder_date") == planted["policy_never_ends"]
    assert quarantined("treatment_item", "tooth_range") == planted["tooth_range_reversed"]
    assert treated("perio_tooth", "not_a_grade") == planted["mobility_junk"]
    assert int((identity["reason"] == "certain_duplicate").sum()) == planted["duplicate_patient_certain"]
    assert int((identity["reason"] == "test_patient").sum()) == planted["test_patient"]


def contact_of(migrated: World, **wanted: object) -> dict[str, object]:
    """One contact as the CRM shows it, with its custom fields by name."""
    manifest = migrated.rooms.store().frame(PRACTICE, [CRM, "loaded", "contacts"]).read()
    readback = migrated.rooms.store().frame(PRACTICE, [CRM, "readback", "contacts"]).read()
    for name in wanted:
        readback = readback[readback[name].notna()]
    crm_id = readback.iloc[0]["crm_id"]
    assert crm_id in set(manifest["crm_id"])
    location = migrated.rooms.practice(PRACTICE).destination(CRM).accounts[0].id
    names = {
        f["id"]: f["name"] for f in migrated.get(f"/locations/{location}/customFields", model="all")["customFields"]
    }
    contact = migrated.get(f"/contacts/{crm_id}")["contact"]
    custom = {names[field["id"]]: field["value"] for field in contact["customFields"]}
    return {**contact, **custom}


def patient_of(migrated: World, contact: dict[str, object]) -> pd.Series:
    patients = migrated.rooms.store().frame(PRACTICE, ["validated", "patient"]).read().set_index("patient_id")
    return patients.loc[contact["Source_System_ID__c"]]


def test_h1_a_patient_arrives_with_name_birth_date_phones_email_and_address(migrated: World) -> None:
    contact = contact_of(migrated, email=1, phone=1, address1=1)
    patient = patient_of(migrated, contact)
    assert (contact["firstName"], contact["lastName"]) == (patient["first_name"], patient["last_name"])
    assert str(contact["dateOfBirth"])[:10] == f"{patient['birth_date']:%Y-%m-%d}"
    assert contact["email"] == patient["email"].lower()
    assert str(contact["phone"]).startswith("+1")
    assert contact["city"]
    assert contact["country"] == "US"


def test_h2_the_clinical_summary_arrives_in_its_own_fields(migrated: World) -> None:
    contact = contact_of(migrated, Last_Perio_Classification__c=1, Last_Probing_Summary__c=1, BOP_Percentage__c=1)
    assert contact["Last_Perio_Classification__c"] in {
        "Healthy", "Gingivitis", "Stage I", "Stage II", "Stage III", "Stage IV", "Periodontitis",
    }  # fmt: skip
    assert str(contact["Last_Probing_Summary__c"]).startswith("S1 ")
    assert 0 <= float(str(contact["BOP_Percentage__c"])) <= 100
    assert len(str(contact["Last_Exam_Date__c"])) == 10


def test_h4_h5_a_plan_is_an_opportunity_in_its_phase(migrated: World) -> None:
    opportunities = migrated.rooms.store().frame(PRACTICE, [CRM, "readback", "opportunities"]).read()
    plans = migrated.rooms.store().frame(PRACTICE, ["clinical", "plan_summary"]).read().set_index("plan_id")
    record = opportunities[opportunities["monetaryValue"].notna()].iloc[0]
    seen = migrated.get(f"/opportunities/{record['crm_id']}")["opportunity"]
    assert seen["monetaryValue"] == float(plans.loc[record["source_key"], "value"])
    pipelines = migrated.get("/opportunities/pipelines", locationId=seen["locationId"])["pipelines"]
    stages = {stage["id"]: stage["name"] for pipeline in pipelines for stage in pipeline["stages"]}
    assert stages[seen["pipelineStageId"]] in {
        "Diagnosis", "Initial Therapy", "Re-evaluation", "Surgical Therapy", "Maintenance",
    }  # fmt: skip


def test_h6_a_contact_hangs_on_the_company_of_its_referrer(migrated: World) -> None:
    links = migrated.rooms.store().frame(PRACTICE, [CRM, "readback", "company_links"]).read()
    contact = migrated.get(f"/contacts/{links.iloc[0]['link.contactId']}")["contact"]
    assert contact["businessId"] == links.iloc[0]["link.businessId"]
    company = migrated.get(f"/businesses/{contact['businessId']}")["business"]
    assert contact["companyName"] == company["name"]
    assert "[PANDA referring practice RP-" in company["description"]


def test_h7_past_visits_are_completed_tasks_and_booked_ones_appointments(migrated: World) -> None:
    tasks = migrated.rooms.store().frame(PRACTICE, [CRM, "readback", "tasks"]).read()
    visits = migrated.rooms.store().frame(PRACTICE, ["validated", "appointment"]).read().set_index("appointment_id")
    task = tasks.iloc[0]
    seen = migrated.get(f"/contacts/{task['link.contactId']}/tasks/{task['crm_id']}")["task"]
    visit = visits.loc[task["source_key"]]
    assert seen["completed"] is True
    local = pd.Timestamp(seen["dueDate"]).tz_convert("America/New_York").tz_localize(None)
    assert local == visit["starts_at"]
    assert f"[PANDA visit {task['source_key']}]" in seen["body"]
    booked = migrated.rooms.store().frame(PRACTICE, [CRM, "readback", "appointments"]).read()
    assert set(booked["appointmentStatus"]) <= {"new", "confirmed"}


def test_h8_a_note_keeps_its_text_date_and_author(migrated: World) -> None:
    notes = migrated.rooms.store().frame(PRACTICE, [CRM, "readback", "notes"]).read()
    sources = migrated.rooms.store().frame(PRACTICE, ["validated", "clinical_note"]).read().set_index("note_id")
    note = notes[notes["source_key"].isin(sources.index[sources["body_format"] == "rtf"])].iloc[0]
    seen = migrated.get(f"/contacts/{note['link.contactId']}/notes/{note['crm_id']}")["note"]
    assert "{\\rtf" not in seen["body"]
    assert f"{sources.loc[note['source_key'], 'written_at']:%Y-%m-%d}" in seen["body"]


def test_h8_each_heading_of_a_structured_note_stands_on_a_line_of_its_own(migrated: World) -> None:
    notes = migrated.rooms.store().frame(PRACTICE, [CRM, "readback", "notes"]).read()
    sources = migrated.rooms.store().frame(PRACTICE, ["validated", "clinical_note"]).read().set_index("note_id")
    structured = sources.index[(sources["kind"] == "soap") & sources["body_format"].isin(["rtf", "html"])]
    note = notes[notes["source_key"].isin(structured) & notes["body"].str.contains("Subjective")].iloc[0]
    seen = migrated.get(f"/contacts/{note['link.contactId']}/notes/{note['crm_id']}")["note"]["body"].split("\n")
    assert [line for line in seen if line.endswith(":")] == ["Subjective:", "Objective:", "Assessment:", "Plan:"]
    assert seen[1] == ""
    assert seen[-1] == f"[PANDA note {note['source_key']}]"


def test_h9_insurance_arrives(migrated: World) -> None:
    contact = contact_of(migrated, Insurance_Primary_Carrier__c=1, Insurance_Group_Number__c=1)
    policies = migrated.rooms.store().frame(PRACTICE, ["validated", "insurance_policy"]).read()
    assert contact["Insurance_Primary_Carrier__c"] in set(policies["carrier"])


def test_h10_every_contact_carries_its_panda_id_once(migrated: World) -> None:
    readback = migrated.rooms.store().frame(PRACTICE, [CRM, "readback", "contacts"]).read()
    assert readback["Source_System_ID__c"].tolist() == readback["source_key"].tolist()
    assert readback["source_key"].is_unique
