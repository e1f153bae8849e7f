"""What the contract leaves out: contacts, accounts, deals, selectors, deletes, in both positions of the settings."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.seed import demo_config, with_practice

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("rule", "accepted"),
    [
        ("unique_field", {"email", "external_id"}),
        ("email", {"email"}),
        ("email_or_mobile", {"email", "mobile_number"}),
        ("none", {"email", "external_id", "mobile_number", "last_name"}),
    ],
)
def test_2_2_what_a_contact_must_have(make_api: Make, rule: str, accepted: set[str]) -> None:
    bodies = {"email": "a@example.com", "external_id": "P1", "mobile_number": "+12125550142", "last_name": "Reed"}
    api = make_api(contact_identity=rule)
    taken = {name for name, value in bodies.items() if api("POST", "/contacts", {name: value}).is_success}
    assert taken == accepted
    api = make_api(last_name_required=True)
    assert api.messages(api("POST", "/contacts", {"external_id": "X"})) == ["Last name can't be empty"]


def test_2_1_emails_as_text_or_as_a_list(api: Any) -> None:
    made = api.contact(emails="a@example.com")
    assert (made["email"], [item["value"] for item in made["emails"]]) == ("a@example.com", ["a@example.com"])
    emails = [{"value": "b@example.com"}, {"value": "c@example.com", "is_primary": True}]
    changed = api("PUT", f"/contacts/{made['id']}", {"contact": {"emails": emails}}).json()["contact"]
    assert (changed["email"], len(changed["emails"])) == ("c@example.com", 2)
    changed = api("PUT", f"/contacts/{made['id']}", {"contact": {"email": "d@example.com"}}).json()["contact"]
    assert [item["value"] for item in changed["emails"]] == ["d@example.com", "b@example.com"]
    assert api.messages(api("POST", "/contacts", {"email": "nobody"})) == ["Email is invalid"]


def test_2_1_sales_accounts_are_at_most_ten_with_one_primary(make_api: Make) -> None:
    api = make_api()
    links = [{"id": api.sales_account(f"A{n}")["id"]} for n in range(11)]
    assert api.messages(api("POST", "/contacts", {"external_id": "X", "sales_accounts": links}))
    both = [{**link, "is_primary": True} for link in links[:2]]
    assert api.messages(api("POST", "/contacts", {"external_id": "X", "sales_accounts": both}))
    contact = api.contact(sales_accounts=links[:2])
    shown = api.read("contact", contact["id"], "?include=sales_accounts")["sales_accounts"]
    assert [link["is_primary"] for link in shown] == [True, False]
    assert api.messages(api("POST", "/contacts", {"external_id": "X", "sales_accounts": [{"id": 5}]}))
    api = make_api(sales_accounts_without_primary="refuse")
    links = [{"id": api.sales_account()["id"]}]
    assert api.messages(api("POST", "/contacts", {"external_id": "X", "sales_accounts": links}))
    assert api("POST", "/contacts", {"external_id": "X", "sales_account_id": links[0]["id"]}).is_success


@pytest.mark.parametrize(
    ("name", "value"), [("emails", "a@example.com"), ("external_id", "P1"), ("mobile_number", "+12125550142")]
)
def test_2_3_contact_upsert_creates_then_updates(api: Any, name: str, value: str) -> None:
    extra = {} if name != "mobile_number" else {"external_id": "P9"}
    body = {"unique_identifier": {name: value}, "contact": {"first_name": "Ann", **extra}}
    made = api("POST", "/contacts/upsert", body)
    assert made.status_code == 201
    again = api("POST", "/contacts/upsert", {"unique_identifier": {name: value}, "contact": {"city": "York"}})
    assert again.status_code == 200
    contact = again.json()["contact"]
    assert contact["id"] == made.json()["contact"]["id"]
    assert (contact["first_name"], contact["city"]) == ("Ann", "York")


def test_2_3_upsert_by_id_and_wrong_identifiers(api: Any) -> None:
    made = api.contact()
    by_id = {"unique_identifier": {"id": str(made["id"])}, "contact": {"city": "York"}}
    assert api("POST", "/contacts/upsert", by_id).json()["contact"]["city"] == "York"
    assert api("POST", "/contacts/upsert", {"unique_identifier": {"id": 5}, "contact": {}}).status_code == 404
    for identifier in (None, {}, {"name": "x"}, {"emails": ""}, {"emails": "a@example.com", "external_id": "1"}):
        assert api.messages(api("POST", "/contacts/upsert", {"unique_identifier": identifier, "contact": {}}))


def test_2_3_upsert_by_external_id_can_be_refused(make_api: Make) -> None:
    api = make_api(upsert_by_external_id="refused", upsert_create_status=200)
    assert api.messages(api("POST", "/contacts/upsert", {"unique_identifier": {"external_id": "1"}, "contact": {}}))
    made = api("POST", "/contacts/upsert", {"unique_identifier": {"emails": "a@example.com"}, "contact": {}})
    assert made.status_code == 200


def test_3_and_4_upsert_by_name(api: Any) -> None:
    for path, one, extra in (("sales_accounts", "sales_account", {}), ("deals", "deal", {"amount": 5})):
        body = {"unique_identifier": {"name": "Reed"}, one: {"tags": ["a"], **extra}}
        codes = [api("POST", f"/{path}/upsert", body).status_code for _ in range(2)]
        assert codes == [201, 200]
        assert len(api.state[path]) == 1
        bulk = {path: [{"name": "Reed", "data": {"tags": ["b"]}}]}
        assert api.job(api("POST", f"/{path}/bulk_upsert", bulk))["status"] == "SUCCESS"
        assert next(iter(api.state[path]))["tags"] == ["b"]


def test_2_includes(api: Any) -> None:
    household = api.sales_account()
    contact = api.contact(sales_accounts=[{"id": household["id"], "is_primary": True}])
    target = {"targetable_type": "Contact", "targetable_id": contact["id"]}
    api.made("note", "/notes", description="x", **target)
    api.made("task", "/tasks", title="x", due_date="2024-03-05", **target)
    deal = api.deal(sales_account_id=household["id"], contacts_added_list=[contact["id"]])
    query = "?include=owner,sales_accounts,deals,notes,tasks,appointments"
    answer = api("GET", f"/contacts/{contact['id']}{query}").json()
    assert answer["users"][0]["id"] == contact["owner_id"]
    assert answer["contact"]["sales_accounts"][0]["id"] == household["id"]
    assert [item["id"] for item in answer["deals"]] == [deal["id"]]
    assert [len(answer[kind]) for kind in ("notes", "tasks", "appointments")] == [1, 1, 0]
    beside = api("GET", f"/deals/{deal['id']}?include=contacts").json()
    assert [item["id"] for item in beside["contacts"]] == [contact["id"]]
    assert api("GET", f"/sales_accounts/{household['id']}?include=deals").json()["deals"][0]["id"] == deal["id"]


def test_2_owner_clone_team_and_activities(api: Any) -> None:
    owner = api("GET", "/selector/owners").json()["users"][2]["id"]
    contact = api.contact(email="a@example.com", city="York", custom_field={"cf_source_key": "K", "cf_risk_note": "x"})
    api("POST", "/contacts/bulk_assign_owner", {"selected_ids": [contact["id"]], "owner_id": owner})
    assert api.read("contact", contact["id"])["owner_id"] == owner
    copy = api("POST", f"/contacts/{contact['id']}/clone", {"contact": {"external_id": "copy"}}).json()["contact"]
    assert (copy["city"], copy["email"], copy["owner_id"]) == ("York", None, owner)
    assert (copy["custom_field"]["cf_risk_note"], copy["custom_field"]["cf_source_key"]) == ("x", None)
    path = f"/contacts/{contact['id']}/manage_team_members"
    assert len(api("POST", path, {"team_users": [{"user_id": owner}]}).json()["team_users"]) == 1
    assert api("POST", path, {"team_users": [{"user_id": owner, "_destroy": True}]}).json()["team_users"] == []
    assert api("GET", f"/contacts/{contact['id']}/activities").json()["activities"] == []
    household = api.sales_account()
    assert api("POST", f"/sales_accounts/{household['id']}/clone").is_success


def test_4_deals_need_name_and_amount_and_find_or_make_their_account(api: Any) -> None:
    assert api.messages(api("POST", "/deals", {"deal": {}})) == ["Name can't be empty", "Deal value can't be empty"]
    first, second = (api.deal(sales_account={"name": name}) for name in ("Reed", "reed"))
    assert first["sales_account_id"] == second["sales_account_id"]
    assert "sales_account" not in first
    assert api.messages(api("POST", "/deals", {"name": "x", "amount": 1, "sales_account_id": 12})) == [
        "Account is invalid"
    ]
    assert api.messages(api("POST", "/deals", {"name": "x", "amount": 1, "probability": 101}))
    dated = api.deal(expected_close="2024-03-05", custom_field={"cf_plan_key": "T1"})
    assert (dated["expected_close"], dated["custom_field"]) == ("2024-03-05", {"cf_plan_key": "T1"})


def test_4_stages_belong_to_the_pipeline(api: Any) -> None:
    (pipeline,) = api("GET", "/selector/deal_pipelines").json()["deal_pipelines"]
    stages = {stage["name"]: stage["id"] for stage in pipeline["deal_stages"]}
    assert list(stages) == ["Consultation", "Accepted", "In Treatment", "Completed", "Lost"]
    assert [stage["id"] for stage in api("GET", "/selector/deal_stages").json()["deal_stages"]] == list(stages.values())
    path = f"/selector/deal_pipelines/{pipeline['id']}/deal_stages"
    assert len(api("GET", path).json()["deal_stages"]) == 5
    deal = api.deal()
    assert deal["deal_stage_id"] == stages["Consultation"], "the first one, unless said otherwise"
    moved = api("PUT", f"/deals/{deal['id']}", {"deal": {"deal_stage_id": stages["Completed"]}}).json()["deal"]
    assert (moved["deal_pipeline_id"], moved["deal_stage_id"]) == (pipeline["id"], stages["Completed"])
    assert moved["probability"] == 100
    assert moved["stage_updated_time"] >= deal["stage_updated_time"]
    renamed = api("PUT", f"/deals/{deal['id']}", {"deal": {"name": "New"}}).json()["deal"]
    assert renamed["deal_stage_id"] == stages["Completed"]
    for wrong in ({"deal_stage_id": 5}, {"deal_pipeline_id": 5}, {"deal_stage_id": "Lost"}):
        assert api.messages(api("PUT", f"/deals/{deal['id']}", {"deal": wrong}))


def test_4_related_contacts_are_added_and_removed(api: Any) -> None:
    contacts = [api.contact()["id"] for _ in range(2)]
    deal = api.deal(contacts_added_list=contacts)
    assert deal["contact_ids"] == contacts
    changed = api("PUT", f"/deals/{deal['id']}", {"deal": {"contacts_removed_list": contacts[:1]}}).json()["deal"]
    assert changed["contact_ids"] == contacts[1:]
    api("DELETE", f"/contacts/{contacts[1]}/forget")
    assert api.read("deal", deal["id"])["contact_ids"] == []
    assert api.messages(api("PUT", f"/deals/{deal['id']}", {"deal": {"contacts_added_list": [5]}}))


@pytest.mark.parametrize(
    "name",
    [
        "territories",
        "currencies",
        "deal_reasons",
        "deal_types",
        "deal_payment_statuses",
        "deal_products",
        "campaigns",
        "lead_sources",
        "industry_types",
        "business_types",
        "contact_statuses",
        "lifecycle_stages",
        "designations",
        "sales_activity_types",
        "sales_activity_entity_types",
        "sales_activity_outcomes",
    ],
)
def test_4_selectors_answer_under_their_plural(api: Any, name: str) -> None:
    items = api("GET", f"/selector/{name}").json()[name]
    assert all({"id", "name", "position"} <= set(item) for item in items)


def test_11_users_are_read_only(api: Any) -> None:
    users = api("GET", "/selector/owners").json()["users"]
    assert "avery.stone@example.com" in [user["email"] for user in users]
    assert api("POST", "/selector/owners", {"user": {"email": "x@example.com"}}).status_code == 404
    assert api("POST", "/users", {"user": {"email": "x@example.com"}}).status_code == 404
    assert api("GET", "/search?q=avery&include=user").json()[0]["type"] == "user"


def test_15_bulk_destroy_settings(make_api: Make) -> None:
    api = make_api(bulk_destroy_max=2, bulk_destroy_status=202, bulk_destroy_seconds=1000)
    ids = [api.contact()["id"] for _ in range(3)]
    assert api.messages(api("POST", "/contacts/bulk_destroy", {"selected_ids": ids}))
    assert api("POST", "/contacts/bulk_destroy", {"selected_ids": ids[:2]}).status_code == 202
    assert api("GET", f"/contacts/{ids[0]}").status_code == 200, "not yet"
    api = make_api()
    ids = [str(api.contact()["id"]) for _ in range(2)]
    api("POST", "/contacts/bulk_destroy", {"selected_ids": ids})
    assert api("GET", f"/contacts/{ids[0]}").status_code == 404


def test_15_deleted_record_can_be_shown_and_forget_can_need_a_delete(make_api: Make) -> None:
    api = make_api(deleted_record_view="shown", forget_needs_delete=True)
    contact = api.contact()
    assert api.messages(api("DELETE", f"/contacts/{contact['id']}/forget"))
    api("DELETE", f"/contacts/{contact['id']}")
    assert api.read("contact", contact["id"])["is_deleted"] is True
    assert api("DELETE", f"/contacts/{contact['id']}/forget").json() is True


@pytest.mark.parametrize(("setting", "status"), [("ignore", 200), ("honour", 404)])
def test_3_deleting_an_account_can_take_contacts_and_deals_along(make_api: Make, setting: str, status: int) -> None:
    api = make_api(delete_associated=setting)
    account = api.sales_account()["id"]
    contact = api.contact(sales_accounts=[{"id": account, "is_primary": True}])["id"]
    deal = api.deal(sales_account_id=account)["id"]
    api("DELETE", f"/sales_accounts/{account}?delete_associated_contacts_deals=true")
    assert [api("GET", f"/{path}").status_code for path in (f"contacts/{contact}", f"deals/{deal}")] == [status] * 2


def test_3_forgetting_an_account_unlinks_contacts(api: Any) -> None:
    account = api.sales_account()["id"]
    contact = api.contact(sales_accounts=[{"id": account, "is_primary": True}])
    assert api("DELETE", f"/sales_accounts/{account}/forget").json() is True
    assert api.read("contact", contact["id"], "?include=sales_accounts")["sales_accounts"] == []


def test_two_practices_share_a_server_and_nothing_else(make_api: Make) -> None:
    api = make_api(with_practice(demo_config(search_lag_seconds=0), "Second Perio", user_emails=("d@example.com",)))
    contact = api.contact(email="a@example.com")
    other = {"Authorization": "Token token=fs-sandbox-second-perio"}
    assert api("GET", f"/contacts/{contact['id']}", headers=other).status_code == 404
    assert api("POST", "/contacts", {"email": "a@example.com"}, headers=other).is_success
    users = api("GET", "/selector/owners", headers=other).json()["users"]
    assert [user["email"] for user in users] == ["migration@example.com", "d@example.com"]


def test_bodies_that_are_no_objects_are_refused(api: Any) -> None:
    for content in (b"{", b"[1]"):
        reply = api("POST", "/contacts", content=content, headers=api.headers | {"content-type": "application/json"})
        assert api.messages(reply)


def test_15_bulk_destroy_can_take_its_time(make_api: Make) -> None:
    api = make_api(demo_config(clock_factor=100, behaviour=Behaviour(bulk_destroy_seconds=20)))
    contact = api.contact()["id"]
    api("POST", "/contacts/bulk_destroy", {"selected_ids": [contact]})
    assert api("GET", f"/contacts/{contact}").status_code == 200
    time.sleep(0.25)
    assert api("GET", f"/contacts/{contact}").status_code == 404
