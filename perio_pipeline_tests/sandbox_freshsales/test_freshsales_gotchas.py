"""The gotchas of section 16 of the API notes that a server can play; numbers are theirs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.freshsales.config import FieldConfig
from perio_pipeline.sandbox.freshsales.seed import demo_config

Make = Callable[..., Any]


def test_16_1_plural_custom_fields_vanish_with_a_2xx(api: Any) -> None:
    reply = api("POST", "/contacts", {"contact": {"external_id": "1", "custom_fields": {"cf_risk_note": "x"}}})
    assert reply.is_success
    assert reply.json()["contact"]["custom_field"]["cf_risk_note"] is None


def test_16_2_api_name_follows_the_original_label(make_api: Make) -> None:
    fields = (FieldConfig(name="BDR Stage - Contact"), FieldConfig(name="Last_Pocket_Depth_MM__c", type="number"))
    api = make_api(demo_config(custom_fields=fields))
    listed = {field["label"]: field for field in api("GET", "/settings/contacts/fields").json()["fields"]}
    assert listed["BDR Stage - Contact"]["name"] == "cf_bdr_stage_-_contact"
    assert listed["Last_Pocket_Depth_MM__c"]["name"] == "cf_last_pocket_depth_mm__c"
    field_id = listed["BDR Stage - Contact"]["id"]
    api("POST", "/__sandbox/edit", {"kind": "fields", "id": field_id, "changes": {"label": "Year"}})
    renamed = {field["label"]: field["name"] for field in api("GET", "/settings/contacts/fields").json()["fields"]}
    assert renamed["Year"] == "cf_bdr_stage_-_contact"


def test_16_3_field_made_required_later_breaks_creates_by_its_label(api: Any) -> None:
    contact = api.contact()
    source = next(item for item in api.state["fields"] if item["name"] == "lead_source_id")
    note = next(item for item in api.state["fields"] if item["name"] == "cf_risk_note")
    for field in (source, note):
        api("POST", "/__sandbox/edit", {"kind": "fields", "id": field["id"], "changes": {"required": True}})
    refused = api("POST", "/contacts", {"external_id": "X"})
    assert api.messages(refused) == ["Source can't be empty", "Risk note can't be empty"]
    assert api("PUT", f"/contacts/{contact['id']}", {"city": "York"}).is_success
    assert api.messages(api("PUT", f"/contacts/{contact['id']}", {"lead_source_id": None})) == ["Source can't be empty"]


def test_16_4_native_dropdowns_take_their_own_ids_only(make_api: Make) -> None:
    api = make_api(unusable_value="drop")
    sources = api("GET", "/selector/lead_sources").json()["lead_sources"]
    statuses = api("GET", "/selector/contact_statuses").json()["contact_statuses"]
    assert api.contact(lead_source_id=sources[1]["id"])["lead_source_id"] == sources[1]["id"]
    for wrong in (sources[1]["name"], statuses[0]["id"], 3):
        refused = api("POST", "/contacts", {"external_id": "X", "lead_source_id": wrong})
        assert api.messages(refused) == ["Source is invalid"]


def test_16_5_bulk_job_with_failed_rows_is_a_success_with_json_in_json(api: Any) -> None:
    body = {"contacts": [{"emails": "a@example.com", "data": {"cf": 1}}, {"id": "12", "data": {}}, {"data": {}}]}
    job = api.job(api("POST", "/contacts/bulk_upsert", body))
    assert job["status"] == "SUCCESS"
    report = json.loads(job["data"])
    assert report["record_status"] == {"succeeded": 1, "failed": 2}
    assert report["detailed_failure_report"][0] == {"id": "12", "message": ["Record not found"]}


def test_16_7_filtered_search_has_no_custom_field(api: Any) -> None:
    made = api.contact(email="ann@example.com", custom_field={"cf_risk_note": "high"})
    api.contact()
    rule = {"attribute": "contact_email.email", "operator": "is_in", "value": "ann@example.com,bob@example.com"}
    found = api("POST", "/filtered_search/contact", {"filter_rule": [rule], "per_page": 100}).json()
    assert [contact["id"] for contact in found["contacts"]] == [made["id"]]
    assert "custom_field" not in found["contacts"][0]
    assert found["meta"] == {"total": 1}


def test_16_8_search_is_a_bare_array_and_lookup_nests_twice(api: Any) -> None:
    made = api.contact(first_name="Ann", last_name="Reed", external_id="P1", custom_field={"cf_risk_note": "K9"})
    household = api.sales_account("Reed household")
    hits = api("GET", "/search?q=reed&include=contact,sales_account").json()
    assert {(hit["id"], hit["type"]) for hit in hits} == {
        (str(made["id"]), "contact"),
        (str(household["id"]), "sales_account"),
    }
    for value, field in (("P1", "external_id"), ("K9", "cf_risk_note")):
        answer = api("GET", f"/lookup?q={value}&f={field}&entities=contact").json()
        assert answer["contacts"]["contacts"][0]["custom_field"]["cf_risk_note"] == "K9"
    answer = api("GET", "/lookup?q=reed household&f=name&entities=sales_account").json()
    assert answer["sales_accounts"]["sales_accounts"][0]["id"] == household["id"]


def test_16_9_there_is_no_bare_list_and_view_ids_are_the_accounts_own(api: Any) -> None:
    assert api("GET", "/contacts").status_code == 404
    assert api("GET", "/contacts/view/1").status_code == 404
    deals_view = api.view_id("deals", "My Deals")
    assert api("GET", f"/contacts/view/{deals_view}").status_code == 404
    assert api("GET", f"/deals/view/{deals_view}").json() == {"deals": [], "meta": {"total_pages": 0, "total": 0}}


def test_16_10_delete_bodies_differ_by_resource(api: Any) -> None:
    contact = api.contact()
    target = {"targetable_type": "Contact", "targetable_id": contact["id"]}
    user = api("GET", "/selector/owners").json()["users"][0]["id"]
    kind = api("GET", "/selector/sales_activity_types").json()["sales_activity_types"][0]["id"]
    times = {"from_date": "2024-03-05T14:00:00Z", "end_date": "2024-03-05T15:00:00Z"}
    made = {
        "notes": api.made("note", "/notes", description="x", **target),
        "tasks": api.made("task", "/tasks", title="x", due_date="2024-03-05", **target),
        "appointments": api.made("appointment", "/appointments", title="x", **times, **target),
        "sales_activities": api.made(
            "sales_activity", "/sales_activities", title="x", owner_id=user, sales_activity_type_id=kind, **target
        ),
    }
    for path, record in made.items():
        assert api("DELETE", f"/{path}/{record['id']}").json() == {"success": "200"}
        assert api("DELETE", f"/{path}/{record['id']}").status_code == 404
    for path, record in (("contacts", contact), ("sales_accounts", api.sales_account()), ("deals", api.deal())):
        assert api("DELETE", f"/{path}/{record['id']}").json() is True
        assert api("POST", f"/{path}/bulk_destroy", {"selected_ids": [record["id"]]}).json().keys() == {"message"}


def test_16_11_same_name_households_collide(api: Any) -> None:
    api.sales_account("Smith")
    assert api.messages(api("POST", "/sales_accounts", {"sales_account": {"name": "Smith"}}))


def test_16_12_lifecycle_stage_reads_back_null_where_switched_on(make_api: Make) -> None:
    for nulls in (False, True):
        api = make_api(lifecycle_reads_null=nulls)
        stage = api("GET", "/selector/lifecycle_stages").json()["lifecycle_stages"][0]["id"]
        made = api.contact(lifecycle_stage_id=stage)
        assert api.state["contacts"].get(made["id"])["lifecycle_stage_id"] == stage
        assert api.read("contact", made["id"])["lifecycle_stage_id"] == (None if nulls else stage)


def test_16_14_phone_lookup_is_exact_and_mobile_has_30_characters(make_api: Make) -> None:
    for setting, count in (("works", 1), ("finds_nothing", 0)):
        api = make_api(lookup_by_mobile_number=setting)
        api.contact(mobile_number="+12125550142")
        for value, expected in (("%2B12125550142", count), ("12125550142", 0)):
            answer = api("GET", f"/lookup?q={value}&f=mobile_number&entities=contact").json()
            assert len(answer["contacts"]["contacts"]) == expected
        assert api.messages(api("POST", "/contacts", {"external_id": "X", "mobile_number": "1" * 31}))


@pytest.mark.parametrize("path", ["notes", "tasks", "appointments"])
def test_16_15_targetable_type_is_pascal_case(api: Any, path: str) -> None:
    bodies: dict[str, Any] = {
        "notes": {"description": "x"},
        "tasks": {"title": "x", "due_date": "2024-03-05"},
        "appointments": {"title": "x", "from_date": "2024-03-05T14:00:00Z", "end_date": "2024-03-05T15:00:00Z"},
    }
    target = {"targetable_id": api.contact()["id"]}
    assert api.messages(api("POST", f"/{path}", {**bodies[path], **target, "targetable_type": "contact"}))
    assert api("POST", f"/{path}", {**bodies[path], **target, "targetable_type": "Contact"}).is_success


@pytest.mark.parametrize(("setting", "status", "kept"), [("drop", 200, None), ("store", 200, "America/New_York")])
def test_16_16_time_zones_are_the_rails_names(make_api: Make, setting: str, status: int, kept: Any) -> None:
    api = make_api(contact_time_zone=setting)
    assert api.contact(time_zone="Central Time (US & Canada)")["time_zone"] == "Central Time (US & Canada)"
    reply = api("POST", "/contacts", {"external_id": "X", "time_zone": "America/New_York"})
    assert reply.status_code == status
    assert reply.json()["contact"]["time_zone"] == kept


def test_16_16_other_time_zones_are_refused_where_switched_on(make_api: Make) -> None:
    api = make_api(contact_time_zone="refuse")
    assert api.messages(api("POST", "/contacts", {"external_id": "X", "time_zone": "UTC+5"})) == [
        "Time zone is invalid"
    ]


def test_16_18_sales_accounts_on_put_replaces_the_list(api: Any) -> None:
    first, second = api.sales_account("A"), api.sales_account("B")
    contact = api.contact(sales_accounts=[{"id": first["id"], "is_primary": True}])
    assert "sales_accounts" not in contact
    api(
        "PUT", f"/contacts/{contact['id']}", {"contact": {"sales_accounts": [{"id": second["id"], "is_primary": True}]}}
    )
    read = api.read("contact", contact["id"], "?include=sales_accounts")
    assert read["sales_accounts"] == [{"id": second["id"], "name": "B", "is_primary": True}]


def test_16_19_amounts_are_strings(api: Any) -> None:
    for given, shown in ((5000, "5000.0"), ("12.50", "12.5"), (0.1, "0.1"), (1e6, "1000000.0")):
        deal = api.deal(amount=given)
        assert (deal["amount"], deal["base_currency_amount"]) == (shown, shown)


def test_1_3_error_messages_can_be_a_string(make_api: Make) -> None:
    reply = make_api(error_message="string")("POST", "/contacts", {"sales_accounts": [1]})
    assert reply.json() == {
        "errors": {"code": 400, "message": "The type for sales_accounts is invalid."},
    }
