"""One practice, end to end: PANDA → Freshsales (requirements F1-F7, F9, F11, P6)."""

from __future__ import annotations

import pandas as pd
import pytest

from perio_pipeline_tests.end_to_end.freshsales_view import custom, frame, get
from perio_pipeline_tests.end_to_end.world import World, checks, failures

pytestmark = pytest.mark.slow
CRM = "freshsales"


def test_p6_the_whole_practice_arrives_with_every_check_green(moved: World) -> None:
    first = moved.results[0]
    assert failures(first) == {}
    assert [name for name, check in checks(first).items() if not check.passed] == []


def test_p5_no_cell_differs_without_a_reason_and_the_second_pass_writes_nothing(moved: World) -> None:
    for name, status in moved.status().items():
        assert (status.cells_compared > 0) == (name not in {"treatment_plan_notes", "yearly_notes"})
        assert status.differences_unexplained == 0
        assert (status.created, status.updated, status.failed, status.writes, status.rate_limited) == (0, 0, 0, 0, 0)


def test_contacts_and_deals_go_in_bulk(moved: World) -> None:
    counts = {(route["method"], route["route"]): route["count"] for route in moved.sandbox.stats()["routes"]}
    bulk = {route for method, route in counts if method == "POST" and route.endswith("/bulk_upsert")}
    assert len(bulk) == 3
    assert not any(method == "POST" and route.endswith(("/contacts", "/deals")) for method, route in counts)
    assert moved.sandbox.stats()["throttled"] == 0


def test_f1_f2_f9_f11_a_patient_with_chart_classification_and_insurance(moved: World) -> None:
    seen = frame(moved, CRM, "readback", "contacts").dropna(subset=["Periodontal_Stage__c", "Insurance_Carrier__c"])
    row = seen.iloc[0]
    contact = get(moved, f"/contacts/{row['crm_id']}")["contact"]
    values = custom(moved, "contacts", contact)
    patient = frame(moved, "validated", "patient").set_index("patient_id").loc[row["source_key"]]
    assert contact["external_id"] == f"patient:{row['source_key']}"
    assert (contact["first_name"], contact["last_name"]) == (patient["first_name"], patient["last_name"])
    assert values["Date of birth"][:10] == f"{patient['birth_date']:%Y-%m-%d}"
    assert values["Periodontal stage"] in {"Stage I", "Stage II", "Stage III", "Stage IV"}
    assert values["Deepest pocket (mm)"] is not None
    assert values["Charted on (latest)"] is not None
    assert values["Insurance carrier"]
    assert values["Kind of contact"] == "Patient"


def test_f3_a_plan_is_a_deal_with_one_record_per_line(moved: World) -> None:
    lines = frame(moved, CRM, "readback", "treatment_plan_lines")
    deal_id = lines["link.Deal__c"].value_counts().index[0]
    deal = get(moved, f"/deals/{deal_id}?include=contacts")
    plan = frame(moved, CRM, "readback", "deals").set_index("crm_id").loc[deal_id]
    items = frame(moved, "validated", "treatment_item")
    assert f"(PLAN-{plan['source_key']})" in deal["deal"]["name"]
    assert len(deal["contacts"]) == 1
    assert (lines["link.Deal__c"] == deal_id).sum() == (items["plan_id"] == plan["source_key"]).sum()


def test_f4_providers_are_contacts_with_their_role(moved: World) -> None:
    providers = frame(moved, CRM, "readback", "providers")
    assert set(providers["Provider_Role__c"]) <= {"Periodontist", "DDS", "DMD", "RDH", "Office Staff"}
    deals = frame(moved, CRM, "readback", "deals")
    assert set(deals["owner_id"].dropna()) <= set(providers["Work_Email__c"].dropna())


def test_f5_visits_are_appointments_at_their_original_time(moved: World) -> None:
    visit = frame(moved, CRM, "readback", "appointments").iloc[0]
    seen = get(moved, f"/appointments/{visit['crm_id']}")["appointment"]
    source = frame(moved, "validated", "appointment").set_index("appointment_id").loc[visit["source_key"]]
    local = pd.Timestamp(seen["from_date"]).tz_convert("America/New_York").tz_localize(None)
    assert local == source["starts_at"]
    assert f"[PANDA visit {visit['source_key']}]" in seen["description"]


def test_f6_a_patient_stays_linked_to_its_referrer_and_the_referrer_to_its_practice(moved: World) -> None:
    patients = frame(moved, CRM, "readback", "contacts").dropna(subset=["link.Referred_By__c"])
    referrers = frame(moved, CRM, "readback", "referring_dentists").set_index("crm_id")
    referrer = referrers.loc[patients.iloc[0]["link.Referred_By__c"]]
    assert referrer["Referring_Dentist_Total_Referrals__c"] >= 1
    accounts = frame(moved, CRM, "readback", "sales_accounts").set_index("crm_id")
    assert accounts.loc[referrer["link.sales_account_id"], "name"].startswith(referrer["Referring_Practice__c"])


def test_f7_a_note_hangs_on_its_patient_with_date_and_author(moved: World) -> None:
    note = frame(moved, CRM, "readback", "notes").iloc[0]
    source = frame(moved, "validated", "clinical_note").set_index("note_id").loc[note["source_key"]]
    held = get(moved, f"/contacts/{note['link.contact_id']}/notes")["notes"]
    (seen,) = [item for item in held if str(item["id"]) == note["crm_id"]]
    assert f"{source['written_at']:%Y-%m-%d}" in seen["description"]


def test_people_who_share_a_name_or_a_role_arrive_as_separate_records(moved: World) -> None:
    ids = [
        external
        for name in ("contacts", "providers", "referring_dentists")
        for external in frame(moved, CRM, "readback", name)["external_id"]
    ]
    assert len(ids) == len(set(ids))
    names = frame(moved, CRM, "readback", "sales_accounts")["name"]
    assert names.is_unique
