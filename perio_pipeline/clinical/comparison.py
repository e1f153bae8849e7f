"""Which charts of a patient stand side by side, and what counts as a change between two of them (requirement H3)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from perio_pipeline.clinical.patients import merged
from perio_pipeline.panda.chartcode import NONE, Numbers

MOST_SHOWN = 5
"""Charts that stand side by side at most, as in PANDA."""

CHANGE_MM = 2
"""Millimetres from which a difference between two probings is a change: the probe itself errs by about one."""


def shown_exams(summaries: pd.DataFrame, survivors: pd.Series) -> pd.DataFrame:
    """Choose the charts that stand side by side: the first and the latest ones.

    An exam counts when something was charted in it: a probed site, or the state of a tooth. Exams of records that were
    merged into a patient count as that patient's.

    Args:
        summaries: `EXAM_SUMMARY`.
        survivors: patient id → id of the patient it was merged into; an id that is not in it survives itself.

    Returns:
        The rows of `summaries` that are shown, under the surviving patient, with `place` (1 is the earliest shown) and
        `exams` (how many the patient has), in the order of patients and dates.
    """
    charted = (summaries["sites_probed"] > 0) | summaries["teeth_missing"].notna()
    exams = merged(summaries, survivors)[charted.to_numpy(dtype=bool, na_value=False)]
    exams = exams.sort_values(["patient_id", "exam_date", "exam_id"])
    by_patient = exams.groupby("patient_id")
    from_first, from_last = by_patient.cumcount(), by_patient.cumcount(ascending=False)
    exams = exams.assign(exams=by_patient["exam_id"].transform("size"))
    shown = exams[(from_first == 0) | (from_last < MOST_SHOWN - 1)]
    return shown.assign(place=shown.groupby("patient_id").cumcount() + 1).reset_index(drop=True)


def classified(
    exams: pd.DataFrame, diagnoses: pd.DataFrame, suggestions: pd.DataFrame, survivors: pd.Series
) -> pd.DataFrame:
    """Add what was recorded by the day of each exam, and what its chart suggests.

    The diagnosis that was made from the exam counts, else the latest one recorded up to that day.

    Args:
        exams: `shown_exams`.
        diagnoses: validated `perio_diagnosis`.
        suggestions: `SUGGESTION`.
        survivors: as in `shown_exams`.

    Returns:
        The rows of `exams` with `classification_recorded`, `grade_recorded`, `classification_suggested` and
        `grade_suggested`.
    """
    said = ["classification", "grade"]
    dated = merged(diagnoses, survivors).sort_values(["diagnosed_at", "diagnosis_id"])
    own = dated.dropna(subset=["exam_id"]).drop_duplicates("exam_id", keep="last").set_index("exam_id")[said]
    days = dated.assign(exam_date=dated["diagnosed_at"].dt.normalize())[["patient_id", "exam_date", *said]]
    by_day = pd.merge_asof(
        exams[["patient_id", "exam_date", "exam_id"]].sort_values("exam_date", kind="stable"),
        days.sort_values("exam_date", kind="stable"),
        on="exam_date",
        by="patient_id",
    ).set_index("exam_id")[said]
    recorded = own.reindex(exams["exam_id"])
    latest = by_day.reindex(exams["exam_id"])
    has_own = recorded["classification"].notna().to_numpy()
    suggested = suggestions.set_index("exam_id").reindex(exams["exam_id"])
    return exams.assign(
        classification_recorded=recorded["classification"].where(has_own, latest["classification"]).to_numpy(),
        grade_recorded=recorded["grade"].where(has_own, latest["grade"]).to_numpy(),
        classification_suggested=suggested["stage_suggested"].to_numpy(),
        grade_suggested=suggested["grade_suggested"].to_numpy(),
    )


def changes(earlier: Numbers, later: Numbers, comparable: npt.NDArray[np.bool_]) -> Numbers:
    """Say by how many millimetres each site changed: more than 0 is deeper, or more attachment lost.

    Args:
        earlier: millimetres, or `NONE`.
        later: the same, of the later chart.
        comparable: the sites whose tooth is the same one, so that an implant is not measured against the tooth before.

    Returns:
        The difference where it is at least `CHANGE_MM`, else `NONE`.
    """
    difference = later - earlier
    counts = comparable & (earlier != NONE) & (later != NONE) & (np.abs(difference) >= CHANGE_MM)
    return np.where(counts, difference, NONE).astype(np.int16)
