"""Bodies and outcomes of writes, one record at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from perio_pipeline.crm.protocol import Outcome, Payload, Ref, Status
from perio_pipeline.errors import DestinationError
from perio_pipeline_tests.crm.freshsales_support import (
    DEPTH,
    EXAM,
    HISTORY,
    LINE,
    LINE_DEAL,
    LINE_ID,
    PLAN_ID,
    PRACTICE_ID,
    REFERS,
    SITES,
    STAGE,
    FakeFreshsales,
    api_name,
    deal,
    having,
    line,
    note,
    patient,
    practice,
    run,
    visit,
)
from perio_pipeline_tests.crm.scripted import Answer


def create(path: str, payload: Payload, *answers: Answer, **settings: Any) -> tuple[Outcome, Any]:
    fake = FakeFreshsales()
    fake.on("POST", path, *answers)
    (outcome,) = run(fake, lambda adapter: adapter.create([payload]), **settings)
    sent = fake.sent("POST", path)
    return outcome, sent[-1] if sent else None


CONTACT = {"contact": {"id": 60000000001}}


def test_a_patient_is_upserted_by_the_external_id() -> None:
    payload = replace(
        patient(emails="a@b.example", owner_id="DOC@gum.example", lifecycle_stage_id="customer", job_title=None),
        custom={
            DEPTH.name: 7.25,
            STAGE.name: "Stage II",
            SITES.name: ("MB", "DB"),
            EXAM.name: "2026-01-02",
            REFERS.name: False,
            HISTORY.name: None,
        },
        links={"sales_account_id": "90"},
    )
    outcome, body = create("/contacts/upsert", payload, (200, CONTACT))
    assert outcome == Outcome(Status.DONE, Ref("contacts", "60000000001"))
    assert body == {
        "unique_identifier": {"external_id": "PANDA-7"},
        "contact": {
            "last_name": "Gum",
            "emails": "a@b.example",
            "owner_id": 50001,
            "lifecycle_stage_id": 33,
            "external_id": "PANDA-7",
            "sales_accounts": [{"id": 90, "is_primary": True}],
            "custom_field": {
                api_name(DEPTH): 7.25,
                api_name(STAGE): "Stage II",
                api_name(SITES): "MB;DB",
                api_name(EXAM): "2026-01-02",
                api_name(REFERS): False,
            },
        },
    }


@pytest.mark.parametrize(
    ("key", "path", "identifier"),
    [
        ("external_id", "/contacts/upsert", {"external_id": "PANDA-7"}),
        ("emails", "/contacts/upsert", {"emails": "a@b.example"}),
        ("none", "/contacts", None),
    ],
)
def test_what_names_a_contact_is_a_capability(key: str, path: str, identifier: Any) -> None:
    payload = patient(email="a@b.example")
    outcome, body = create(path, payload, (201, CONTACT), capabilities=having(upsert_key=key))
    assert outcome.status is Status.DONE
    assert body.get("unique_identifier") == identifier
    assert body["contact"]["external_id"] == "PANDA-7"


def test_without_an_address_a_contact_is_created_plainly() -> None:
    outcome, _ = create("/contacts", patient(), (201, CONTACT), capabilities=having(upsert_key="emails"))
    assert outcome.status is Status.DONE


@pytest.mark.parametrize("obj", ["contacts", "providers", "referring_dentists"])
def test_all_people_are_contacts(obj: str) -> None:
    outcome, _ = create("/contacts/upsert", replace(patient(), object=obj), (200, CONTACT))
    assert outcome.ref == Ref(obj, "60000000001")


def test_several_choices_can_be_sent_as_an_array() -> None:
    payload = replace(patient(), custom={SITES.name: ("MB", "B"), STAGE.name: "Stage I"})
    _, body = create("/contacts/upsert", payload, (200, CONTACT), capabilities=having(multi_select_array=True))
    assert body["contact"]["custom_field"] == {api_name(SITES): ["MB", "B"], api_name(STAGE): "Stage I"}


def test_an_unknown_owner_is_left_out_and_an_unknown_stage_refused() -> None:
    _, body = create("/contacts/upsert", patient(owner_id="gone@gum.example"), (200, CONTACT))
    assert "owner_id" not in body["contact"]
    outcome, body = create("/contacts/upsert", patient(lifecycle_stage_id="Nowhere"), (200, CONTACT))
    assert (outcome.status, outcome.code, body) == (Status.REFUSED, "unknown_lookup", None)


def test_a_deal_names_stage_pipeline_currency_and_patient_by_id() -> None:
    payload = deal(
        deal_pipeline_id="Recall", deal_stage_id="accepted", currency_id="usd", expected_close="2026-05-06T10:00:00"
    )
    outcome, body = create("/deals/upsert", payload, (200, {"deal": {"id": 77}}))
    assert outcome.ref == Ref("deals", "77")
    assert body["unique_identifier"] == {"name": "Perio plan PLAN-5"}
    assert body["deal"] == {
        "name": "Perio plan PLAN-5",
        "amount": 1200.5,
        "deal_pipeline_id": 80,
        "deal_stage_id": 81,
        "currency_id": 9,
        "expected_close": "2026-05-06",
        "contacts_added_list": [61],
        "custom_field": {api_name(PLAN_ID): "PLAN-5"},
    }


def test_a_deal_may_belong_to_an_account_as_well() -> None:
    payload = replace(deal(owner_id=None), links={"contact_id": "61", "sales_account_id": "90"})
    fake = FakeFreshsales()
    fake.on("PUT", "/deals/77", (200, {"deal": {"id": 77}}))
    run(fake, lambda adapter: adapter.update(Ref("deals", "77"), payload))
    (body,) = fake.sent("PUT", "/deals/77")
    assert (body["deal"]["sales_account_id"], body["deal"]["contacts_added_list"]) == (90, [61])
    assert body["deal"]["owner_id"] is None


def test_a_name_is_a_key_only_when_it_holds_the_mark() -> None:
    plain = practice(name="Perio Partners")
    outcome, body = create("/sales_accounts", plain, (200, {"sales_account": {"id": 90}}))
    assert outcome.ref == Ref("sales_accounts", "90")
    assert body["sales_account"]["custom_field"] == {api_name(PRACTICE_ID): "PRACTICE-3"}
    answer = (200, {"sales_account": {"id": 90}})
    _, body = create("/sales_accounts/upsert", plain, answer, capabilities=having(names_as_keys="any"))
    assert body["unique_identifier"] == {"name": "Perio Partners"}
    _, body = create("/sales_accounts/upsert", practice(), answer)
    assert body["unique_identifier"] == {"name": "Perio Partners [PRACTICE-3]"}


def test_a_plan_line_points_to_its_deal() -> None:
    outcome, body = create(f"/custom_module/{LINE}", line(), (200, {LINE: {"id": 501}}))
    assert outcome.ref == Ref("treatment_plan_lines", "501")
    custom = {api_name(LINE_ID): "LINE-1", api_name(LINE_DEAL): 62}
    assert body == {LINE: {"name": "D4341 tooth 3", "custom_field": custom}}


def test_an_appointment_belongs_to_its_patient_and_invites_nobody() -> None:
    payload = visit(time_zone="America/Chicago", outcome_id="Completed", is_allday=False)
    outcome, body = create("/appointments", payload, (201, {"appointment": {"id": 8}}))
    assert outcome.ref == Ref("appointments", "8", "61")
    sent = body["appointment"]
    assert (sent["targetable_type"], sent["targetable_id"], sent["outcome_id"]) == ("Contact", 61, 7)
    assert sent["time_zone"] == "Central Time (US & Canada)"
    assert "appointment_attendees_attributes" not in sent
    _, body = create(
        "/appointments", payload, (201, {"appointment": {"id": 8}}), capabilities=having(rails_time_zones=False)
    )
    assert body["appointment"]["time_zone"] == "America/Chicago"


def test_past_appointments_are_a_capability() -> None:
    answer = (201, {"appointment": {"id": 8}})
    off = having(past_appointments=False)
    outcome, body = create("/appointments", visit(), answer, capabilities=off)
    assert (outcome.status, outcome.code, body) == (Status.REFUSED, "past_appointment", None)
    for start in ("2999-03-05T15:00:00-05:00", "2999-03-05T15:00:00", "some day"):
        outcome, _ = create("/appointments", visit(from_date=start), answer, capabilities=off)
        assert outcome.status is Status.DONE


def test_a_note_goes_to_its_contact_or_where_the_account_can_to_its_appointment() -> None:
    payload = note(contact_id="61", appointment_id="8")
    outcome, body = create("/notes", payload, (201, {"note": {"id": 5}}))
    assert outcome.ref == Ref("notes", "5", "61")
    assert body["note"] == {"description": "SOAP\n[note 1]", "targetable_type": "Contact", "targetable_id": 61}
    outcome, body = create("/notes", payload, (201, {"note": {"id": 5}}), capabilities=having(note_on_appointment=True))
    assert outcome.ref == Ref("notes", "5", "appointments/8")
    assert (body["note"]["targetable_type"], body["note"]["targetable_id"]) == ("Appointment", 8)
    outcome, body = create("/notes", note(deal_id="77"), (201, {"note": {"id": 5}}))
    assert outcome.ref == Ref("notes", "5", "deals/77")


@pytest.mark.parametrize(
    ("kind", "number", "parent"),
    [("Appointment", 8, "appointments/8"), ("Contact", 61, "61"), (None, None, "appointments/8")],
)
def test_a_note_moves_with_its_update_and_lies_where_the_answer_says(
    kind: str | None, number: int | None, parent: str
) -> None:
    fake = FakeFreshsales()
    targets = {"targetables": [{"type": kind, "id": number}]} if kind else {}
    fake.on("PUT", "/notes/5", (200, {"note": {"id": 5, **targets}}))
    payload, here = note(appointment_id="8"), Ref("notes", "5", "61")
    able = having(note_on_appointment=True)
    outcome = run(fake, lambda adapter: adapter.update(here, payload), capabilities=able)
    assert outcome == Outcome(Status.DONE, Ref("notes", "5", parent))
    sent = {"description": "SOAP\n[note 1]", "targetable_type": "Appointment", "targetable_id": 8}
    assert fake.sent("PUT", "/notes/5") == [{"note": sent}]


def test_a_note_that_stays_where_it_is_says_nothing_of_its_place() -> None:
    fake = FakeFreshsales()
    fake.on("PUT", "/notes/5", (200, {"note": {"id": 5}}))
    run(fake, lambda adapter: adapter.update(Ref("notes", "5", "61"), note(contact_id="61")))
    assert fake.sent("PUT", "/notes/5") == [{"note": {"description": "SOAP\n[note 1]"}}]


def test_the_length_of_notes_is_a_capability() -> None:
    for room, status in ((13, Status.REFUSED), (14, Status.DONE)):
        short = having(note_characters=room)
        outcome, _ = create("/notes", note("[note 12]"), (200, {"note": {"id": 5}}), capabilities=short)
        assert outcome.status is status
        info = run(FakeFreshsales(), lambda adapter: adapter.connect(), capabilities=short)
        assert info.lengths["notes"] == {"description": room}
        assert info.lengths["contacts"]["mobile_number"] == 30


@pytest.mark.parametrize(
    ("payload", "code", "words"),
    [
        (patient(city="x" * 257), "too_long", "city: 257 characters, 256 at most"),
        (patient(mobile_number="1" * 31), "too_long", "mobile_number"),
        (replace(patient(), custom={HISTORY.name: "x" * 10_001}), "too_long", HISTORY.name),
        (note("m" * 10_000), "too_long", "description"),
        (replace(practice(), custom={PRACTICE_ID.name: "x" * 300}), "too_long", PRACTICE_ID.name),
        (replace(patient(), custom={DEPTH.name: 10**11}), "number_too_large", DEPTH.name),
        (replace(patient(), custom={DEPTH.name: 1.23456}), "too_many_decimals", DEPTH.name),
        (replace(patient(), custom={DEPTH.name: float("nan")}), "number_too_large", DEPTH.name),
        (replace(patient(), custom={DEPTH.name: "7"}), "not_a_number", DEPTH.name),
        (deal(amount=True), "not_a_number", "amount"),
        (deal(expected_close="soon"), "not_a_date", "expected_close"),
        (replace(patient(), custom={EXAM.name: "1/2/2026"}), "not_a_date", EXAM.name),
        (replace(patient(), custom={STAGE.name: "Stage IX"}), "unknown_choice", STAGE.name),
        (replace(patient(), custom={SITES.name: ("MB", "XX")}), "unknown_choice", SITES.name),
        (replace(patient(), custom={SITES.name: ("MB", "M;D")}), "unknown_choice", "separator"),
    ],
)
def test_what_would_be_cut_or_refused_is_not_sent(payload: Payload, code: str, words: str) -> None:
    fake = FakeFreshsales()
    (outcome,) = run(fake, lambda adapter: adapter.create([payload]))
    assert (outcome.status, outcome.code) == (Status.REFUSED, code)
    assert words in outcome.reason
    outcome = run(fake, lambda adapter: adapter.update(Ref(payload.object, "1", "61"), payload))
    assert (outcome.status, outcome.code, fake.requests) == (Status.REFUSED, code, [])


def test_the_limits_themselves_are_allowed() -> None:
    payload = replace(patient(city="x" * 256), custom={DEPTH.name: 99_999_999_999.1234, HISTORY.name: "x" * 10_000})
    assert create("/contacts/upsert", payload, (200, CONTACT))[0].status is Status.DONE


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (patient(birth_date="2020"), "birth_date"),
        (replace(note(), custom={"Key__c": "1"}), "Key__c"),
        (replace(patient(), custom={"Unresolved__c": "1"}), "Unresolved__c"),
        (replace(patient(), links={"company_id": "1"}), "company_id"),
        (replace(note(), links={}), "belongs to is missing"),
        (replace(patient(), object="tasks"), "has no object tasks"),
    ],
)
def test_what_no_operation_takes_is_a_programming_error(payload: Payload, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(FakeFreshsales(), lambda adapter: adapter.create([payload]))


@pytest.mark.parametrize(
    ("answer", "status", "code", "reason"),
    [
        (
            (400, {"errors": {"code": 400, "message": ["Emails has already been taken"]}}),
            Status.REFUSED,
            "duplicate",
            "emails: has already been taken",
        ),
        (
            (400, {"errors": {"message": "External ID has already been taken"}}),
            Status.UNKNOWN,
            "already_there",
            "external_id: has already been taken",
        ),
        (
            (400, {"errors": {"code": 400, "message": ["Last exam is invalid", "Ann Gum is wrong"]}}),
            Status.REFUSED,
            "http_400",
            f"{api_name(EXAM)}: is invalid; … is wrong",
        ),
        ((400, {"message": "Company is not unique"}), Status.REFUSED, "duplicate", "Company is not unique"),
        ((404, {"errors": {"message": "Not found"}}), Status.REFUSED, "not_found", "Not found"),
        ((408, None), Status.UNKNOWN, "http_408", ""),
        ((422, {"errors": {"message": ["Unprocessable"]}}), Status.UNKNOWN, "http_422", "Unprocessable"),
        ((500, {"errors": {"message": "oops"}}), Status.UNKNOWN, "http_500", "…"),
        ((302, None), Status.UNKNOWN, "http_302", ""),
        ((200, {"contact": {}}), Status.UNKNOWN, "no_id", "The answer does not say which record was made."),
        (httpx.ReadTimeout("x"), Status.UNKNOWN, "timeout", "ReadTimeout"),
        (httpx.ReadError("x"), Status.UNKNOWN, "connection_lost", "ReadError"),
    ],
)
def test_what_is_known_after_a_create(answer: Answer, status: Status, code: str, reason: str) -> None:
    outcome, _ = create("/contacts/upsert", patient(), answer)
    assert (outcome.status, outcome.code, outcome.reason, outcome.ref) == (status, code, reason, None)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, None), "does not accept the API key for gum"),
        ((403, {"errors": {"message": "x"}}), "may not do POST /contacts/upsert"),
        ((429, {"errors": {"message": "Too many requests"}}), "hourly quota of gum stays spent"),
        (httpx.ConnectError("x"), "cannot be reached"),
    ],
)
def test_what_concerns_the_account_is_raised(answer: Answer, words: str) -> None:
    with pytest.raises(DestinationError, match=words):
        create("/contacts/upsert", patient(), answer, time_scale=1e7)


def test_an_update_sets_clears_and_keeps_the_other_accounts() -> None:
    fake = FakeFreshsales()
    held = [{"id": 90, "is_primary": True}, {"id": 91, "is_primary": False}]
    fake.on("GET", "/contacts/60", (200, {"contact": {"id": 60, "sales_accounts": held}}))
    fake.on("PUT", "/contacts/60", (200, {"contact": {"id": 60}}))
    payload = replace(patient(email=None), custom={EXAM.name: None}, links={"sales_account_id": "91"})
    outcome = run(fake, lambda adapter: adapter.update(Ref("contacts", "60"), payload))
    assert outcome == Outcome(Status.DONE, Ref("contacts", "60"))
    (body,) = fake.sent("PUT", "/contacts/60")
    assert body["contact"] == {
        "last_name": "Gum",
        "email": None,
        "custom_field": {api_name(EXAM): None},
        "sales_accounts": [{"id": 91, "is_primary": True}, {"id": 90, "is_primary": False}],
    }


def test_an_update_of_nothing_sends_nothing_and_of_what_is_gone_says_so() -> None:
    fake = FakeFreshsales()
    fake.on("PUT", "/notes/5", (404, {"errors": {"message": "Not found"}}))
    ref = Ref("notes", "5", "61")
    empty = replace(note(), fields={})
    assert run(fake, lambda adapter: adapter.update(ref, empty)).status is Status.DONE
    assert fake.requests == []
    outcome = run(fake, lambda adapter: adapter.update(ref, note()))
    assert (outcome.status, outcome.code) == (Status.REFUSED, "not_found")
    assert fake.sent("PUT", "/notes/5") == [{"note": {"description": "SOAP\n[note 1]"}}]


GONE = (404, {"errors": {"message": "Not found"}})


@pytest.mark.parametrize(
    ("first", "second", "status", "code"),
    [
        ((200, True), (200, True), Status.DONE, ""),
        (GONE, (200, True), Status.DONE, ""),
        (GONE, GONE, Status.DONE, "already_gone"),
        ((200, True), GONE, Status.DONE, ""),
        ((200, True), (400, None), Status.REFUSED, "not_forgotten"),
        ((200, True), (500, None), Status.UNKNOWN, "http_500"),
    ],
)
def test_a_contact_is_deleted_and_forgotten(first: Answer, second: Answer, status: Status, code: str) -> None:
    fake = FakeFreshsales()
    fake.on("DELETE", "/contacts/60", first)
    fake.on("DELETE", "/contacts/60/forget", second)
    outcome = run(fake, lambda adapter: adapter.delete(Ref("contacts", "60")))
    assert (outcome.status, outcome.code) == (status, code)
    fake.requests.clear()
    run(fake, lambda adapter: adapter.delete(Ref("contacts", "60")), capabilities=having(forget_deleted=False))
    assert [request.url.path for request in fake.requests] == ["/crm/sales/api/contacts/60"]


def test_other_records_are_deleted_in_their_own_ways() -> None:
    fake = FakeFreshsales()
    fake.on("DELETE", "/notes/5", (200, {"success": "200"}))
    fake.on("DELETE", f"/custom_module/{LINE}/501", (200, {"message": "deleted"}))
    fake.on("DELETE", f"/custom_module/{LINE}/501/forget", (200, True))

    async def go(adapter: Any) -> None:
        assert (await adapter.delete(Ref("notes", "5", "61"))).status is Status.DONE
        assert (await adapter.delete(Ref("treatment_plan_lines", "501"))).status is Status.DONE
        document = await adapter.delete(Ref("letters", "9", "61"))
        assert (document.status, document.code) == (Status.REFUSED, "cannot_delete")

    run(fake, go)
    assert len(fake.requests) == 3


def test_batches_are_of_one_object_and_may_be_empty() -> None:
    fake = FakeFreshsales()
    with pytest.raises(ValueError, match="several objects"):
        run(fake, lambda adapter: adapter.create([patient(), practice()]))
    assert run(fake, lambda adapter: adapter.create([])) == []
