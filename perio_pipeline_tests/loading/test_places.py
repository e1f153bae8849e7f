"""F5: a note hangs on its visit where the account carries that, else on its patient, and moves when that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perio_pipeline.loading.history import edited_fields, fold, undo_of
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.loader import Loader
from perio_pipeline.loading.payloads import drafts
from perio_pipeline.loading.sending import Loaded
from perio_pipeline.loading.writer import JournalWriter
from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline_tests.loading.fake_crm import FakeCrm, Fault
from perio_pipeline_tests.loading.small_load import FAST, RUN, contacts, journal_in, load, scope

NOTES = ObjectMap.model_validate(
    {
        "requirement": "F5",
        "description": "Notes",
        "model": "note",
        "rows": "validated/clinical_note",
        "key": "note_id",
        "order": "written_at",
        "mark": {"field": "body", "text": "[note {note_id}]"},
        "links": {
            "visitId": {"object": "companies", "by": "visit_id", "required": False, "needs": "note_on_visit"},
            "contactId": {"object": "contacts", "by": "patient_id", "through": "visitId"},
        },
        "fields": {"body": "body"},
    }
)
ON_CONTACTS = NOTES.model_copy(update={"links": {"contactId": NOTES.links["contactId"]}})
"""As an effective mapping has it where the account does not carry notes on visits."""
Row = tuple[str, str, str | None]
"""Note, patient, visit."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with journal_in(tmp_path) as opened:
        yield opened


def visits(journal: Journal, crm: FakeCrm, count: int = 1) -> None:
    """Records of another object stand in for visits."""
    load(journal, crm, contacts(count), "companies")


def shaped(rows: list[Row]) -> pd.DataFrame:
    columns = ["source_key", "link.contactId", "link.visitId"]
    frame = pd.DataFrame(rows, columns=columns).assign(account="main", problem=None)
    frame["mark"] = "[note " + frame["source_key"] + "]"
    return frame.assign(body=frame["mark"]).astype("str")


def load_notes(journal: Journal, crm: FakeCrm, rows: list[Row], *, on_visits: bool) -> dict[str, Loaded]:
    async def main() -> list[Loaded]:
        async with crm.adapter() as adapter:
            linked = {name: journal.known(scope(name)) for name in ("contacts", "companies")}
            writer = JournalWriter(journal, scope("notes"), RUN)
            loader = Loader("notes", NOTES if on_visits else ON_CONTACTS, adapter, writer, linked, time_scale=FAST)
            sent = drafts(loader.obj, shaped(rows), NOTES.links)
            return await loader.load(journal.known(scope("notes")), sent)

    return {item.source_key: item for item in asyncio.run(main())}


def links(crm: FakeCrm) -> list[dict[str, Any]]:
    return [dict(record.links) for ref, record in crm.records.items() if ref.object == "notes"]


NOTE: Row = ("N1", "P1", "P1")


def test_f5_the_position_decides_and_a_change_of_it_updates_once(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(1))
    visits(journal, crm)
    for on_visits, action, held in (
        (False, "created", {"contactId": "main-1"}),
        (False, "unchanged", {"contactId": "main-1"}),
        (True, "updated", {"visitId": "main-2"}),
        (True, "unchanged", {"visitId": "main-2"}),
        (False, "updated", {"contactId": "main-1"}),
    ):
        assert load_notes(journal, crm, [NOTE], on_visits=on_visits)["N1"].action == action
        assert held.items() <= links(crm)[0].items()


def test_f5_a_note_without_a_visit_or_with_one_that_is_not_there_hangs_on_its_patient(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(1))
    rows: list[Row] = [("N1", "P1", None), ("N2", "P1", "P1")]
    loaded = load_notes(journal, crm, rows, on_visits=True)
    assert {item.action for item in loaded.values()} == {"created"}
    assert links(crm) == [{"contactId": "main-1"}] * 2
    visits(journal, crm)
    loaded = load_notes(journal, crm, rows, on_visits=True)
    assert {key: item.action for key, item in loaded.items()} == {"N1": "unchanged", "N2": "updated"}


def test_a_note_without_its_patient_waits_whatever_its_visit(journal: Journal) -> None:
    crm = FakeCrm()
    loaded = load_notes(journal, crm, [NOTE], on_visits=False)
    assert (loaded["N1"].action, loaded["N1"].code) == ("failed", "parent_not_loaded")


def test_p6_a_lost_answer_is_found_in_the_other_position_and_never_doubled(journal: Journal) -> None:
    crm = FakeCrm(plan={"N1": [Fault.LOSE_AFTER] * 3})
    load(journal, crm, contacts(1))
    visits(journal, crm)
    crm.lag = 1000
    assert load_notes(journal, crm, [NOTE], on_visits=False)["N1"].action == "failed"
    crm.lag, copies = 0, len(links(crm))
    assert load_notes(journal, crm, [NOTE], on_visits=True)["N1"].action == "updated"
    assert len(links(crm)) == copies


def test_p9_a_note_in_the_other_position_is_not_taken_for_edited_and_goes_back_where_it_was(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(1))
    visits(journal, crm)
    load_notes(journal, crm, [NOTE], on_visits=False)
    (before,) = fold(journal.scope_entries(scope("notes"))).values()
    undo = undo_of(before, "all", journal)
    (ref,) = (ref for ref in crm.records if ref.object == "notes")
    assert undo is not None
    assert edited_fields(undo, crm.records[ref], journal) == []
    assert (undo.payload.links, dict(undo.payload.elsewhere)) == ({"contactId": "main-1"}, {"visitId": "main-2"})


def test_f7_notes_of_one_patient_are_made_one_after_the_other(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, contacts(2))
    rows: list[Row] = [(f"N{number}", f"P{number % 2 + 1}", None) for number in range(8)]
    crm.calls.clear()

    async def main() -> None:
        crm.gate = asyncio.Event()
        async with crm.adapter() as adapter:
            linked = {"contacts": journal.known(scope("contacts")), "companies": {}}
            writer = JournalWriter(journal, scope("notes"), RUN)
            loader = Loader("notes", ON_CONTACTS, adapter, writer, linked, time_scale=FAST)
            loading = asyncio.create_task(loader.load({}, drafts(ON_CONTACTS, shaped(rows), NOTES.links)))
            for _ in range(200):
                await asyncio.sleep(0.001)
                if len(crm.asked("create")) >= 2:
                    break
            await asyncio.sleep(0.02)
            assert sorted(crm.asked("create")) == [("N0",), ("N1",)], "one note of each patient is under way"
            crm.gate.set()
            await loading

    asyncio.run(main())
    made = [key for (key,) in crm.asked("create")]
    assert [key for key in made if int(key[1:]) % 2] == ["N1", "N3", "N5", "N7"]
    assert [key for key in made if not int(key[1:]) % 2] == ["N0", "N2", "N4", "N6"]
