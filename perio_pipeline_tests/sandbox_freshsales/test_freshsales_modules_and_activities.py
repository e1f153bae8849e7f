"""What the contract leaves out: custom modules, plans, appointments, notes, tasks and sales activities."""

from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.config import AccountConfig, FieldConfig
from perio_pipeline.sandbox.freshsales.errors import RefusedError
from perio_pipeline.sandbox.freshsales.fields import slug
from perio_pipeline.sandbox.freshsales.seed import demo_config, practice

Make = Callable[..., Any]
MODULE = {"entity_name": "cm_plan", "singular_name": "Plan", "plural_name": "Plans", "icon": "tooth"}


def test_5_custom_modules_are_for_enterprise_only(make_api: Make) -> None:
    for plan in ("free", "growth", "pro"):
        api = make_api(demo_config(plan=plan))
        for method, path in (
            ("POST", "/settings/module_customizations"),
            ("GET", "/settings/module_customizations"),
            ("POST", "/custom_module/cm_plan"),
            ("GET", "/settings/cm_plan/forms"),
        ):
            assert api(method, path, {"module_customization": MODULE}).status_code == 403


def test_5_module_life(api: Any) -> None:
    made = api("POST", "/settings/module_customizations", {"module_customization": MODULE}).json()[
        "module_customization"
    ]
    assert (made["entity_name"], made["custom"], made["plural_name"]) == ("cm_plan", True, "Plans")
    listed = api("GET", "/settings/module_customizations").json()["module_customizations"]
    assert [module["entity_name"] for module in listed if module["custom"]] == ["cm_plan"]
    path = f"/settings/module_customizations/{made['id']}"
    renamed = api("PUT", path, {"module_customization": {"singular_name": "Step"}}).json()["module_customization"]
    assert renamed["singular_name"] == "Step"
    assert api.messages(api("POST", "/settings/module_customizations", {"module_customization": MODULE}))
    assert len(api.messages(api("POST", "/settings/module_customizations", {}))) == 4
    api.made("cm_plan", "/custom_module/cm_plan", name="x")
    assert api("DELETE", path).is_success
    assert api("GET", path).status_code == 404
    assert api("POST", "/custom_module/cm_plan", {"cm_plan": {"name": "x"}}).status_code == 404


@pytest.mark.parametrize(
    ("setting", "given", "status"),
    [
        ("either", "plan", 200),
        ("either", "cm_plan", 200),
        ("bare", "plan", 200),
        ("bare", "cm_plan", 400),
        ("prefixed", "plan", 400),
        ("prefixed", "cm_plan", 200),
    ],
)
def test_5_entity_name_with_and_without_prefix(make_api: Make, setting: str, given: str, status: int) -> None:
    api = make_api(module_prefix=setting)
    reply = api("POST", "/settings/module_customizations", {"module_customization": MODULE | {"entity_name": given}})
    assert reply.status_code == status
    if status == 200:
        assert reply.json()["module_customization"]["entity_name"] == "cm_plan"


def with_module(api: Any) -> None:
    """A module with a text and a lookup field, made by the API."""
    api("POST", "/settings/module_customizations", {"module_customization": MODULE})
    form = api("GET", "/settings/cm_plan/forms").json()["forms"][0]
    assert {"name", "owner_id"} <= {field["name"] for field in form["fields"][0]["fields"]}
    path = f"/settings/cm_plan/forms/{form['id']}/fields"
    for body in (
        {"field_type": 1, "label": "CDT code", "required": True},
        {"field_type": 10, "label": "Patient", "field_options": {"lookup_entity": "contacts"}},
        {"field_type": 3, "label": "Line", "field_options": {"unique": True}},
    ):
        assert api("POST", path, {"field": body}).is_success
    assert api.messages(api("POST", path, {"field": {"field_type": 99, "label": "Odd"}})) == ["Field is invalid"]
    assert api("POST", "/settings/cm_plan/forms/1/fields", {"field_type": 1, "label": "x"}).status_code == 404


