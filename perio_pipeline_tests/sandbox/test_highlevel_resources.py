"""The resources beyond the contract's points: search, links, tags, businesses, users, and the switchable behaviours."""

from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.highlevel.config import CalendarConfig, FieldConfig
from perio_pipeline.sandbox.highlevel.seed import demo_config

Make = Callable[..., Any]


def names_found(api: Any, *filters: dict[str, Any]) -> set[str]:
    return {contact["firstNameRaw"] for contact in api.search(filters=list(filters))["contacts"]}


@pytest.fixture
def peopled(api: Any) -> Any:
    field = api.field("Depth", "NUMERICAL")
    api.depth = field["id"]
    api.contact(
        firstName="Ann", email="ann@example.com", tags=["vip"], customFields=[{"id": api.depth, "field_value": 4}]
    )
    api.contact(firstName="Bo", email="bo@example.org", customFields=[{"id": api.depth, "field_value": 7}])
    api.contact(firstName="Cy", phone="2125550142")
    return api


@pytest.mark.parametrize(
    ("field", "operator", "value", "found"),
    [
        ("email", "eq", "ANN@example.com", {"Ann"}),
        ("email", "contains", "example", {"Ann", "Bo"}),
        ("email", "not_contains", "example", {"Cy"}),
        ("phone", "eq", "+12125550142", {"Cy"}),
        ("tags", "eq", "vip", {"Ann"}),
        ("email", "exists", None, {"Ann", "Bo"}),
        ("email", "not_exists", None, {"Cy"}),
        ("firstNameLowerCase", "not_eq", "ann", {"Bo", "Cy"}),
        ("depth", "range", {"gte": 5}, {"Bo"}),
        ("depth", "eq", 4, {"Ann"}),
    ],
)
def test_search_filters(peopled: Any, field: str, operator: str, value: Any, found: set[str]) -> None:
    name = f"customFields.{peopled.depth}" if field == "depth" else field
    assert names_found(peopled, {"field": name, "operator": operator, "value": value}) == found


def test_search_groups_and_pages(peopled: Any) -> None:
    either = [{"field": "firstNameLowerCase", "operator": "eq", "value": name} for name in ("ann", "cy")]
    assert names_found(peopled, {"group": "OR", "filters": either}) == {"Ann", "Cy"}
    assert names_found(peopled, *either) == set()
    seen, after = [], None
    for _ in range(3):
        page = peopled.search(pageLimit=1, **({"searchAfter": after} if after else {}))["contacts"]
        seen += [contact["id"] for contact in page]
        after = page[-1]["searchAfter"]
    assert len(set(seen)) == 3
    assert peopled.search(pageLimit=1, searchAfter=after)["contacts"] == []


def test_search_is_as_strict_as_published(api: Any) -> None:
    for extra in ({"pageLimit": 501}, {"pageLimit": 500, "page": 21}, {"query": "x" * 76}):
        body = {"locationId": api.location, "pageLimit": 10} | extra
        assert api("POST", "/contacts/search", body).status_code == 400


def test_duplicate_lookup_reads_the_latest_state(make_api: Make) -> None:
    api = make_api(demo_config(search_lag_seconds=1000))
    contact = api.contact(phone="2125550142")
    path = f"/contacts/search/duplicate?locationId={api.location}"
    assert api("GET", f"{path}&number=%2B12125550142").json()["contact"]["id"] == contact["id"]
    assert api("GET", f"{path}&email=x%40example.com").json()["contact"] is None
    assert api("GET", path).status_code == 400


def test_business_link_shows_on_the_contact_and_ends_with_the_business(api: Any) -> None:
    made = api("POST", "/businesses/", {"name": "Acme Dental", "locationId": api.location})
    business = made.json()["buiseness"]
    contact = api.contact(companyName="Typed by hand")
    link = {"locationId": api.location, "ids": [contact["id"], "nosuchcontact0000000"], "businessId": business["id"]}
    assert api("POST", "/contacts/bulk/business", link).json() == {"success": True, "ids": [contact["id"]]}
    read = api.read_contact(contact["id"])
    assert (read["businessId"], read["companyName"]) == (business["id"], "Acme Dental")
    listed = api("GET", f"/contacts/business/{business['id']}?locationId={api.location}").json()
    assert (listed["count"], listed["contacts"][0]["id"]) == (1, contact["id"])
    assert api("DELETE", f"/businesses/{business['id']}").json() == {"success": True}
    assert "businessId" not in api.read_contact(contact["id"])


def test_bulk_business_takes_fifty_and_unlinks_with_null(api: Any) -> None:
    body = {"locationId": api.location, "ids": ["x"] * 51, "businessId": None}
    assert api("POST", "/contacts/bulk/business", body).status_code == 422
    assert api("POST", "/contacts/bulk/business", body | {"ids": []}).status_code == 200


