"""What counts of a practice's own findings: one row per patient and declared finding (G5)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from perio_pipeline.clinical.frames import PRACTICE_FINDINGS, conform
from perio_pipeline.panda.frames import typed_frame
from perio_pipeline.panda.own_findings import OwnFinding, dates, folded, numbers


def practice_findings(findings: pd.DataFrame, declared: Mapping[str, OwnFinding], survivors: pd.Series) -> pd.DataFrame:
    """Summarise the declared findings of every surviving patient.

    The latest value is that of the latest record by its time, then its id. What is not of the declared type has no
    number, date or rank, and takes no part in `worst`.

    Args:
        findings: validated `practice_finding`.
        declared: name → what it is, from the practice's file; names are compared whatever their case and spacing.
        survivors: patient id → id of the patient it was merged into; an id that is not in it survives itself.

    Returns:
        `PRACTICE_FINDINGS`, in the order of the declarations and of the patients' ids.
    """
    survivor = findings["patient_id"].map(survivors).astype("str").fillna(findings["patient_id"])
    rows = findings.assign(patient_id=survivor, name=folded(findings["name"]), value=findings["value"].str.strip())
    rows = rows.sort_values(["patient_id", "recorded_at", "finding_id"], na_position="first")
    names = folded(pd.Series(list(declared), dtype="str"))
    parts = [
        _taken(rows[rows["name"] == name], each).assign(finding=finding)
        for name, (finding, each) in zip(names, declared.items(), strict=True)
    ]
    empty = typed_frame({column.name: column.kind for column in PRACTICE_FINDINGS.columns})
    return conform(pd.concat([empty, *parts], ignore_index=True) if parts else empty, PRACTICE_FINDINGS)


def _taken(rows: pd.DataFrame, finding: OwnFinding) -> pd.DataFrame:
    """One row per patient: what is taken of the patient's records, as text, number and date."""
    if finding.take == "count":
        counted = rows.groupby("patient_id").size()
        return pd.DataFrame({"patient_id": counted.index, "text": None, "number": counted.to_numpy(), "date": pd.NaT})
    if finding.take == "teeth":
        teeth = (
            rows.dropna(subset=["tooth"])[["patient_id", "tooth"]]
            .drop_duplicates()
            .sort_values(["patient_id", "tooth"])
        )
        listed = teeth["tooth"].astype("str").groupby(teeth["patient_id"]).agg(", ".join)
        return pd.DataFrame({"patient_id": listed.index, "text": listed.to_numpy(), "number": None, "date": pd.NaT})
    rows = rows.dropna(subset=["value"])
    rows = rows.assign(text=rows["value"], number=numbers(rows["value"]), date=dates(rows["value"]))
    if finding.take == "worst":
        ranks = {code: rank for rank, code in enumerate(finding.choices)}
        rank = rows["value"].map(ranks) if finding.type == "choice" else rows[finding.type]
        rows = rows.assign(rank=rank).dropna(subset=["rank"]).sort_values(["patient_id", "rank"], kind="stable")
    return rows.drop_duplicates("patient_id", keep="last")[["patient_id", "text", "number", "date"]]