def test_5_records_of_a_custom_module(api: Any) -> None:
    with_module(api)
    contact = api.contact()
    values = {"cf_cdt_code": "D4341", "cf_patient": contact["id"], "cf_line": 1}
    made = api.made("cm_plan", "/custom_module/cm_plan", name="SRP", custom_field=values)
    path = f"/custom_module/cm_plan/{made['id']}"
    assert api("GET", path).json()["cm_plan"]["custom_field"] == values
    refused = api("POST", "/custom_module/cm_plan", {"cm_plan": {"name": "x", "custom_field": {"cf_patient": "Reed"}}})
    assert api.messages(refused) == ["Patient is invalid", "CDT code can't be empty"]
    changed = api("PUT", path, {"cm_plan": {"custom_field": {"cf_cdt_code": "D4910"}}}).json()["cm_plan"]
    assert changed["custom_field"] == values | {"cf_cdt_code": "D4910"}
    again = {"name": "x", "custom_field": {"cf_cdt_code": "D1", "cf_line": 1}}
    assert api.messages(api("POST", "/custom_module/cm_plan", {"cm_plan": again})) == ["Line has already been taken"]
    view = api("GET", "/custom_module/cm_plan/filters").json()["filters"][0]
    listed = api("GET", f"/custom_module/cm_plan/view/{view['id']}").json()
    assert (len(listed["cm_plan"]), listed["meta"]["total"]) == (1, 1)
    assert api("GET", "/search?q=srp&include=cm_plan").json()[0]["type"] == "cm_plan"
    copy = api("POST", f"{path}/clone").json()["cm_plan"]
    assert api("DELETE", path).json().keys() == {"message"}
    assert api("DELETE", f"{path}/forget").json() is True
    assert api("POST", "/custom_module/cm_plan/bulk_destroy", {"selected_ids": [copy["id"]]}).is_success
    assert api("POST", "/custom_module/cm_plan/upsert", {}).status_code == 404, "no upsert for custom modules"
    assert api("POST", "/custom_module/cm_plan/bulk_upsert", {}).status_code == 404


def test_5_filters_of_custom_modules_can_be_missing(make_api: Make) -> None:
    api = make_api(custom_module_filters=False)
    with_module(api)
    assert api("GET", "/custom_module/cm_plan/filters").status_code == 404


def test_5_custom_module_has_its_own_field_limit(make_api: Make) -> None:
    api = make_api(custom_module_field_limit=3)
    with_module(api)
    form = api("GET", "/settings/cm_plan/forms").json()["forms"][0]["id"]
    assert api.messages(api("POST", f"/settings/cm_plan/forms/{form}/fields", {"field_type": 1, "label": "Fourth"}))


def appointment(api: Any, **more: Any) -> Any:
    times = {"from_date": "2024-03-05T14:00:00-05:00", "end_date": "2024-03-05T15:00:00-05:00"}
    return api("POST", "/appointments", {"appointment": {"title": "Perio maintenance", **times, **more}})


def test_7_appointment_in_the_past_with_targets_and_attendees(api: Any) -> None:
    contact = api.contact()["id"]
    user = api("GET", "/selector/owners").json()["users"][1]["id"]
    attendees = [
        {"attendee_type": "FdMultitenant::User", "attendee_id": str(user)},
        {"attendee_type": "Contact", "attendee_id": contact},
    ]
    target = {"targetable_type": "Contact", "targetable_id": contact}
    reply = appointment(api, **target, appointment_attendees_attributes=attendees, outcome_id=7, location="Op 2")
    assert reply.status_code == 201
    body = reply.json()
    made = body["appointment"]
    assert made["targetables"] == [{"id": contact, "type": "Contact"}]
    assert [item["attendee_id"] for item in body["appointment_attendees"]] == [user, contact]
    assert made["appointment_attendee_ids"] == [item["id"] for item in body["appointment_attendees"]]
    assert (made["from_date"], made["location"], made["outcome_id"]) == ("2024-03-05T19:00:00Z", "Op 2", 7)
    assert (body["conferences"], body["notes"]) == ([], [])
    assert [item["id"] for item in api("GET", "/appointments?filter=past").json()["appointments"]] == [made["id"]]
    assert api("GET", "/appointments?filter=upcoming").json()["appointments"] == []
    assert [item["id"] for item in api("GET", f"/contacts/{contact}/appointments").json()["appointments"]] == [
        made["id"]
    ]
    moved = api("PUT", f"/appointments/{made['id']}", {"appointment": {"end_date": "2024-03-05T21:00:00Z"}}).json()
    assert moved["appointment"]["end_date"] == "2024-03-05T21:00:00Z"
    mails = api("GET", "/__sandbox/outbox").json()["outbox"]
    assert [mail["contact_id"] for mail in mails] == [contact]


