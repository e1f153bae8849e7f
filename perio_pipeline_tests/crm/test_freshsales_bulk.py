"""Bulk jobs: all good, some rows failed, stuck, busy, lost; and what each costs."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.freshsales.budget import opening_requests, read_back_requests, requests_for
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.pace import Pace
from perio_pipeline.crm.protocol import Outcome, Payload, Status
from perio_pipeline_tests.crm.freshsales_support import (
    FIELDS,
    FakeFreshsales,
    Jobs,
    deal,
    having,
    line,
    patient,
    practice,
    run,
)

BULK = "/contacts/bulk_upsert"
MANY = [patient(number, emails=f"p{number}@b.example") for number in range(10)]


def create(fake: FakeFreshsales, batch: list[Payload], **settings: Any) -> list[Outcome]:
    return run(fake, lambda adapter: adapter.create(batch), **settings)


def statuses(outcomes: list[Outcome]) -> list[Status]:
    return [outcome.status for outcome in outcomes]


def test_a_batch_is_one_job_and_its_ids_are_read_back() -> None:
    fake = FakeFreshsales()
    jobs = Jobs(fake)
    outcomes = create(fake, MANY)
    assert statuses(outcomes) == [Status.DONE] * 10
    ids = [outcome.ref.crm_id for outcome in outcomes if outcome.ref]
    assert ids == [str(jobs.stored[f"PANDA-{number}"]["id"]) for number in range(10)]
    (body,) = fake.sent("POST", BULK)
    assert body["contacts"][3] == {
        "external_id": "PANDA-3",
        "data": {"last_name": "Gum", "emails": "p3@b.example", "external_id": "PANDA-3"},
    }
    (search,) = fake.sent("POST", "/filtered_search/contact")
    assert search["filter_rule"][0]["attribute"] == "external_id"
    assert len(fake.requests) == 3


def test_a_bulk_job_can_go_by_address() -> None:
    fake = FakeFreshsales()
    Jobs(fake)
    fake.on("POST", "/contacts/upsert", (200, {"contact": {"id": 1}}))
    outcomes = create(fake, [*MANY, patient(99)], capabilities=having(bulk_key="emails"))
    assert statuses(outcomes) == [Status.DONE] * 11
    (body,) = fake.sent("POST", BULK)
    assert body["contacts"][0]["emails"] == "p0@b.example"
    before, after = fake.sent("POST", "/filtered_search/contact")
    assert before == after, "who holds the addresses is asked first"
    assert before["filter_rule"][0]["attribute"] == "contact_email.email"
    assert fake.count("POST", "/contacts/upsert") == 1


@pytest.mark.parametrize("capabilities", [having(bulk_upsert=False), having(bulk_key="id")])
def test_without_usable_jobs_each_record_is_a_request(capabilities: Capabilities) -> None:
    fake = FakeFreshsales()
    Jobs(fake)
    assert statuses(create(fake, MANY, capabilities=capabilities)) == [Status.DONE] * 10
    assert (fake.count("POST", BULK), fake.count("POST", "/contacts/upsert"), len(fake.requests)) == (0, 10, 10)


def test_one_record_is_upserted_alone() -> None:
    fake = FakeFreshsales()
    Jobs(fake)
    assert statuses(create(fake, MANY[:1])) == [Status.DONE]
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    "element",
    [
        {"external_id": "PANDA-4", "errors": {"message": ["Emails has already been taken"]}},
        {"external_id": "PANDA-4", "message": "Emails has already been taken"},
        {"record": {"external_id": "PANDA-4"}, "error_message": "Emails has already been taken"},
        ["PANDA-4", {"error": ["Emails has already been taken"]}],
        None,
    ],
)
def test_failed_rows_of_a_successful_job_are_picked_apart(element: Any) -> None:
    fake = FakeFreshsales()
    Jobs(fake, failing={"PANDA-4": element})
    outcomes = create(fake, MANY)
    assert statuses(outcomes) == [Status.DONE] * 4 + [Status.REFUSED] + [Status.DONE] * 5
    assert (outcomes[4].code, outcomes[4].reason) == ("duplicate", "emails: has already been taken")
    # What the report says clearly is not asked again.
    assert fake.count("POST", "/contacts/upsert") == (0 if element else 1)
    assert fake.count("POST", "/filtered_search/contact") == 1


def test_a_failed_row_with_another_reason_and_one_that_is_there_already() -> None:
    fake = FakeFreshsales()
    failing = {
        "PANDA-1": {"external_id": "PANDA-1", "message": "First name is invalid"},
        "PANDA-2": {"external_id": "PANDA-2", "message": "External ID has already been taken"},
    }
    Jobs(fake, failing=failing)
    outcomes = create(fake, MANY)
    assert (outcomes[1].status, outcomes[1].code, outcomes[1].reason) == (
        Status.REFUSED,
        "row_failed",
        "first_name: is invalid",
    )
    assert (outcomes[2].status, outcomes[2].code) == (Status.UNKNOWN, "already_there")


def test_an_index_that_lags_is_waited_for_and_then_done_without() -> None:
    fake = FakeFreshsales()
    Jobs(fake, lag=2)
    assert statuses(create(fake, MANY)) == [Status.DONE] * 10
    assert fake.count("POST", "/filtered_search/contact") == 3
    fake = FakeFreshsales()
    jobs = Jobs(fake, lag=99)
    assert statuses(create(fake, MANY)) == [Status.DONE] * 10
    assert (fake.count("POST", "/filtered_search/contact"), fake.count("GET", "/lookup")) == (4, 10)
    assert fake.count("POST", "/contacts/upsert") == 0
    fake.on("GET", "/lookup", (200, {"contacts": {"contacts": []}}))
    assert statuses(create(fake, MANY)) == [Status.DONE] * 10
    assert (len(jobs.stored), fake.count("POST", "/contacts/upsert")) == (10, 10)


def test_a_search_that_is_refused_is_not_tried_again() -> None:
    fake = FakeFreshsales()
    jobs = Jobs(fake)
    fake.on("POST", "/filtered_search/contact", (400, {"errors": {"message": "attribute is invalid"}}))

    def newest(request: httpx.Request) -> tuple[int, Any]:
        return 200, {"contacts": list(jobs.stored.values()), "meta": {"total_pages": 1}}

    fake.on("GET", "/contacts/view/1", newest)

    async def go(adapter: FreshsalesAdapter) -> list[Outcome]:
        return await adapter.create(MANY) + await adapter.create(MANY)

    assert statuses(run(fake, go)) == [Status.DONE] * 20
    assert (fake.count("POST", "/filtered_search/contact"), fake.count("GET", "/contacts/view/1")) == (1, 2)
    assert fake.count("POST", "/contacts/upsert") == 0


def test_ids_that_the_report_tells_are_not_asked_for() -> None:
    fake = FakeFreshsales()
    jobs = Jobs(fake)

    def telling(request: httpx.Request) -> tuple[int, Any]:
        answer = jobs.take(request)
        rows = [{"external_id": key, "id": record["id"]} for key, record in jobs.stored.items()]
        report = {"record_status": {"succeeded": 9, "failed": 1}, "records": rows[:9]}
        report["detailed_failure_report"] = [{"id": 5, "external_id": "PANDA-9", "message": "Emails is invalid"}]  # type: ignore[assignment]
        fake.on("GET", "/job_statuses/j1", (200, {"status": "SUCCESS", "data": json.dumps(report)}))
        return answer

    fake.on("POST", BULK, telling)
    outcomes = create(fake, MANY)
    assert statuses(outcomes) == [Status.DONE] * 9 + [Status.REFUSED]
    assert [outcome.ref.crm_id for outcome in outcomes if outcome.ref] == [
        str(jobs.stored[f"PANDA-{number}"]["id"]) for number in range(9)
    ]
    assert len(fake.requests) == 2


def test_a_busy_account_is_waited_for_and_then_spared() -> None:
    fake = FakeFreshsales()
    jobs = Jobs(fake)
    fake.on("POST", BULK, (405, None), (405, None), jobs.take)
    assert statuses(create(fake, MANY)) == [Status.DONE] * 10
    assert (fake.count("POST", BULK), fake.count("POST", "/contacts/upsert")) == (3, 0)
    fake.requests.clear()
    fake.on("POST", BULK, (405, None))
    assert statuses(create(fake, MANY)) == [Status.DONE] * 10
    assert (fake.count("POST", BULK), fake.count("POST", "/contacts/upsert")) == (10, 10)


@pytest.mark.parametrize(("looks", "learned"), [(1, 1), (4, 2)])
def test_jobs_are_looked_at_when_they_should_have_ended_and_that_is_learned(looks: int, learned: int) -> None:
    """A job that ends late is looked at less often the next time."""
    pace = Pace()

    def looked(seconds: float, rows: int) -> int:
        waited = 0.0
        for count, wait in enumerate(pace.looks(rows, 300.0), 1):
            waited += wait
            if waited >= seconds:
                pace.ended(rows, waited, count)
                return count
        raise AssertionError("it never ended")

    took = {1: 15.0, 4: 150.0}[looks]
    assert looked(took, 100) == looks
    assert looked(took, 100) == 1
    assert looked(took / 2, 50) <= learned
    assert sum(pace.looks(1, 300.0)) == 300.0


@pytest.mark.parametrize(
    "fault",
    [httpx.ReadTimeout("x"), httpx.ReadError("x"), (502, None), (200, {"message": "ok"}), (200, {}), (302, None)],
)
def test_after_a_lost_answer_what_is_found_is_done_and_the_rest_goes_again(fault: Any) -> None:
    fake = FakeFreshsales()
    jobs = Jobs(fake)

    def partly(request: httpx.Request) -> tuple[int, Any]:
        for row in json.loads(request.content)["contacts"][:4]:
            jobs.store(row["external_id"], row["data"])
        fake.on("POST", BULK, jobs.take)
        if isinstance(fault, Exception):
            raise fault
        status, body = fault
        return status, body

    fake.on("POST", BULK, partly)
    assert statuses(create(fake, MANY)) == [Status.DONE] * 10
    again = fake.sent("POST", BULK)[1]["contacts"]
    assert [row["external_id"] for row in again] == [f"PANDA-{number}" for number in range(4, 10)]
    assert len(jobs.stored) == 10


def test_a_job_that_cannot_be_looked_at_is_looked_for() -> None:
    fake = FakeFreshsales()
    jobs = Jobs(fake)

    def hidden(request: httpx.Request) -> tuple[int, Any]:
        answer = jobs.take(request)
        fake.on("GET", "/job_statuses/j1", (500, None))
        return answer

    fake.on("POST", BULK, hidden)
    assert statuses(create(fake, MANY)) == [Status.DONE] * 10
    assert fake.count("POST", BULK) == 1


def test_what_stays_unknown_is_said() -> None:
    fake = FakeFreshsales()
    Jobs(fake, lag=99)
    fake.on("POST", BULK, (502, None))
    fake.on("POST", "/contacts/upsert", (502, None))
    outcomes = create(fake, MANY)
    assert {(outcome.status, outcome.code) for outcome in outcomes} == {(Status.UNKNOWN, "http_502")}


@pytest.mark.parametrize("data", ["no json", None, [], {"detailed_failure_report": "x"}])
def test_an_unreadable_report_is_no_report(data: Any) -> None:
    fake = FakeFreshsales()
    jobs = Jobs(fake)

    def odd(request: httpx.Request) -> tuple[int, Any]:
        answer = jobs.take(request)
        fake.on("GET", "/job_statuses/j1", (200, {"status": "SUCCESS", "data": data}))
        return answer

    fake.on("POST", BULK, odd)
    assert statuses(create(fake, MANY)) == [Status.DONE] * 10


def test_values_refused_beforehand_do_not_hold_up_the_job() -> None:
    fake = FakeFreshsales()
    Jobs(fake)
    outcomes = create(fake, [*MANY[:2], patient(50, city="x" * 300), *MANY[2:]])
    assert statuses(outcomes) == [Status.DONE, Status.DONE, Status.REFUSED, *[Status.DONE] * 8]
    assert len(fake.sent("POST", BULK)[0]["contacts"]) == 10


def test_one_key_never_stands_twice_in_a_job() -> None:
    fake = FakeFreshsales()
    Jobs(fake, "deals", "deal")
    fake.on("POST", "/deals", (200, {"deal": {"id": 1}}))
    batch = [*[deal(number) for number in range(4)], deal(5, name="Plan"), deal(6, name="plan")]
    assert statuses(create(fake, batch, capabilities=having(names_as_keys="any"))) == [Status.DONE] * 6
    (body,) = fake.sent("POST", "/deals/bulk_upsert")
    assert [row["name"] for row in body["deals"]] == [f"Perio plan PLAN-{number}" for number in range(4)]
    assert (fake.count("POST", "/deals/upsert"), fake.count("POST", "/deals")) == (1, 1), "the second is another deal"


def test_records_whose_name_could_be_another_s_stay_out_of_jobs() -> None:
    async def go(adapter: FreshsalesAdapter) -> None:
        assert adapter.batch_key(practice(1)) == adapter.batch_key(practice(2)) == "sales_accounts"
        assert adapter.batch_key(practice(3, name="Perio Partners")) == "3"
        assert adapter.batch_key(line(8)) == "8"
        assert [adapter.batch_size(obj) for obj in ("contacts", "deals", "notes")] == [100, 100, 1]

    run(FakeFreshsales(), go)

    async def off(adapter: FreshsalesAdapter) -> None:
        assert adapter.batch_size("contacts") == 1
        assert adapter.batch_key(patient(4)) == "4"

    run(FakeFreshsales(), off, capabilities=having(bulk_upsert=False))


MAKERS: dict[str, tuple[Any, str, str]] = {
    "contacts": (patient, "contacts", "contact"),
    "sales_accounts": (practice, "sales_accounts", "sales_account"),
    "deals": (deal, "deals", "deal"),
}


@pytest.mark.parametrize("obj", sorted(MAKERS))
@pytest.mark.parametrize("read_back", ["filtered_search", "lookup", "upsert"])
@pytest.mark.parametrize("count", [1, 3, 4, 100, 101, 230])
def test_the_budget_is_what_a_load_costs(obj: str, read_back: str, count: int) -> None:
    make, module, entity = MAKERS[obj]
    fake = FakeFreshsales()
    Jobs(fake, module, entity)
    capabilities = having(read_back=read_back)

    async def go(adapter: FreshsalesAdapter) -> int:
        payloads = [make(number) for number in range(count)]
        for start in range(0, count, adapter.batch_size(obj)):
            outcomes = await adapter.create(payloads[start : start + adapter.batch_size(obj)])
            assert {outcome.status for outcome in outcomes} == {Status.DONE}
        return adapter.stats.requests

    assert run(fake, go, capabilities=capabilities) == requests_for(obj, count, capabilities)


@pytest.mark.parametrize(
    ("obj", "records", "changes", "requests"),
    [
        ("notes", 250, {}, 250),
        ("contacts", 250, {"bulk_upsert": False}, 250),
        ("contacts", 250, {"bulk_key": "id"}, 250),
        ("contacts", 0, {}, 0),
        ("contacts", 2000, {}, 60),
        ("contacts", 200, {"bulk_rows": 50}, 12),
        ("contacts", 200, {"bulk_key": "emails"}, 8),
        ("contacts", 200, {"bulk_cost": "rows"}, 204),
        ("contacts", 3, {"upsert_key": "emails"}, 6),
        ("deals", 3, {"upsert_key": "emails"}, 3),
    ],
)
def test_budgets_of_writing(obj: str, records: int, changes: dict[str, Any], requests: int) -> None:
    assert requests_for(obj, records, having(**changes)) == requests


@pytest.mark.parametrize(
    ("obj", "records", "changes", "more", "requests"),
    [
        ("contacts", 2000, {}, {}, 22),
        ("contacts", 2000, {}, {"others": 1000}, 32),
        ("contacts", 2000, {"scroll_lists": True}, {"others": 1000}, 22),
        ("contacts", 4, {}, {}, 4),
        ("contacts", 8, {}, {"others": 2000}, 8),
        ("deals", 500, {}, {}, 8),
        ("deals", 500, {"view_lists": "none"}, {}, 500),
        ("treatment_plan_lines", 500, {}, {}, 8),
        ("treatment_plan_lines", 500, {"view_lists": "standard"}, {}, 500),
        ("notes", 500, {}, {"parents": 90}, 90),
        ("appointments", 500, {}, {}, 500),
    ],
)
def test_budgets_of_reading_back(
    obj: str, records: int, changes: dict[str, Any], more: dict[str, int], requests: int
) -> None:
    assert read_back_requests(obj, records, having(**changes), **more) == requests


def test_budgets_are_of_objects_that_there_are() -> None:
    for budget in (requests_for, read_back_requests):
        with pytest.raises(ValueError, match="no object tasks"):
            budget("tasks", 1, Capabilities())


@pytest.mark.parametrize(("plan", "modules"), [("growth", False), ("enterprise", True)])
def test_opening_costs_what_the_budget_says(plan: str, modules: bool) -> None:
    async def go(adapter: FreshsalesAdapter) -> list[int]:
        await adapter.connect()
        await adapter.missing_fields([spec for spec in FIELDS if modules or not spec.model.startswith("cm_")])
        first = adapter.stats.requests
        await adapter.connect()
        return [first, adapter.stats.requests - first]

    assert run(FakeFreshsales(), go, ready=False, plan=plan, time_scale=1.0) == [opening_requests(modules), 1]
