"""P6: wherever the process dies, the next run loses nothing and doubles nothing."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.errors import DestinationError
from perio_pipeline.loading.loader import LOOKS
from perio_pipeline.loading.payloads import Draft
from perio_pipeline_tests.loading.fake_crm import Crash, FakeCrm, Fault
from perio_pipeline_tests.loading.small_load import actions, contacts, entries, journal_in, load, values_before

pytestmark = pytest.mark.usefixtures("journal_backend")

RECORDS = 6
ALL = [f"P{number}" for number in range(1, RECORDS + 1)]


def die(folder: Path, crm: FakeCrm, drafts: list[Draft]) -> None:
    """A run that ends in a crash."""
    with journal_in(folder) as journal, pytest.raises(Crash):
        load(journal, crm, drafts)
    assert {key: faults for key, faults in crm.plan.items() if faults} == {}


def run(folder: Path, crm: FakeCrm, drafts: list[Draft]) -> dict[str, str]:
    with journal_in(folder) as journal:
        return actions(load(journal, crm, drafts))


@pytest.mark.parametrize("size", [1, 4])
@pytest.mark.parametrize("fault", [Fault.DIE_BEFORE, Fault.DIE_AFTER])
@pytest.mark.parametrize("key", ALL)
def test_a_crash_in_any_create_is_made_good_by_the_next_run(tmp_path: Path, key: str, fault: Fault, size: int) -> None:
    crm = FakeCrm(plan=defaultdict(list, {key: [fault]}), size=size)
    die(tmp_path, crm, contacts(RECORDS))
    crm.lag = len(LOOKS) - 1
    again = run(tmp_path, crm, contacts(RECORDS))
    assert crm.held() == ALL
    assert set(again) == set(ALL)
    assert set(again.values()) <= {"created", "adopted", "unchanged"}
    writes = len(crm.asked("create"))
    assert set(run(tmp_path, crm, contacts(RECORDS)).values()) == {"unchanged"}
    assert len(crm.asked("create")) == writes
    assert crm.asked("update") == []


def test_a_crash_after_the_record_was_written_is_adopted_by_its_mark(tmp_path: Path) -> None:
    crm = FakeCrm(plan=defaultdict(list, {"P1": [Fault.DIE_AFTER]}))
    die(tmp_path, crm, contacts(1))
    assert [row["kind"] for row in entries(tmp_path)] == ["intent"]
    assert run(tmp_path, crm, contacts(1)) == {"P1": "adopted"}
    with journal_in(tmp_path) as journal:
        (known,) = load(journal, crm, contacts(1)).values()
        assert known.ref in crm.records


def test_a_record_that_changed_after_the_crash_is_adopted_and_then_updated(tmp_path: Path) -> None:
    crm = FakeCrm(plan=defaultdict(list, {"P1": [Fault.DIE_AFTER]}))
    die(tmp_path, crm, contacts(1))
    assert run(tmp_path, crm, contacts(1, firstName="Janet")) == {"P1": "updated"}
    assert (crm.held("firstName"), len(crm.records)) == (["Janet"], 1)
    assert values_before(tmp_path)[0]["firstName"] == "Name P1"


@pytest.mark.parametrize("fault", [Fault.DIE_BEFORE, Fault.DIE_AFTER])
@pytest.mark.parametrize("key", ALL)
def test_a_crash_in_any_update_is_made_good_by_the_next_run(tmp_path: Path, key: str, fault: Fault) -> None:
    crm = FakeCrm()
    run(tmp_path, crm, contacts(RECORDS))
    crm.plan[key] = [fault]
    die(tmp_path, crm, contacts(RECORDS, office="N"))
    assert set(run(tmp_path, crm, contacts(RECORDS, office="N")).values()) <= {"updated", "unchanged"}
    assert crm.held("office") == ["N"] * RECORDS
    assert crm.held() == ALL
    assert {"firstName": f"Name {key}", "office": None, "Source_Id": key} in values_before(tmp_path)
    assert set(run(tmp_path, crm, contacts(RECORDS, office="N")).values()) == {"unchanged"}


def test_a_change_taken_back_after_a_crash_is_taken_back_in_the_crm_too(tmp_path: Path) -> None:
    crm = FakeCrm()
    run(tmp_path, crm, contacts(1, office="N"))
    crm.plan["P1"] = [Fault.DIE_AFTER]
    die(tmp_path, crm, contacts(1, office="S"))
    assert run(tmp_path, crm, contacts(1, office="N")) == {"P1": "updated"}
    assert crm.held("office") == ["N"]


FAULTS = st.dictionaries(st.sampled_from(ALL), st.lists(st.sampled_from(list(Fault)), max_size=3))
RUNS = st.lists(st.tuples(st.sampled_from(["N", "S"]), FAULTS, st.integers(0, len(LOOKS) - 1)), min_size=1, max_size=4)


@given(RUNS, st.sampled_from([1, 2, 4]))
@settings(max_examples=15, deadline=None)
def test_p6_after_any_troubled_runs_a_quiet_one_leaves_each_record_exactly_once(
    runs: list[tuple[str, dict[str, list[Fault]], int]], size: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, crm = Path(name), FakeCrm(size=size)
        for office, faults, lag in runs:
            crm.plan, crm.lag = defaultdict(list, {key: list(each) for key, each in faults.items()}), lag
            with suppress(Crash, DestinationError):
                run(folder, crm, contacts(RECORDS, office=office))
        crm.plan, crm.lag = defaultdict(list), 0
        assert "failed" not in run(folder, crm, contacts(RECORDS, office="end")).values()
        assert crm.held() == ALL
        assert crm.held("office") == ["end"] * RECORDS
        asked = len(crm.calls)
        assert set(run(folder, crm, contacts(RECORDS, office="end")).values()) == {"unchanged"}
        assert len(crm.calls) == asked
