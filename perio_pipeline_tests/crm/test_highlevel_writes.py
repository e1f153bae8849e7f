"""Bodies and outcomes of writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from perio_pipeline.crm.protocol import Outcome, Payload, Ref, Status
from perio_pipeline.errors import DestinationError
from perio_pipeline_tests.crm.scripted import Answer
from perio_pipeline_tests.crm.support import FakeHighLevel, child, company, company_link, contact, plan, run

DUPLICATE = {
    "statusCode": 400,
    "message": "This location does not allow duplicated contacts.",
    "meta": {"contactId": "other1", "contactName": "Jane Doe", "matchingField": "phone"},
    "traceId": "t1",
}
NO_SECOND = {
    "statusCode": 400,
    "message": "Can not create duplicate opportunity for the contact.",
    "code": "OPPORTUNITY_NO_DUPLICATE",
    "meta": {"existingId": "opp1"},
}


def create(path: str, payload: Payload, *answers: Answer) -> tuple[Outcome, Any]:
    fake = FakeHighLevel()
    fake.on("POST", path, *answers)
    (outcome,) = run(fake, lambda adapter: adapter.create([payload]))
    sent = fake.sent("POST", path)
    return outcome, sent[-1] if sent else None


def test_a_contact_is_created_from_what_it_has() -> None:
    payload = contact(firstName="Ann", email=None, tags=("perio",), assignedTo="DOC@gum.example", gender="female")
    payload = replace(payload, custom={**payload.custom, "Deepest_Site__c": 7, "Last_Exam_Date__c": None})
    outcome, body = create("/contacts/", payload, (201, {"contact": {"id": "c9"}, "traceId": "t9"}))
    assert outcome == Outcome(Status.DONE, Ref("contacts", "c9"), trace_id="t9")
    assert body == {
        "firstName": "Ann",
        "tags": ["perio"],
        "assignedTo": "user1",
        "gender": "female",
        "locationId": "loc123",
        "customFields": [
            {"id": "cf_Source_System_ID__c", "field_value": "PANDA-7"},
            {"id": "cf_Deepest_Site__c", "field_value": 7},
        ],
    }


def test_an_update_clears_with_null_and_leaves_out_what_cannot_change() -> None:
    fake = FakeHighLevel()
    fake.on("PUT", "/contacts/c9", (200, {"succeded": True, "contact": {"id": "c9"}}))
    payload = replace(contact(email=None, gender="male", companyName="x"), custom={"Last_Exam_Date__c": None})
    ref = Ref("contacts", "c9")
    outcome = run(fake, lambda adapter: adapter.update(ref, payload))
    assert outcome.status is Status.DONE
    assert (outcome.code, outcome.reason) == (
        "not_updatable",
        "cannot be changed after creation: companyName, gender",
    )
    custom = [{"id": "cf_Last_Exam_Date__c", "field_value": None}]
    assert fake.sent("PUT", "/contacts/c9") == [{"email": None, "customFields": custom}]
    only_fixed = replace(contact(gender="male"), custom={})
    assert run(fake, lambda adapter: adapter.update(ref, only_fixed)).status is Status.REFUSED
    assert run(fake, lambda adapter: adapter.update(ref, replace(only_fixed, fields={}))).status is Status.DONE


def test_what_takes_no_null_is_cleared_as_its_type_allows() -> None:
    fake = FakeHighLevel()
    fake.on("PUT", "/contacts/c9", (200, {"contact": {"id": "c9"}}))
    fake.on("PUT", "/businesses/b9", (200, {"buiseness": {"id": "b9"}}))
    cleared = replace(contact(country=None, postalCode=None, dnd=None, phone=None), custom={})
    run(fake, lambda adapter: adapter.update(Ref("contacts", "c9"), cleared))
    assert fake.sent("PUT", "/contacts/c9") == [{"country": "", "postalCode": "", "dnd": False, "phone": None}]
    run(fake, lambda adapter: adapter.update(Ref("companies", "b9"), company(phone=None, city=None)))
    assert fake.sent("PUT", "/businesses/b9") == [{"phone": "", "city": ""}]


def test_an_unknown_user_is_left_out() -> None:
    _, body = create(
        "/contacts/", contact(firstName="Ann", assignedTo="gone@gum.example"), (201, {"contact": {"id": "c"}})
    )
    assert "assignedTo" not in body


def test_stage_names_belong_to_the_payload_s_pipeline() -> None:
    payload = plan(pipelineId="recall", pipelineStageId="Done", name="Plan", status="open")
    outcome, body = create("/opportunities/", payload, (201, {"opportunity": {"id": "o1"}}))
    assert outcome.ref == Ref("opportunities", "o1")
    assert (body["pipelineId"], body["pipelineStageId"], body["contactId"]) == ("pipe2", "st4", "c1")


@pytest.mark.parametrize("fields", [{"pipelineId": "Nowhere"}, {"pipelineStageId": "Done"}])
def test_an_unresolved_stage_is_refused_before_it_is_sent(fields: dict[str, str]) -> None:
    outcome, body = create("/opportunities/", plan(**fields), (201, {}))
    assert (outcome.status, outcome.code, body) == (Status.REFUSED, "unknown_lookup", None)


def test_an_appointment_notifies_nobody() -> None:
    payload = child("appointments", "description", "m", calendarId="Perio Visits", startTime="2027-01-02T09:00:00Z")
    fake = FakeHighLevel()
    fake.on("POST", "/calendars/events/appointments", (200, {"id": "e1", "calendarId": "cal1"}))
    (outcome,) = run(fake, lambda adapter: adapter.create([payload]))
    (body,) = fake.sent("POST", "/calendars/events/appointments")
    assert outcome.ref == Ref("appointments", "e1", "c1")
    assert (body["toNotify"], body["ignoreFreeSlotValidation"], body["calendarId"]) == (False, True, "cal1")
    assert fake.requests[-1].headers["Version"] == "2021-04-15"


def test_companies_answer_under_a_misspelt_key() -> None:
    outcome, _ = create("/businesses/", company(name="Perio"), (201, {"success": True, "buiseness": {"id": "b1"}}))
    assert outcome.ref == Ref("companies", "b1")


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (contact(dateAdded="2020"), "dateAdded"),
        (replace(company(name="x"), custom={"Key__c": "1"}), "Key__c"),
        (replace(contact(), custom={"Unresolved__c": "1"}), "Unresolved__c"),
        (replace(plan(), links={}), "contactId"),
        (replace(contact(), links={"businessId": "b"}), "businessId"),
        (replace(contact(), object="deals"), "deals"),
    ],
)
def test_what_no_operation_takes_is_a_programming_error(payload: Payload, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(FakeHighLevel(), lambda adapter: adapter.create([payload]))


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ((400, DUPLICATE), Status.REFUSED, "duplicate"),
        ((400, {"statusCode": 422, "message": "Contacts without email are not allowed."}), Status.REFUSED, "http_400"),
        ((422, {"message": ["property foo should not exist"]}), Status.REFUSED, "http_422"),
        ((422, {"message": "locationId should not be empty"}), Status.REFUSED, "http_422"),
        ((422, {"message": "Something went wrong"}), Status.UNKNOWN, "http_422"),
        ((409, {"message": "Conflict"}), Status.REFUSED, "http_409"),
        ((408, None), Status.UNKNOWN, "http_408"),
        ((500, {"message": "Internal"}), Status.UNKNOWN, "http_500"),
        ((302, None), Status.UNKNOWN, "http_302"),
        ((201, {"traceId": "t"}), Status.UNKNOWN, "no_id"),
        (httpx.ReadTimeout("x"), Status.UNKNOWN, "timeout"),
        (httpx.ReadError("x"), Status.UNKNOWN, "connection_lost"),
        ((429, {"message": "Too Many Requests"}), Status.REFUSED, "http_429"),
    ],
)
def test_what_is_known_after_a_create(answer: Answer, status: Status, code: str) -> None:
    outcome, _ = create("/contacts/", contact(firstName="Ann"), answer)
    assert (outcome.status, outcome.code, outcome.ref) == (status, code, None)


def test_a_duplicate_names_field_and_id_but_nobody() -> None:
    outcome, _ = create("/contacts/", contact(firstName="Ann"), (400, DUPLICATE))
    assert outcome.reason == "matching field: phone; existing record: other1"
    assert outcome.trace_id == "t1"
    outcome, _ = create("/opportunities/", plan(name="x"), (400, NO_SECOND))
    assert (outcome.code, outcome.reason) == ("duplicate", "existing record: opp1")


@pytest.mark.parametrize(
    ("status", "message", "words"),
    [
        (401, "Invalid JWT", "does not accept the token"),
        (401, "The token is not authorized for this scope.", "lacks the scope contacts.write"),
        (401, "version header is invalid", "API version"),
        (403, "The token does not have access to this location.", "does not open the location loc123"),
        (403, "error code: 1010", "HTTP 403"),
    ],
)
def test_what_concerns_the_account_is_raised(status: int, message: str, words: str) -> None:
    with pytest.raises(DestinationError, match=words):
        create("/contacts/", contact(firstName="Ann"), (status, {"message": message, "statusCode": status}))


def test_an_unreachable_host_ends_the_run() -> None:
    with pytest.raises(DestinationError, match="cannot be reached"):
        create("/contacts/", contact(firstName="Ann"), httpx.ConnectError("x"))


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ((200, {"succeded": True}), Status.DONE, ""),
        ((404, {"message": "Not Found"}), Status.DONE, "already_gone"),
        ((400, {"message": "Contact with id c9 not found"}), Status.DONE, "already_gone"),
        ((404, {"message": "Cannot DELETE /contacts/c9"}), Status.REFUSED, "http_404"),
        ((500, None), Status.UNKNOWN, "http_500"),
    ],
)
def test_deleting_what_is_gone_is_done(answer: Answer, status: Status, code: str) -> None:
    fake = FakeHighLevel()
    fake.on("DELETE", "/contacts/c9", answer)
    outcome = run(fake, lambda adapter: adapter.delete(Ref("contacts", "c9")))
    assert (outcome.status, outcome.code) == (status, code)
    assert fake.sent("DELETE", "/contacts/c9") == [None]


def test_deleting_an_event_sends_an_empty_object() -> None:
    fake = FakeHighLevel()
    fake.on("DELETE", "/calendars/events/e1", (201, {"succeeded": True}))
    assert run(fake, lambda adapter: adapter.delete(Ref("appointments", "e1", "c1"))).status is Status.DONE
    assert fake.sent("DELETE", "/calendars/events/e1") == [{}]


def test_an_update_of_what_is_gone_says_so() -> None:
    fake = FakeHighLevel()
    fake.on("PUT", "/contacts/c1/notes/n1", (400, {"message": "Note not found"}))
    outcome = run(fake, lambda a: a.update(Ref("notes", "n1", "c1"), child("notes", "body", "m", body="x")))
    assert (outcome.status, outcome.code) == (Status.REFUSED, "not_found")
    with pytest.raises(ValueError, match="does not name the contact"):
        run(fake, lambda adapter: adapter.delete(Ref("notes", "n1")))


def link_answer(bad: str = "", forgotten: str = "") -> Answer:
    def answer(request: httpx.Request) -> tuple[int, Any]:
        ids = httpx.Response(200, content=request.content).json()["ids"]
        if bad in ids:
            return 400, {"message": "contact does not belong to location"}
        return 200, {"success": True, "ids": [i for i in ids if i != forgotten]}

    return answer


def test_links_share_a_request_and_a_bad_one_stands_alone() -> None:
    fake = FakeHighLevel()
    fake.on("POST", "/contacts/bulk/business", link_answer(bad="c5", forgotten="c3"))
    batch = [company_link(f"c{number}") for number in range(8)]
    outcomes = run(fake, lambda adapter: adapter.create(batch))
    found = {o.code: index for index, o in enumerate(outcomes) if o.status is not Status.DONE}
    assert found == {"http_400": 5, "not_confirmed": 3}
    assert outcomes[0].ref == Ref("company_links", "c0", "b1")
    assert len(fake.sent("POST", "/contacts/bulk/business")) == 7


def test_links_are_undone_by_null() -> None:
    fake = FakeHighLevel()
    fake.on("POST", "/contacts/bulk/business", link_answer(bad="-"))
    assert run(fake, lambda a: a.delete(Ref("company_links", "c1", "b1"))).status is Status.DONE
    expected = {"locationId": "loc123", "ids": ["c1"], "businessId": None}
    assert fake.sent("POST", "/contacts/bulk/business") == [expected]


def test_batches_are_of_one_company_and_one_object() -> None:
    fake = FakeHighLevel()
    for batch in ([company_link("c1"), company_link("c2", "b2")], [company_link("c1"), contact()]):
        with pytest.raises(ValueError, match=r"one company|several objects"):
            run(fake, lambda adapter, batch=batch: adapter.create(batch))  # type: ignore[misc]
    assert run(fake, lambda adapter: adapter.create([])) == []


def test_batch_sizes_and_keys() -> None:
    async def go(adapter: Any) -> None:
        assert adapter.batch_size("company_links") == 50
        assert adapter.batch_size("contacts") == 1
        assert adapter.batch_key(company_link("c1", "b7")) == "b7"
        assert adapter.batch_key(contact()) == "7"

    run(FakeHighLevel(), go)


def test_requests_are_counted() -> None:
    fake = FakeHighLevel()
    fake.on("POST", "/contacts/", (429, {}), (201, {"contact": {"id": "c"}}))

    async def go(adapter: Any) -> tuple[int, int, int]:
        await adapter.create([contact(firstName="A")])
        return adapter.stats.requests, adapter.stats.writes, adapter.stats.rate_limited

    assert run(fake, go) == (2, 2, 1)
