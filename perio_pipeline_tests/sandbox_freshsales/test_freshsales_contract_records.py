"""The simulator contract, section 17 of the API notes: bodies, values, uniqueness, views, deletes, fields."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.config import FieldConfig
from perio_pipeline.sandbox.freshsales.seed import demo_config

Make = Callable[..., Any]


def rows(count: int, first: int = 0) -> dict[str, Any]:
    return {"contacts": [{"emails": f"{n}@example.com", "data": {"city": "York"}} for n in range(first, first + count)]}


def test_17_wrapped_and_bare_bodies_are_both_taken(api: Any) -> None:
    wrapped = api("POST", "/contacts", {"contact": {"external_id": "W1", "city": "York"}}).json()["contact"]
    bare = api("POST", "/contacts", {"external_id": "B1", "city": "York"}).json()["contact"]
    assert wrapped["city"] == bare["city"] == "York"
    assert api("PUT", f"/contacts/{bare['id']}", {"city": "Bath"}).json()["contact"]["city"] == "Bath"


def test_17_unknown_names_and_plural_custom_fields_vanish_in_silence(api: Any) -> None:
    values = {"cf_risk_note": "high"}
    made = api.contact(middle_name="Q", cf_risk_note="bare", custom_fields=values, custom_field={"cf_nowhere": 1})
    read = api.read("contact", made["id"])
    assert "middle_name" not in read
    assert "custom_fields" not in read
    assert read["custom_field"]["cf_risk_note"] is None
    assert "cf_nowhere" not in read["custom_field"]
    assert api.contact(custom_field=values)["custom_field"]["cf_risk_note"] == "high"


def test_17_unknown_cf_name_is_refused_where_switched_on(make_api: Make) -> None:
    api = make_api(unknown_custom_field="refuse")
    reply = api("POST", "/contacts", {"external_id": "1", "custom_field": {"cf_nowhere": 1}})
    assert api.messages(reply) == ["cf_nowhere is not a valid field"]


WRONG = [
    ("cf_risk_note", "x" * 257),
    ("cf_risk_note", ["x"]),
    ("cf_history", "x" * 10_001),
    ("cf_pocket_depth", "deep"),
    ("cf_pocket_depth", 123_456_789_012),
    ("cf_pocket_depth", 1.23456),
    ("cf_stage", "Stage IX"),
    ("cf_days", "Monday;Sunday"),
    ("cf_days", ["Monday"]),
    ("cf_smoker", "perhaps"),
    ("cf_date_of_birth", "03/05/2024"),
    ("cf_staged_at", "yesterday"),
    ("cf_referred_by", 12),
    ("cf_referred_by", "Dr. Reed"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_17_values_of_wrong_type_length_or_choice_are_refused(api: Any, name: str, value: Any) -> None:
    reply = api("POST", "/contacts", {"external_id": "1", "custom_field": {name: value}})
    assert api.messages(reply)
    assert len(api.state["contacts"]) == 0


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_17_values_of_wrong_type_length_or_choice_are_dropped_where_switched(
    make_api: Make, name: str, value: Any
) -> None:
    api = make_api(unusable_value="drop", invalid_choice="drop")
    assert api.contact(custom_field={name: value})["custom_field"][name] is None


def test_17_values_are_stored_in_their_encoding(api: Any) -> None:
    other = api.contact()
    values = {
        "cf_risk_note": "x" * 256,
        "cf_history": "x" * 10_000,
        "cf_pocket_depth": 4.5,
        "cf_stage": "Stage II",
        "cf_days": "Monday;Wednesday",
        "cf_smoker": False,
        "cf_referred_by": other["id"],
    }
    made = api.contact(custom_field={**values, "cf_date_of_birth": "1970-02-03"})
    read = api.read("contact", made["id"])["custom_field"]
    assert {name: read[name] for name in values} == values
    assert read["cf_date_of_birth"] == "1970-02-03T00:00:00-05:00", "local midnight of the account's zone"
    cleared = api("PUT", f"/contacts/{made['id']}", {"contact": {"custom_field": {"cf_stage": None}}}).json()
    assert cleared["contact"]["custom_field"]["cf_stage"] is None
    assert cleared["contact"]["custom_field"]["cf_days"] == "Monday;Wednesday", "what is not named stays"


def test_17_encoding_switches(make_api: Make) -> None:
    api = make_api(multi_select_array="accept", date_reads_as="date", timestamp_zone="account")
    made = api.contact(custom_field={"cf_days": ["Monday", "Wednesday"], "cf_date_of_birth": "1970-02-03"})
    assert made["custom_field"]["cf_days"] == "Monday;Wednesday"
    assert made["custom_field"]["cf_date_of_birth"] == "1970-02-03"
    assert made["created_at"][-6:] in ("-05:00", "-04:00")


def test_17_moments_without_offset_are_the_accounts(api: Any) -> None:
    made = [
        api.contact(custom_field={"cf_staged_at": text})
        for text in ("2024-03-05T14:00:00", "2024-03-05T14:00:00-05:00")
    ]
    assert [item["custom_field"]["cf_staged_at"] for item in made] == ["2024-03-05T19:00:00Z"] * 2


def test_17_uniqueness_over_live_rows_of_email_external_id_and_account_name(api: Any) -> None:
    first = api.contact(email="Ann@example.com", external_id="P-1")
    reply = api("POST", "/contacts", {"contact": {"email": "ann@example.com", "external_id": "P-1"}})
    assert api.messages(reply) == ["Email has already been taken", "External ID has already been taken"]
    api.sales_account("Reed")
    assert api.messages(api("POST", "/sales_accounts", {"name": "reed"})) == ["Name has already been taken"]
    other = api.sales_account("Stone")
    assert api.messages(api("PUT", f"/sales_accounts/{other['id']}", {"name": "Reed"})) == ["Name is not unique"]
    api("DELETE", f"/contacts/{first['id']}")
    assert api("POST", "/contacts", {"contact": {"email": "ann@example.com"}}).status_code == 200


def test_17_soft_deleted_rows_still_block_where_switched_on(make_api: Make) -> None:
    api = make_api(deleted_rows_block=True)
    first = api.contact(email="ann@example.com")
    api("DELETE", f"/contacts/{first['id']}")
    assert api.messages(api("POST", "/contacts", {"email": "ann@example.com"})) == ["Email has already been taken"]
    api("DELETE", f"/contacts/{first['id']}/forget")
    assert api("POST", "/contacts", {"email": "ann@example.com"}).status_code == 200


def test_17_email_and_account_name_need_not_be_unique_and_mobile_can_be(make_api: Make) -> None:
    api = make_api(email_unique=False, account_name_unique=False, mobile_unique=True)
    for _ in range(2):
        api.contact(email="family@example.com")
        api.sales_account("Smith")
    api.contact(mobile_number="+12125550142")
    reply = api("POST", "/contacts", {"external_id": "X", "mobile_number": "+12125550142"})
    assert api.messages(reply) == ["Mobile has already been taken"]


def test_17_unique_custom_fields_are_unique(api: Any) -> None:
    api.contact(custom_field={"cf_source_key": "K1"})
    reply = api("POST", "/contacts", {"external_id": "X", "custom_field": {"cf_source_key": "K1"}})
    assert api.messages(reply) == ["Source key has already been taken"]


def test_17_ids_and_timestamps_are_the_servers(api: Any) -> None:
    made = api.contact(id=5, created_at="2001-01-01T00:00:00Z", updated_at="2001-01-01T00:00:00Z", mcr_id=7)
    assert made["id"] > 2**31
    assert made["mcr_id"] > 2**31
    assert made["created_at"] == made["updated_at"] > "2026"
    assert made["created_at"].endswith("Z")


def test_17_created_at_can_be_written_where_switched_on(make_api: Make) -> None:
    api = make_api(created_at="client")
    assert api.contact(created_at="2001-01-01T00:00:00Z")["created_at"] == "2001-01-01T00:00:00Z"


def test_17_views_page_with_meta_and_a_recycle_bin(api: Any) -> None:
    made = [api.contact(first_name=f"N{n}") for n in range(27)]
    view = api.view_id("contacts", "All Contacts")
    first = api("GET", f"/contacts/view/{view}").json()
    assert (len(first["contacts"]), first["meta"]) == (25, {"total_pages": 2, "total": 27})
    assert len(api("GET", f"/contacts/view/{view}?page=2").json()["contacts"]) == 2
    newest = api("GET", f"/contacts/view/{view}?per_page=1&sort=id&sort_type=desc").json()["contacts"]
    assert newest[0]["id"] == made[-1]["id"]
    api("DELETE", f"/contacts/{made[0]['id']}")
    bin_ = api("GET", f"/contacts/view/{api.view_id('contacts', 'Recycle Bin')}").json()
    assert [contact["id"] for contact in bin_["contacts"]] == [made[0]["id"]]
    assert api("GET", f"/contacts/view/{view}").json()["meta"]["total"] == 26


def test_17_per_page_is_capped_at_100(api: Any) -> None:
    api("POST", "/contacts/bulk_upsert", rows(100))
    api.contact()
    reply = api("GET", f"/contacts/view/{api.view_id('contacts', 'All Contacts')}?per_page=500").json()
    assert (len(reply["contacts"]), reply["meta"]["total_pages"]) == (100, 2)


def lagging(seconds: float, factor: float = 1, **behaviour: Any) -> Any:
    return demo_config(search_lag_seconds=seconds, clock_factor=factor, behaviour=Behaviour(**behaviour))


def test_17_lookup_and_search_are_late_by_the_index_lag(make_api: Make) -> None:
    api = make_api(lagging(60, factor=100))
    made = api.contact(email="ann@example.com")
    paths = ("/lookup?q=ann@example.com&f=email&entities=contact", "/search?q=ann@example.com&include=contact")
    late = [api("GET", path).json() for path in paths]
    assert late == [{"contacts": {"contacts": []}}, []]
    assert api.read("contact", made["id"])["email"] == "ann@example.com", "a read by id is never late"
    time.sleep(0.65)
    nested, flat = (api("GET", path).json() for path in paths)
    assert nested["contacts"]["contacts"][0]["id"] == made["id"]
    assert flat[0]["id"] == str(made["id"])


def test_17_lookup_can_be_in_time_and_views_late(make_api: Make) -> None:
    api = make_api(lagging(1000, lookup_lags=False, views_lag=True))
    api.contact(email="ann@example.com")
    assert api("GET", "/lookup?q=ann@example.com&f=email&entities=contact").json()["contacts"]["contacts"]
    assert api("GET", f"/contacts/view/{api.view_id('contacts', 'All Contacts')}").json()["contacts"] == []


def test_17_delete_forget_and_restore(api: Any) -> None:
    household = api.sales_account("Reed")
    child = api.sales_account("Reed junior", parent_sales_account_id=household["id"])
    contact = api.contact(sales_accounts=[{"id": household["id"], "is_primary": True}])
    deal = api.deal(sales_account_id=household["id"])
    note = {"description": "x", "targetable_type": "Contact", "targetable_id": contact["id"]}
    api("POST", "/notes", {"note": note})

    assert api("DELETE", f"/contacts/{contact['id']}").json() is True
    assert api("GET", f"/contacts/{contact['id']}").status_code == 404
    assert api("POST", "/__sandbox/restore", {"kind": "contacts", "id": contact["id"]}).status_code == 200
    assert len(api("GET", f"/contacts/{contact['id']}/notes").json()["notes"]) == 1, "activities come back"

    assert api("DELETE", f"/sales_accounts/{household['id']}").json() is True
    api("POST", "/__sandbox/restore", {"kind": "sales_accounts", "id": household["id"]})
    assert api.read("deal", deal["id"])["sales_account_id"] is None, "restore does not rebuild the links"
    assert api.read("sales_account", child["id"])["parent_sales_account_id"] is None

    assert api("DELETE", f"/contacts/{contact['id']}/forget").json() is True
    assert api("DELETE", f"/contacts/{contact['id']}/forget").status_code == 404
    assert len(api.state["notes"]) == 0
    assert api("POST", "/__sandbox/restore", {"kind": "contacts", "id": contact["id"]}).status_code == 404


def test_17_phone_call_keeps_its_target_in_a_form_only(api: Any) -> None:
    contact = api.contact()
    target = {"targetable_type": "contact", "targetable": {"id": contact["id"]}}
    lost = api("POST", "/phone_calls", {"phone_call": {"call_direction": False, **target}})
    assert lost.json()["phone_call"]["targetables"] == []
    with_note = {"phone_call": {**target, "note": {"description": "Called"}}}
    assert api("POST", "/phone_calls", with_note).status_code == 400
    form = {
        "phone_call[call_direction]": "true",
        "phone_call[targetable_type]": "contact",
        "phone_call[targetable][id]": str(contact["id"]),
        "phone_call[note][description]": "Called",
    }
    for encoding in ({"data": form}, {"files": {name: (None, value) for name, value in form.items()}}):
        kept = api("POST", "/phone_calls", **encoding).json()["phone_call"]
        assert kept["targetables"] == [{"id": contact["id"], "type": "Contact"}]
        assert kept["call_direction"] is True
    assert [note["description"] for note in api("GET", f"/contacts/{contact['id']}/notes").json()["notes"]] == [
        "Called"
    ] * 2


def test_17_phone_call_in_json_can_work(make_api: Make) -> None:
    api = make_api(phone_calls_json="works")
    body = {"targetable_type": "contact", "targetable": {"id": api.contact()["id"]}}
    assert api("POST", "/phone_calls", {"phone_call": body}).json()["phone_call"]["targetables"]


@pytest.mark.parametrize("module", ["contacts", "sales_accounts", "deals"])
def test_17_field_creation_on_standard_modules_is_off_unless_switched_on(make_api: Make, module: str) -> None:
    body = {"field_type": 1, "label": "Chart number", "required": False}
    for setting in ("404", "403"):
        api = make_api(standard_field_creation=setting)
        assert api("GET", f"/settings/{module}/forms").status_code == int(setting)
        assert api("POST", f"/settings/{module}/forms/1/fields", body).status_code == int(setting)
    api = make_api(standard_field_creation="on")
    form = api("GET", f"/settings/{module}/forms").json()["forms"][0]
    made = api("POST", f"/settings/{module}/forms/{form['id']}/fields", body).json()["field"]
    assert (made["name"], made["label"], made["type"], made["custom"]) == (
        "cf_chart_number",
        "Chart number",
        "text",
        True,
    )
    names = [field["name"] for field in api("GET", f"/settings/{module}/fields").json()["fields"]]
    assert "cf_chart_number" in names


def test_17_choices_are_at_most_300(make_api: Make) -> None:
    api = make_api(standard_field_creation="on")
    form = api("GET", "/settings/contacts/forms").json()["forms"][0]["id"]
    for count, status in ((300, 200), (301, 400), (0, 400)):
        choices = [{"value": str(n)} for n in range(count)]
        body = {"field_type": 4, "label": f"Pick {count}", "choices": choices}
        assert api("POST", f"/settings/contacts/forms/{form}/fields", body).status_code == status


def test_17_field_limits_of_the_plan_hold(make_api: Make) -> None:
    fields = [FieldConfig(name=f"Area {n}", type="paragraph") for n in range(5)]
    config = demo_config(plan="growth", custom_fields=fields, behaviour=Behaviour(standard_field_creation="on"))
    api = make_api(config)
    form = api("GET", "/settings/contacts/forms").json()["forms"][0]["id"]
    path = f"/settings/contacts/forms/{form}/fields"
    assert api.messages(api("POST", path, {"field_type": 2, "label": "Area 6"}))
    assert api.messages(api("POST", path, {"field_type": 10, "label": "Lookup"})), "no lookups on Growth"
    assert api("POST", path, {"field_type": 1, "label": "Text"}).status_code == 200
    assert api.messages(api("POST", path, {"field_type": 1, "label": "text"})) == ["Label has already been taken"]