def test_7_appointment_rules_and_settings(make_api: Make) -> None:
    api = make_api(past_appointments="refuse", appointment_time_zone="refuse", attendee_invitations=False)
    assert api.messages(appointment(api)) == ["From date can't be in the past"]
    future = {"from_date": "2099-03-05T14:00:00Z", "end_date": "2099-03-05T15:00:00Z"}
    assert api.messages(appointment(api, **future, time_zone="America/New_York")) == ["Time zone is invalid"]
    attendee = [{"attendee_type": "Contact", "attendee_id": api.contact()["id"]}]
    assert appointment(api, **future, appointment_attendees_attributes=attendee).is_success
    assert api("GET", "/__sandbox/outbox").json() == {"outbox": []}
    assert api.messages(appointment(api, **future, appointment_attendees_attributes=[{"attendee_type": "User"}]))
    assert api.messages(appointment(api, **future | {"end_date": "2099-03-05T13:00:00Z"}))
    assert len(api.messages(api("POST", "/appointments", {"appointment": {}}))) == 3


def note(api: Any, text: str, **target: Any) -> Any:
    given = {"targetable_type": "Contact", "targetable_id": 0} | target
    return api("POST", "/notes", {"note": {"description": text, **given}})


def test_8_notes(make_api: Make) -> None:
    api = make_api()
    contact = api.contact()["id"]
    html = "<b>SOAP</b><br><table><tr><td>4mm</td></tr></table>"
    made = note(api, html, targetable_id=contact, created_at="2001-01-01").json()["note"]
    assert (made["description"], made["html_content"]) == (html, html)
    assert made["created_at"] > "2026"
    changed = api("PUT", f"/notes/{made['id']}", {"note": {"description": "x"}}).json()["note"]
    assert (changed["description"], changed["targetables"]) == ("x", [{"id": contact, "type": "Contact"}])
    assert api.messages(note(api, "x", targetable_id=contact, targetable_type="Appointment"))
    assert api.messages(note(api, "", targetable_id=contact))


def test_8_note_settings(make_api: Make) -> None:
    api = make_api(note_limit=60, note_html="strip", note_on_appointment="accept", create_status=201)
    contact = api.contact()["id"]
    made = note(api, "<b>SOAP</b><table><td>4mm</td></table>", targetable_id=contact)
    assert (made.status_code, made.json()["note"]["description"]) == (201, "<b>SOAP</b>4mm")
    assert api.messages(note(api, "x" * 61, targetable_id=contact))
    visit = appointment(api).json()["appointment"]["id"]
    assert note(api, "seen", targetable_type="Appointment", targetable_id=visit).is_success
    assert api("GET", f"/appointments/{visit}").json()["notes"][0]["description"] == "seen"


def test_10_tasks(api: Any) -> None:
    target = {"targetable_type": "Contact", "targetable_id": api.contact()["id"]}
    late = api.made("task", "/tasks", title="Call", due_date="2020-01-01", **target)
    later = api.made("task", "/tasks", title="Call", due_date="2099-01-01T10:00:00Z", **target)

    def listed(name: str) -> list[int]:
        return [task["id"] for task in api("GET", f"/tasks?filter={name}").json()["tasks"]]

    assert [listed(name) for name in ("open", "overdue", "due_today", "completed")] == [
        [late["id"], later["id"]],
        [late["id"]],
        [],
        [],
    ]
    done = api("PUT", f"/tasks/{late['id']}", {"task": {"status": 1}}).json()["task"]
    assert done["completed_date"] > "2026"
    assert listed("completed") == [late["id"]]
    assert api.messages(api("PUT", f"/tasks/{late['id']}", {"task": {"status": 7}}))
    assert api.messages(api("POST", "/tasks", {"task": {"title": "x", "due_date": "soon", **target}}))