def test_tags_are_added_removed_and_listed(api: Any) -> None:
    contact = api.contact(tags=["a"])
    path = f"/contacts/{contact['id']}/tags"
    assert api("POST", path, {"tags": ["B", "a"]}).json() == {"tags": ["a", "b"], "tagsAdded": ["b"]}
    assert api("DELETE", path, {"tags": ["A"]}).json()["tags"] == ["b"]
    dictionary = api("GET", f"/locations/{api.location}/tags").json()["tags"]
    assert [tag["name"] for tag in dictionary] == ["a", "b"]


def test_bulk_tags_answer_for_each_contact(api: Any) -> None:
    contact = api.contact()
    body = {"contacts": [contact["id"], "bad id"], "tags": ["X"], "locationId": api.location}
    reply = api("POST", "/contacts/bulk/tags/update/add", body).json()
    assert (reply["succeded"], reply["errorCount"]) == (False, 1)
    assert reply["responses"][0]["tagsAdded"] == ["x"]
    assert reply["responses"][1]["message"] == "contact id is not a valid firebase id"


def test_users_are_listed_searched_and_read(api: Any) -> None:
    users = api("GET", f"/users/?locationId={api.location}").json()["users"]
    assert len(users) == 3
    found = api("GET", "/users/search?companyId=COMPharbor0000000000&query=blake").json()
    assert (found["count"], found["users"][0]["email"]) == (1, "blake.rivers@example.com")
    assert api("GET", f"/users/{users[0]['id']}").json()["email"] == users[0]["email"]


def test_calendar_with_team_members_needs_one_and_slots_do_not_overlap(make_api: Make) -> None:
    config = demo_config()
    calendar = CalendarConfig(name="Surgery", team_emails=("avery.stone@example.com",))
    first = config.locations[0].model_copy(update={"calendars": (calendar,)})
    api = make_api(config.model_copy(update={"locations": (first,)}))
    made = api("GET", f"/calendars/?locationId={api.location}").json()["calendars"][0]
    body = {"calendarId": made["id"], "locationId": api.location, "contactId": api.contact()["id"]}
    body["startTime"] = "2099-05-04T09:00:00-04:00"
    path = "/calendars/events/appointments"
    assert api("POST", path, body).status_code == 422
    body["assignedUserId"] = made["teamMembers"][0]["userId"]
    codes = [api("POST", path, body).status_code for _ in range(2)]
    assert codes == [200, 400]
    assert api("POST", path, body | {"ignoreFreeSlotValidation": True}).status_code == 200


def test_task_search_and_completion(api: Any) -> None:
    contact = api.contact()
    task = {"title": "Call back", "dueDate": "2020-01-01T05:00:00+02:00", "completed": False}
    made = api("POST", f"/contacts/{contact['id']}/tasks", task).json()["task"]
    assert made["dueDate"] == "2020-01-01T03:00:00.000Z"
    api("PUT", f"/contacts/{contact['id']}/tasks/{made['id']}/completed", {"completed": True})
    path = f"/locations/{api.location}/tasks/search"
    assert api("POST", path, {"completed": False}).json()["tasks"] == []
    assert api("POST", path, {"completed": True, "contactId": [contact["id"]]}).json()["tasks"][0]["id"] == made["id"]


def test_note_of_another_contact_is_not_found(api: Any) -> None:
    first, second = api.contact(), api.contact()
    note = api("POST", f"/contacts/{first['id']}/notes", {"body": "x"}).json()["note"]
    assert api("GET", f"/contacts/{second['id']}/notes/{note['id']}").status_code == 400


def test_opportunity_search_status_and_update(api: Any) -> None:
    contact = api.contact()
    made = api.opportunity(contact["id"], monetaryValue=1200.5).json()["opportunity"]
    api("PUT", f"/opportunities/{made['id']}/status", {"status": "won"})
    query = f"location_id={api.location}&contact_id={contact['id']}"
    assert api("GET", f"/opportunities/search?{query}&status=open").json()["opportunities"] == []
    (found,) = api("GET", f"/opportunities/search?{query}").json()["opportunities"]
    assert (found["status"], found["contact"]["name"]) == ("won", "Ann Reed")
    assert api("PUT", f"/opportunities/{made['id']}", {"contactId": contact["id"]}).status_code == 422


def test_custom_fields_may_stand_before_the_first_request(make_api: Make) -> None:
    field = FieldConfig(name="Stage", dataType="RADIO", options=("I", "II"))
    api = make_api(demo_config(custom_fields=(field,)))
    (found,) = api("GET", f"/locations/{api.location}/customFields").json()["customFields"]
    assert (found["fieldKey"], found["picklistOptions"]) == ("contact.stage", ["I", "II"])


