"""Grade: how fast periodontitis progresses (Tonetti, Greenwell & Kornman 2018).

Every case starts at B. Direct evidence is the change of the worst interdental attachment loss between a patient's own
exams: 2 mm more within five years is C, none over five years is A. Smoking and diabetes can only raise the grade. Bone
loss by age is not on a chart; where nothing else decided, the basis says `default`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from perio_pipeline.clinical.staging import joined_codes

_RAPID_MM = 2
_HEAVY_CIGARETTES = 10
_POOR_HBA1C = 7.0


def grade(findings: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    """Grade every exam as if it were a case.

    Returns:
        The columns grade and grade_basis, in the order of `findings`. A count of cigarettes says nothing about someone
        charted as never or former smoker, and an HbA1c nothing without a diagnosed diabetes.
    """
    known = ["patient_id", "smoking", "cigarettes_per_day", "diabetes", "hba1c"]
    patient = findings[["patient_id"]].merge(patients[known], on="patient_id", how="left", validate="many_to_one")
    is_non_smoker = patient["smoking"].isin(["never", "former"])
    is_heavy_smoker = ~is_non_smoker & (patient["cigarettes_per_day"].fillna(0) >= _HEAVY_CIGARETTES)
    has_diabetes = patient["diabetes"].fillna(False)
    is_poorly_controlled = has_diabetes & (patient["hba1c"].astype("Float64").fillna(0) >= _POOR_HBA1C)
    is_rapid = findings["change_within_5_years"].fillna(0) >= _RAPID_MM
    is_stable = findings["change_over_5_years"].fillna(1) <= 0
    is_slow = is_stable & ~is_rapid & is_non_smoker & ~patient["diabetes"].fillna(True)
    is_fast = (is_rapid | is_heavy_smoker | is_poorly_controlled).to_numpy(dtype=bool)
    basis = {
        "progression": (is_rapid | is_slow).to_numpy(dtype=bool),
        "smoking": is_heavy_smoker.to_numpy(dtype=bool),
        "hba1c": is_poorly_controlled.to_numpy(dtype=bool),
    }
    return pd.DataFrame(
        {
            "grade": np.select([is_fast, is_slow.to_numpy(dtype=bool)], ["C", "A"], default="B"),
            "grade_basis": joined_codes(basis).fillna("default"),
        }
    )
