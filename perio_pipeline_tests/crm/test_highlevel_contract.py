"""The bodies and queries that the adapter sends, against HighLevel's official OpenAPI files."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest

from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.objects import SPECS
from perio_pipeline.crm.protocol import FieldSpec, FieldType, Payload, Ref, Status
from perio_pipeline_tests.crm.openapi_contract import available, operation, validate_query, validate_request
from perio_pipeline_tests.crm.support import FakeHighLevel, child, company, company_link, contact, plan, run

pytestmark = pytest.mark.skipif(not available(), reason="the official OpenAPI files are not on this machine")

TEXT = {
    "postalCode": "60601",
    "dateOfBirth": "1970-01-02",
    "dnd": True,
    "tags": ("perio", "recall"),
    "assignedTo": "doc@gum.example",
}
CONTACT = contact(**{name: TEXT.get(name, "text") for name in SPECS["contacts"].fields})
FULL: dict[str, Payload] = {
    "companies": company(**dict.fromkeys(SPECS["companies"].fields, "text")),
    "contacts": Payload(
        **{**vars(CONTACT), "custom": {**CONTACT.custom, "Deepest_Site__c": 7, "Last_Exam_Date__c": "2026-01-02"}}
    ),
    "opportunities": plan(
        pipelineId="Perio Treatment",
        pipelineStageId="Diagnosis",
        name="Plan",
        status="open",
        monetaryValue=1200.5,
        assignedTo="doc@gum.example",
    ),
    "tasks": child(
        "tasks",
        "body",
        "[PANDA visit 1]",
        title="Visit",
        body="[PANDA visit 1]",
        dueDate="2020-10-25T11:00:00Z",
        completed=True,
        assignedTo="doc@gum.example",
    ),
    "appointments": child(
        "appointments",
        "description",
        "[PANDA visit 2]",
        calendarId="Perio Visits",
        startTime="2027-01-02T09:00:00-06:00",
        endTime="2027-01-02T10:00:00-06:00",
        title="Visit",
        appointmentStatus="confirmed",
        assignedUserId="doc@gum.example",
        address="Room 1",
        description="[PANDA visit 2]",
        meetingLocationType="custom",
        meetingLocationId="custom_0",
        overrideLocationConfig=True,
    ),
    "notes": child(
        "notes",
        "body",
        "[PANDA note 1]",
        body="[PANDA note 1]",
        userId="doc@gum.example",
        title="Note",
        color="#FFAA00",
        pinned=False,
    ),
    "company_links": company_link("c1"),
}
FULL["yearly_notes"] = replace(FULL["notes"], object="yearly_notes")


def agreeable(request: httpx.Request) -> httpx.Response:
    """Answers every write with a record that has an id, and every read with nothing found."""
    record = {"id": "r1", "name": "x"}
    body = json.loads(request.content) if request.content else {}
    answer = dict.fromkeys(("contact", "buiseness", "opportunity", "task", "note", "customField"), record)
    return httpx.Response(200, json={**answer, **record, "ids": (body or {}).get("ids")})


def captured(work: str, obj: str) -> list[httpx.Request]:
    fake = FakeHighLevel()
    scripted = fake.handle

    def handle(request: httpx.Request) -> httpx.Response:
        known = (request.method, request.url.path) in fake.routes
        if known:
            return scripted(request)
        fake.requests.append(request)
        return agreeable(request)

    fake.handle = handle  # type: ignore[method-assign]
    ref = Ref(obj, "r1", "b1" if obj == "company_links" else "c1")
    payload = FULL[obj]

    async def go(adapter: HighLevelAdapter) -> None:
        if work == "create":
            assert (await adapter.create([payload]))[0].status is Status.DONE
        elif work == "update":
            target = Ref(obj, "c1", "b1") if obj == "company_links" else ref
            assert (await adapter.update(target, payload)).status is Status.DONE
        elif work == "delete":
            assert (await adapter.delete(ref)).status is Status.DONE
        elif work == "read":
            await adapter.read([ref, Ref(obj, "r2", ref.parent_id)])
        else:
            await adapter.find(payload)

    run(fake, go)
    return fake.requests


def objections(requests: list[httpx.Request]) -> list[str]:
    found: list[str] = []
    for request in requests:
        body = json.loads(request.content) if request.content else None
        found += validate_request(request.method, request.url.path, body)
        found += validate_query(request.method, request.url.path, dict(request.url.params))
        described = operation(request.method, request.url.path)
        if described and request.headers["Version"] not in described.versions:
            found.append(f"{request.method} {request.url.path}: version {request.headers['Version']}")
    return found


@pytest.mark.parametrize("obj", sorted(FULL))
@pytest.mark.parametrize("work", ["create", "update", "delete", "read", "find"])
def test_what_the_adapter_sends_is_in_the_specification(work: str, obj: str) -> None:
    requests = captured(work, obj)
    assert requests
    assert objections(requests) == []


def test_full_payloads_fill_the_whole_white_list() -> None:
    for obj, spec in SPECS.items():
        defaults = set(spec.defaults)
        assert FULL[obj].fields.keys() | defaults == spec.fields, obj


def test_the_white_lists_are_those_of_the_specification() -> None:
    free = {"dndSettings", "inboundDndSettings", "customFields", "locationId", "contactId", "rrule"}
    for spec in SPECS.values():
        path = spec.create.at(contact="c1", id="r1")
        described = operation(spec.create.method, path)
        assert described is not None
        assert described.body is not None
        assert described.body["properties"].keys() - free == spec.fields, spec.name
        changes = operation(spec.update.method, spec.update.at(contact="c1", id="r1"))
        assert changes is not None
        assert changes.body is not None
        assert changes.body["properties"].keys() - free == spec.fields - spec.fixed, spec.name


def test_opening_the_account_and_its_fields_is_in_the_specification() -> None:
    fake = FakeHighLevel()
    fake.on("POST", "/locations/loc123/customFields", (201, {"customField": {"id": "new"}}))
    fake.on("DELETE", "/locations/loc123/customFields/new", (200, {"succeded": True}))
    wanted = FieldSpec("contact", "Stage__c", FieldType.CHOICE, "Stage", ("I", "II"))

    async def go(adapter: HighLevelAdapter) -> None:
        await adapter.connect()
        created = await adapter.create_fields(await adapter.missing_fields([wanted]))
        assert await adapter.remove_fields(created) == []

    run(fake, go, ready=False)
    assert len(fake.requests) == 7
    assert objections(fake.requests) == []


def test_the_validator_itself_objects() -> None:
    assert validate_request("POST", "/contacts/", {"locationId": "l", "dateAdded": "2020"})
    assert validate_request("POST", "/contacts/", {"firstName": "x"})
    assert validate_request("PUT", "/contacts/c1", {"locationId": "l"})
    assert validate_request("PUT", "/contacts/c1", {"country": None})
    assert validate_request("POST", "/opportunities/", None)
    assert validate_request("GET", "/contacts/c1", {})
    assert validate_request("GET", "/nowhere", None)
    assert validate_request("POST", "/contacts/", {"locationId": "l", "customFields": [{"id": "f", "fieldValue": "x"}]})
    assert (
        validate_request("POST", "/contacts/", {"locationId": "l", "customFields": [{"id": "f", "field_value": 3}]})
        == []
    )
    assert validate_query("GET", "/opportunities/search", {"locationId": "l"})
