"""Reading back and finding by mark."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from perio_pipeline.crm.protocol import Adapter, Ref, Snapshot
from perio_pipeline.errors import DestinationError
from perio_pipeline_tests.crm.support import FakeHighLevel, child, company, company_link, contact, plan, run

GONE = (400, {"statusCode": 400, "message": "Contact with id c2 not found"})


def marked(crm_id: str, mark: str, **more: Any) -> dict[str, Any]:
    return {"id": crm_id, "customFields": [{"id": "cf_Source_System_ID__c", "value": mark}], **more}


def test_a_contact_comes_back_in_the_payload_s_names() -> None:
    fake = FakeHighLevel()
    custom = [
        {"id": "cf_Source_System_ID__c", "value": "PANDA-7"},
        {"id": "cf_Deepest_Site__c", "value": "7"},
        {"id": "cf_Last_Exam_Date__c", "value": "2026-01-02T00:00:00.000Z"},
        {"id": "someone_else_s", "value": "x"},
    ]
    record = {
        "id": "c1", "firstName": "Ann", "dateOfBirth": "1970-01-02T00:00:00.000Z", "tags": ["perio"], "dnd": False,
        "assignedTo": "user1", "dateAdded": "2026", "dndSettings": {}, "customFields": custom, "businessId": "b1",
    }  # fmt: skip
    fake.on("GET", "/contacts/c1", (200, {"contact": record}))
    fake.on("GET", "/contacts/c2", GONE)
    ref = Ref("contacts", "c1")
    found = run(fake, lambda adapter: adapter.read([ref, Ref("contacts", "c2")]))
    assert found == {
        ref: Snapshot(
            ref,
            {
                "firstName": "Ann",
                "dateOfBirth": "1970-01-02",
                "tags": ("perio",),
                "dnd": False,
                "assignedTo": "Doc@Gum.example",
            },
            {"Source_System_ID__c": "PANDA-7", "Deepest_Site__c": 7, "Last_Exam_Date__c": "2026-01-02"},
            {},
        )
    }


def test_an_opportunity_s_own_shapes_are_read() -> None:
    fake = FakeHighLevel()
    record = {
        "id": "o1", "pipelineId": "pipe1", "pipelineStageId": "st2", "monetaryValue": 12.5, "contact": {"id": "c1"},
        "customFields": [{"id": "cf_Source_Plan_ID__c", "type": "string", "fieldValueString": "PLAN-5"}],
    }  # fmt: skip
    fake.on("GET", "/opportunities/o1", (200, {"opportunity": record}))
    ref = Ref("opportunities", "o1")
    (snapshot,) = run(fake, lambda adapter: adapter.read([ref])).values()
    assert snapshot.fields == {"pipelineId": "Perio Treatment", "pipelineStageId": "Done", "monetaryValue": 12.5}
    assert snapshot.custom == {"Source_Plan_ID__c": "PLAN-5"}
    assert snapshot.links == {"contactId": "c1"}


@pytest.mark.parametrize("answer", [(500, {"message": "x"}), httpx.ReadTimeout("x"), (200, [])])
def test_a_failed_read_is_never_taken_for_absence(answer: Any) -> None:
    fake = FakeHighLevel()
    fake.on("GET", "/contacts/c1", answer)
    with pytest.raises(DestinationError, match="Run again"):
        run(fake, lambda adapter: adapter.read([Ref("contacts", "c1")]))


def test_companies_are_read_by_pages_until_all_are_there() -> None:
    fake = FakeHighLevel()
    businesses = [{"id": f"b{number}", "name": str(number)} for number in range(250)]

    def page(request: httpx.Request) -> tuple[int, Any]:
        skip, limit = int(request.url.params["skip"]), int(request.url.params["limit"])
        return 200, {"businesses": businesses[skip : skip + limit]}

    fake.on("GET", "/businesses/", page)
    fake.on("GET", "/businesses/b3", (200, {"business": businesses[3]}))
    some = [Ref("companies", "b3"), Ref("companies", "b120")]
    assert run(fake, lambda adapter: adapter.read(some)).keys() == set(some)
    assert len(fake.requests) == 2
    fake.requests.clear()
    more = [*some, Ref("companies", "b999")]
    assert run(fake, lambda adapter: adapter.read(more)).keys() == set(some)
    assert len(fake.requests) == 3
    assert run(fake, lambda adapter: adapter.read(some[:1])).keys() == set(some[:1])
    assert len(fake.requests) == 1


def test_what_hangs_on_a_contact_is_read_with_one_request_per_contact() -> None:
    fake = FakeHighLevel()
    notes = [{"id": f"n{number}", "body": f"text {number}", "contactId": "c1"} for number in range(5)]
    fake.on("GET", "/contacts/c1/notes", (200, {"notes": notes}))
    fake.on("GET", "/contacts/c2/notes", GONE)
    event = {"id": "e1", "title": "Visit", "notes": "text", "calendarId": "cal1", "startTime": "2027-01-02 09:00:00"}
    fake.on("GET", "/contacts/c1/appointments", (200, {"events": [event]}))
    refs = [*(Ref("notes", f"n{number}", "c1") for number in range(6)), Ref("notes", "n9", "c2")]
    visit = Ref("appointments", "e1", "c1")
    found = run(fake, lambda adapter: adapter.read([*refs, visit]))
    assert found.keys() == {*refs[:5], visit}
    assert len(fake.requests) == 3
    assert found[visit].fields["calendarId"] == "Perio Visits"
    assert found[visit].fields["description"] == "text"
    assert found[refs[0]].links == {"contactId": "c1"}


def test_links_are_read_from_the_company_and_doubts_from_the_contact() -> None:
    fake = FakeHighLevel()
    fake.on("GET", "/contacts/business/b1", (200, {"contacts": [{"id": "c1"}, {"id": "c2"}], "count": 2}))
    fake.on("GET", "/contacts/c3", (200, {"contact": {"id": "c3", "businessId": "b1"}}))
    fake.on("GET", "/contacts/c4", (200, {"contact": {"id": "c4", "businessId": "b2"}}))
    refs = [Ref("company_links", f"c{number}", "b1") for number in (1, 2, 3, 4)]
    found = run(fake, lambda adapter: adapter.read(refs))
    assert found.keys() == set(refs[:3])
    assert found[refs[0]].links == {"contactId": "c1", "businessId": "b1"}
    fake.requests.clear()
    assert run(fake, lambda adapter: adapter.read(refs[2:3])).keys() == {refs[2]}
    assert len(fake.requests) == 1


def test_a_contact_is_found_by_its_mark_and_checked() -> None:
    fake = FakeHighLevel()
    fake.on("POST", "/contacts/search", (200, {"contacts": [marked("dead", "PANDA-7"), marked("c1", "PANDA-7")]}))
    fake.on("GET", "/contacts/dead", GONE)
    fake.on("GET", "/contacts/c1", (200, {"contact": marked("c1", "PANDA-7")}))
    assert run(fake, lambda adapter: adapter.find(contact())) == Ref("contacts", "c1")
    (body,) = fake.sent("POST", "/contacts/search")
    assert body["filters"] == [{"field": "customFields.cf_Source_System_ID__c", "operator": "eq", "value": "PANDA-7"}]


def test_a_contact_that_search_does_not_show_yet_is_found_by_phone() -> None:
    fake = FakeHighLevel()
    fake.on("POST", "/contacts/search", (200, {"contacts": []}))

    def duplicate(request: httpx.Request) -> tuple[int, Any]:
        return 200, {
            "contact": marked("mother", "PANDA-6") if "email" in request.url.params else marked("c1", "PANDA-7")
        }

    fake.on("GET", "/contacts/search/duplicate", duplicate)
    fake.on("GET", "/contacts/mother", (200, {"contact": marked("mother", "PANDA-6")}))
    fake.on("GET", "/contacts/c1", (200, {"contact": marked("c1", "PANDA-7")}))
    payload = contact(email="a@b.example", phone="+13125550123")
    assert run(fake, lambda adapter: adapter.find(payload)) == Ref("contacts", "c1")
    assert b"number=%2B13125550123" in fake.requests[-2].url.query


def test_nothing_found_is_none_but_a_broken_search_is_an_error() -> None:
    fake = FakeHighLevel()
    fake.on("POST", "/contacts/search", (200, {"contacts": []}))
    fake.on("GET", "/contacts/search/duplicate", (200, {"contact": None}))
    assert run(fake, lambda adapter: adapter.find(contact(email="a@b.example"))) is None
    fake.on("POST", "/contacts/search", (404, {"message": "Not Found"}))
    with pytest.raises(DestinationError, match="answered 404 to POST /contacts/search"):
        run(fake, lambda adapter: adapter.find(contact()))


def test_an_opportunity_is_found_among_those_of_its_contact() -> None:
    fake = FakeHighLevel()
    plans = [
        {"id": f"o{n}", "customFields": [{"id": "cf_Source_Plan_ID__c", "fieldValueString": f"PLAN-{n}"}]}
        for n in (55, 5)
    ]
    fake.on("GET", "/opportunities/search", (200, {"opportunities": plans, "meta": {}}))
    fake.on("GET", "/opportunities/o5", (200, {"opportunity": plans[1]}))
    assert run(fake, lambda adapter: adapter.find(plan())) == Ref("opportunities", "o5")
    assert fake.requests[0].url.params["contact_id"] == "c1"


def test_marks_in_texts_are_whole() -> None:
    fake = FakeHighLevel()
    notes = [{"id": "n1", "body": "text note 12"}, {"id": "n2", "body": "text\nnote 1"}]
    fake.on("GET", "/contacts/c1/notes", (200, {"notes": notes}))
    found = run(fake, lambda adapter: adapter.find(child("notes", "body", "note 1", body="x")))
    assert found == Ref("notes", "n2", "c1")


def test_a_company_is_found_by_its_description() -> None:
    fake = FakeHighLevel()
    text = "Referring practice\n[PANDA referring practice 3]"
    fake.on("GET", "/businesses/", (200, {"businesses": [{"id": "b0"}, {"id": "b1", "description": text}]}))
    assert run(fake, lambda adapter: adapter.find(company())) == Ref("companies", "b1")


def test_an_appointment_is_looked_up_when_the_list_lacks_its_text() -> None:
    fake = FakeHighLevel()
    fake.on("GET", "/contacts/c1/appointments", (200, {"events": [{"id": "e1", "title": "Visit"}]}))
    fake.on("GET", "/calendars/events/appointments/e1", (200, {"event": {"id": "e1", "description": "[visit 2]"}}))
    payload = child("appointments", "description", "[visit 2]")
    assert run(fake, lambda adapter: adapter.find(payload)) == Ref("appointments", "e1", "c1")


def test_a_link_is_found_at_its_contact() -> None:
    fake = FakeHighLevel()
    fake.on("GET", "/contacts/c1", (200, {"contact": {"id": "c1", "businessId": "b1"}}))
    assert run(fake, lambda adapter: adapter.find(company_link("c1"))) == Ref("company_links", "c1", "b1")
    assert run(fake, lambda adapter: adapter.find(company_link("c1", "b2"))) is None


def pages_of(fake: FakeHighLevel, obj: str) -> list[list[Snapshot]]:
    async def work(adapter: Adapter) -> list[list[Snapshot]]:
        return [page async for page in adapter.existing(obj)]

    return run(fake, work)


def searched(request: httpx.Request) -> tuple[int, Any]:
    """A search over 1,100 contacts, in pages of the size that is asked for."""
    body = json.loads(request.content)
    start = int(body["searchAfter"][1]) if "searchAfter" in body else (body["page"] - 1) * body["pageLimit"]
    numbers = range(start, min(start + body["pageLimit"], 1100))
    return 200, {
        "contacts": [
            {"id": f"c{n}", "firstName": "ann", "firstNameRaw": "Ann", "searchAfter": [1, n + 1]} for n in numbers
        ],
        "total": 1100,
    }


def test_all_contacts_are_walked_with_few_searches_and_the_names_as_they_were_typed() -> None:
    fake = FakeHighLevel()
    fake.on("POST", "/contacts/search", searched)
    pages = pages_of(fake, "contacts")
    assert [len(page) for page in pages] == [500, 500, 100]
    assert len({record.ref for page in pages for record in page}) == 1100
    assert pages[0][0] == Snapshot(Ref("contacts", "c0"), {"firstName": "Ann"}, {}, {})
    bodies = fake.sent("POST", "/contacts/search")
    assert [(body.get("page"), body.get("searchAfter")) for body in bodies] == [
        (1, None),
        (None, [1, 500]),
        (None, [1, 1000]),
    ]
    assert all(body["sort"] == [{"field": "dateAdded", "direction": "asc"}] for body in bodies)


def test_a_search_without_marks_to_go_on_after_is_walked_by_pages() -> None:
    def bare(request: httpx.Request) -> tuple[int, Any]:
        status, body = searched(request)
        return status, {"contacts": [{"id": each["id"]} for each in body["contacts"]]}

    fake = FakeHighLevel()
    fake.on("POST", "/contacts/search", bare)
    assert [len(page) for page in pages_of(fake, "contacts")] == [500, 500, 100]


def test_all_companies_are_walked_and_what_has_no_list_is_refused() -> None:
    fake = FakeHighLevel()
    fake.on("GET", "/businesses/", (200, {"businesses": [{"id": "b1", "name": "Gum"}]}))
    assert pages_of(fake, "companies") == [[Snapshot(Ref("companies", "b1"), {"name": "Gum"}, {}, {})]]
    for obj in ("notes", "opportunities", "company_links"):
        with pytest.raises(ValueError, match="no list of all"):
            pages_of(fake, obj)


def test_the_company_that_a_contact_has_is_read_whichever_it_is() -> None:
    fake = FakeHighLevel()
    fake.on("GET", "/contacts/c1", (200, {"contact": {"id": "c1", "businessId": "b9"}}))
    fake.on("GET", "/contacts/c2", (200, {"contact": {"id": "c2"}}))
    one, two = Ref("company_links", "c1"), Ref("company_links", "c2")
    found = run(fake, lambda adapter: adapter.read([one, two]))
    there = Ref("company_links", "c1", "b9")
    assert found == {one: Snapshot(there, {}, {}, {"contactId": "c1", "businessId": "b9"})}
