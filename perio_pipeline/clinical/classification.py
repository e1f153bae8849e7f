"""Periodontal classification: what the charts suggest, and what the clinicians recorded. The two never mix."""

from __future__ import annotations

import numpy as np
import pandas as pd

from perio_pipeline.clinical.columnar import Limits, Source
from perio_pipeline.clinical.findings import exam_findings
from perio_pipeline.clinical.frames import RECORDED, SUGGESTION, conform
from perio_pipeline.clinical.grading import grade
from perio_pipeline.clinical.staging import RANKS, STAGE_1, UNKNOWN, stage


def suggest(
    sites: Source, teeth: Source, exams: pd.DataFrame, patients: pd.DataFrame, *, limits: Limits | None = None
) -> pd.DataFrame:
    """Suggest a classification for every exam.

    A stage once reached is kept after successful therapy (Kornman & Papapanou 2020): where an earlier exam of the
    patient supports a higher stage with more than low confidence, that stage stands, with medium confidence and
    `kept_from_earlier_exam` first in its basis.

    Args:
        sites: validated `perio_site`.
        teeth: validated `perio_tooth`.
        exams: validated `perio_exam`.
        patients: validated `patient`.
        limits: what the aggregation may take from the machine.

    Returns:
        `SUGGESTION`, one row for each row of `exams`, in the order of their ids; without a suggestion where nothing was
        probed, or where bleeding was not recorded and there is no case of periodontitis.
    """
    findings = exam_findings(sites, teeth, exams, limits or Limits())
    staged = _kept(pd.concat([findings[["exam_id", "patient_id", "exam_date"]], stage(findings)], axis=1))
    names = np.array([*RANKS, None], dtype=object)
    grades = grade(findings, patients).where(staged["rank"] >= STAGE_1)
    frame = staged.assign(
        stage_suggested=names[staged["rank"]],
        grade_suggested=grades["grade"],
        grade_basis=grades["grade_basis"],
        extent_suggested=staged["extent"],
    )
    return conform(frame.sort_values("exam_id"), SUGGESTION)


def _kept(staged: pd.DataFrame) -> pd.DataFrame:
    """Carry each patient's highest stage forward; the exams of a patient are in order of time."""
    is_lasting = (staged["rank"] >= STAGE_1) & (staged["confidence"] != "low")
    reached = staged["rank"].where(is_lasting, UNKNOWN).groupby(staged["patient_id"]).cummax()
    is_kept = (reached > staged["rank"]) & (staged["basis"] != "not_probed")
    basis = "kept_from_earlier_exam+" + staged["basis"].fillna("")
    return staged.assign(
        rank=staged["rank"].mask(is_kept, reached),
        confidence=staged["confidence"].mask(is_kept, "medium"),
        extent=staged["extent"].mask(is_kept & (staged["rank"] < STAGE_1)),
        basis=staged["basis"].mask(is_kept, basis.str.removesuffix("+")),
    )


def recorded(diagnoses: pd.DataFrame) -> pd.DataFrame:
    """Return each patient's latest recorded classification (`RECORDED`), by its time and then its id."""
    latest = diagnoses.sort_values(["patient_id", "diagnosed_at", "diagnosis_id"]).drop_duplicates(
        "patient_id", keep="last"
    )
    return conform(latest, RECORDED)
