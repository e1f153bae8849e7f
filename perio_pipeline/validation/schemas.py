"""pandera schemas built from canonical tables, and their failures as findings.

Of pandera's failure cases only index, column and check are read: they also hold the offending values, and its exception
texts do, so neither leaves this module.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from perio_pipeline.panda.canonical import Column, Kind, Table
from perio_pipeline.validation.findings import Finding, Positions

_RULES = {"not_nullable": "required", "choice": "choice", "low": "range", "high": "range"}


@cache
def columns_schema(table: Table) -> pa.DataFrameSchema:
    """Return the schema of the table's cells: required, choices, bounds. Types hold by construction."""
    return pa.DataFrameSchema(
        {column.name: pa.Column(None, _checks(column), nullable=not column.required) for column in table.columns},
        strict=True,
    )


@cache
def key_schema(table: Table) -> pa.DataFrameSchema:
    """Return the schema of the table's key: unique; the first row of a key is no failure."""
    return pa.DataFrameSchema(unique=list(table.key), report_duplicates="exclude_first")


def cell_findings(table: Table, frame: pd.DataFrame) -> list[Finding]:
    """Check the cells of a typed frame whose index is 0..n-1: rules required, choice and range."""
    cases = _failures(columns_schema(table), frame)
    return [
        Finding(str(name), _RULES[str(check)], _positions(group), _reason(table.column(str(name)), str(check)))
        for (name, check), group in cases.groupby(["column", "check"], sort=True)
    ]


def duplicate_rows(table: Table, frame: pd.DataFrame) -> Positions:
    """Return the index labels of rows whose key stands on an earlier row of the frame."""
    return np.unique(_positions(_failures(key_schema(table), frame)))


def _checks(column: Column) -> list[pa.Check]:
    checks = [pa.Check.isin(column.choices, error="choice")] if column.choices else []
    if column.low is not None:
        checks.append(pa.Check.ge(_bound(column, column.low), error="low"))
    if column.high is not None:
        checks.append(pa.Check.le(_bound(column, column.high), error="high"))
    return checks


def _bound(column: Column, bound: float) -> float | Decimal:
    """Return the bound in the column's own arithmetic: exact decimals do not compare with floats."""
    return Decimal(str(bound)) if column.kind is Kind.DECIMAL else bound


def _reason(column: Column, check: str) -> str:
    if check == "low":
        return f"below {column.low:g}"
    return f"above {column.high:g}" if check == "high" else ""


def _failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame:
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases: pd.DataFrame = errors.failure_cases[["index", "column", "check"]]
        return cases
    return pd.DataFrame({"index": [], "column": [], "check": []})


def _positions(cases: pd.DataFrame) -> Positions:
    return cases["index"].to_numpy(dtype=np.intp)
