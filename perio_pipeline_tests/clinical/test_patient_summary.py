"""Patients in one line: which exam speaks for them, what merging does, when two classifications agree."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from perio_pipeline.clinical.classification import recorded, suggest
from perio_pipeline.clinical.exams import exam_summary
from perio_pipeline.clinical.frames import PATIENT_SUMMARY
from perio_pipeline.clinical.patients import patient_summary
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import PERIO_DIAGNOSIS
from perio_pipeline_tests.clinical.charts import Chart, at, frame, frames, patients


def summary(*charts: Chart, diagnoses: tuple[dict, ...] = (), merged: dict | None = None) -> pd.DataFrame:
    chart_frames = frames(*charts)
    rows = [{"diagnosis_id": f"D{number}", **row} for number, row in enumerate(diagnoses)]
    return patient_summary(
        exam_summary(*chart_frames),
        suggest(*chart_frames, patients()),
        recorded(frame(PERIO_DIAGNOSIS, rows)),
        pd.Series(merged or {}, dtype="str"),
    ).set_index("patient_id", drop=False)


def diagnosis(classification: str, at_time: str = "2024-05-06 09:00", patient: str = "P1") -> dict:
    return {"patient_id": patient, "diagnosed_at": at_time, "classification": classification, "grade": "B"}


def test_the_frame_has_exactly_the_types_of_its_definition():
    expected = typed_frame(table_kinds(PATIENT_SUMMARY)).dtypes
    for found in (summary(), summary(Chart(), diagnoses=(diagnosis("healthy"),))):
        pd.testing.assert_series_equal(found.dtypes, expected)


def test_the_latest_probed_exam_speaks_and_the_latest_exam_of_any_kind_dates():
    row = summary(
        Chart(exam_id="E9", exam_date="2022-01-01", sites=at([3], "B", depth_mm=8)),
        Chart(exam_id="E1", exam_date="2023-01-01", sites=at([3], "B", depth_mm=5)),
        Chart(exam_id="E2", exam_date="2023-01-01", sites=at([3], "B", depth_mm=6)),
        Chart(exam_id="E3", exam_date="2024-01-01", probed=()),
    ).loc["P1"]
    assert (row["last_exam_id"], row["max_depth_mm"]) == ("E2", 6)
    assert row["last_exam_date"] == pd.Timestamp("2024-01-01")
    assert row["exams"] == 4
    assert row["exam_dates"] == "2024-01-01, 2023-01-01, 2022-01-01"
    assert row["probing_summary"] == "S1 6 | S2 2 | S3 2 | S4 2 | S5 2 | S6 2"


def test_a_patient_only_diagnosed_has_no_exams_and_one_never_probed_no_figures():
    found = summary(Chart(patient_id="P2", probed=()), diagnoses=(diagnosis("stage_2"),))
    assert found["exams"].to_dict() == {"P1": 0, "P2": 1}
    assert found.loc["P1", "classification_recorded"] == "stage_2"
    assert pd.isna(found.loc["P1", "exam_dates"])
    assert found.loc["P2", ["last_exam_id", "bop_percent", "classification_suggested", "agrees"]].isna().all()


@pytest.mark.parametrize(("visits", "ending"), [(20, "2004-01-01"), (21, "2004-01-01 +1"), (25, "2004-01-01 +5")])
def test_twenty_dates_are_shown_and_the_rest_counted(visits, ending):
    charts = [Chart(exam_id=f"E{age}", exam_date=f"{2023 - age}-01-01", probed=(3,)) for age in range(visits)]
    row = summary(*charts).loc["P1"]
    assert row["exam_dates"].startswith("2023-01-01, 2022-01-01")
    assert row["exam_dates"].endswith(ending)
    assert row["exams"] == visits


def test_merged_records_are_one_patient_with_the_latest_of_all():
    found = summary(
        Chart(exam_id="E1", patient_id="P1", exam_date="2023-01-01"),
        Chart(exam_id="E2", patient_id="P7", exam_date="2024-01-01", everywhere={"depth_mm": 3, "bleeding": False}),
        diagnoses=(diagnosis("gingivitis", "2020-01-01", "P1"), diagnosis("healthy", "2021-01-01", "P7")),
        merged={"P1": "P1", "P7": "P1"},
    )
    assert list(found.index) == ["P1"]
    row = found.loc["P1"]
    assert (row["exams"], row["last_exam_id"], row["mean_depth_mm"]) == (2, "E2", Decimal("3.00"))
    assert (row["classification_recorded"], row["grade_recorded"]) == ("healthy", "B")
    assert row["classified_at"] == pd.Timestamp("2021-01-01")


@pytest.mark.parametrize(
    ("classification", "is_case", "agrees"),
    [
        ("healthy", False, True),
        ("gingivitis", False, False),
        ("stage_2", True, True),
        ("stage_3", True, False),
        ("periodontitis", True, True),
        ("periodontitis", False, False),
    ],
)
def test_recorded_and_suggested_agree_on_the_code_and_bare_periodontitis_with_any_stage(
    classification, is_case, agrees
):
    sites = at((3, 14, 20), "DB", depth_mm=3, recession_mm=1) if is_case else {}
    row = summary(Chart(sites=sites), diagnoses=(diagnosis(classification),)).loc["P1"]
    assert row["classification_suggested"] == ("stage_2" if is_case else "healthy")
    assert row["agrees"] == agrees


def test_agreement_is_unknown_when_one_side_is_missing():
    assert pd.isna(summary(Chart()).loc["P1", "agrees"])
    assert summary(Chart()).loc["P1", "suggestion_confidence"] == "high"
