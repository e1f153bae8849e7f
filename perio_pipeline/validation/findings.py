"""What validation found, and the quarantine and treatment frames made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perio_pipeline.panda.canonical import Kind, Table
from perio_pipeline.panda.frames import PANDAS_TYPES, typed_frame
from perio_pipeline.validation.treatments import RULES, Action

QUARANTINE: dict[str, Kind] = {
    "row": Kind.INTEGER,
    "row_key": Kind.TEXT,
    "column": Kind.TEXT,
    "rule": Kind.TEXT,
    "reason": Kind.TEXT,
}
"""Columns of a quarantine frame: one line per failure; `row` is the position in the extract.

Rows of exams that a window's batch has read again are numbered on behind it, so that no two rows share a number.
"""

TREATMENTS: dict[str, Kind] = {**QUARANTINE, "action": Kind.TEXT}
"""Columns of a treatments frame: one line per treated cell of a row that went on."""

Positions = NDArray[np.intp]
"""Ordinal positions of rows in a frame, from 0."""


@dataclass(frozen=True, eq=False)
class Finding:
    """One rule's hits in one column; `column` joins several names with `|` where a rule looks at several."""

    column: str
    rule: str
    rows: Positions
    reason: str = ""

    @property
    def refuses(self) -> bool:
        """The rows are held back."""
        return RULES[self.rule].action is Action.QUARANTINED


@dataclass(frozen=True, eq=False)
class Validated:
    """The outcome of validation.

    Attributes:
        valid: rows that passed, in the extract's order; the table's columns with validated types and a fresh index.
        quarantine: columns of `QUARANTINE`, one line per failure.
        treatments: columns of `TREATMENTS`, one line per treated cell of a valid row.
    """

    valid: pd.DataFrame
    quarantine: pd.DataFrame
    treatments: pd.DataFrame


def refused_rows(findings: Sequence[Finding]) -> Positions:
    """Return the positions that at least one finding holds back, ascending."""
    rows = [finding.rows for finding in findings if finding.refuses]
    return np.unique(np.concatenate(rows)) if rows else np.empty(0, dtype=np.intp)


def quarantine_frame(findings: Sequence[Finding], table: Table, extract: pd.DataFrame) -> pd.DataFrame:
    """Return one line per failure, ordered by row (columns of `QUARANTINE`)."""
    return _lines([finding for finding in findings if finding.refuses], table, extract)


def treatments_frame(
    findings: Sequence[Finding], table: Table, extract: pd.DataFrame, refused: Positions
) -> pd.DataFrame:
    """Return one line per treated cell of a row that is not refused, ordered by row (columns of `TREATMENTS`)."""
    kept = [
        Finding(one.column, one.rule, np.setdiff1d(one.rows, refused), one.reason)
        for one in findings
        if not one.refuses
    ]
    lines = _lines(kept, table, extract)
    actions = {name: rule.action.value for name, rule in RULES.items()}
    lines["action"] = lines["rule"].map(actions).astype(PANDAS_TYPES[Kind.TEXT])
    return lines


def row_keys(table: Table, extract: pd.DataFrame) -> pd.Series:
    """Return the source key of each row: its trimmed key columns joined with `|`; nothing stands for no value."""
    parts = [extract[name].fillna("").astype("str").str.strip() for name in table.key]
    keys = parts[0]
    for part in parts[1:]:
        keys = keys + "|" + part
    return keys


def _lines(findings: Sequence[Finding], table: Table, extract: pd.DataFrame) -> pd.DataFrame:
    findings = [finding for finding in findings if len(finding.rows)]
    if not findings:
        return typed_frame(QUARANTINE)
    sizes = [len(finding.rows) for finding in findings]
    positions = np.concatenate([finding.rows for finding in findings])
    order = np.argsort(positions, kind="stable")
    affected = positions[order]
    texts = {
        "column": [finding.column for finding in findings],
        "rule": [finding.rule for finding in findings],
        "reason": [finding.reason or RULES[finding.rule].reason for finding in findings],
    }
    text = PANDAS_TYPES[Kind.TEXT]
    lines = {name: np.repeat(np.array(values, dtype=object), sizes)[order] for name, values in texts.items()}
    return pd.DataFrame(
        {
            "row": pd.array(extract.index.to_numpy()[affected], dtype="Int64"),
            "row_key": row_keys(table, extract.iloc[affected]).to_numpy(dtype=object),
            **lines,
        }
    ).astype({"row_key": text, **dict.fromkeys(texts, text)})
