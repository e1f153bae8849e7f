"""Answers hold every property the official specification requires of them, with the types it gives."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SPECIFICATION = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "highlevel-openapi"

pytestmark = pytest.mark.skipif(
    not SPECIFICATION.is_dir(), reason="the official specification is not beside the repository"
)


def response_schema(document: dict[str, Any], path: str, method: str, status: int) -> dict[str, Any]:
    schema = document["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
    return {**schema, "components": document["components"]}


def conforms(family: str, path: str, reply: Any, *, spec_status: int | None = None) -> None:
    document = json.loads((SPECIFICATION / f"{family}.json").read_text(encoding="utf-8"))
    status = spec_status or reply.status_code
    method = reply.request.method.lower()
    jsonschema.validate(reply.json(), response_schema(document, path, method, status))


def test_contact_answers(api: Any) -> None:
    made = api("POST", "/contacts/", {"locationId": api.location, "email": "a@example.com", "tags": ["x"]})
    conforms("contacts", "/contacts/", made)
    contact = made.json()["contact"]["id"]
    conforms("contacts", "/contacts/{contactId}", api("GET", f"/contacts/{contact}"))
    conforms("contacts", "/contacts/{contactId}", api("PUT", f"/contacts/{contact}", {"city": "York"}))
    upsert = {"locationId": api.location, "email": "a@example.com"}
    conforms("contacts", "/contacts/upsert", api("POST", "/contacts/upsert", upsert))
    note = api("POST", f"/contacts/{contact}/notes", {"body": "x"})
    conforms("contacts", "/contacts/{contactId}/notes", note)
    conforms("contacts", "/contacts/{contactId}/notes", api("GET", f"/contacts/{contact}/notes"))
    task = {"title": "x", "dueDate": "2020-01-01T00:00:00Z", "completed": True}
    conforms("contacts", "/contacts/{contactId}/tasks", api("POST", f"/contacts/{contact}/tasks", task))
    conforms("contacts", "/contacts/{contactId}/tags", api("POST", f"/contacts/{contact}/tags", {"tags": ["y"]}))
    link = {"locationId": api.location, "ids": [contact], "businessId": None}
    conforms("contacts", "/contacts/bulk/business", api("POST", "/contacts/bulk/business", link))
    conforms("contacts", "/contacts/{contactId}", api("DELETE", f"/contacts/{contact}"))


def test_business_answers(api: Any) -> None:
    made = api("POST", "/businesses/", {"name": "Acme", "locationId": api.location})
    conforms("businesses", "/businesses/", made)
    path = f"/businesses/{made.json()['buiseness']['id']}"
    conforms("businesses", "/businesses/{businessId}", api("GET", path))
    conforms("businesses", "/businesses/{businessId}", api("PUT", path, {"city": "York"}))
    conforms("businesses", "/businesses/", api("GET", f"/businesses/?locationId={api.location}"))
    conforms("businesses", "/businesses/{businessId}", api("DELETE", path))


def test_opportunity_answers(api: Any) -> None:
    made = api.opportunity(api.contact()["id"], monetaryValue=10)
    conforms("opportunities", "/opportunities/", made)
    path = f"/opportunities/{made.json()['opportunity']['id']}"
    conforms("opportunities", "/opportunities/{id}", api("GET", path))
    conforms("opportunities", "/opportunities/{id}", api("PUT", path, {"status": "won"}))
    conforms("opportunities", "/opportunities/{id}/status", api("PUT", f"{path}/status", {"status": "lost"}))
    details = dict.fromkeys(("notes", "tasks", "calendarEvents", "unReadConversations"), False)
    search = {"locationId": api.location, "query": "", "limit": 10, "page": 1, "searchAfter": []}
    reply = api("POST", "/opportunities/search", search | {"additionalDetails": details})
    assert reply.json()["total"] == 1
    conforms("opportunities", "/opportunities/search", reply)


def test_location_and_custom_field_answers(api: Any) -> None:
    root = f"/locations/{api.location}"
    conforms("locations", "/locations/{locationId}", api("GET", root))
    made = api("POST", f"{root}/customFields", {"name": "A", "dataType": "RADIO", "options": ["x"]})
    conforms("locations", "/locations/{locationId}/customFields", made)
    conforms("locations", "/locations/{locationId}/customFields", api("GET", f"{root}/customFields"))
    conforms("locations", "/locations/{locationId}/tags", api("POST", f"{root}/tags", {"name": "x"}))


def test_calendar_answers(api: Any) -> None:
    made = api("POST", "/calendars/", {"locationId": api.location, "name": "Hygiene"})
    conforms("calendars", "/calendars/", made)
    body = {
        "calendarId": made.json()["calendar"]["id"],
        "locationId": api.location,
        "contactId": api.contact()["id"],
        "startTime": "2099-05-04T09:00:00-04:00",
    }
    appointment = api("POST", "/calendars/events/appointments", body)
    conforms("calendars", "/calendars/events/appointments", appointment)
    listed = api("GET", f"/contacts/{body['contactId']}/appointments")
    conforms("contacts", "/contacts/{contactId}/appointments", listed)


def test_user_answers(api: Any) -> None:
    users = api("GET", f"/users/?locationId={api.location}")
    assert users.json()["users"]
    conforms("users", "/users/", users)


def test_a_missing_required_property_does_not_conform(api: Any) -> None:
    reply = api("GET", f"/businesses/?locationId={api.location}")
    document = json.loads((SPECIFICATION / "businesses.json").read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"no": reply.json()}, response_schema(document, "/businesses/", "get", 200))
