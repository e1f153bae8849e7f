"""Finding exams that were copied forward: the same patient, another date, and every site the same.

Fingerprints are per exam and do not depend on the order of rows, so large practices compute them chunk by chunk (whole
exams) and concatenate.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from perio_pipeline.panda.frames import table_kinds
from perio_pipeline.validation.frames import CARRIED_FORWARD_EXAM
from perio_pipeline.validation.kinds import as_kinds

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


def carried_forward(exams: pd.DataFrame, fingerprints: pd.DataFrame) -> pd.DataFrame:
    """Find exams whose sites all equal those of an earlier exam of the same patient on another date.

    Args:
        exams: valid `perio_exam` rows.
        fingerprints: the `site_fingerprints` of their sites; those of several chunks one under the other.

    Returns:
        One row per copied exam, by its key (`frames.CARRIED_FORWARD_EXAM`).
    """
    full = fingerprints[fingerprints["measured"] >= FEWEST_SITES]
    charted = exams[["exam_id", "patient_id", "exam_date"]].merge(full, on="exam_id")
    charted = charted.sort_values(["exam_date", "exam_id"], kind="stable")
    first = charted.groupby(["patient_id", "measured", "fingerprint"])[["exam_id", "exam_date"]].transform("first")
    copies = charted.assign(copied_from_exam_id=first["exam_id"])[charted["exam_date"] > first["exam_date"]]
    return as_kinds(copies.sort_values("exam_id"), table_kinds(CARRIED_FORWARD_EXAM))


def _hashes(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return one hash per row; no value has its own."""
    places, distinct = pd.factorize(column)
    texts = np.array([str(value) for value in distinct], dtype=object)
    hashes = pd.util.hash_array(texts, categorize=False) if len(texts) else np.empty(0, dtype=np.uint64)
    return np.append(hashes, np.uint64(1))[places]
