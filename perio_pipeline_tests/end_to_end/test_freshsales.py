"""One practice, end to end: PANDA → Freshsales (requirements F1-F7, F9, F11, P6)."""

from __future__ import annotations

import pandas as pd
import pytest

from perio_pipeline_tests.end_to_end.freshsales_view import custom, frame, get
from perio_pipeline_tests.end_to_end.world import World, checks, failures

pytestmark = pytest.mark.slow
CRM = "freshsales"
# What the practice's file must ask for before anything of it arrives.
ASKED_FOR = {"treatment_plan_notes", "yearly_notes", "visit_histories"}


def test_p6_the_whole_practice_arrives_with_every_check_green(moved: World) -> None:
    first = moved.results[0]
    assert failures(first) == {}
    assert [name for name, check in checks(first).items() if not check.passed] == []


def test_p5_no_cell_differs_without_a_reason_and_the_second_pass_writes_nothing(moved: World) -> None:
    for name, status in moved.status().items():
        assert (status.cells_compared > 0) == (name not in ASKED_FOR)
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


def validated(moved: World, table: str, key: str) -> pd.DataFrame:
    return frame(moved, "validated", table).set_index(key)


def in_the_crm(moved: World, name: str) -> pd.DataFrame:
    return frame(moved, CRM, "readback", name).set_index("source_key")


def test_a_family_that_shares_an_email_arrives_as_one_contact_each(moved: World) -> None:
    contacts = in_the_crm(moved, "contacts")
    emails = validated(moved, "patient", "patient_id")["email"].reindex(contacts.index).str.casefold()
    family = contacts[emails == emails.value_counts().index[0]]
    assert len(family) > 2
    assert family["crm_id"].is_unique
    seen = [get(moved, f"/contacts/{crm_id}")["contact"] for crm_id in family["crm_id"]]
    assert sorted(each["first_name"] for each in seen) == sorted(family["first_name"])
    # Freshsales keeps an address for one contact; the others name it in a field of their own.
    assert [bool(each["email"]) for each in seen].count(True) == 1
    assert family["Family_Email__c"].notna().sum() == len(family) - 1


@pytest.mark.parametrize(
    ("name", "table", "key"),
    [("providers", "provider", "provider_id"), ("referring_dentists", "referral_source", "source_id")],
)
def test_a_patient_who_is_also_a_provider_or_a_referrer_is_two_contacts(
    moved: World, name: str, table: str, key: str
) -> None:
    contacts, others = in_the_crm(moved, "contacts"), in_the_crm(moved, name)
    names = ["first_name", "last_name"]
    people = validated(moved, "patient", "patient_id").loc[contacts.index, names].reset_index()
    both = people.merge(validated(moved, table, key).loc[others.index, names].reset_index(), on=names)
    assert len(both) > 0
    for patient, other in both[["patient_id", key]].itertuples(index=False):
        seen = [get(moved, f"/contacts/{each}")["contact"] for each in (contacts.crm_id[patient], others.crm_id[other])]
        assert seen[0]["id"] != seen[1]["id"]
        assert seen[0]["external_id"] != seen[1]["external_id"]
        assert seen[0]["last_name"] == seen[1]["last_name"]
        kinds = [custom(moved, "contacts", each)["Kind of contact"] for each in seen]
        assert kinds == [contacts.Contact_Kind__c[patient], others.Contact_Kind__c[other]]
        assert kinds[0] != kinds[1]
    # Whoever was referred is linked to the referrer, never to the patient of the same name.
    referrers = in_the_crm(moved, "referring_dentists")["crm_id"]
    assert set(contacts["link.Referred_By__c"].dropna()) <= set(referrers)


def test_two_practices_of_one_name_are_two_accounts_each_with_its_dentists(moved: World) -> None:
    accounts, dentists = in_the_crm(moved, "sales_accounts"), in_the_crm(moved, "referring_dentists")
    practices = validated(moved, "referring_practice", "practice_id")
    namesakes = practices[practices["name"].duplicated(keep=False)]
    assert len(namesakes) > 1
    assert accounts.loc[namesakes.index, "crm_id"].is_unique
    home = frame(moved, "validated", "referring_practice_member").set_index("source_id")["practice_id"]
    for practice in namesakes.index:
        members = dentists[home.reindex(dentists.index) == practice]
        assert set(members["link.sales_account_id"]) == {accounts.crm_id[practice]}
        assert (
            get(moved, f"/sales_accounts/{accounts.crm_id[practice]}")["sales_account"]["city"]
            == (practices.city[practice])
        )


def test_nobody_shares_an_external_id(moved: World) -> None:
    ids = [
        external
        for name in ("contacts", "providers", "referring_dentists")
        for external in frame(moved, CRM, "readback", name)["external_id"]
    ]
    assert len(ids) == len(set(ids))