def test_10_sales_activities_keep_their_own_dates_and_custom_values(make_api: Make) -> None:
    fields = [FieldConfig(name=f"Channel {n}", module="sales_activities") for n in range(5)]
    config = demo_config(custom_fields=fields, search_lag_seconds=0)
    account = config.accounts[0].model_copy(update={"activity_types": ("Referral letter",)})
    api = make_api(config.model_copy(update={"accounts": (account,)}))
    kinds = {
        item["name"]: item["id"] for item in api("GET", "/selector/sales_activity_types").json()["sales_activity_types"]
    }
    user = api("GET", "/selector/owners").json()["users"][0]["id"]
    contact = api.contact()["id"]
    body = {
        "title": "Letter",
        "owner_id": user,
        "sales_activity_type_id": kinds["Referral letter"],
        "targetable_type": "Contact",
        "targetable_id": contact,
        "start_date": "2019-03-05T14:00:00-05:00",
        "custom_field": {"cf_channel_0": "post"},
    }
    made = api.made("sales_activity", "/sales_activities", **body)
    assert (made["start_date"], made["custom_field"]["cf_channel_0"]) == ("2019-03-05T19:00:00Z", "post")
    assert made["created_at"] > "2026"
    assert [item["id"] for item in api("GET", f"/contacts/{contact}/activities").json()["activities"]] == [made["id"]]
    names = [field["name"] for field in api("GET", "/settings/sales_activities/fields").json()["fields"]]
    assert "cf_channel_0" in names
    path = f"/sales_activities/{made['id']}"
    assert api("PUT", path, {"sales_activity": {"title": "Second"}}).json()["sales_activity"]["title"] == "Second"
    assert api.messages(api("POST", "/sales_activities", body | {"sales_activity_type_id": "Letter"}))


def test_13_plan_features_are_checked_in_the_configuration() -> None:
    account = practice("a", "A", "t", plan="growth")
    for more in (
        {"pipelines": account.pipelines * 2},
        {"activity_types": ("Letter",)},
        {"custom_modules": ({"entity_name": "cm_x", "singular_name": "X", "plural_name": "Xs"},)},
    ):
        with pytest.raises(ValueError, match="plan growth"):
            AccountConfig.model_validate(account.model_dump() | more)


def test_6_3_seeded_fields_keep_to_the_plan_too(make_api: Make) -> None:
    for plan, field in (("free", FieldConfig(name="A")), ("growth", FieldConfig(name="A", type="auto_complete"))):
        with pytest.raises(RefusedError):
            make_api(demo_config(plan=plan, custom_fields=[field]))


@pytest.mark.parametrize(
    ("label", "name"),
    [("Last Pocket Depth", "cf_last_pocket_depth"), ("Depth (mm)", "cf_depth_mm"), ("A - B", "cf_a_-_b")],
)
def test_6_2_slug_of_a_label(label: str, name: str) -> None:
    assert slug(label) == name


def test_seeded_module_of_the_configuration(make_api: Make) -> None:
    fields = (FieldConfig(name="CDT", module="cm_plan", required=True),)
    modules = ({"entity_name": "cm_plan", "singular_name": "Plan", "plural_name": "Plans"},)
    account = practice("a", "A", "fs-sandbox-harbor", custom_fields=fields, custom_modules=modules)
    api = make_api(demo_config().model_copy(update={"accounts": (account,), "behaviour": Behaviour()}))
    names = [field["name"] for field in api("GET", "/settings/cm_plan/fields").json()["fields"]]
    assert names[-1] == "cf_cdt"


def test_6_1_field_type_codes_and_success_codes_are_settings(make_api: Make) -> None:
    api = make_api(standard_field_creation="on", field_type_codes={"text": 42}, appointment_create_status=200)
    form = api("GET", "/settings/contacts/forms").json()["forms"][0]["id"]
    path = f"/settings/contacts/forms/{form}/fields"
    assert api("POST", path, {"field_type": 42, "label": "Chart"}).json()["field"]["type"] == "text"
    assert api.messages(api("POST", path, {"field_type": 1, "label": "Other"})) == ["Field is invalid"]
    assert appointment(api).status_code == 200
