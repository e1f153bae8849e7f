"""Finding exams that were copied forward: the same patient, another date, and every site the same.

Fingerprints are per exam and do not depend on the order of rows, so large practices compute them chunk by chunk (whole
exams) and concatenate.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from perio_pipeline.validation.findings import TREATMENTS
from perio_pipeline.validation.kinds import as_kinds
from perio_pipeline.validation.treatments import RULES

FEWEST_SITES = 36
"""Measured sites (six teeth) from which equality is no coincidence."""

_SITE_COLUMNS = ("tooth", "site", "depth_state", "depth_mm", "recession_mm")
_SITE_FLAGS = ("bleeding", "suppuration", "plaque", "calculus")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying loses nothing


def site_fingerprints(sites: pd.DataFrame) -> pd.DataFrame:
    """Return one row per exam of valid `perio_site` rows.

    Returns:
        `exam_id` str, `measured` int64 (sites with a depth), `fingerprint` uint64 (equal for equal site vectors).
    """
    row = np.zeros(len(sites), dtype=np.uint64)
    for name in (*_SITE_COLUMNS, *_SITE_FLAGS):
        row = (row ^ (row >> np.uint64(29))) * _FACTOR + _hashes(sites[name])
    row = (row ^ (row >> np.uint64(32))) * _FACTOR
    per_site = pd.DataFrame(
        {"exam_id": sites["exam_id"], "measured": sites["depth_mm"].notna().astype("int64"), "fingerprint": row}
    )
    return per_site.groupby("exam_id", as_index=False, sort=True).sum()


def carried_forward(exams: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Report exams whose sites all equal those of an earlier exam of the same patient on another date.

    Args:
        exams: valid `perio_exam` rows.
        sites: their valid `perio_site` rows.

    Returns:
        Treatments (`findings.TREATMENTS`) on `perio_exam`, action `reported`; `row` is empty, because valid rows no
        longer know their place in the extract.
    """
    return carried_forward_from(exams, site_fingerprints(sites))


def carried_forward_from(exams: pd.DataFrame, fingerprints: pd.DataFrame) -> pd.DataFrame:
    """Do the same as `carried_forward` from the concatenated `site_fingerprints` of all chunks."""
    full = fingerprints[fingerprints["measured"] >= FEWEST_SITES]
    charted = exams[["exam_id", "patient_id", "exam_date"]].merge(full, on="exam_id")
    charted = charted.sort_values(["exam_date", "exam_id"], kind="stable")
    first = charted.groupby(["patient_id", "measured", "fingerprint"])["exam_date"].transform("first")
    copies = charted.loc[charted["exam_date"] > first, "exam_id"].sort_values()
    rule = RULES["carried_forward"]
    texts = {"column": "exam_date", "rule": rule.name, "reason": rule.reason, "action": rule.action.value}
    return as_kinds(pd.DataFrame({"row_key": copies}).assign(row=float("nan"), **texts), TREATMENTS)


def _hashes(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return one hash per row; no value has its own."""
    places, distinct = pd.factorize(column)
    texts = np.array([str(value) for value in distinct], dtype=object)
    hashes = pd.util.hash_array(texts, categorize=False) if len(texts) else np.empty(0, dtype=np.uint64)
    return np.append(hashes, np.uint64(1))[places]
