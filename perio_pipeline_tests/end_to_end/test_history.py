"""A long history in a shorter form, by declared policy: nothing of it is lost (requirements F5, F7, H8)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pandas as pd
import pypdf
import pytest

from perio_pipeline_tests.end_to_end.freshsales_view import frame, get
from perio_pipeline_tests.end_to_end.world import World, checks, failures, world

pytestmark = pytest.mark.slow
CRM = "freshsales"
SINCE = date(2025, 1, 1)


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, sample_20: Path) -> Iterator[World]:
    policy = {"plan": "pro", "history": {"notes": "yearly", "events_since": SINCE}}
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


def visits_of(moved: World) -> pd.DataFrame:
    """The visits of patients that are loaded, each under the patient that stays, earliest first."""
    identity = frame(moved, "validated", "patient_identity").set_index("patient_id")
    visits = frame(moved, "validated", "appointment").sort_values(["starts_at", "appointment_id"])
    visits["patient_id"] = visits["patient_id"].map(identity["survivor_id"]).fillna(visits["patient_id"])
    return visits[visits["patient_id"].map(identity["disposition"]) == "load"]


def test_f5_later_visits_are_events_and_the_earlier_ones_are_accounted_for(moved: World) -> None:
    visits, status = visits_of(moved), moved.status()
    older = visits["starts_at"] < pd.Timestamp(SINCE)
    events, histories = status["appointments"], status["visit_histories"]
    assert 0 < older.sum() < len(visits)
    assert set(frame(moved, CRM, "shaped", "appointments")["source_key"]) == set(visits.loc[~older, "appointment_id"])
    assert events.source == events.quarantined + events.left_out + events.shaped
    assert histories.created == histories.shaped == visits.loc[older, "patient_id"].nunique()
    reasons = frame(moved, CRM, "left_out", "appointments").set_index("source_key").loc[visits[older].appointment_id]
    assert set(zip(reasons["category"], reasons["reason"], strict=True)) == {("elsewhere", "visit_histories")}


def test_f5_the_earlier_visits_of_a_patient_open_as_one_pdf_in_order(moved: World) -> None:
    visits = visits_of(moved)
    older = visits[visits["starts_at"] < pd.Timestamp(SINCE)]
    patient = older["patient_id"].value_counts().index[0]
    contact = frame(moved, CRM, "readback", "contacts").set_index("source_key").loc[patient, "crm_id"]
    held = get(moved, f"/contacts/{contact}/document_associations?per_page=100")["documents"]
    (item,) = [each for each in held if each["name"].endswith(f"PANDA-visits-{patient}.pdf")]
    content = httpx.get(item["url"], headers={"Authorization": f"Token token={moved.token}"}).content
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    at = 0
    for visit in older[older["patient_id"] == patient].itertuples():
        at = text.index(f"{visit.starts_at:%Y-%m-%d %H:%M}", at) + 1
    for visit in visits[(visits["patient_id"] == patient) & ~visits.index.isin(older.index)].itertuples():
        assert f"{visit.starts_at:%Y-%m-%d %H:%M}" not in text
