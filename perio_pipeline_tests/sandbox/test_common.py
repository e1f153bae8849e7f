"""What all sandboxes share: rate windows, the store with its late search, the digest."""

from typing import Any

import pytest

from perio_pipeline.sandbox.common.digest import described, sha256
from perio_pipeline.sandbox.common.exchange import Endpoint
from perio_pipeline.sandbox.common.faults import BaseFault, FaultPlan
from perio_pipeline.sandbox.common.ratelimit import SlidingWindow, Windows
from perio_pipeline.sandbox.common.routing import Router
from perio_pipeline.sandbox.common.store import Collection, Table


def test_request_must_fit_into_every_window() -> None:
    windows = Windows(SlidingWindow(2, 10), SlidingWindow(3, 100))
    assert [windows.take(now) for now in (0, 1, 2, 10, 11)] == [True, True, False, True, False]
    assert windows.wait(11) == 89
    assert windows.take(100)


def test_overdrawn_window_frees_a_slot_only_when_enough_have_slid() -> None:
    window = SlidingWindow(2, 10)
    for now in (0, 1, 2, 3):
        window.take(now)
    assert (window.remaining(3), window.seconds_until_free(3)) == (-2, 9)
    assert window.remaining(12) == 1


def test_index_is_built_when_first_asked_for_and_kept_up() -> None:
    table = Table()
    table.replace({"id": 1, "custom_field": {"cf_key": "a"}})
    table.replace({"id": 2, "custom_field": {"cf_key": "b"}, "tags": ["x"]})
    assert [record["id"] for record in table.by("custom_field.cf_key", "b")] == [2]
    assert table.by("tags", "x") == [], "lists have no index"
    table.replace({"id": 2, "custom_field": {"cf_key": "a"}})
    assert [record["id"] for record in table.by("custom_field.cf_key", "a")] == [1, 2]
    table.discard(1)
    table.discard(1)
    assert [record["id"] for record in table.by("custom_field.cf_key", "a")] == [2]


def test_search_sees_changes_late_and_deleted_records_linger() -> None:
    records = Collection()
    records.set({"id": "a", "name": "old"}, 1)
    records.set({"id": "a", "name": "new"}, 5)
    records.remove("a", 9)
    seen: list[Any] = [[record["name"] for record in records.visible(until)] for until in (0, 1, 5, 8, 9)]
    assert seen == [[], ["old"], ["new"], ["new"], []]


def test_described_records_are_equal_whatever_their_ids() -> None:
    texts = []
    for parent, child in ((1, 2), (8, 9)):
        labels: dict[Any, str] = {}
        first = described([{"id": parent, "name": "Reed"}], labels, frozenset({"id"}))
        texts.append(first + described([{"id": child, "parent": parent}], labels, frozenset({"id"})))
        assert labels[parent] == sha256(first[0])
    assert texts[0] == texts[1]


def test_fixed_segments_win_over_parameters() -> None:
    router = Router([Endpoint("GET", "/contacts/{id}"), Endpoint("GET", "/contacts/filters")])
    assert [router.find("GET", path) for path in ("/contacts/filters/", "/contacts/7", "/nowhere")] == [
        (Endpoint("GET", "/contacts/filters"), {}),
        (Endpoint("GET", "/contacts/{id}"), {"id": "7"}),
        None,
    ]
    assert Endpoint("POST", "/x").is_write


def test_first_fault_that_strikes_is_the_one_that_happens_and_all_count() -> None:
    plan = FaultPlan((BaseFault(kind="slow", every=2), BaseFault(kind="reset", nth=2, path="^/a")))
    struck = [plan.pick("GET", path, "x") for path in ("/a", "/a", "/b", "/b")]
    assert [fault.kind if fault else None for fault in struck] == [None, "slow", None, "slow"]
    assert [row["strikes"] for row in plan.report()] == [2, 1]


def test_contradicting_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="at most one"):
        BaseFault(kind="reset", nth=1, every=2)
    with pytest.raises(ValueError, match="field"):
        BaseFault(kind="drop_field")