@pytest.mark.parametrize(
    ("data_type", "value", "stored"),
    [
        ("TEXT", 5, "5"),
        ("NUMERICAL", "12.5", 12.5),
        ("NUMERICAL", "many", None),
        ("CHECKBOX", "x", ["x"]),
        ("MULTIPLE_OPTIONS", ["x", "unlisted"], ["x", "unlisted"]),
        ("RADIO", ["x"], None),
        ("DATE", "2024-03-05", "2024-03-05"),
        ("DATE", "2024-03-05T23:30:00Z", "2024-03-05"),
        ("DATE", "March", None),
        ("TEXT", "", None),
    ],
)
def test_values_are_stored_as_their_field_holds_them(api: Any, data_type: str, value: Any, stored: Any) -> None:
    field = api.field("Field", data_type, options=["x"])
    contact = api.contact(customFields=[{"id": field["id"], "field_value": value}])
    values = {item["id"]: item["value"] for item in api.read_contact(contact["id"])["customFields"]}
    assert values.get(field["id"]) == stored


def test_null_clears_and_an_empty_date_is_ignored(api: Any) -> None:
    text, day = api.field("Text", "TEXT")["id"], api.field("Day", "DATE")["id"]
    given = [{"id": text, "field_value": "a"}, {"id": day, "field_value": "2024-03-05"}]
    path = f"/contacts/{api.contact(customFields=given)['id']}"
    blank = [{"id": text, "field_value": ""}, {"id": day, "field_value": ""}]
    after_blank = api("PUT", path, {"customFields": blank}).json()["contact"]["customFields"]
    assert after_blank == [{"id": day, "value": "2024-03-05"}]
    cleared = api("PUT", path, {"customFields": [{"id": day, "field_value": None}]})
    assert cleared.json()["contact"]["customFields"] == []


def created(api: Any, data_type: str, value: Any) -> Any:
    field = api.field("Field", data_type, options=["x"])
    body = {"locationId": api.location, "email": "a@example.com"}
    return api("POST", "/contacts/", body | {"customFields": [{"id": field["id"], "field_value": value}]})


@pytest.mark.parametrize(
    ("behaviour", "data_type", "value", "stored"),
    [
        ({"text_limit": 3}, "TEXT", "abcdef", "abc"),
        ({"date_time_shift": "on"}, "DATE", "2024-03-05", "2024-03-04"),
    ],
)
def test_values_change_where_the_account_is_set_to(
    make_api: Make, behaviour: dict[str, Any], data_type: str, value: str, stored: str
) -> None:
    reply = created(make_api(**behaviour), data_type, value)
    assert reply.json()["contact"]["customFields"][0]["value"] == stored


@pytest.mark.parametrize(
    ("behaviour", "data_type", "value", "status"),
    [
        ({"unlisted_option": "refuse"}, "SINGLE_OPTIONS", "z", 400),
        ({"unusable_value": "refuse"}, "NUMERICAL", "many", 422),
        ({"date_form": "datetime", "unusable_value": "refuse"}, "DATE", "2024-03-05", 422),
    ],
)
def test_values_are_refused_where_the_account_is_set_to(
    make_api: Make, behaviour: dict[str, Any], data_type: str, value: str, status: int
) -> None:
    assert created(make_api(**behaviour), data_type, value).status_code == status


@pytest.mark.parametrize(
    ("setting", "value", "default", "switched"),
    [
        ("invalid_phone", "refuse", 201, 422),
        ("invalid_email", "store", 422, 201),
        ("invalid_date_of_birth", "drop", 422, 201),
    ],
)
def test_invalid_standard_values_by_setting(
    make_api: Make, setting: str, value: str, default: int, switched: int
) -> None:
    wrong = {
        "invalid_phone": ("phone", "12"),
        "invalid_email": ("email", "none"),
        "invalid_date_of_birth": ("dateOfBirth", "5"),
    }
    name, text = wrong[setting]
    for api, status in ((make_api(), default), (make_api(**{setting: value}), switched)):
        body = {"locationId": api.location, "firstName": "A", "lastName": "B", name: text}
        assert api("POST", "/contacts/", body).status_code == status


def test_other_settings_switch(make_api: Make) -> None:
    api = make_api(
        put_company_name="accept",
        source_on_opportunity="accept",
        contact_not_found_status=404,
        note_limit=5,
        repeated_field_key="refuse",
        past_appointment="refuse",
        gender_on_read=True,
    )
    contact = api.contact(gender="female")
    assert contact["gender"] == "female"
    assert api("PUT", f"/contacts/{contact['id']}", {"companyName": "X"}).json()["contact"]["companyName"] == "X"
    assert api.opportunity(contact["id"], source="panda").status_code == 201
    assert api("GET", "/contacts/nosuchcontact0000000").status_code == 404
    assert api("POST", f"/contacts/{contact['id']}/notes", {"body": "too long"}).status_code == 422
    api.field("A", "TEXT")
    body = {"name": "A", "dataType": "TEXT"}
    assert api("POST", f"/locations/{api.location}/customFields", body).status_code == 400
    calendar = api("GET", f"/calendars/?locationId={api.location}").json()["calendars"][0]
    past = {"calendarId": calendar["id"], "locationId": api.location, "contactId": contact["id"]}
    past |= {"startTime": "2020-01-01T10:00:00Z", "ignoreDateRange": True, "ignoreFreeSlotValidation": True}
    assert api("POST", "/calendars/events/appointments", past).status_code == 400
