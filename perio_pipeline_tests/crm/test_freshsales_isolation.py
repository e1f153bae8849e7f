"""A bulk call that goes wrong as a whole is taken apart: good rows arrive once, a bad one stands alone with its reason.

Over real HTTP against the sandbox; each case is one way in which a job can go wrong.
"""

from __future__ import annotations

from typing import Any

import pytest

from perio_pipeline.crm.protocol import Outcome, Payload, Status
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline_tests.crm.freshsales_support import STAGE, deal, patient, practice
from perio_pipeline_tests.crm.freshsales_world import World, account

BAD = 17
ROWS = 40
TAKEN = "taken@b.example"
POISON = rf"PANDA-{BAD}\D"
BULK = "/contacts/bulk_upsert"


def patients(rows: int = ROWS) -> list[Payload]:
    """One of them has the address of a contact that the account has already."""
    emails = {BAD: TAKEN}
    return [patient(number, emails=emails.get(number, f"p{number}@b.example")) for number in range(rows)]


def loaded(world: World, payloads: list[Payload]) -> list[Outcome]:
    world.load([patient(900, emails=TAKEN)])
    return world.create(payloads)


def assert_only_the_bad_row_failed(world: World, outcomes: list[Outcome]) -> None:
    bad = outcomes[BAD]
    assert (bad.status, bad.code, bad.reason) == (Status.REFUSED, "duplicate", "email: has already been taken")
    assert {outcome.status for number, outcome in enumerate(outcomes) if number != BAD} == {Status.DONE}
    assert_once(world, len(outcomes) - 1)
    where = {record["external_id"]: str(record["id"]) for record in world.held("contacts")}
    for number, outcome in enumerate(outcomes):
        assert outcome.ref is None or outcome.ref.crm_id == where[f"PANDA-{number}"]


def assert_once(world: World, rows: int, kind: str = "contacts", name: str = "external_id") -> None:
    """Every row is there, and none twice; beside the one contact that was there before."""
    held = [record[name] for record in world.held(kind) if record[name] != "PANDA-900"]
    assert sorted(held) == sorted(set(held))
    assert len(held) == rows


def test_a_job_whose_report_is_clear_costs_no_request_more() -> None:
    with account() as world:
        outcomes = loaded(world, patients())
        assert_only_the_bad_row_failed(world, outcomes)
        assert world.spent == 3


@pytest.mark.parametrize("report", ["keyed", "indexed", "counts"])
def test_a_successful_job_with_failed_rows(report: str) -> None:
    with account({"failure_report": report}) as world:
        assert_only_the_bad_row_failed(world, loaded(world, patients()))
        assert world.asked("POST", BULK) == 1
        # A report that names the row is believed; else that one row goes alone, which tells its reason.
        assert world.asked("POST", "/contacts/upsert") == 1 + (report != "keyed")


def test_rows_that_fail_without_a_reason_are_tried_alone() -> None:
    faults = [Fault(kind="partial_bulk", path=BULK, rows=5, seed=3)]
    with account(faults=faults) as world:
        outcomes = loaded(world, patients())
        assert_only_the_bad_row_failed(world, outcomes)
        assert world.asked("POST", BULK) == 1


def test_every_row_is_bad_and_has_its_own_reason() -> None:
    with account({"failure_report": "counts"}) as world:
        payloads = [patient(number, emails=f"no address {number}") for number in range(10)]
        outcomes = world.create(payloads)
        assert {(outcome.status, outcome.reason) for outcome in outcomes} == {(Status.REFUSED, "email: is invalid")}


@pytest.mark.parametrize("status", [400, 422, 413, 500, 502])
def test_a_call_that_is_refused_for_one_row(status: Any) -> None:
    faults = [Fault(kind="status", path=BULK, body=POISON, status=status)]
    with account(faults=faults) as world:
        outcomes = loaded(world, patients())
        assert_only_the_bad_row_failed(world, outcomes)
        # 40, 20, 10 and 5 rows as jobs, and the last 5 of them alone.
        assert world.asked("POST", BULK) == 1 + 2 + 2 + 2
        assert world.asked("POST", "/contacts/upsert") == 1 + 5


def test_several_bad_rows_stand_alone_each() -> None:
    faults = [Fault(kind="status", path=BULK, body=rf"PANDA-{bad}\D", status=400) for bad in (3, 21, 38)]
    with account(faults=faults) as world:
        outcomes = world.create(patients())
        assert {outcome.status for outcome in outcomes} == {Status.DONE}
        assert_once(world, ROWS)
        assert world.spent < 2 * ROWS


