"""P7: PANDA, what we wrote, and the CRM are compared field by field: people's edits stay, and conflicts are named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perio_pipeline.crm.protocol import Payload, Snapshot, Value
from perio_pipeline.loading.entries import Reading, Verdict
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.merging import EDITS_KEPT, merge, written_records
from perio_pipeline_tests.loading.fake_crm import FakeCrm, Fault
from perio_pipeline_tests.loading.small_load import RUN, actions, contact, journal_in, load, scope

pytestmark = pytest.mark.usefixtures("journal_backend")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with journal_in(tmp_path) as opened:
        yield opened


def read_back(journal: Journal, crm: FakeCrm) -> None:
    known = journal.known(scope())
    readings = [
        Reading(key, ref, Verdict.HELD, crm.records[ref])
        for key, each in known.items()
        if (ref := each.ref("contacts")) and ref in crm.records
    ]
    journal.append_readings(scope(), RUN, readings, known)


def edit(crm: FakeCrm, **values: Value) -> None:
    """A person changes the only record."""
    ((ref, record),) = crm.records.items()
    crm.records[ref] = replace(record, fields={**record.fields, **values})


def held(crm: FakeCrm) -> dict[str, Any]:
    (record,) = crm.records.values()
    return dict(record.fields)


@pytest.fixture
def loaded(journal: Journal) -> FakeCrm:
    """One patient, loaded and read back."""
    crm = FakeCrm()
    load(journal, crm, [contact("P1", firstName="Ann", office="A")])
    read_back(journal, crm)
    return crm


def test_what_a_person_changed_stays_while_the_rest_is_updated(journal: Journal, loaded: FakeCrm) -> None:
    edit(loaded, office="B")
    result = load(journal, loaded, [contact("P1", firstName="Anna", office="A")])["P1"]
    assert (result.action, result.code) == ("updated", EDITS_KEPT)
    assert result.reason == "edited in the CRM, kept: office"
    assert held(loaded) == {"firstName": "Anna", "office": "B"}


def test_a_field_that_both_changed_is_a_conflict_and_stays_for_people(journal: Journal, loaded: FakeCrm) -> None:
    edit(loaded, office="B")
    result = load(journal, loaded, [contact("P1", firstName="Anna", office="C")])["P1"]
    assert result.reason == "changed in PANDA and in the CRM, the CRM's value kept: office"
    assert held(loaded) == {"firstName": "Anna", "office": "B"}
    read_back(journal, loaded)
    again = load(journal, loaded, [contact("P1", firstName="Anna", office="D")])["P1"]
    assert "the CRM's value kept: office" in again.reason, "an edit that was kept once is not overwritten later"
    assert held(loaded)["office"] == "B"


def test_an_edit_that_was_kept_stays_a_persons_even_when_set_back(journal: Journal, loaded: FakeCrm) -> None:
    edit(loaded, office="B")
    load(journal, loaded, [contact("P1", firstName="Anna", office="C")])
    read_back(journal, loaded)
    edit(loaded, office="A")
    read_back(journal, loaded)
    written = written_records(journal.scope_entries(scope()), journal)["P1"]
    assert written.edited("office", "A")
    assert "office" in load(journal, loaded, [contact("P1", firstName="Anne", office="C")])["P1"].reason


def test_where_nothing_is_left_to_write_no_write_is_sent_and_the_next_pass_asks_nothing(
    journal: Journal, loaded: FakeCrm
) -> None:
    edit(loaded, firstName="Annie", office="B")
    contact_now = contact("P1", firstName="Anna", office="C")
    contact_now = replace(contact_now, custom={})
    assert actions(load(journal, loaded, [contact_now])) == {"P1": "unchanged"}
    assert loaded.asked("update") == []
    asked = len(loaded.calls)
    assert actions(load(journal, loaded, [contact_now])) == {"P1": "unchanged"}
    assert len(loaded.calls) == asked


def test_a_person_who_made_the_same_change_is_in_no_conflict(journal: Journal, loaded: FakeCrm) -> None:
    edit(loaded, office="c")
    assert load(journal, loaded, [contact("P1", firstName="Ann", office="C")])["P1"].reason == ""


def test_what_the_crm_made_of_our_value_is_no_edit(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, [contact("P1", firstName="Ann", office="A")])
    edit(crm, office="Office A (main)")
    read_back(journal, crm)
    assert load(journal, crm, [contact("P1", firstName="Ann", office="C")])["P1"].reason == ""
    assert held(crm)["office"] == "C"


def test_a_write_whose_answer_was_lost_is_not_taken_for_a_persons(journal: Journal, loaded: FakeCrm) -> None:
    loaded.plan["P1"] = [Fault.LOSE_AFTER] * 3
    assert actions(load(journal, loaded, [contact("P1", firstName="Anna", office="B")])) == {"P1": "failed"}
    assert held(loaded)["office"] == "B"
    result = load(journal, loaded, [contact("P1", firstName="Ann", office="C")])["P1"]
    assert (result.action, result.reason) == ("updated", "")
    assert held(loaded) == {"firstName": "Ann", "office": "C"}


NAMES = ("firstName", "office")
STEPS = st.lists(
    st.tuples(st.sampled_from(["panda", "crm", "load"]), st.sampled_from(NAMES), st.sampled_from("ABCD")), max_size=15
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_law_of_the_merge(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, str]]) -> None:
    """Whatever happens in whatever order: a field is what PANDA says, or what a person last made of it."""
    crm, panda = FakeCrm(), dict.fromkeys(NAMES, "A")
    persons: dict[str, str] = {}
    with journal_in(tmp_path_factory.mktemp("journal")) as journal:

        def migrate() -> None:
            load(journal, crm, [contact("P1", **panda)])
            read_back(journal, crm)

        migrate()
        for what, name, value in steps:
            if what == "panda":
                panda[name] = value
            elif what == "crm":
                edit(crm, **{name: value})
                persons[name] = value
            else:
                migrate()
        migrate()
        entries = journal.scope_entries(scope())
        written = written_records(entries, journal)["P1"]
    for name in NAMES:
        now = held(crm)[name]
        assert now in (panda[name], persons.get(name))
        if name not in persons:
            assert now == panda[name]
    payload = Payload("contacts", "P1", panda, {}, {}, "Source_Id", "P1", None)
    (record,) = crm.records.values()
    left = merge(payload, Snapshot(record.ref, record.fields, {}, {}), written)
    for name in NAMES:
        assert (name in left.payload.fields) == (held(crm)[name] == panda[name])
