"""Reading back and finding by mark."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from perio_pipeline.crm.protocol import Adapter, Ref, Snapshot
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

GONE = (404, {"errors": {"message": "Not found"}})


def test_a_contact_comes_back_in_the_payload_s_names() -> None:
    fake = FakeFreshsales()
    record = {
        "id": 60,
        "first_name": "Ann",
        "job_title": "",
        "emails": [{"value": "b@b.example"}, {"value": "a@b.example", "is_primary": True}],
        "external_id": "PANDA-7",
        "owner": {"id": 50001},
        "lifecycle_stage_id": None,
        "lead_source_id": 999,
        "time_zone": "Central Time (US & Canada)",
        "tags": ["perio"],
        "created_at": "2026",
        "custom_field": {
            api_name(DEPTH): "7.5",
            api_name(STAGE): "Stage II",
            api_name(SITES): "MB; DB",
            api_name(EXAM): "2026-01-02T00:00:00+05:30",
            api_name(REFERS): True,
            api_name(HISTORY): "",
            "cf_someone_else_s": "x",
        },
    }
    accounts = [{"id": 91, "is_primary": False}, {"id": 90, "is_primary": True}]
    fake.on("GET", "/contacts/60", (200, {"contact": record, "sales_accounts": accounts}))
    fake.on("GET", "/contacts/61", GONE)
    ref = Ref("contacts", "60")
    found = run(fake, lambda adapter: adapter.read([ref, Ref("contacts", "61")]))
    assert found == {
        ref: Snapshot(
            ref,
            {
                "first_name": "Ann",
                "job_title": None,
                "emails": "a@b.example",
                "external_id": "PANDA-7",
                "owner_id": "Doc@Gum.example",
                "lifecycle_stage_id": None,
                "lead_source_id": 999,
                "time_zone": "America/Chicago",
                "tags": ("perio",),
            },
            {
                DEPTH.name: 7.5,
                STAGE.name: "Stage II",
                SITES.name: ("MB", "DB"),
                EXAM.name: "2026-01-02",
                REFERS.name: True,
                HISTORY.name: None,
            },
            {"sales_account_id": "90"},
        )
    }
    assert fake.requests[0].url.params["include"] == "owner,sales_accounts"


def test_a_deal_s_amounts_are_numbers_and_its_dates_days() -> None:
    fake = FakeFreshsales()
    record = {
        "id": 77, "name": "Plan", "amount": "5000.0", "deal_pipeline_id": 80, "deal_stage_id": 81, "currency_id": 9,
        "expected_close": "2026-05-06T00:00:00Z", "sales_account_id": 90, "contacts": [{"id": 61}],
        "custom_field": {api_name(PLAN_ID): "PLAN-5"},
    }  # fmt: skip
    fake.on("GET", "/deals/77", (200, {"deal": record}))
    (snapshot,) = run(fake, lambda adapter: adapter.read([Ref("deals", "77")])).values()
    assert snapshot.fields == {
        "name": "Plan",
        "amount": 5000,
        "deal_pipeline_id": "Recall",
        "deal_stage_id": "Accepted",
        "currency_id": "USD",
        "expected_close": "2026-05-06",
    }
    assert snapshot.custom == {PLAN_ID.name: "PLAN-5"}
    assert snapshot.links == {"contact_id": "61", "sales_account_id": "90"}


@pytest.mark.parametrize("raw", [62, "62", {"id": 62, "value": "Plan"}])
def test_a_plan_line_comes_back_with_its_link(raw: Any) -> None:
    fake = FakeFreshsales()
    custom = {api_name(LINE_ID): "LINE-1", api_name(LINE_DEAL): raw}
    fake.on("GET", f"/custom_module/{LINE}/501", (200, {LINE: {"id": 501, "name": "D4341", "custom_field": custom}}))
    (snapshot,) = run(fake, lambda adapter: adapter.read([Ref("treatment_plan_lines", "501")])).values()
    assert snapshot.fields == {"name": "D4341"}
    assert (snapshot.custom, snapshot.links) == ({LINE_ID.name: "LINE-1"}, {LINE_DEAL.name: "62"})


@pytest.mark.parametrize("answer", [(500, None), httpx.ReadTimeout("x"), (200, []), (200, None), (400, {})])
def test_a_failed_read_is_never_taken_for_absence(answer: Any) -> None:
    fake = FakeFreshsales()
    fake.on("GET", "/contacts/60", answer)
    with pytest.raises(DestinationError, match="Run again"):
        run(fake, lambda adapter: adapter.read([Ref("contacts", "60")]))


def test_notes_are_read_with_one_request_per_page_of_their_record() -> None:
    fake = FakeFreshsales()
    notes = [{"id": number, "description": f"text {number}"} for number in range(150)]

    def page(request: httpx.Request) -> tuple[int, Any]:
        number, size = int(request.url.params["page"]), int(request.url.params["per_page"])
        return 200, {"notes": notes[(number - 1) * size : number * size], "meta": {"total_pages": 2}}

    fake.on("GET", "/contacts/61/notes", page)
    fake.on("GET", "/contacts/62/notes", GONE)
    fake.on("GET", "/deals/77/notes", (200, {"notes": [{"id": 900, "description": "on a deal"}]}))
    refs = [Ref("notes", str(number), "61") for number in (3, 149, 151)]
    other = [Ref("notes", "1", "62"), Ref("notes", "900", "deals/77")]
    found = run(fake, lambda adapter: adapter.read([*refs, *other]))
    assert found.keys() == {*refs[:2], other[1]}
    assert len(fake.requests) == 4
    assert found[refs[0]] == Snapshot(refs[0], {"description": "text 3"}, {}, {"contact_id": "61"})
    assert found[other[1]].links == {"deal_id": "77"}
    with pytest.raises(ValueError, match="does not name the record"):
        run(fake, lambda adapter: adapter.read([Ref("notes", "1")]))


def test_appointments_of_one_contact_are_listed_and_doubts_looked_up() -> None:
    fake = FakeFreshsales()
    listed = [{"id": 1, "title": "A", "outcome_id": 7, "targetable_type": "Contact", "targetable_id": 61}]
    fake.on("GET", "/contacts/61/appointments", (200, {"appointments": listed}))
    past = {
        "id": 2,
        "title": "B",
        "from_date": "2020-01-02T10:00:00-05:00",
        "targetables": [{"id": 61, "type": "Contact"}],
    }
    fake.on("GET", "/appointments/2", (200, {"appointment": past, "notes": []}))
    refs = [Ref("appointments", str(number), "61") for number in (1, 2, 3)]
    found = run(fake, lambda adapter: adapter.read(refs))
    assert found.keys() == set(refs[:2])
    assert len(fake.requests) == 3
    assert found[refs[0]].fields == {"title": "A", "outcome_id": "Completed"}
    assert [found[ref].links for ref in refs[:2]] == [{"contact_id": "61"}] * 2
    fake.requests.clear()
    assert run(fake, lambda adapter: adapter.read(refs[1:2])).keys() == {refs[1]}
    assert len(fake.requests) == 1


def test_notes_of_an_appointment_come_with_it() -> None:
    fake = FakeFreshsales()
    record = {"appointment": {"id": 8, "title": "A"}, "notes": [{"id": 5, "description": "SOAP\n[note 1]"}]}
    fake.on("GET", "/appointments/8", (200, record))
    ref = Ref("notes", "5", "appointments/8")
    (snapshot,) = run(fake, lambda adapter: adapter.read([ref])).values()
    assert snapshot.links == {"appointment_id": "8"}
    payload = note(contact_id="61", appointment_id="8")
    assert run(fake, lambda a: a.find(payload), capabilities=having(note_on_appointment=True)) == ref


def test_a_contact_is_found_by_its_external_id_and_checked() -> None:
    fake = FakeFreshsales()
    hits = [{"id": 59}, {"id": 60}, {"id": 60}]
    fake.on("GET", "/lookup", (200, {"contacts": {"contacts": hits}}))
    fake.on("POST", "/filtered_search/contact", (200, {"contacts": hits}))
    fake.on("GET", "/contacts/59", GONE)
    fake.on("GET", "/contacts/60", (200, {"contact": {"id": 60, "external_id": "PANDA-7"}}))
    assert run(fake, lambda adapter: adapter.find(patient())) == Ref("contacts", "60")
    assert dict(fake.requests[0].url.params) == {"q": "PANDA-7", "f": "external_id", "entities": "contact"}
    assert len(fake.requests) == 3
    fake.requests.clear()
    off = having(lookup_external_id=False)
    assert run(fake, lambda adapter: adapter.find(patient()), capabilities=off) == Ref("contacts", "60")
    rule = json.loads(fake.requests[0].content)["filter_rule"][0]
    assert rule == {"attribute": "external_id", "operator": "is_in", "value": "PANDA-7"}
    assert run(fake, lambda adapter: adapter.find(patient(8))) is None


def test_accounts_and_deals_are_found_by_their_custom_field() -> None:
    fake = FakeFreshsales()
    for payload, module, entity, spec in (
        (practice(), "sales_accounts", "sales_account", PRACTICE_ID),
        (deal(), "deals", "deal", PLAN_ID),
    ):
        near = {"id": 1, "custom_field": {api_name(spec): f"{payload.mark}0"}}
        right = {"id": 2, "custom_field": {api_name(spec): payload.mark}}
        fake.on("GET", "/lookup", (200, {module: {module: [near, right]}}))
        fake.on("GET", f"/{module}/1", (200, {entity: near}))
        fake.on("GET", f"/{module}/2", (200, {entity: right}))
        assert run(fake, lambda adapter, p=payload: adapter.find(p)) == Ref(module, "2")  # type: ignore[misc]
        assert fake.requests[0].url.params["f"] == api_name(spec)
        assert fake.requests[0].url.params["entities"] == entity


def test_plan_lines_are_found_by_the_full_text_search() -> None:
    fake = FakeFreshsales()
    fake.on("GET", "/search", (200, [{"id": "501", "type": LINE, "name": "D4341"}]))
    record = {"id": 501, "custom_field": {api_name(LINE_ID): "LINE-1"}}
    fake.on("GET", f"/custom_module/{LINE}/501", (200, {LINE: record}))
    assert run(fake, lambda adapter: adapter.find(line())) == Ref("treatment_plan_lines", "501")
    assert dict(fake.requests[0].url.params) == {"q": "LINE-1", "include": LINE}
    fake.on("GET", "/search", (200, []))
    assert run(fake, lambda adapter: adapter.find(line())) is None


def test_activities_are_found_among_those_of_their_record_by_a_whole_mark() -> None:
    fake = FakeFreshsales()
    notes = [{"id": 1, "description": "SOAP [note 12]"}, {"id": 2, "description": "SOAP\n[note 1]"}]
    fake.on("GET", "/contacts/61/notes", (200, {"notes": notes}))
    assert run(fake, lambda adapter: adapter.find(note())) == Ref("notes", "2", "61")
    fake.on("GET", "/contacts/61/appointments", (200, {"appointments": [{"id": 8, "title": "A"}]}))
    fake.on("GET", "/appointments/8", (200, {"appointment": {"id": 8, "description": "x [visit 2]"}}))
    assert run(fake, lambda adapter: adapter.find(visit())) == Ref("appointments", "8", "61")
    assert run(fake, lambda adapter: adapter.find(visit("[visit 3]"))) is None


def test_a_note_is_also_found_where_an_earlier_run_may_have_put_it() -> None:
    fake = FakeFreshsales()
    fake.on("GET", "/contacts/61/notes", (200, {"notes": []}))
    fake.on(
        "GET", "/appointments/8", (200, {"appointment": {"id": 8}, "notes": [{"id": 5, "description": "[note 1]"}]})
    )
    payload = replace(note(contact_id="61"), elsewhere={"appointment_id": "8"})
    assert run(fake, lambda adapter: adapter.find(payload)) == Ref("notes", "5", "appointments/8")
    assert run(fake, lambda adapter: adapter.find(replace(payload, elsewhere={}))) is None


def test_a_mark_is_found_in_html_that_escapes_it() -> None:
    fake = FakeFreshsales()
    held = {"id": 1, "description": "<p>x</p>\n<p>&#91;note A&amp;B]</p>"}
    fake.on("GET", "/contacts/61/notes", (200, {"notes": [held]}))
    assert run(fake, lambda adapter: adapter.find(note("[note A&B]"))) == Ref("notes", "1", "61")
    assert run(fake, lambda adapter: adapter.find(note("[note A]"))) is None


@pytest.mark.parametrize("answer", [(500, None), (404, None), httpx.ReadTimeout("x")])
def test_a_broken_search_is_an_error(answer: Any) -> None:
    fake = FakeFreshsales()
    fake.on("GET", "/lookup", answer)
    fake.on("POST", "/filtered_search/contact", answer if answer != (404, None) else (503, None))
    for capabilities in (having(), having(lookup_external_id=False)):
        with pytest.raises(DestinationError, match="Run again"):
            run(fake, lambda adapter: adapter.find(patient()), capabilities=capabilities)


def pages_of(fake: FakeFreshsales, obj: str) -> list[list[Snapshot]]:
    async def work(adapter: Adapter) -> list[list[Snapshot]]:
        return [page async for page in adapter.existing(obj)]

    return run(fake, work)


def test_all_contacts_are_walked_by_their_view_oldest_first() -> None:
    def page(request: httpx.Request) -> tuple[int, Any]:
        number = int(request.url.params["page"])
        contacts = [
            {"id": 100 * number + n, "first_name": "Ann", "custom_field": {api_name(DEPTH): "4"}} for n in range(2)
        ]
        return 200, {"contacts": contacts, "meta": {"total_pages": 3, "total": 6}}

    fake = FakeFreshsales()
    views = [{"id": 1, "name": "My Contacts"}, {"id": 2, "name": "Recycle Bin"}, {"id": 3, "name": "All Contacts"}]
    fake.on("GET", "/contacts/filters", (200, {"filters": views}))
    fake.on("GET", "/contacts/view/3", page)
    pages = pages_of(fake, "referring_dentists")
    assert [len(each) for each in pages] == [2, 2, 2]
    assert pages[0][0] == Snapshot(Ref("referring_dentists", "100"), {"first_name": "Ann"}, {DEPTH.name: 4}, {})
    assert dict(fake.requests[-1].url.params) == {
        "page": "3", "per_page": "100", "sort": "created_at", "sort_type": "asc",
    }  # fmt: skip


def test_an_account_without_a_view_of_all_contacts_is_told_what_to_do() -> None:
    fake = FakeFreshsales()
    fake.on("GET", "/contacts/filters", (200, {"filters": [{"id": 1, "name": "My Contacts"}]}))
    with pytest.raises(DestinationError, match="no view of all contacts"):
        pages_of(fake, "contacts")
    for obj in ("notes", "treatment_plan_lines"):
        with pytest.raises(ValueError, match="no list of all"):
            pages_of(fake, obj)
