"""Every route of the API facts' tables is there, and what sections 1 to 16 say beside the simulator contract."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.seed import demo_config

Make = Callable[..., Any]
MODULES = ("contacts", "sales_accounts", "deals")
EACH = (
    "POST /{m}",
    "GET /{m}/1",
    "PUT /{m}/1",
    "DELETE /{m}/1",
    "GET /{m}/view/1",
    "GET /{m}/filters",
    "POST /{m}/upsert",
    "POST /{m}/bulk_upsert",
    "POST /{m}/1/clone",
    "DELETE /{m}/1/forget",
    "POST /{m}/bulk_destroy",
    "GET /settings/{m}/fields",
    "GET /{m}/1/notes",
    "GET /{m}/1/tasks",
    "GET /{m}/1/appointments",
    "GET /{m}/1/document_associations",
    "GET /{m}/1/timeline_feeds",
    "GET /{m}/1/conversations",
)
OTHERS = (
    "POST /contacts/bulk_assign_owner",
    "GET /contacts/1/activities",
    "POST /contacts/1/manage_team_members",
    "POST /sales_accounts/1/manage_team_members",
    "GET /sales_accounts/1/contacts",
    "GET /job_statuses/1",
    "GET /lookup",
    "GET /search",
    "POST /filtered_search/contact",
    "GET /selector/owners",
    "GET /selector/deal_pipelines",
    "GET /selector/deal_stages",
    "GET /selector/deal_pipelines/1/deal_stages",
    "GET /selector/sales_activity_types/1/sales_activity_outcomes",
    "GET /selector/currencies",
    "POST /settings/module_customizations",
    "GET /settings/module_customizations",
    "GET /settings/module_customizations/1",
    "PUT /settings/module_customizations/1",
    "DELETE /settings/module_customizations/1",
    "GET /settings/cm_x/forms",
    "POST /settings/cm_x/forms/1/fields",
    "POST /custom_module/cm_x",
    "GET /custom_module/cm_x/1",
    "PUT /custom_module/cm_x/1",
    "DELETE /custom_module/cm_x/1",
    "GET /custom_module/cm_x/view/1",
    "POST /custom_module/cm_x/1/clone",
    "DELETE /custom_module/cm_x/1/forget",
    "POST /custom_module/cm_x/bulk_destroy",
    "POST /appointments",
    "GET /appointments",
    "GET /appointments/1",
    "PUT /appointments/1",
    "DELETE /appointments/1",
    "POST /notes",
    "PUT /notes/1",
    "DELETE /notes/1",
    "POST /documents",
    "POST /document_links",
    "POST /tasks",
    "GET /tasks",
    "GET /tasks/1",
    "PUT /tasks/1",
    "DELETE /tasks/1",
    "POST /sales_activities",
    "GET /sales_activities",
    "GET /sales_activities/1",
    "PUT /sales_activities/1",
    "DELETE /sales_activities/1",
    "GET /settings/sales_activities/fields",
    "POST /phone_calls",
    "POST /cti_phone_calls",
    "POST /cpq/products",
    "GET /cpq/products",
    "GET /cpq/products/1",
    "PUT /cpq/products/1",
    "DELETE /cpq/products/1",
    "PUT /cpq/products/1/restore",
)


def test_every_route_of_the_tables_is_there(api: Any) -> None:
    routes = [*(route.format(m=module) for module in MODULES for route in EACH), *OTHERS]
    unknown = []
    for route in routes:
        method, path = route.split()
        reply = api(method, path, {} if method in ("POST", "PUT") else None)
        if reply.status_code == 404 and reply.json()["errors"]["message"] == ["Route not found"]:
            unknown.append(route)
    assert unknown == []


def restricted(**settings: Any) -> Any:
    config = demo_config(search_lag_seconds=0)
    own = (("fs-hygienist", "casey.moore@example.com"),)
    account = config.accounts[0].model_copy(update={"restricted_tokens": own, **settings})
    return config.model_copy(update={"accounts": (account,)})


def test_1_1_a_key_carries_its_user_s_role_and_scope(make_api: Make) -> None:
    api = make_api(restricted())
    theirs = {"Authorization": "Token token=fs-hygienist"}
    hidden = api.contact(first_name="Ann", email="a@example.com")
    reply = api("POST", "/contacts", {"contact": {"first_name": "Bea", "external_id": "P9"}}, headers=theirs)
    own = reply.json()["contact"]
    users = {user["email"]: user["id"] for user in api("GET", "/selector/owners", headers=theirs).json()["users"]}
    assert own["owner_id"] == users["casey.moore@example.com"]
    assert api("GET", f"/contacts/{hidden['id']}", headers=theirs).status_code == 404
    assert api("PUT", f"/contacts/{hidden['id']}", {"city": "York"}, headers=theirs).status_code == 404
    view = api.view_id("contacts", "All Contacts")
    shown = api("GET", f"/contacts/view/{view}", headers=theirs).json()
    assert ([contact["id"] for contact in shown["contacts"]], shown["meta"]["total"]) == ([own["id"]], 1)
    lookup = api("GET", "/lookup?q=a@example.com&f=email&entities=contact", headers=theirs).json()
    assert lookup["contacts"]["contacts"] == []
    assert api("GET", "/search?q=ann&include=contact", headers=theirs).json() == []
    for method, path in (("DELETE", f"/contacts/{own['id']}/forget"), ("POST", "/settings/module_customizations")):
        assert api.messages(api(method, path, {}, headers=theirs), 403)
    assert api("GET", f"/contacts/{own['id']}").status_code == 200, "an admin sees everything"


@pytest.mark.parametrize("on", [False, True])
def test_16_17_workflows_fire_on_api_writes_where_they_are_on(make_api: Make, on: bool) -> None:
    api = make_api(restricted(workflows=("welcome_mail", "auto_assign") if on else ()))
    api.contact()
    made = api.contact(email="a@example.com")
    owners = api("GET", "/selector/owners").json()["users"]
    assert (made["owner_id"] == owners[0]["id"]) is not on
    assert api.contact(owner_id=owners[2]["id"])["owner_id"] == owners[2]["id"]
    outbox = api("GET", "/__sandbox/outbox").json()["outbox"]
    assert [mail["contact_id"] for mail in outbox] == ([made["id"]] if on else [])
    api("PUT", f"/contacts/{made['id']}", {"contact": {"email": "b@example.com"}})
    assert len(api("GET", "/__sandbox/outbox").json()["outbox"]) == len(outbox)


def test_2_and_3_children_of_records(api: Any) -> None:
    account = api.sales_account()
    contact = api.contact(sales_accounts=[{"id": account["id"], "is_primary": True}])
    api.contact()
    target = {"targetable_type": "Contact", "targetable_id": contact["id"]}
    note = api.made("note", "/notes", description="x", **target)
    task = api.made("task", "/tasks", title="x", due_date="2024-03-05", **target)
    feed = api("GET", f"/contacts/{contact['id']}/timeline_feeds").json()
    assert [entry["id"] for entry in feed["timeline_feeds"]] == [task["id"], note["id"]]
    assert api("GET", f"/contacts/{contact['id']}/conversations").json()["conversations"] == []
    linked = api("GET", f"/sales_accounts/{account['id']}/contacts").json()
    assert [each["id"] for each in linked["contacts"]] == [contact["id"]]
    for path in ("contacts/5/timeline_feeds", "contacts/5/conversations", "sales_accounts/5/contacts"):
        assert api("GET", f"/{path}").status_code == 404


def test_2_fields_can_include_their_group(api: Any) -> None:
    plain = api("GET", "/settings/contacts/fields").json()["fields"]
    grouped = api("GET", "/settings/contacts/fields?include=field_group").json()["fields"]
    assert not any("field_group" in field for field in plain)
    assert all(field["field_group"]["name"] for field in grouped)


def test_4_deals_have_products_of_the_catalogue(make_api: Make) -> None:
    api = make_api()
    product = api("POST", "/cpq/products", {"product": {"name": "Scaling", "sku_number": "D4341"}}).json()["product"]
    deal = api.deal()
    lines = [{"id": product["id"], "quantity": 2, "unit_price": 250}]
    path = f"/deals/{deal['id']}?include=products"
    assert api("PUT", path, {"deal": {"products": lines}}).is_success
    shown = api("GET", path).json()["products"]
    assert [(line["name"], line["quantity"]) for line in shown] == [("Scaling", 2)]
    assert api("PUT", path, {"products": []}).json()["products"] == []
    assert api.messages(api("PUT", path, {"deal": {"products": [{"id": 5}]}}))
    assert api("DELETE", f"/cpq/products/{product['id']}").json() == {"msg": {"code": "success"}}
    assert api("GET", f"/cpq/products/{product['id']}").status_code == 404
    assert api("PUT", f"/cpq/products/{product['id']}/restore").json() == {"msg": {"code": "success"}}
    changed = api("PUT", f"/cpq/products/{product['id']}", {"product": {"category": "Perio"}}).json()["product"]
    assert (changed["name"], changed["category"]) == ("Scaling", "Perio")
    form = {"targetable_type": "Product", "targetable_id": str(product["id"])}
    assert api("POST", "/documents", data=form, files={"file": ("a.pdf", b"x", "application/pdf")}).is_success
    growth = make_api(demo_config(plan="growth"))
    assert growth("POST", "/cpq/products", {"product": {"name": "x"}}).status_code == 403


def test_10_cti_calls_are_always_refused(api: Any) -> None:
    for encoding in ({"json": {"x": 1}}, {"data": {"cti_phone_call[x]": "1"}}):
        assert api("POST", "/cti_phone_calls", **encoding).status_code == 400


def test_15_the_recycle_bin_keeps_records_for_90_days(make_api: Make) -> None:
    api = make_api(demo_config(clock_factor=86_400 * 100, behaviour=Behaviour(per_minute_limit=None)))
    kept, gone = api.contact(), api.contact()
    for contact in (kept, gone):
        api("DELETE", f"/contacts/{contact['id']}")
    api("POST", "/__sandbox/restore", {"kind": "contacts", "id": kept["id"]})
    time.sleep(1.0)  # a hundred days
    api("GET", "/contacts/filters")
    assert [record["id"] for record in api.state["contacts"]] == [kept["id"]]
    api("DELETE", f"/contacts/{kept['id']}")
    api("GET", "/contacts/filters")
    assert [record["id"] for record in api.state["contacts"]] == [kept["id"]], "it has only just been deleted"


def test_2_4_jobs_take_their_time_by_rows_and_may_tell_ids(make_api: Make) -> None:
    rows = {"contacts": [{"external_id": f"P{n}", "data": {"city": "York"}} for n in range(10)]}
    api = make_api(
        demo_config(clock_factor=100, behaviour=Behaviour(job_polls=99, job_seconds=5, job_row_seconds=2, job_ids=True))
    )
    reply = api("POST", "/contacts/bulk_upsert", rows)
    time.sleep(0.1)
    assert api.job(reply, polls=1)["status"] == "QUEUED"
    time.sleep(0.25)
    done = api.job(reply, polls=1)
    assert done["status"] == "SUCCESS"
    told = json.loads(done["data"])["records"]
    assert {each["external_id"]: each["id"] for each in told} == {
        record["external_id"]: record["id"] for record in api.state["contacts"]
    }


@pytest.mark.parametrize("most", [100, 30])
def test_2_4_rows_of_a_bulk_upsert_are_limited(make_api: Make, most: int) -> None:
    api = make_api(bulk_most_rows=most)
    for count, status in ((most, 200), (most + 1, 400)):
        rows = {"contacts": [{"external_id": f"P{n}", "data": {}} for n in range(count)]}
        assert api("POST", "/contacts/bulk_upsert", rows).status_code == status


@pytest.mark.parametrize(("how", "found"), [("works", 2), ("finds_nothing", 0), ("refused", None)])
def test_2_5_filtered_search_by_external_id(make_api: Make, how: str, found: Any) -> None:
    api = make_api(filter_by_external_id=how)
    for name in ("A", "B", "C"):
        api.contact(external_id=name)
    rule = {"attribute": "external_id", "operator": "is_in", "value": ["A", "B"]}
    reply = api("POST", "/filtered_search/contact", {"filter_rule": [rule]})
    if found is None:
        assert api.messages(reply) == ["attribute is invalid"]
    else:
        assert reply.json()["meta"]["total"] == found


@pytest.mark.parametrize(("how", "listed", "joined"), [("both", 2, 2), ("list", 2, 0), ("comma", 0, 2)])
def test_2_5_several_values_of_a_filter(make_api: Make, how: str, listed: int, joined: int) -> None:
    api = make_api(filter_values=how)
    for name in ("A", "B", "C"):
        api.contact(external_id=name)
    for value, expected in ((["A", "B"], listed), ("A,B", joined), ("A", 1)):
        rule = {"attribute": "external_id", "operator": "is_in", "value": value}
        reply = api("POST", "/filtered_search/contact", {"filter_rule": [rule]})
        assert reply.json()["meta"]["total"] == expected


def test_2_5_what_view_lists_show(make_api: Make) -> None:
    def listed(query: str = "", **behaviour: Any) -> Any:
        api = make_api(**behaviour)
        place = api.sales_account()
        api.contact(city="York", sales_accounts=[{"id": place["id"], "is_primary": True}])
        return api("GET", f"/contacts/view/{api.view_id('contacts', 'All Contacts')}{query}")

    with_accounts = "?include=sales_accounts,owner"
    full = listed(with_accounts).json()["contacts"][0]
    assert (len(full["sales_accounts"]), full["city"], "custom_field" in full) == (1, "York", True)
    assert "sales_accounts" not in listed().json()["contacts"][0]
    assert "sales_accounts" not in listed(with_accounts, view_includes="ignored").json()["contacts"][0]
    assert listed(with_accounts, view_includes="refused").status_code == 400
    assert "custom_field" not in listed(view_custom_field=False).json()["contacts"][0]
    assert "city" not in listed(view_leaves_out=("city",)).json()["contacts"][0]
    for query, shown in (("", False), (with_accounts, True)):
        assert ("owner_id" in listed(query, owner_needs_include=True).json()["contacts"][0]) is shown


def test_2_5_views_of_deals_by_their_outcome(make_api: Make) -> None:
    api = make_api(outcome_deals_views=True)
    stages = {stage["name"]: stage["id"] for stage in api("GET", "/selector/deal_stages").json()["deal_stages"]}
    made = {name: api.deal(deal_stage_id=stages[name])["id"] for name in ("Accepted", "Completed", "Lost")}
    views = {"Open Deals": "Accepted", "Won Deals": "Completed", "Lost Deals": "Lost"}
    for view, stage in views.items():
        listed = api("GET", f"/deals/view/{api.view_id('deals', view)}").json()["deals"]
        assert [deal["id"] for deal in listed] == [made[stage]]


@pytest.mark.parametrize(("how", "status"), [("refuse", 400), ("accept", 200)])
def test_11_users_who_are_switched_off_as_owners(make_api: Make, how: str, status: int) -> None:
    api = make_api(inactive_owner=how)
    user = api("GET", "/selector/owners").json()["users"][1]["id"]
    api("POST", "/__sandbox/edit", {"kind": "users", "id": user, "changes": {"is_active": False}})
    assert api("POST", "/contacts", {"external_id": "X", "owner_id": user}).status_code == status


@pytest.mark.parametrize("on", [False, True])
def test_6_1_deleting_a_field_takes_its_values_where_it_is_switched_on(make_api: Make, on: bool) -> None:
    api = make_api(field_deletion=on, standard_field_creation="on")
    contact = api.contact(custom_field={"cf_risk_note": "high"})
    fields = {item["name"]: item["id"] for item in api("GET", "/settings/contacts/fields").json()["fields"]}
    path = "/settings/contacts/forms/1/fields"
    assert api("DELETE", f"{path}/{fields['cf_risk_note']}").status_code == (200 if on else 404)
    assert ("cf_risk_note" in api.read("contact", contact["id"])["custom_field"]) is not on
    assert api("DELETE", f"{path}/{fields['city']}").status_code == 404, "native fields stay"


@pytest.mark.parametrize(("how", "forms", "fields"), [("both", 200, 200), ("forms", 200, 404), ("fields", 404, 200)])
def test_6_1_where_a_module_lists_its_fields(make_api: Make, how: str, forms: int, fields: int) -> None:
    modules = ({"entity_name": "cm_plan", "singular_name": "Plan", "plural_name": "Plans"},)
    config = demo_config(behaviour=Behaviour(module_fields=how))  # type: ignore[arg-type]
    account = type(config.accounts[0])(**(config.accounts[0].model_dump() | {"custom_modules": modules}))
    api = make_api(config.model_copy(update={"accounts": (account,)}))
    assert api("GET", "/settings/cm_plan/forms").status_code == forms
    assert api("GET", "/settings/cm_plan/fields").status_code == fields


def test_1_3_the_body_of_a_401_as_a_client_noted_it(make_api: Make) -> None:
    reply = make_api(unauthorized_body="login")("GET", "/contacts/filters", headers={})
    assert (reply.status_code, reply.json()) == (401, {"login": "failed", "message": None})
