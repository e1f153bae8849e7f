"""Cases about reading: back by id and by lists, looking up, searching, and when what was written is seen."""

from __future__ import annotations

from typing import Any

from perio_pipeline.crm.protocol import Status
from perio_pipeline.sandbox.freshsales.faults import Fault
from perio_pipeline_tests.crm.freshsales_support import patient
from perio_pipeline_tests.crm.freshsales_world import World
from perio_pipeline_tests.crm.uncertain.cases import Case, arrives, assert_same, contacts, found, only

LIFECYCLE = {"lifecycle_stage_id": "Customer", "contact_status_id": "Qualified"}


def with_lifecycle() -> list[Any]:
    return contacts(5, **LIFECYCLE)


def nulls_say_nothing(world: World) -> None:
    """What reads as null though it is stored is left out of what was read; it is stored all the same."""
    refs = world.load(with_lifecycle())
    for snapshot in world.read(refs).values():
        assert not LIFECYCLE.keys() & snapshot.fields.keys()
    assert all(record["lifecycle_stage_id"] and record["contact_status_id"] for record in world.held("contacts"))


def nulls_are_seen(world: World) -> None:
    refs = world.load(with_lifecycle())
    for snapshot in world.read(refs).values():
        assert {name: snapshot.fields[name] for name in LIFECYCLE} == dict.fromkeys(LIFECYCLE)


def looked_for(works: bool, after: float) -> Any:
    """A record whose answer was lost is found by its mark as soon as the account shows it, and never made up."""

    def check(world: World) -> None:
        payload = patient(1, emails="a@b.example")
        assert found(world, payload) is None
        (ref,) = world.load([payload])

        async def work(adapter: Any) -> Any:
            await adapter._session.pause(after)
            return await adapter.find(payload)

        assert world.run(work) == (ref if works else None)

    return check


def gone_is_gone(world: World) -> None:
    """A record in the recycle bin is not read back, whatever a read of it answers."""
    refs = world.load(contacts(8))

    async def delete(adapter: Any) -> None:
        for ref in refs[:2]:
            assert (await adapter.delete(ref)).status is Status.DONE

    world.run(delete)
    assert_same(contacts(8)[2:], refs[2:], world.read(refs))


IDS = "2.4 2.5 ids after a bulk job"
LISTS = "2.5 view lists"

CASES = (
    *(Case("14 dates as they read", {"date_reads_as": how}, {}, arrives) for how in ("midnight", "date")),
    *(Case("14 moments as they read", {"timestamp_zone": how}, {}, arrives) for how in ("utc", "account")),
    Case(
        "2.1 lifecycle reads null",
        {"lifecycle_reads_null": False},
        {"lifecycle_reads_null": False},
        only(with_lifecycle),
    ),
    Case(
        "2.1 lifecycle reads null",
        {"lifecycle_reads_null": False},
        {"lifecycle_reads_null": True},
        only(with_lifecycle),
    ),
    Case("2.1 lifecycle reads null", {"lifecycle_reads_null": True}, {"lifecycle_reads_null": True}, nulls_say_nothing),
    Case("2.1 lifecycle reads null", {"lifecycle_reads_null": True}, {"lifecycle_reads_null": False}, nulls_are_seen),
    # Ids after a bulk job
    *(
        Case(IDS, {"filter_by_external_id": how}, {"read_back": way}, arrives)
        for how in ("works", "finds_nothing", "refused")
        for way in ("filtered_search", "lookup", "upsert")
    ),
    *(
        Case(IDS, {"filter_values": how}, {"filter_values": way}, arrives)
        for how in ("both", "list", "comma")
        for way in ("list", "comma")
    ),
    Case(IDS, {"views_lag": True}, {"read_back": "filtered_search"}, arrives, lag=60_000.0),
    # Looking for a record whose answer was lost
    Case(
        "2.5 P10 look-up of external ids",
        {"lookup_by_external_id": "works"},
        {"lookup_external_id": True},
        looked_for(True, 3),
    ),
    Case(
        "2.5 P10 look-up of external ids",
        {"lookup_by_external_id": "works"},
        {"lookup_external_id": False},
        looked_for(True, 3),
    ),
    Case(
        "2.5 P10 look-up of external ids",
        {"lookup_by_external_id": "finds_nothing"},
        {"lookup_external_id": False},
        looked_for(True, 3),
    ),
    Case(
        "2.5 P10 look-up of external ids",
        {"lookup_by_external_id": "finds_nothing"},
        {"lookup_external_id": True},
        looked_for(False, 3),
    ),
    Case("2.5 P10 look-ups lag", {"lookup_lags": True}, {}, looked_for(False, 0), lag=60_000.0),
    Case("2.5 P10 look-ups lag", {"lookup_lags": False}, {}, looked_for(True, 0), lag=60_000.0),
    # Lists
    *(Case(LISTS, {"view_custom_field": shown}, {"view_lists": "all"}, arrives) for shown in (True, False)),
    *(
        Case(LISTS, {"view_includes": how}, {"view_lists": "all"}, arrives)
        for how in ("honoured", "ignored", "refused")
    ),
    *(Case(LISTS, {"view_leaves_out": names}, {"view_lists": "all"}, arrives) for names in ((), ("emails", "name"))),
    *(Case(LISTS, {"views_lag": lags}, {"view_lists": "all"}, arrives) for lags in (True, False)),
    *(Case(LISTS, {}, {"view_lists": how}, arrives) for how in ("all", "standard", "none")),
    *(
        Case("2 4 owners have to be included", {"owner_needs_include": needs, "view_includes": how}, {}, arrives)
        for needs in (True, False)
        for how in ("honoured", "ignored")
    ),
    *(
        Case("2 P10 scrolling", {"scroll_route": there}, {"scroll_lists": used}, arrives)
        for there in (True, False)
        for used in (True, False)
    ),
    *(Case("2.5 views of deals", {"all_deals_view": there}, {}, arrives) for there in (True, False)),
    *(Case("2.5 views of deals", {"outcome_deals_views": there}, {}, arrives) for there in (True, False)),
    *(
        Case("P11 views of custom modules", {"custom_module_filters": there}, {"view_lists": how}, arrives)
        for there in (True, False)
        for how in ("all", "standard")
    ),
    *(
        Case("15 a read of a deleted record", {"deleted_record_view": how}, {"forget_deleted": False}, gone_is_gone)
        for how in ("missing", "shown")
    ),
    Case(
        "2.5 a list in trouble",
        {},
        {"view_lists": "all"},
        arrives,
        faults=(Fault(kind="status", path="/view/", status=500),),
    ),
)
