"""Validating one extract: cleaned, typed, checked, and split into rows that go on and rows that are held back.

The law: every extract row is either valid or in quarantine, never both and never neither. Keys and exams must lie
whole within one extract or chunk of it: duplicates and FDI numbering are only seen there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from perio_pipeline.panda.canonical import Table
from perio_pipeline.validation.columns import read_column
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.findings import (
    Finding,
    Positions,
    Validated,
    quarantine_frame,
    refused_rows,
    treatments_frame,
)
from perio_pipeline.validation.references import resolve
from perio_pipeline.validation.row_rules import rules_for
from perio_pipeline.validation.schemas import cell_findings, duplicate_rows


def validate(table: Table, extract: pd.DataFrame, parents: Mapping[str, pd.Index], context: Context) -> Validated:
    """Validate an extract of a table.

    Steps: clean and type each column, check the cells, apply the table's row rules, resolve references, and let the
    first of the rows that are sound so far keep its key.

    Args:
        table: the canonical table.
        extract: its columns as text (str), no value as NaN; the index holds each row's position in the whole extract.
        parents: table → keys of its valid rows, for every table this one refers to.
        context: the day, the place and the switches.

    Returns:
        Valid rows (the table's columns, types of `panda.frames.typed_frame`, fresh index), the quarantine
        (`findings.QUARANTINE`) and the treatments (`findings.TREATMENTS`).

    Raises:
        ValueError: the extract's columns are not the table's, or its index repeats.
        KeyError: a parent table is not given.
    """
    _check_shape(table, extract)
    frame, findings = _read(table, extract, context)
    findings += _without_echo(cell_findings(table, frame), findings, extract)
    frame, found = _apply_row_rules(table, frame, context)
    findings += found
    frame, found = resolve(table, frame, parents)
    findings += found
    sound = _without(frame, refused_rows(findings))
    findings.append(Finding("|".join(table.key), "duplicate_key", duplicate_rows(table, sound)))
    refused = refused_rows(findings)
    return Validated(
        valid=_without(frame, refused).reset_index(drop=True),
        quarantine=quarantine_frame(findings, table, extract),
        treatments=treatments_frame(findings, table, extract, refused),
    )


def _check_shape(table: Table, extract: pd.DataFrame) -> None:
    if set(extract.columns) != set(table.column_names) or len(extract.columns) != len(table.columns):
        raise ValueError(f"{table.name}: the extract's columns are not the table's")
    if not extract.index.is_unique:
        raise ValueError(f"{table.name}: the extract's index repeats")


def _without(frame: pd.DataFrame, rows: Positions) -> pd.DataFrame:
    keep = np.ones(len(frame), dtype=bool)
    keep[rows] = False
    return frame[keep]


def _read(table: Table, extract: pd.DataFrame, context: Context) -> tuple[pd.DataFrame, list[Finding]]:
    columns = {}
    findings: list[Finding] = []
    for column in table.columns:
        columns[column.name], found = read_column(table, column, extract[column.name], context)
        findings += found
    return pd.DataFrame(columns, index=pd.RangeIndex(len(extract))), findings


def _without_echo(checked: list[Finding], earlier: list[Finding], extract: pd.DataFrame) -> list[Finding]:
    """Drop `required` where the cell was already refused, and say where cleaning left nothing of a value."""
    result = []
    for finding in checked:
        if finding.rule != "required":
            result.append(finding)
            continue
        refused = refused_rows([one for one in earlier if one.column == finding.column])
        rows = np.setdiff1d(finding.rows, refused)
        had_value = extract[finding.column].iloc[rows].fillna("").str.strip().ne("").to_numpy(dtype=bool)
        result.append(Finding(finding.column, "required", rows[~had_value]))
        result.append(Finding(finding.column, "required", rows[had_value], "no value left after cleaning"))
    return result


def _apply_row_rules(table: Table, frame: pd.DataFrame, context: Context) -> tuple[pd.DataFrame, list[Finding]]:
    findings = []
    for rule in rules_for(table):
        for hit in rule(frame, context):
            if not hit.mask.any() or not context.applies(hit.rule):
                continue
            findings.append(Finding(hit.column, hit.rule, np.flatnonzero(hit.mask)))
            if hit.column_after is not None:
                frame = frame.assign(**{hit.column: hit.column_after})
    return frame, findings
