"""P6, P9: whatever happens in whatever order, the loader, the journal and the rollback agree with a simple model.

The model: PANDA says what each patient's record holds; the CRM holds each record once or not at all; a quiet load makes
the CRM say what PANDA says; a quiet rollback leaves what the CRM held before and what people edited since.
"""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from perio_pipeline.crm.protocol import Payload, Snapshot
from perio_pipeline.errors import DestinationError
from perio_pipeline.loading.loader import LOOKS
from perio_pipeline.loading.undone import Fate
from perio_pipeline_tests.loading.fake_crm import Crash, FakeCrm, Fault
from perio_pipeline_tests.loading.small_load import (
    actions,
    chain_holds,
    contact,
    entries,
    journal_in,
    load,
    note,
    scope,
)
from perio_pipeline_tests.loading.test_rollback import lists, read_back, undo

PATIENTS = ("P1", "P2", "P3", "P4")
KEYS = (*PATIENTS, *(f"N of {patient}" for patient in PATIENTS))
OFFICES = st.sampled_from(["N", "S"])
LAGS = st.integers(0, len(LOOKS) - 1)
FAULTS = st.dictionaries(st.sampled_from(KEYS), st.lists(st.sampled_from(list(Fault)), min_size=1, max_size=3))
UNDOING = st.lists(st.none() | st.sampled_from([Fault.REFUSE, Fault.LOSE_AFTER, Fault.DIE_BEFORE, Fault.DIE_AFTER]))
WRITES = {"create", "update", "delete"}


class Migration(RuleBasedStateMachine):
    """A practice that is loaded and rolled back, with people at work on both sides."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.journals = Path(self.folder.name)
        self.panda: dict[str, str] = {}
        self.edited: set[str] = set()
        self.hung: set[str] = set()
        self.settled = False

    @initialize(size=st.sampled_from([1, 3]))
    def account(self, size: int) -> None:
        """An account that holds two contacts of its own."""
        self.crm = FakeCrm(size=size)
        refs = [self.crm.store(Payload("contacts", "-", {"firstName": name}, {}, {}, "", "")) for name in ("A", "B")]
        self.strangers = {ref: self.crm.records[ref] for ref in refs}

    @rule(patient=st.sampled_from(PATIENTS), office=OFFICES)
    def panda_says(self, patient: str, office: str) -> None:
        """A patient is new, or changes; those that people worked on in the CRM do not, so that their work stays."""
        if not (self.edited | self.hung) & {patient, f"N of {patient}"}:
            self.settled &= self.panda.get(patient) == office
            self.panda[patient] = office

    @rule(faults=FAULTS, lag=LAGS)
    def load_in_trouble(self, faults: dict[str, list[Fault]], lag: int) -> None:
        """A run in which anything may go wrong."""
        self._plan({key: list(each) for key, each in faults.items()}, lag)
        with suppress(Crash, DestinationError):
            self._load()
        self.settled = False

    @rule(lag=LAGS)
    def load_in_quiet(self, lag: int) -> None:
        """Everything arrives; once more, nothing is sent."""
        self._plan({}, lag)
        assert "failed" not in self._load().values()
        self._plan({}, 0)
        asked = self._writes()
        assert set(self._load().values()) <= {"unchanged"}
        assert self._writes() == asked
        with journal_in(self.journals) as journal:
            read_back(journal, self.crm)
        held = {record.custom["Source_Id"]: record for record in self._ours() if record.ref.object == "contacts"}
        assert held.keys() == self.panda.keys()
        assert {key: record.fields["office"] for key, record in held.items()} == self.panda
        notes = {str(record.fields["body"]): record for record in self._ours() if record.ref.object == "notes"}
        at_home = {held[key].ref.crm_id for key in self.panda}
        assert {record.links["contactId"] for record in notes.values()} == at_home
        self.settled = True

    @precondition(lambda self: self.settled and self.panda)
    @rule(data=st.data())
    def person_edits(self, data: st.DataObject) -> None:
        """A person changes what the load wrote."""
        patient = data.draw(st.sampled_from(sorted(self.panda)))
        key = data.draw(st.sampled_from([patient, f"N of {patient}"]))
        if key in self.edited:
            return
        with journal_in(self.journals) as journal:
            obj = "contacts" if key == patient else "notes"
            ref = journal.known(scope(obj))[key].ref(obj)
        assert ref is not None
        changes: dict[str, Any] = {"firstName": "Edited"} if key == patient else {"body": f"{key}, edited"}
        old = self.crm.records[ref]
        self.crm.records[ref] = Snapshot(ref, {**old.fields, **changes}, old.custom, old.links)
        self.edited.add(key)

    @precondition(lambda self: self.settled and self.panda)
    @rule(data=st.data())
    def person_hangs_a_note_on_a_contact(self, data: st.DataObject) -> None:
        """A person writes a note of their own on a patient's contact."""
        patient = data.draw(st.sampled_from(sorted(self.panda)))
        with journal_in(self.journals) as journal:
            known = journal.known(scope("contacts"))[patient]
        own = self.crm.store(Payload("notes", "-", {"body": "own"}, {}, {"contactId": known.crm_id or ""}, "", ""))
        self.strangers[own] = self.crm.records[own]
        self.hung.add(patient)

    @rule(faults=UNDOING, lag=LAGS)
    def roll_back(self, faults: list[Fault | None], lag: int) -> None:
        """A rollback in trouble, a dry run of what is left, and a quiet rollback that does just that."""
        refs = [ref.crm_id for ref in self.crm.records if ref not in self.strangers]
        self._plan({crm_id: [fault] for crm_id, fault in zip(refs, faults, strict=False) if fault}, lag)
        with journal_in(self.journals) as journal, suppress(Crash):
            undo(journal, self.crm)
        self._plan({}, 0)
        with journal_in(self.journals) as journal:
            planned = undo(journal, self.crm, dry_run=True)
            done = undo(journal, self.crm)
        assert lists(done) == lists(planned)
        stay = self.edited | {key.removeprefix("N of ") for key in self.edited} | self.hung
        assert {line.source_key for line in done if line.fate is not Fate.REVERSED} == stay
        assert len(self._ours()) == len(stay)
        self.settled = False

    @invariant()
    def each_record_is_there_once_at_most(self) -> None:
        """No mark is in the CRM twice, and what it held before is as it was."""
        if not hasattr(self, "crm"):
            return
        marks = Counter(self.crm.marks[ref] for ref in self.crm.records if ref not in self.strangers)
        assert [mark for mark, times in marks.items() if times > 1] == []
        assert {ref: self.crm.records.get(ref) for ref in self.strangers} == self.strangers

    def teardown(self) -> None:
        """The audit log is whole."""
        with self.folder, journal_in(self.journals):
            assert chain_holds(entries(self.journals))

    def _load(self) -> dict[str, str]:
        with journal_in(self.journals) as journal:
            people = [contact(key, office=office) for key, office in sorted(self.panda.items())]
            notes = [note(f"N of {key}", key) for key in sorted(self.panda)]
            return {
                **actions(load(journal, self.crm, people, "contacts")),
                **actions(load(journal, self.crm, notes, "notes")),
            }

    def _plan(self, faults: dict[str, list[Fault]], lag: int) -> None:
        self.crm.plan, self.crm.lag = defaultdict(list, faults), lag

    def _writes(self) -> int:
        return sum(operation in WRITES for operation, _ in self.crm.calls)

    def _ours(self) -> list[Snapshot]:
        return [record for ref, record in self.crm.records.items() if ref not in self.strangers]


TestMigration = Migration.TestCase
TestMigration.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
