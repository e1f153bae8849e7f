"""A long history in a shorter form, by declared policy: nothing of it is lost (requirements F5, F7, H8)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perio_pipeline_tests.end_to_end.freshsales_view import frame, get
from perio_pipeline_tests.end_to_end.world import World, checks, failures, world

pytestmark = pytest.mark.slow
CRM = "freshsales"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, sample_20: Path) -> Iterator[World]:
    policy = {"plan": "pro", "history": {"notes": "yearly"}}
    with world(tmp_path_factory.mktemp("history"), sample_20, policy, crm=CRM) as made:
        made.migrate()
        yield made


def test_f7_every_check_is_green_and_every_note_is_accounted_for(moved: World) -> None:
    (result,) = moved.results
    assert failures(result) == {}
    assert [name for name, check in checks(result).items() if not check.passed] == []
    status = moved.status()
    single, yearly = status["notes"], status["yearly_notes"]
    assert (single.shaped, single.created) == (0, 0)
    assert yearly.shaped > 2 * yearly.created > 0
    assert yearly.source == yearly.quarantined + yearly.left_out + yearly.shaped
    reasons = frame(moved, CRM, "left_out", "notes")
    said = reasons.loc[reasons["category"] == "elsewhere", "reason"].unique().tolist()
    assert said == ["arrives as yearly_notes: history.notes is yearly"]


def test_f7_a_year_of_notes_is_read_in_order_each_with_its_date_and_author(moved: World) -> None:
    shaped = frame(moved, CRM, "shaped", "yearly_notes")
    record = shaped[~shaped["source_key"].str.contains("#")].sort_values("gathered").iloc[-1]
    patient, year = record["source_key"].split("|")
    notes = frame(moved, "validated", "clinical_note")
    survivors = frame(moved, "validated", "patient_identity").set_index("patient_id")["survivor_id"]
    mine = notes[(notes["patient_id"].map(survivors) == patient) & (notes["written_at"].dt.year == int(year))]
    assert len(mine) == record["gathered"] > 2
    contact = frame(moved, CRM, "readback", "contacts").set_index("source_key").loc[patient, "crm_id"]
    held = get(moved, f"/contacts/{contact}/notes")["notes"]
    (text,) = [note["description"] for note in held if f"[PANDA notes {patient} {year}]" in note["description"]]
    authors = frame(moved, "validated", "provider").set_index("provider_id")["last_name"]
    at = 0
    for note in mine.sort_values("written_at").itertuples():
        at = text.index(f"{note.written_at:%Y-%m-%d}", at)
        assert authors[note.provider_id] in text[at : at + 60]