def test_a_call_that_is_always_refused_is_given_up() -> None:
    faults = [Fault(kind="status", path=BULK, status=400)]
    with account(faults=faults) as world:
        outcomes = world.create(patients())
        assert {outcome.status for outcome in outcomes} == {Status.DONE}
        assert_once(world, ROWS)
        assert world.asked("POST", BULK) == 7
        assert world.asked("POST", "/contacts/upsert") == ROWS


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_call_over_the_limit_is_halved_and_later_ones_are_as_small(status: Any) -> None:
    with account({"bulk_most_rows": 30, "bulk_over_limit_status": status}) as world:
        outcomes = world.create([patient(number) for number in range(100)])
        assert {outcome.status for outcome in outcomes} == {Status.DONE}
        first = world.asked("POST", BULK)
        assert first == 1 + 2 + 4
        world.load([patient(number) for number in range(100, 200)])
        assert world.asked("POST", BULK) - first == 4
        assert_once(world, 200)


@pytest.mark.parametrize(("times", "alone"), [(3, False), (99, True)])
def test_a_busy_account_is_waited_for(times: int, alone: bool) -> None:
    faults = [Fault(kind="busy", path=BULK, times=times)]
    with account(faults=faults) as world:
        assert_only_the_bad_row_failed(world, loaded(world, patients()))
        assert world.asked("POST", BULK) == (10 if alone else times + 1)
        assert (world.asked("POST", "/contacts/upsert") > ROWS) is alone


WAYS = {
    "lost before it arrived": {"kind": "reset"},
    "lost after it was taken": {"kind": "lost_response"},
    "answer cut off": {"kind": "cut"},
    "an error, though it was taken": {"kind": "created_but_error", "status": 500},
    "a gateway's error": {"kind": "status", "status": 503},
    "a job that never ends": {"kind": "stuck_job"},
    "a job that fails": {"kind": "failed_job", "rows": 5},
    "a job that fails for good": {"kind": "failed_job", "rows": 40},
}


@pytest.mark.parametrize("applied", ["at_once", "on_success"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("way", WAYS)
def test_a_job_of_which_nothing_is_known(way: str, times: int, applied: str) -> None:
    faults = [Fault(path=BULK, times=times, **WAYS[way])]  # type: ignore[arg-type]
    with account({"bulk_rows_apply": applied}, faults=faults, job_seconds=120.0) as world:
        outcomes = loaded(world, patients())
        assert_only_the_bad_row_failed(world, outcomes)
        assert world.spent < 3 * ROWS


@pytest.mark.parametrize("way", WAYS)
def test_deals_are_not_doubled_though_their_names_need_not_be_unique(way: str) -> None:
    faults = [Fault(path="/deals/bulk_upsert", times=1, **WAYS[way])]  # type: ignore[arg-type]
    with account({"bulk_rows_apply": "on_success", "job_polls": 99, "job_seconds": 100}, faults=faults) as world:
        (ref,) = world.load([patient(61)])
        plans = [deal(number) for number in range(ROWS)]
        plans = [Payload(**{**vars(plan), "links": {"contact_id": ref.crm_id}}) for plan in plans]
        assert {outcome.status for outcome in world.create(plans)} == {Status.DONE}
        assert_once(world, ROWS, "deals", "name")


def test_accounts_are_taken_apart_too() -> None:
    faults = [Fault(kind="status", path="/sales_accounts/bulk_upsert", body=r"PRACTICE-4\D", status=400)]
    with account(faults=faults) as world:
        outcomes = world.create([practice(number) for number in range(20)])
        assert {outcome.status for outcome in outcomes} == {Status.DONE}
        assert_once(world, 20, "sales_accounts", "name")


def test_a_search_that_lags_long_is_helped_by_the_list_of_the_newest() -> None:
    with account(lag=60_000.0) as world:
        assert {outcome.status for outcome in world.create([patient(number) for number in range(100)])} == {Status.DONE}
        assert world.asked("GET", "/contacts/view/{view}") == 1
        assert world.asked("POST", "/contacts/upsert") == 0


def test_where_lists_lag_as_well_each_row_is_upserted_and_none_doubled() -> None:
    with account({"views_lag": True}, lag=60_000.0) as world:
        assert {outcome.status for outcome in world.create([patient(number) for number in range(30)])} == {Status.DONE}
        assert world.asked("POST", "/contacts/upsert") == 30
        assert_once(world, 30)


def test_a_value_the_account_refuses_in_a_row_is_named_by_its_field() -> None:
    with account() as world:
        payloads = [patient(number, mobile_number=f"+1212555{number:04}") for number in range(8)]
        world.sandbox.edit("fields", field_id(world, STAGE.label), {"required": True})
        outcomes = world.create([*payloads, patient(99)])
        assert {outcome.status for outcome in outcomes} == {Status.REFUSED}
        assert {outcome.reason for outcome in outcomes} == {"cf_perio_stage: can't be empty"}


def field_id(world: World, label: str) -> int:
    fields = world.sandbox.state()["harbor-perio"]["fields"]
    return int(next(item["id"] for item in fields if item["label"] == label and item["entity"] == "contacts"))
