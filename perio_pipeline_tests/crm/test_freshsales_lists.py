"""Reading back through view lists: few requests where lists tell everything, and the truth where they do not.

Over real HTTP against the sandbox; each case is one way in which a list may fall short of single reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from perio_pipeline.crm.freshsales.budget import read_back_requests
from perio_pipeline.crm.freshsales.capabilities import capabilities_from
from perio_pipeline.crm.freshsales.memory import forget_all
from perio_pipeline.crm.protocol import Payload, Ref, Snapshot, Status
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline_tests.crm.freshsales_support import (
    DEPTH,
    HISTORY,
    LINE_DEAL,
    SITES,
    STAGE,
    deal,
    line,
    patient,
    practice,
)
from perio_pipeline_tests.crm.freshsales_world import World, account

OWNER = "avery.stone@example.com"


def full_patients(world: World, count: int, first: int = 0) -> list[Payload]:
    """Patients with an address, an owner, chart values and, all but some, a link to an account."""
    (place,) = world.load([practice()])
    made = []
    for number in range(first, first + count):
        payload = patient(number, emails=f"p{number}@b.example", address="1 Main St", owner_id=OWNER)
        custom = {DEPTH.name: 4 + number % 5, STAGE.name: "Stage I", SITES.name: ("MB", "DB"), HISTORY.name: "seen"}
        links = {"sales_account_id": place.crm_id} if number % 7 else {}
        made.append(replace(payload, custom=custom if number % 10 else {}, links=links))
    return made


def assert_true(payloads: Sequence[Payload], refs: Sequence[Ref], found: dict[Ref, Snapshot]) -> None:
    """Every record says what was written, with nothing missing."""
    assert found.keys() == set(refs)
    for payload, ref in zip(payloads, refs, strict=True):
        snapshot = found[ref]
        assert {name: snapshot.fields[name] for name in payload.fields} == payload.fields
        assert {name: value for name, value in snapshot.custom.items() if value} == payload.custom
        assert snapshot.links == payload.links


def written_and_read(world: World, payloads: Sequence[Payload]) -> int:
    """Write records, read them back, hold them against what was written; the requests that the reading cost."""
    refs = world.load(payloads)
    assert_true(payloads, refs, world.read(refs))
    return world.spent


def test_a_hundred_records_cost_one_request() -> None:
    with account() as world:
        assert written_and_read(world, full_patients(world, 230)) == 3 + 2
        expected = read_back_requests("contacts", 230, capabilities_from(world.capabilities))
        assert world.spent == expected


def test_patients_providers_and_referrers_are_read_by_one_walk() -> None:
    with account() as world:
        payloads = full_patients(world, 120)
        kinds = ["contacts", "providers", "referring_dentists"]
        payloads = [replace(payload, object=kinds[number % 3]) for number, payload in enumerate(payloads)]
        order: list[Payload] = []
        refs: list[Ref] = []
        for kind in kinds:
            mine = [payload for payload in payloads if payload.object == kind]
            order += mine
            refs += world.load(mine)
        found = world.read(refs)
        assert_true(order, refs, found)
        assert {ref.object for ref in found} == set(kinds)
        assert world.spent == 2 + 2


SHORT: dict[str, dict[str, Any]] = {
    "without custom fields": {"view_custom_field": False},
    "without what is included": {"view_includes": "ignored"},
    "which refuses to include": {"view_includes": "refused"},
    "without addresses": {"view_leaves_out": ("address", "emails")},
    "without owners unless included": {"owner_needs_include": True, "view_includes": "ignored"},
    "without the time of the last change": {"view_leaves_out": ("updated_at",)},
}


@pytest.mark.parametrize("way", SHORT)
def test_what_a_list_leaves_out_is_read_alone_and_never_reported_as_missing(way: str) -> None:
    with account(SHORT[way]) as world:
        cost = written_and_read(world, full_patients(world, 60))
        whole = way == "without the time of the last change"
        assert cost <= (3 if whole else 60 + 4)
        assert (cost >= 60) is not whole


def test_a_list_that_leaves_out_what_is_needed_is_left_at_its_first_page() -> None:
    with account({"view_custom_field": False}) as world:
        assert written_and_read(world, full_patients(world, 230)) == 1 + 230


@pytest.mark.parametrize("way", SHORT)
def test_records_without_links_need_nothing_included(way: str) -> None:
    with account(SHORT[way]) as world:
        plain = [practice(number, phone="+12125550142") for number in range(60)]
        cost = written_and_read(world, plain)
        short = way in ("without custom fields", "without addresses", "without owners unless included")
        assert (cost >= 60) is short
        if not short:
            assert cost <= 1 + 1 + 2 + 2  # views, page, proofs, and twice more plainly asked


def test_a_late_list_does_not_hide_a_change_of_this_process() -> None:
    with account({"views_lag": True}, lag=20.0) as world:
        payloads = full_patients(world, 40)
        refs = world.load(payloads)
        world.run(lambda adapter: _wait(adapter, 25.0))  # the list has caught up with all of them
        changed = [replace(payload, fields={**payload.fields, "address": "2 Oak Ave"}) for payload in payloads[:6]]

        async def change(adapter: Any) -> dict[Ref, Snapshot]:
            await _wait(adapter, 2.0)
            for ref, payload in zip(refs, changed, strict=False):
                assert (await adapter.update(ref, payload)).status is Status.DONE
            found: dict[Ref, Snapshot] = await adapter.read(refs)
            return found

        assert_true([*changed, *payloads[6:]], refs, world.run(change))


def test_a_late_list_does_not_hide_what_another_process_changed() -> None:
    with account({"views_lag": True}, lag=2000.0) as world:
        payloads = full_patients(world, 40)
        refs = world.load(payloads)
        world.run(lambda adapter: _wait(adapter, 2100.0))
        for record in world.held("contacts"):
            world.sandbox.edit("contacts", record["id"], {"address": "2 Oak Ave"})
        forget_all()
        moved = [replace(payload, fields={**payload.fields, "address": "2 Oak Ave"}) for payload in payloads]
        assert_true(moved, refs, world.read(refs))


def test_a_list_that_does_not_show_the_records_yet_is_no_proof_of_absence() -> None:
    with account({"views_lag": True}, lag=60_000.0) as world:
        assert written_and_read(world, full_patients(world, 20)) == 1 + 20


@pytest.mark.parametrize("view", ["missing", "shown"])
def test_what_is_not_there_any_more_is_left_out(view: str) -> None:
    with account({"deleted_record_view": view}, {"forget_deleted": False}) as world:
        payloads = full_patients(world, 30)
        refs = world.load(payloads)

        async def delete(adapter: Any) -> None:
            for ref in refs[:3]:
                assert (await adapter.delete(ref)).status is Status.DONE

        world.run(delete)
        found = world.read([*refs, Ref("contacts", "12345")])
        assert_true(payloads[3:], refs[3:], found)
        assert world.spent <= 1 + 2 + 4


def test_few_records_and_few_among_many_are_read_one_by_one() -> None:
    with account() as world:
        ours = world.load([patient(number) for number in range(8)])
        world.load([patient(number) for number in range(1000, 2200)])
        assert world.read(ours).keys() == set(ours)
        assert world.spent == 1 + 8, "a look at the first page says that there are more pages than records"
        assert world.read(ours[:4]).keys() == set(ours[:4])
        assert world.spent == 4


def test_a_list_that_cannot_be_had_is_done_without() -> None:
    faults = [Fault(kind="status", path="/contacts/view/", status=500)]
    with account(faults=faults) as world:
        payloads = full_patients(world, 12)
        refs = world.load(payloads)
        assert_true(payloads, refs, world.read(refs))


STAGES = ("Consultation", "Completed", "Lost")


@pytest.mark.parametrize(
    ("views", "cost"),
    [
        ({"all_deals_view": True}, 1 + 1 + 2),
        ({"outcome_deals_views": True}, 1 + 4 + 2),  # those of the key's user, the open, won and lost ones
        ({}, 1 + 1 + 30),
    ],
)
def test_deals_need_a_view_of_all_deals_or_some_that_make_it_up(views: dict[str, bool], cost: int) -> None:
    with account(views) as world:
        (ref,) = world.load([patient(61)])
        plans = [
            replace(
                deal(number, owner_id=OWNER, deal_pipeline_id="Perio Treatment", deal_stage_id=STAGES[number % 3]),
                links={"contact_id": ref.crm_id},
            )
            for number in range(30)
        ]
        assert written_and_read(world, plans) == cost


def test_the_deals_of_the_key_s_user_are_a_list_as_well() -> None:
    with account() as world:
        (ref,) = world.load([patient(61)])
        plans = [replace(deal(number), links={"contact_id": ref.crm_id}) for number in range(30)]
        assert written_and_read(world, plans) == 1 + 1 + 2


@pytest.mark.parametrize(
    ("filters", "capability", "cost"),
    [(True, "all", 1 + 1 + 2), (True, "standard", 30), (False, "all", 1 + 30), (False, "none", 30)],
)
def test_records_of_the_custom_module(filters: bool, capability: str, cost: int) -> None:
    with account({"custom_module_filters": filters}, {"view_lists": capability}) as world:
        (ref,) = world.load([patient(61)])
        (plan,) = world.load([replace(deal(), links={"contact_id": ref.crm_id})])
        lines = [replace(line(number), links={LINE_DEAL.name: plan.crm_id}) for number in range(30)]
        assert written_and_read(world, lines) == cost


@pytest.mark.parametrize("route", [True, False])
def test_scrolling_goes_straight_to_the_records(route: bool) -> None:
    with account({"scroll_route": route}, {"scroll_lists": True}) as world:
        world.load([patient(number) for number in range(1000, 1500)])
        cost = written_and_read(world, full_patients(world, 150))
        assert cost == (2 + 2 if route else 1 + 150)


async def _wait(adapter: Any, seconds: float) -> None:
    await adapter._session.pause(seconds)
