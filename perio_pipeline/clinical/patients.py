"""One row per surviving patient: the latest chart, the recorded classification and the suggested one, side by side.

Duplicates are merged here and nowhere earlier: exams and diagnoses of every record that was merged into a patient count
as that patient's.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from perio_pipeline.clinical.frames import PATIENT_SUMMARY, conform
from perio_pipeline.clinical.staging import RANKS, STAGE_1

_DATES_SHOWN = 20
_DATED = 5
"""Visits that have a date column of their own: what PANDA puts side by side."""


def patient_summary(
    exam_summary: pd.DataFrame, suggestions: pd.DataFrame, recorded: pd.DataFrame, survivors: pd.Series
) -> pd.DataFrame:
    """Summarise every surviving patient with an exam or a diagnosis.

    The figures are those of the latest exam with a probed site, by date and then id. A recorded periodontitis without a
    stage agrees with every stage.

    Args:
        exam_summary: `EXAM_SUMMARY`.
        suggestions: `SUGGESTION`.
        recorded: `RECORDED`.
        survivors: patient id → id of the patient it was merged into; an id that is not in it survives itself.

    Returns:
        `PATIENT_SUMMARY`, in the order of the ids.
    """
    exams = merged(exam_summary, survivors).sort_values(["patient_id", "exam_date", "exam_id"])
    frame = (
        _visits(exams)
        .join(_latest_chart(exams, suggestions), how="left")
        .join(_latest_diagnosis(merged(recorded, survivors)), how="outer")
        .rename_axis("patient_id")
        .reset_index()
    )
    frame = frame.assign(exams=frame["exams"].fillna(0), agrees=_agrees(frame))
    return conform(frame.sort_values("patient_id"), PATIENT_SUMMARY)


def merged(frame: pd.DataFrame, survivors: pd.Series) -> pd.DataFrame:
    """Give the rows of every record that was merged into a patient to that patient."""
    survivor = frame["patient_id"].map(survivors).astype("str")
    return frame.assign(patient_id=survivor.fillna(frame["patient_id"]))


def _visits(exams: pd.DataFrame) -> pd.DataFrame:
    by_patient = exams.groupby("patient_id")
    days = exams[["patient_id", "exam_date"]].drop_duplicates().iloc[::-1]
    place = days.groupby("patient_id").cumcount()
    shown = days[place < _DATES_SHOWN]
    dates = shown["exam_date"].dt.strftime("%Y-%m-%d").groupby(shown["patient_id"]).agg(", ".join)
    newest = days[place < _DATED].assign(place=place + 1).pivot(index="patient_id", columns="place", values="exam_date")
    more = (days.groupby("patient_id").size() - _DATES_SHOWN).clip(lower=0)
    return pd.DataFrame(
        {
            "last_exam_date": by_patient["exam_date"].last(),
            "exams": by_patient.size(),
            "exam_dates": dates.mask(more > 0, dates + " +" + more.astype("str")),
            **{f"exam_date_{number}": newest.get(number) for number in range(1, _DATED + 1)},
        }
    )


def _latest_chart(exams: pd.DataFrame, suggestions: pd.DataFrame) -> pd.DataFrame:
    probed = exams[exams["sites_probed"] > 0].drop_duplicates("patient_id", keep="last")
    suggested = suggestions[["exam_id", "stage_suggested", "grade_suggested", "confidence"]]
    return (
        probed.drop(columns="exam_date")
        .merge(suggested, on="exam_id", how="left", validate="one_to_one")
        .rename(
            columns={
                "exam_id": "last_exam_id",
                "stage_suggested": "classification_suggested",
                "confidence": "suggestion_confidence",
            }
        )
        .set_index("patient_id")
    )


def _latest_diagnosis(recorded: pd.DataFrame) -> pd.DataFrame:
    latest = recorded.sort_values("diagnosed_at", kind="stable").drop_duplicates("patient_id", keep="last")
    return latest.set_index("patient_id")[["classification", "grade", "diagnosed_at"]].rename(
        columns={
            "classification": "classification_recorded",
            "grade": "grade_recorded",
            "diagnosed_at": "classified_at",
        }
    )


def _agrees(frame: pd.DataFrame) -> pd.Series:
    recorded, suggested = frame["classification_recorded"], frame["classification_suggested"]
    is_same = (recorded == suggested) | ((recorded == "periodontitis") & suggested.isin(RANKS[STAGE_1:]))
    return is_same.astype("boolean").mask(recorded.isna() | suggested.isna(), np.nan)
