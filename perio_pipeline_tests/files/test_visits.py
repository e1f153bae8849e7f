"""F5: a patient's earlier visits are one PDF, as far as the practice takes only the later ones as events."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pypdf
import pytest

from perio_pipeline.files.letters import Paper
from perio_pipeline.files.pdf import Letterhead
from perio_pipeline.files.shelf import Shelf, measured
from perio_pipeline.files.visits import history_files
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import APPOINTMENT, PATIENT, PROVIDER

PAPER = Paper(Letterhead("Harbor Periodontics"), "Harbor Periodontics")
PATIENTS = [{"patient_id": "P1", "first_name": "Ann", "last_name": "Ode", "birth_date": datetime(1950, 2, 3)}]
STAFF = [{"provider_id": "D1", "first_name": "Ingrid", "last_name": "Brandt"}]


def visit(number: int, starts_at: datetime | None, **more: Any) -> dict[str, Any]:
    row = {"appointment_id": f"A{number}", "patient_id": "P1", "starts_at": starts_at, "provider_id": "D1"}
    return {**row, "visit_type": "Recall", "procedure": f"Maintenance {number}", "status": "no_show", **more}


def files(shelf: Shelf, before: date | None, *visits: dict[str, Any]) -> pd.DataFrame:
    frames = [
        typed_frame(table_kinds(table), rows)
        for table, rows in ((APPOINTMENT, visits), (PATIENT, PATIENTS), (PROVIDER, STAFF))
    ]
    return history_files(*frames, before, PAPER, shelf).set_index("patient_id")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "visits", ".pdf")


def said(row: Any) -> str:
    pages = pypdf.PdfReader(io.BytesIO(Path(row["path"]).read_bytes())).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_f5_the_visits_before_the_day_are_read_in_their_order_with_all_that_is_known(shelf: Shelf) -> None:
    visits = [
        visit(3, datetime(2025, 1, 1, 9)),
        visit(2, datetime(2024, 12, 31, 23, 59), notes="{\\rtf1 Felt \\b fine\\b0\\par}", provider_id=None),
        visit(1, datetime(2019, 5, 6, 8, 30)),
        visit(4, None),
    ]
    row = files(shelf, date(2025, 1, 1), *visits).loc["P1"]
    text = said(row)
    assert (row["state"], f"{row['first_visit']:%Y-%m-%d}") == ("made", "2019-05-06")
    assert "Ann Ode, born 1950-02-03 (PANDA patient P1)" in text
    first, second = "2019-05-06 08:30 · Recall: Maintenance 1 · no show · Ingrid Brandt", "2024-12-31 23:59 · Recall"
    assert 0 < text.index(first) < text.index(second) < text.index("Felt fine")
    assert "Maintenance 3" not in text
    assert "Maintenance 4" not in text
    stored = measured(Path(row["path"]))
    assert (row["bytes"], row["sha256"], row["content_type"]) == (stored.bytes, stored.sha256, "application/pdf")


def test_what_comes_later_changes_no_file_and_a_change_before_the_day_does(shelf: Shelf) -> None:
    old, day = visit(1, datetime(2019, 5, 6)), date(2020, 1, 1)
    before = files(shelf, day, old).loc["P1", "sha256"]
    assert files(shelf, day, old, visit(2, datetime(2026, 1, 1))).loc["P1", "sha256"] == before
    assert files(shelf, day, {**old, "status": "completed"}).loc["P1", "sha256"] != before


@pytest.mark.parametrize("before", [None, date(2019, 5, 6)])
def test_where_no_file_is_wanted_or_no_visit_is_early_enough_it_is_only_said_how_far_back_they_go(
    shelf: Shelf, before: date | None
) -> None:
    row = files(shelf, before, visit(1, datetime(2019, 5, 6))).loc["P1"]
    assert (row["state"], row["first_visit"].year) == ("to_make", 2019)
    assert pd.isna(row["path"])
    assert not shelf.folder.exists()
