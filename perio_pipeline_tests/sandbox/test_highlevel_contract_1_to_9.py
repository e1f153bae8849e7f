"""Points 1 to 9 of the simulator contract (section 16 of the API notes), each by at least one test."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from perio_pipeline.sandbox.highlevel.config import TokenConfig
from perio_pipeline.sandbox.highlevel.seed import demo_config, with_practice

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "Invalid JWT"),
        ({"Authorization": "Bearer pit-unknown", "Version": "v3"}, 401, "Invalid Private Integration token"),
        ({"Authorization": "Bearer pit-sandbox-harbor"}, 401, "version header was not found."),
        ({"Authorization": "Bearer pit-sandbox-harbor", "Version": "2020-01-01"}, 401, "version header is invalid"),
    ],
)
def test_16_1_token_and_version_are_checked_first(api: Any, headers: dict[str, str], status: int, message: str) -> None:
    reply = api("POST", "/contacts/", {"nonsense": 1}, headers=headers)
    assert (reply.status_code, reply.json()["message"]) == (status, message)


def test_16_1_scope_comes_before_location_and_location_before_validation(make_api: Make) -> None:
    config = demo_config()
    reader = TokenConfig(token="pit-reader", scopes=frozenset({"contacts.readonly"}))
    first = config.locations[0]
    first = first.model_copy(update={"tokens": (*first.tokens, reader)})
    api = make_api(config.model_copy(update={"locations": (first,)}))
    elsewhere = {"locationId": "LOCelsewhere00000000", "nonsense": 1}
    refused = api("POST", "/contacts/", elsewhere, headers=api.headers | {"Authorization": "Bearer pit-reader"})
    assert refused.status_code == 401
    assert refused.json()["message"] == "The token is not authorized for this scope."
    assert api("POST", "/contacts/", elsewhere).status_code == 403
    assert api("POST", "/contacts/", elsewhere | {"locationId": api.location}).status_code == 422


@pytest.mark.parametrize("version", ["2021-04-15", "2021-07-28", "2023-02-21", "v3"])
def test_16_1_every_published_version_is_accepted_everywhere(api: Any, version: str) -> None:
    reply = api("GET", f"/locations/{api.location}", headers=api.headers | {"Version": version})
    assert reply.json()["location"]["name"] == "Harbor Periodontics (sandbox)"


def test_16_1_locations_do_not_see_each_other(make_api: Make) -> None:
    config = with_practice(demo_config(search_lag_seconds=0), "Bayview Perio")
    api = make_api(config)
    contact = api.contact(email="a@example.com")
    other = config.locations[1]
    headers = api.headers | {"Authorization": f"Bearer {other.tokens[0].token}"}
    assert api("GET", f"/contacts/{contact['id']}", headers=headers).status_code == 400
    assert api("GET", f"/locations/{api.location}", headers=headers).status_code == 403
    created = api("POST", "/contacts/", {"locationId": other.id, "email": "a@example.com"}, headers=headers)
    assert created.status_code == 201


@pytest.mark.parametrize("name", ["dateAdded", "businessId", "additionalEmails", "customField", "type"])
def test_16_2_unknown_properties_are_refused_by_name(api: Any, name: str) -> None:
    reply = api("POST", "/contacts/", {"locationId": api.location, "email": "a@example.com", name: "x"})
    assert reply.status_code == 422
    assert reply.json()["message"] == [f"property {name} should not exist"]
    assert reply.json()["error"] == "Unprocessable Entity"


@pytest.mark.parametrize(
    "body", [{}, {"locationId": None}, {"locationId": "here", "email": 5}, {"locationId": "here", "tags": "a"}]
)
def test_16_2_missing_and_mistyped_properties_are_refused(api: Any, body: dict[str, Any]) -> None:
    given = {name: api.location if value == "here" else value for name, value in body.items()}
    assert api("POST", "/contacts/", given).status_code == 422


def test_16_2_single_custom_field_refuses_a_location_query(api: Any) -> None:
    path = f"/locations/{api.location}/customFields/{api.field('A', 'TEXT')['id']}"
    assert api("GET", path).status_code == 200
    assert api("GET", f"{path}?locationId={api.location}").status_code == 422


def test_16_3_contact_without_identity_is_refused_with_inner_422(api: Any) -> None:
    reply = api("POST", "/contacts/", {"locationId": api.location, "firstName": "Ann"})
    assert (reply.status_code, reply.json()["statusCode"]) == (400, 422)
    assert api("POST", "/contacts/", {"locationId": api.location, "phone": "212 555 0142"}).status_code == 201


def test_16_3_duplicate_contact_is_refused_with_the_holder_named(api: Any) -> None:
    holder = api.contact(phone="(212) 555-0142")
    body = {"locationId": api.location, "firstName": "Bo", "email": "b@example.com", "phone": "+1 212-555-0142"}
    reply = api("POST", "/contacts/", body)
    assert reply.status_code == 400
    assert reply.json()["message"] == "This location does not allow duplicated contacts."
    assert reply.json()["meta"] == {"contactId": holder["id"], "contactName": "Ann Reed", "matchingField": "phone"}


def test_16_3_names_alone_are_never_duplicates(api: Any) -> None:
    assert api.contact()["id"] != api.contact()["id"]


def test_16_3_duplicates_are_fine_where_the_location_allows_them(make_api: Make) -> None:
    config = demo_config()
    first = config.locations[0].model_copy(update={"allow_duplicate_contact": True})
    api = make_api(config.model_copy(update={"locations": (first,)}))
    assert api.contact(email="a@example.com")["id"] != api.contact(email="a@example.com")["id"]


def test_16_3_contact_is_normalised(api: Any) -> None:
    contact = api.contact(email="Ann.Reed@Example.COM", phone="(212) 555-0142", tags=["Recall", "recall ", "VIP"])
    read = api.read_contact(contact["id"])
    assert (read["email"], read["phone"], read["tags"]) == ("ann.reed@example.com", "+12125550142", ["recall", "vip"])
    assert (read["firstName"], read["firstNameLowerCase"], read["lastNameLowerCase"]) == ("Ann", "ann", "reed")
    assert read["fullNameLowerCase"] == "ann reed"
    assert read["dateAdded"].endswith("Z")


@pytest.mark.parametrize(
    "written",
    [
        "1990-09-25",
        "1990/09/25",
        "09/25/1990",
        "09-25-1990",
        "1990.09.25",
        "09.25.1990",
        "1990_09_25",
        "09_25_1990",
    ],
)
def test_16_3_date_of_birth_is_read_in_eight_forms(api: Any, written: str) -> None:
    contact = api.contact(dateOfBirth=written)
    assert contact["dateOfBirth"] == "1990-09-25T00:00:00.000Z"
    assert api.read_contact(contact["id"])["dateOfBirth"] == "1990-09-25"


def test_16_3_unknown_custom_fields_vanish_and_known_ones_come_back_as_id_and_value(api: Any) -> None:
    depth = api.field("Worst depth", "NUMERICAL")
    seen = api.field("Last seen", "DATE")
    items = [
        {"id": "nosuchfield000000000", "field_value": "x"},
        {"id": depth["id"], "field_value": "7"},
        {"key": "last_seen", "field_value": "2024-03-05T10:00:00Z"},
    ]
    contact = api.contact(customFields=items)
    expected = [{"id": depth["id"], "value": 7}, {"id": seen["id"], "value": "2024-03-05"}]
    assert contact["customFields"] == expected
    assert api.read_contact(contact["id"])["customFields"] == expected


@pytest.mark.parametrize("name", ["locationId", "gender", "companyName"])
def test_16_4_update_refuses_what_only_create_takes(api: Any, name: str) -> None:
    contact = api.contact()
    assert api("PUT", f"/contacts/{contact['id']}", {name: api.location}).status_code == 422


def test_16_4_update_replaces_tags_and_refuses_another_contacts_email(api: Any) -> None:
    api.contact(email="held@example.com")
    contact = api.contact(tags=["a", "b"])
    reply = api("PUT", f"/contacts/{contact['id']}", {"tags": ["c"]})
    assert (reply.json()["succeded"], reply.json()["contact"]["tags"]) == (True, ["c"])
    taken = api("PUT", f"/contacts/{contact['id']}", {"email": "held@example.com"})
    assert (taken.status_code, taken.json()["meta"]["matchingField"]) == (400, "email")
    assert "email" not in api.read_contact(contact["id"])


def test_16_5_upsert_updates_the_first_match_and_ignores_the_other_identifier(api: Any) -> None:
    by_email = api.contact(email="a@example.com", phone="2125550101")
    by_phone = api.contact(firstName="Bo", phone="2125550102")
    body = {"locationId": api.location, "email": "A@example.com", "phone": "2125550102", "city": "York"}
    reply = api("POST", "/contacts/upsert", body).json()
    assert (reply["new"], reply["contact"]["id"]) == (False, by_email["id"])
    assert (reply["contact"]["phone"], reply["contact"]["city"]) == ("+12125550101", "York")
    assert "city" not in api.read_contact(by_phone["id"])


@pytest.mark.parametrize(("allowed", "made_new"), [(False, False), (True, True)])
def test_16_5_upsert_makes_a_second_contact_only_where_duplicates_are_allowed(
    make_api: Make, allowed: bool, made_new: bool
) -> None:
    config = demo_config()
    first = config.locations[0].model_copy(update={"allow_duplicate_contact": allowed})
    api = make_api(config.model_copy(update={"locations": (first,)}))
    api.contact(email="a@example.com")
    body = {"locationId": api.location, "email": "a@example.com", "createNewIfDuplicateAllowed": True}
    assert api("POST", "/contacts/upsert", body).json()["new"] is made_new


def test_16_5_upsert_needs_an_identifier(api: Any) -> None:
    reply = api("POST", "/contacts/upsert", {"locationId": api.location, "firstName": "A", "lastName": "B"})
    assert reply.status_code == 400


def test_16_6_search_lags_and_reading_by_id_does_not(make_api: Make) -> None:
    api = make_api(demo_config(search_lag_seconds=60, clock_factor=100))
    contact = api.contact(email="a@example.com")
    assert api.search()["total"] == 0
    assert api.read_contact(contact["id"])["id"] == contact["id"]
    time.sleep(0.7)
    assert api.search()["total"] == 1
    api("DELETE", f"/contacts/{contact['id']}")
    assert api.search()["total"] == 1, "a deleted contact lingers in the search"
    assert api("GET", f"/contacts/{contact['id']}").status_code == 400
    time.sleep(0.7)
    assert api.search()["total"] == 0


def test_16_7_opportunity_needs_contact_pipeline_and_stage_of_the_location(api: Any) -> None:
    contact = api.contact()
    assert api.opportunity("nosuchcontact0000000").status_code == 400
    assert api.opportunity(contact["id"], pipelineId="nosuchpipeline000000").status_code == 400
    assert api.opportunity(contact["id"], pipelineStageId="nosuchstage").status_code == 400
    stage = api.pipeline()["stages"][2]
    made = api.opportunity(contact["id"], pipelineStageId=stage["id"])
    assert (made.status_code, made.json()["opportunity"]["pipelineStageId"]) == (201, stage["id"])


def test_16_7_second_opportunity_is_refused_where_the_location_forbids_it(make_api: Make) -> None:
    config = demo_config()
    first = config.locations[0].model_copy(update={"allow_duplicate_opportunity": False})
    api = make_api(config.model_copy(update={"locations": (first,)}))
    contact = api.contact()
    existing = api.opportunity(contact["id"], status="lost").json()["opportunity"]
    refused = api.opportunity(contact["id"])
    assert (refused.status_code, refused.json()["code"]) == (400, "OPPORTUNITY_NO_DUPLICATE")
    assert refused.json()["meta"] == {"existingId": existing["id"]}


def test_16_7_opportunity_fields_are_read_in_their_typed_shape(api: Any) -> None:
    values = {"TEXT": "a", "NUMERICAL": 4.5, "DATE": "2024-03-05", "CHECKBOX": ["x"]}
    fields = {kind: api.field(kind, kind, model="opportunity", options=["x"])["id"] for kind in values}
    items = [{"id": fields[kind], "field_value": value} for kind, value in values.items()]
    made = api.opportunity(api.contact()["id"], customFields=items).json()["opportunity"]
    read = api("GET", f"/opportunities/{made['id']}").json()["opportunity"]["customFields"]
    shapes: dict[str, dict[str, Any]] = {
        "TEXT": {"type": "string", "fieldValueString": "a"},
        "NUMERICAL": {"type": "number", "fieldValueNumber": 4.5},
        "DATE": {"type": "date", "fieldValueDate": "2024-03-05"},
        "CHECKBOX": {"type": "array", "fieldValueArray": ["x"]},
    }
    assert read == [{"id": fields[kind], **shape} for kind, shape in shapes.items()]


def test_16_7_deleting_a_contact_takes_everything_along(api: Any) -> None:
    contact = api.contact()
    opportunity = api.opportunity(contact["id"]).json()["opportunity"]
    api("POST", f"/contacts/{contact['id']}/notes", {"body": "x"})
    api("DELETE", f"/contacts/{contact['id']}")
    assert api("GET", f"/opportunities/{opportunity['id']}").status_code == 400
    assert len(api.app.state.sandbox.locations[api.location]["note"]) == 0


def test_16_8_pipelines_are_listed_by_all_and_written_only_with_the_scope(make_api: Make) -> None:
    config = demo_config()
    first = config.locations[0]
    plain = TokenConfig(token="pit-plain", scopes=first.tokens[0].scopes - {"pipelines.create"})
    api = make_api(config.model_copy(update={"locations": (first.model_copy(update={"tokens": (plain,)}),)}))
    api.headers["Authorization"] = "Bearer pit-plain"
    assert [stage["name"] for stage in api.pipeline()["stages"]][:2] == ["Diagnosis", "Initial Therapy"]
    body = {"name": "Recall", "locationId": api.location, "stages": [{"name": "Due", "position": 0}]}
    assert api("POST", "/opportunities/pipelines", body).status_code == 401


def test_16_8_pipeline_can_be_made_changed_and_deleted(api: Any) -> None:
    body = {"name": "Recall", "locationId": api.location, "stages": [{"name": "Due"}, {"name": "Seen"}]}
    made = api("POST", "/opportunities/pipelines", body).json()
    again = api("POST", "/opportunities/pipelines", body | {"name": "RECALL"})
    assert again.status_code == 400
    stages = [{"id": made["stages"][1]["id"], "name": "Done"}, {"name": "New"}]
    changed = api("PUT", f"/opportunities/pipelines/{made['id']}", {"stages": stages}).json()
    assert changed["stages"][0]["id"] == made["stages"][1]["id"]
    opportunity = api.opportunity(api.contact()["id"], pipelineId=made["id"]).json()["opportunity"]
    assert api("DELETE", f"/opportunities/pipelines/{made['id']}").status_code == 200
    assert api("GET", f"/opportunities/{opportunity['id']}").status_code == 400


def test_16_9_field_key_follows_the_slug_rule_and_options_become_picklist_options(api: Any) -> None:
    field = api.field("A - B (mm)", "SINGLE_OPTIONS", options=["x", "y"])
    assert (field["fieldKey"], field["picklistOptions"]) == ("contact.a__b_mm", ["x", "y"])
    assert api.field("A - B (mm)", "TEXT")["fieldKey"] != field["fieldKey"]


def test_16_9_field_keeps_its_type_and_takes_its_values_along(api: Any) -> None:
    field = api.field("Note", "TEXT")
    path = f"/locations/{api.location}/customFields/{field['id']}"
    contact = api.contact(customFields=[{"id": field["id"], "field_value": "x"}])
    assert api("PUT", path, {"name": "Note", "dataType": "DATE"}).status_code == 422
    assert api("PUT", path, {"name": "Remark"}).json()["customField"]["fieldKey"] == "contact.note"
    assert api("DELETE", path).json() == {"succeded": True}
    assert api.read_contact(contact["id"])["customFields"] == []
