"""The probes of section 18 find what the sandbox was set to, and leave it exactly as it was, interrupted or not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from perio_pipeline.crm.freshsales.capabilities import capabilities_from
from perio_pipeline.crm.freshsales.probes import PROBES, probe_account, probe_plan
from perio_pipeline.crm.freshsales.probes import workshop as workshops
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.crm.http import Response
from perio_pipeline.crm.probing import Probe, ProbeReport
from perio_pipeline.crm.throwaways import Throwaway, Throwaways
from perio_pipeline.sandbox.freshsales.config import UserConfig
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline_tests.crm.freshsales_world import ALIAS, FACTOR, TOKEN, World, account

Found = Mapping[str, Any]

USUAL: Found = {
    "bulk_key": "external_id",
    "bulk_upsert": True,
    "contact_needs": "unique_field",
    "create_fields_module": True,
    "create_fields_standard": False,
    "created_at_writable": False,
    "delete_documents": False,
    "delete_fields": False,
    "download_files": True,
    "filter_values": "list",
    "forget_deleted": True,
    "key_user": "migration@example.com",
    "last_name_required": False,
    "lifecycle_reads_null": False,
    "lookup_external_id": True,
    "module_fields": "forms",
    "module_prefix": True,
    "multi_select_array": False,
    "note_characters": 65_000,
    "note_html": "keep",
    "note_on_appointment": False,
    "past_appointments": True,
    "rails_time_zones": True,
    "read_back": "filtered_search",
    "scroll_lists": False,
    "upsert_key": "external_id",
    "view_lists": "all",
}
OTHER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "18.1 contacts need an address, external ids name nothing": (
        {"contact_identity": "email", "upsert_by_external_id": "refused", "bulk_by_external_id": "rows_fail"},
        {"contact_needs": "email", "upsert_key": "emails", "bulk_key": "emails"},
    ),
    "2.2 a last name, and an address or a number": (
        {"contact_identity": "email_or_mobile", "last_name_required": True},
        {"contact_needs": "email_or_mobile", "last_name_required": True},
    ),
    "18.4 18.5 18.11 all about fields is open": (
        {
            "standard_field_creation": "on",
            "field_deletion": True,
            "module_prefix": "bare",
            "multi_select_array": "accept",
        },
        {
            "create_fields_standard": True,
            "delete_fields": True,
            "module_prefix": False,
            "multi_select_array": True,
        },
    ),
    "18.4 the module shows fields and no forms, standard forms are closed": (
        {"module_fields": "fields", "module_prefix": "prefixed", "standard_field_creation": "403"},
        {
            "module_fields": "fields",
            "create_fields_module": False,
            "delete_fields": None,
            "multi_select_array": None,
            "field_type_codes": None,
        },
    ),
    "18.6 18.7 activities": (
        {"past_appointments": "refuse", "note_on_appointment": "accept", "note_limit": 8_000, "note_html": "strip"},
        {"past_appointments": False, "note_on_appointment": True, "note_characters": 5_000, "note_html": "strip"},
    ),
    "18.7 18.8 14 what may be set and deleted": (
        {"created_at": "client", "file_delete": True, "lifecycle_reads_null": True, "note_limit": 40_000},
        {
            "created_at_writable": True,
            "delete_documents": True,
            "lifecycle_reads_null": True,
            "note_characters": 32_000,
        },
    ),
    "18.10 2.5 searches find by address only": (
        {"lookup_by_external_id": "finds_nothing", "filter_by_external_id": "refused", "scroll_route": True},
        {"lookup_external_id": False, "read_back": "upsert", "filter_values": None, "scroll_lists": True},
    ),
    "2.5 a filter takes values joined by commas": ({"filter_values": "comma"}, {"filter_values": "comma"}),
    "2.5 a filter finds nothing": (
        {"filter_by_external_id": "finds_nothing"},
        {"read_back": "lookup", "filter_values": None},
    ),
    "18.11 the module's records are not listed": ({"custom_module_filters": False}, {"view_lists": "standard"}),
    "18.9 deleted records block, and only they are forgotten": (
        {"deleted_rows_block": True, "forget_needs_delete": True, "deleted_record_view": "shown"},
        {},
    ),
}


def settings(world: World, plan: str = "enterprise") -> FreshsalesSettings:
    stated = capabilities_from({"minute_requests": 0})
    url = world.sandbox.base_url
    return FreshsalesSettings(
        url=url, alias=ALIAS, token=TOKEN, plan=plan, capabilities=stated, time_scale=FACTOR, per_hour=100_000
    )


def probe(world: World, plan: str = "enterprise") -> ProbeReport:
    return asyncio.run(probe_account(settings(world, plan)))


def found_in(report: ProbeReport) -> dict[str, Any]:
    return {name: seen.finding.value for name, seen in report.capabilities.items()}


def test_18_everything_is_found_in_an_account_as_the_defaults_have_it_and_nothing_stays() -> None:
    with account() as world:
        before = world.sandbox.state_digest()
        report = probe(world)
        assert world.sandbox.state_digest() == before
        found = found_in(report)
        codes = found.pop("field_type_codes")
        assert "dropdown:4" in codes
        assert "decimal:3" in codes
        assert found == USUAL
        assert (report.failed, report.kept, report.earlier) == ({}, [], 0)
        assert report.requests <= probe_plan().requests


@pytest.mark.parametrize("name", OTHER)
def test_18_what_the_account_does_otherwise_is_found_too(name: str) -> None:
    behaviour, wanted = OTHER[name]
    with account(behaviour) as world:
        before = world.sandbox.state_digest()
        report = probe(world)
        assert world.sandbox.state_digest() == before
        found = found_in(report)
        assert {each: found.get(each) for each in (USUAL | wanted)} == USUAL | wanted
        assert (report.failed, report.kept) == ({}, [])
        assert report.requests <= probe_plan().requests


def test_18_10_an_index_that_is_later_than_the_probes_wait_settles_nothing() -> None:
    with account(lag=1_000_000) as world:
        before = world.sandbox.state_digest()
        found = found_in(probe(world))
        assert world.sandbox.state_digest() == before
        late = {"lookup_external_id", "read_back", "filter_values"}
        assert not late & found.keys()
        assert found.keys() >= USUAL.keys() - late


def test_18_1_a_bulk_job_that_never_ends_settles_nothing() -> None:
    with account(faults=(Fault(kind="stuck_job", path="/bulk_upsert"),)) as world:
        before = world.sandbox.state_digest()
        report = probe(world)
        assert world.sandbox.state_digest() == before
        assert not {"bulk_key", "bulk_upsert"} & found_in(report).keys()
        assert "did not end" in report.failed["bulk_key"]


def test_2_2_an_account_that_asks_for_more_than_a_name_says_nothing_of_last_names() -> None:
    """An admin made a field required: what is refused for that says nothing of what was left out."""
    with account(holds={"required_fields": (("contacts", "city"),)}) as world:
        before = world.sandbox.state_digest()
        report = probe(world)
        assert world.sandbox.state_digest() == before
        open_points = {"contact_needs", "last_name_required", "upsert_key", "created_at_writable"}
        assert not open_points & found_in(report).keys()
        assert report.failed["last_name"] == "a throwaway contact was answered 400: city: can't be empty"


@pytest.mark.parametrize(("accepts", "kept"), [("accept", True), ("refuse", False)])
def test_11_an_owner_who_is_switched_off_is_tried_where_there_is_one(accepts: str, kept: bool) -> None:
    users = (
        UserConfig(name="Migration", email="migration@example.com"),
        UserConfig(name="Left", email="left@example.com", active=False),
    )
    with account({"inactive_owner": accepts}, holds={"users": users}) as world:
        assert found_in(probe(world))["inactive_owners"] is kept
        again = replace(
            settings(world), capabilities=capabilities_from({"minute_requests": 0, "inactive_owners": True})
        )
        assert found_in(asyncio.run(probe_account(again)))["inactive_owners"] is kept  # whatever was stated before


def test_13_a_plan_without_modules_is_probed_without_them() -> None:
    with account(holds={"plan": "pro", "custom_modules": (), "custom_fields": ()}) as world:
        before = world.sandbox.state_digest()
        found = found_in(probe(world, "pro"))
        assert world.sandbox.state_digest() == before
        assert "create_fields_module" not in found
        assert found["upsert_key"] == "external_id"


@pytest.mark.parametrize("at", range(0, len(PROBES), 2))
def test_a_probe_that_breaks_off_leaves_nothing(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [*PROBES]
    broken[at] = Probe("broken", "0", 0, _interrupted(PROBES[at]))
    monkeypatch.setattr("perio_pipeline.crm.freshsales.probes.PROBES", tuple(broken))
    with account() as world:
        before = world.sandbox.state_digest()
        with pytest.raises(KeyboardInterrupt):
            probe(world)
        assert world.sandbox.state_digest() == before


def test_a_run_that_is_stopped_while_it_clears_away_does_so_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    without, calls = Throwaways._without, []

    async def stopped(self: Throwaways, each: Throwaway) -> str:
        calls.append(each)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return await without(self, each)

    monkeypatch.setattr(Throwaways, "_without", stopped)
    with account() as world:
        before = world.sandbox.state_digest()
        with pytest.raises(KeyboardInterrupt):
            probe(world)
        assert world.sandbox.state_digest() == before
        assert len(calls) > 10


def test_what_a_killed_run_left_is_removed_by_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def killed(*_: Any) -> None:
        return None

    with account({"standard_field_creation": "on", "field_deletion": True}) as world:
        before = world.sandbox.state_digest()
        with monkeypatch.context() as patched:
            patched.setattr("perio_pipeline.crm.throwaways.Throwaways.clear", killed)
            probe(world)
        assert world.sandbox.state_digest() != before
        people = world.sandbox.state()[ALIAS]["contacts"]
        assert {each["first_name"] for each in people} == {"ZZ Perio probe"}
        asyncio.run(asyncio.sleep(0.1))  # the index is late by seconds of a clock that runs faster
        report = probe(world)
        assert report.earlier >= 5
        assert world.sandbox.state_digest() == before


def test_somebody_who_is_called_like_a_throwaway_is_left_alone() -> None:
    with account(lag=0) as world:
        shop_names = {"first_name": workshops.NAME, "last_name": "Smith", "external_id": "12"}
        created = asyncio.run(_post(world, {"contact": shop_names}))
        assert created.ok
        before = world.sandbox.state_digest()
        assert probe(world).earlier == 0
        assert world.sandbox.state_digest() == before


def test_a_lost_answer_to_a_creation_leaves_nothing() -> None:
    lost = Fault(kind="lost_response", method="POST", path="/contacts$", nth=2)
    with account(faults=(lost,), lag=1) as world:
        before = world.sandbox.state_digest()
        report = probe(world)
        assert report.failed
        assert world.sandbox.state_digest() == before


def test_a_run_that_is_stopped_in_the_middle_of_a_creation_leaves_nothing() -> None:
    slow = Fault(kind="slow", method="POST", path="/contacts$", nth=2, seconds=3 * FACTOR)
    with account(faults=(slow,), lag=1) as world:
        before = world.sandbox.state_digest()
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(probe_account(settings(world)), 1))
        assert world.sandbox.state_digest() == before


def test_what_could_not_be_deleted_is_named_and_goes_with_the_next_run() -> None:
    with account(lag=0) as world:
        before = world.sandbox.state_digest()
        world.sandbox.faults(Fault(kind="status", method="DELETE", path="/contacts/", status=500, times=1))
        report = probe(world)
        assert report.kept or report.failed  # whichever deletion the fault met
        world.sandbox.faults(Fault(kind="status", method="DELETE", path="/contacts/", status=500))
        report = probe(world)
        assert len(report.kept) >= 5
        assert all("contacts" in each and "500" in each for each in report.kept)
        world.sandbox.clear_faults()
        assert probe(world).earlier >= 5
        assert world.sandbox.state_digest() == before


def test_no_evidence_holds_a_secret_or_an_address() -> None:
    with account() as world:
        texts = " ".join(each.finding.evidence for each in probe(world).seen)
        assert TOKEN not in texts
        assert "@" not in texts


def _interrupted(probe_: Probe[workshops.Workshop]) -> Any:
    async def run(shop: workshops.Workshop) -> None:
        await probe_.run(shop)
        raise KeyboardInterrupt

    return run


async def _post(world: World, body: dict[str, Any]) -> Response:
    from perio_pipeline.crm.freshsales.adapter import open_session
    from perio_pipeline.crm.protocol import RequestStats

    session = open_session(settings(world), RequestStats())
    async with session.transport:
        return await workshops.Workshop(session).ask(workshops.CONTACTS.create, body=body)
