"""P9: a rollback leaves the CRM as it was before, except what people edited since, which it lists."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.crm.protocol import Payload, Ref, Snapshot
from perio_pipeline.errors import DestinationError
from perio_pipeline.loading.entries import Reading, Result, RunInfo, Verdict
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.objects import Target
from perio_pipeline.loading.rollback import roll_back
from perio_pipeline.loading.undone import Fate, Undone, counts
from perio_pipeline_tests.loading.fake_crm import Crash, FakeCrm, Fault
from perio_pipeline_tests.loading.small_load import (
    FAST,
    MAPPING,
    RUN,
    actions,
    contact,
    contacts,
    entries,
    journal_in,
    load,
    note,
    scope,
)

pytestmark = pytest.mark.usefixtures("journal_backend")

SOMEBODY = RunInfo("run-9", "rollback", "kim")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with journal_in(tmp_path) as opened:
        yield opened


def undo(journal: Journal, crm: FakeCrm, load_pass: str = "all", *, dry_run: bool = False) -> list[Undone]:
    target = Target("harbor", "test", MAPPING, {crm.name: crm.adapter}, journal, SOMEBODY, FAST)
    return asyncio.run(roll_back(target, load_pass, dry_run=dry_run))


def lists(lines: list[Undone]) -> dict[str, list[str]]:
    return {fate.value: sorted(line.source_key for line in lines if line.fate is fate) for fate in Fate}


def read_back(journal: Journal, crm: FakeCrm) -> None:
    for obj in MAPPING.objects:
        known = journal.known(scope(obj))
        refs = {key: ref for key, item in known.items() if (ref := item.ref(obj))}
        readings = [
            Reading(key, ref, Verdict.HELD if ref in crm.records else Verdict.GONE, crm.records.get(ref))
            for key, ref in refs.items()
        ]
        journal.append_readings(scope(obj), RUN, readings, known)


def migrate(journal: Journal, crm: FakeCrm, load_pass: str = "full", **fields: Any) -> None:
    """Companies, contacts of them, notes of these."""
    load(journal, crm, [contact("R1")], "companies", load_pass)
    load(journal, crm, [contact("P1", company="R1", **fields), contact("P2", **fields)], "contacts", load_pass)
    load(journal, crm, [note("N1", "P1"), note("N2", "P2")], "notes", load_pass)


def edit(crm: FakeCrm, key: str, **fields: Any) -> None:
    """A person changes a record."""
    ref = next(r for r, item in crm.records.items() if key in (item.custom.get("Source_Id"), item.fields.get("body")))
    crm.records[ref] = replace(crm.records[ref], fields={**crm.records[ref].fields, **fields})


def operations(crm: FakeCrm) -> list[str]:
    return [operation for operation, _ in crm.calls]


def test_everything_created_goes_children_first(journal: Journal) -> None:
    crm = FakeCrm()
    migrate(journal, crm)
    lines = undo(journal, crm)
    assert crm.records == {}
    assert lists(lines) == {"reversed": ["N1", "N2", "P1", "P2", "R1"], "kept": [], "failed": []}
    assert [line.object for line in lines] == ["notes", "notes", "contacts", "contacts", "companies"]


def test_a_dry_run_gives_the_same_lists_and_changes_nothing(journal: Journal, tmp_path: Path) -> None:
    crm = FakeCrm()
    migrate(journal, crm)
    read_back(journal, crm)
    edit(crm, "N2", body="N2 and more")
    before, lines = dict(crm.records), len(entries(tmp_path))
    planned = undo(journal, crm, dry_run=True)
    assert (crm.records, len(entries(tmp_path))) == (before, lines)
    assert set(operations(crm)) & {"delete", "update"} == set()
    assert undo(journal, crm) == planned


def test_what_people_edited_stays_with_all_it_hangs_on_and_is_named(journal: Journal) -> None:
    crm = FakeCrm()
    migrate(journal, crm)
    read_back(journal, crm)
    edit(crm, "N1", body="N1 [PANDA note N1] seen by Dr. Kim")
    lines = {line.source_key: line for line in undo(journal, crm)}
    assert lists(list(lines.values())) == {"reversed": ["N2", "P2"], "kept": ["N1", "P1", "R1"], "failed": []}
    assert lines["N1"].reason == "edited in the CRM: body"
    assert lines["P1"].reason == "a record in notes that hangs on it was edited"
    assert "contacts" in lines["R1"].reason
    assert len(crm.records) == 3


def test_what_people_hung_a_record_of_their_own_on_stays_and_is_named(journal: Journal) -> None:
    crm = FakeCrm()
    migrate(journal, crm)
    read_back(journal, crm)
    patient = next(ref for ref, item in crm.records.items() if item.custom.get("Source_Id") == "P1")
    own = crm.store(Payload("notes", "-", {"body": "Prefers mornings."}, {}, {"contactId": patient.crm_id}, "", ""))
    planned, done = undo(journal, crm, dry_run=True), undo(journal, crm)
    assert planned == done
    lines = {line.source_key: line for line in done}
    assert lists(done) == {"reversed": ["N1", "N2", "P2"], "kept": ["P1", "R1"], "failed": []}
    assert lines["P1"].reason == "records that people hung on it: 1"
    assert lines["R1"].reason == "a record in contacts that hangs on it stays"
    assert own in crm.records
    crm.records.pop(own)
    assert lists(undo(journal, crm))["reversed"] == ["P1", "R1"]


def test_an_edit_stays_an_edit_when_it_was_read_back_since(journal: Journal) -> None:
    crm = FakeCrm()
    migrate(journal, crm)
    read_back(journal, crm)
    edit(crm, "P2", firstName="Petra")
    migrate(journal, crm)
    read_back(journal, crm)
    lines = {line.source_key: line for line in undo(journal, crm)}
    assert (lines["P2"].fate, lines["P2"].reason) == (Fate.KEPT, "edited in the CRM: firstName")
    assert lines["P1"].fate is Fate.REVERSED


def test_an_edit_that_a_later_update_left_alone_is_still_an_edit(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, [contact("P1", office="A")])
    read_back(journal, crm)
    edit(crm, "P1", office="By hand")
    load(journal, crm, [contact("P1", office="A", firstName="New")], load_pass="delta")
    read_back(journal, crm)
    (line,) = undo(journal, crm)
    assert (line.fate, line.reason) == (Fate.KEPT, "edited in the CRM: office")
    assert crm.held("office") == ["By hand"]


def test_an_edit_before_the_first_read_back_is_found_by_what_was_sent(journal: Journal) -> None:
    crm = FakeCrm()
    migrate(journal, crm)
    edit(crm, "P2", firstName="Petra")
    lines = {line.source_key: line for line in undo(journal, crm)}
    assert (lines["P2"].fate, lines["P2"].reason) == (Fate.KEPT, "edited in the CRM: firstName")
    assert lines["P1"].fate is Fate.REVERSED


def test_the_crms_own_way_of_writing_is_no_edit(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(1, office="+1 (516) 555-0134"))
    edit(crm, "P1", office="+15165550134")
    assert lists(undo(journal, crm))["reversed"] == ["P1"]


def existing(crm: FakeCrm, journal: Journal, **fields: Any) -> Ref:
    """A contact the CRM had before, which a person linked to P1."""
    ref = crm.store(Payload("contacts", "-", fields, {}, {}, "", "P1"))
    journal.append(scope(), RUN, [Result("P1", "match", "", "done", ref)])
    return ref


def test_an_updated_record_gets_its_earlier_values_back(journal: Journal) -> None:
    crm = FakeCrm()
    ref = existing(crm, journal, firstName="Ann", office="old", tag="vip")
    assert actions(load(journal, crm, [contact("P1", office="N")])) == {"P1": "updated"}
    assert actions(load(journal, crm, [contact("P1", office="S")])) == {"P1": "updated"}
    (line,) = undo(journal, crm)
    assert (line.fate, line.did) == (Fate.REVERSED, "restore")
    held = crm.records[ref]
    assert held.fields == {"firstName": "Ann", "office": "old", "tag": "vip"}
    assert held.custom == {"Source_Id": None}
    assert undo(journal, crm) == []


def test_a_field_that_a_person_changed_since_stays_and_the_others_are_restored(journal: Journal) -> None:
    crm = FakeCrm()
    ref = existing(crm, journal, firstName="Ann", office="old")
    load(journal, crm, [contact("P1", office="N")])
    read_back(journal, crm)
    edit(crm, "P1", office="moved")
    (line,) = undo(journal, crm)
    assert (line.fate, line.reason) == (Fate.KEPT, "edited in the CRM: office; its other fields are restored")
    assert crm.records[ref].fields == {"firstName": "Ann", "office": "moved"}


def test_one_pass_is_taken_back_and_the_earlier_one_stays(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, [contact("P1", office="N")], load_pass="sample")
    load(journal, crm, [contact("P1", office="S"), contact("P2")], load_pass="full")
    lines = undo(journal, crm, "full")
    assert {line.source_key: line.did for line in lines} == {"P1": "restore", "P2": "delete"}
    assert (crm.held(), crm.held("office")) == (["P1"], ["N"])
    assert lists(undo(journal, crm, "sample"))["reversed"] == ["P1"]
    assert crm.records == {}


def test_a_create_whose_answer_was_lost_is_looked_for_and_taken_back(journal: Journal) -> None:
    crm = FakeCrm(plan=defaultdict(list, {"P1": [Fault.DIE_AFTER]}))
    with pytest.raises(Crash):
        load(journal, crm, contacts(1))
    assert lists(undo(journal, crm))["reversed"] == ["P1"]
    assert crm.records == {}


def test_what_the_api_does_not_delete_goes_with_its_parent_and_is_told_before(journal: Journal) -> None:
    crm = FakeCrm(clinging=frozenset({"notes"}))
    migrate(journal, crm)
    read_back(journal, crm)
    edit(crm, "P2", firstName="Petra")
    planned = undo(journal, crm, dry_run=True)
    assert lists(planned) == {"reversed": ["N1", "P1", "R1"], "kept": ["P2"], "failed": ["N2"]}
    lines = {line.source_key: line for line in undo(journal, crm)}
    assert list(lines.values()) == planned
    assert lines["N1"].did == "with_parent"
    assert lines["N2"].reason == "the API does not delete it, and the record it hangs on stays"
    assert len(crm.records) == 2


def test_a_refused_deletion_is_listed_with_the_reason_and_keeps_its_parents(journal: Journal) -> None:
    crm = FakeCrm()
    migrate(journal, crm)
    (ref,) = [ref for ref, item in crm.records.items() if item.fields.get("body") == "N1"]
    crm.plan[ref.crm_id] = [Fault.REFUSE]
    lines = {line.source_key: line for line in undo(journal, crm)}
    assert lines["N1"].fate is Fate.FAILED
    assert lines["N1"].reason == "http_422: email must be an email"
    assert lists(list(lines.values()))["kept"] == ["P1", "R1"]
    again = undo(journal, crm)
    assert lists(again) == {"reversed": ["N1", "P1", "R1"], "kept": [], "failed": []}
    assert crm.records == {}


def test_a_record_that_a_person_deleted_is_reversed_without_ado(journal: Journal) -> None:
    crm = FakeCrm()
    migrate(journal, crm)
    crm.forget("P2")
    assert lists(undo(journal, crm))["reversed"] == ["N1", "N2", "P1", "P2", "R1"]


def test_after_a_rollback_the_next_load_makes_everything_anew(journal: Journal) -> None:
    crm = FakeCrm()
    migrate(journal, crm)
    undo(journal, crm)
    migrate(journal, crm)
    assert len(crm.records) == 5
    assert lists(undo(journal, crm))["reversed"] == ["N1", "N2", "P1", "P2", "R1"]


def test_p10_the_log_says_who_rolled_back_what(journal: Journal, tmp_path: Path) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(1))
    undo(journal, crm)
    told = [(row["kind"], row["operation"], row["actor"], row["status"]) for row in entries(tmp_path)[-2:]]
    assert told == [("intent", "delete", "kim", ""), ("result", "delete", "kim", "done")]


DEATHS = st.dictionaries(
    st.integers(1, 5), st.sampled_from([Fault.DIE_BEFORE, Fault.DIE_AFTER, Fault.LOSE_AFTER, Fault.LOSE_BEFORE])
)


@given(DEATHS, st.booleans())
@settings(max_examples=40, deadline=None)
def test_p9_a_rollback_that_is_killed_anywhere_and_run_again_ends_the_same(
    deaths: dict[int, Fault], seen: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, crm = Path(name), FakeCrm()
        stranger = crm.store(Payload("contacts", "-", {"firstName": "Stranger"}, {}, {}, "", "-"))
        before: dict[Ref, Snapshot] = dict(crm.records)
        with journal_in(folder) as journal:
            migrate(journal, crm)
            if seen:
                read_back(journal, crm)
        crm.plan = defaultdict(list, {f"main-{number + 1}": [fault] for number, fault in deaths.items()})
        for _ in range(len(deaths) + 1):
            with journal_in(folder) as journal, suppress(Crash, DestinationError):
                undo(journal, crm)
        with journal_in(folder) as journal:
            last = undo(journal, crm)
            assert counts(last)[Fate.FAILED] == 0
        assert crm.records == before
        assert stranger in crm.records
