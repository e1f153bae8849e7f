"""What is not in the CRM, or not as it is in PANDA: records left out by reason, and files that are not sent whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from perio_pipeline.files.frames import PROBLEMS, REASONS, VARIANTS

CATEGORIES = {
    "skipped": "left out by policy",
    "merged": "part of another record",
    "elsewhere": "arrives as another object",
    "unavailable": "there is nothing to send",
}
"""Category of a record that is left out → what it means."""

FILES_SHOWN = 200


def left_out_lines(left_out: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Count the records left out, per object, category and reason.

    Args:
        left_out: object → source_key, category, reason.
    """
    lines = []
    for name, frame in left_out.items():
        counts = frame.groupby(["category", "reason"], dropna=False)["source_key"].nunique().reset_index()
        for category, reason, count in counts.itertuples(index=False):
            meaning = CATEGORIES.get(category, category)
            lines.append({"object": name, "meaning": meaning, "reason": reason_in_words(str(reason)), "count": count})
    return lines


def file_lines(sent: pd.DataFrame) -> list[dict[str, Any]]:
    """List the files that do not go as they are, by their keys; paths and names stay in the frame.

    Args:
        sent: `files.frames.SENT`.
    """
    rows = sent[sent["reason"].notna()].sort_values(["kind", "variant", "reason", "file_id"], na_position="first")
    plain = rows.astype(object).where(rows.notna(), None)
    return [
        {
            "kind": row["kind"],
            "file_id": row["file_id"],
            "what": VARIANTS[row["variant"]] if row["variant"] else "nothing to send",
            "reason": reason_in_words(row["reason"]),
            "bytes": row["original_bytes"],
        }
        for row in plain.to_dict("records")
    ]


def reason_in_words(reason: str) -> str:
    """Return what a reason means; those that speak for themselves as they are."""
    known = {**PROBLEMS, **REASONS}
    return known.get(reason, reason.replace("_", " "))
