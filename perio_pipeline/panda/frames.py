"""pandas and Arrow types of canonical tables: the one place that says how a `Kind` lies in memory and in Parquet.

Extract frames hold every column as text, exactly as the source gave it: SQL Server, SQLite and CSV exports then look
the same, and a value that cannot be read as what it should be is still there. Validated frames are typed:

    text → str · integer → Int64 · decimal → decimal128(19, 4) · boolean → boolean
    date → datetime64[us] at midnight · datetime → datetime64[us], local wall-clock time
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from perio_pipeline.panda.canonical import Kind, Table

PANDAS_TYPES: dict[Kind, Any] = {
    Kind.TEXT: pd.StringDtype(na_value=float("nan")),
    Kind.INTEGER: pd.Int64Dtype(),
    Kind.DECIMAL: pd.ArrowDtype(pa.decimal128(19, 4)),
    Kind.BOOLEAN: pd.BooleanDtype(),
    Kind.DATE: "datetime64[us]",
    Kind.DATETIME: "datetime64[us]",
}

TEXT: Any = PANDAS_TYPES[Kind.TEXT]


def typed_frame(kinds: Mapping[str, Kind], rows: Iterable[Mapping[str, object]] = ()) -> pd.DataFrame:
    """Build a frame with exactly these columns and validated types; without rows it is empty but typed."""
    records = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([record.get(name) for record in records], dtype=PANDAS_TYPES[kind])
            for name, kind in kinds.items()
        }
    )


def table_kinds(table: Table) -> dict[str, Kind]:
    """Column → kind of a validated frame of the table."""
    return {column.name: column.kind for column in table.columns}


def extract_kinds(table: Table) -> dict[str, Kind]:
    """Column → kind of an extract frame of the table: text throughout."""
    return dict.fromkeys(table.column_names, Kind.TEXT)
