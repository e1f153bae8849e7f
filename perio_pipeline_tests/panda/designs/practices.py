"""What the tests of designs hold in hand: a practice's database, and its canonical frames by what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.validation.parsing import parse

UNREADABLE = "<unreadable>"
"""Stands for whatever validation refuses: designs may keep it in different words."""


@dataclass(frozen=True)
class Practice:
    """A database, how it is read, what it has no place for, and its canonical frames."""

    path: Path
    source: PandaSource
    losses: Mapping[str, list[str]]
    frames: Mapping[str, pd.DataFrame]


def canonical(source: PandaSource, table: Table) -> pd.DataFrame:
    """Return a table's rows by key, each value as validation understands it: 2026-03-01 is the same as 1 March 2026."""
    frame = pd.concat(source.chunks(table), ignore_index=True)
    read = {column.name: _meaning(column.kind, frame[column.name]) for column in table.columns}
    return pd.DataFrame(read, dtype=object).sort_values(list(table.key), kind="stable", ignore_index=True)


def _meaning(kind: str, cells: pd.Series) -> list[str | None]:
    texts = [str(cell).strip() or None if isinstance(cell, str) else None for cell in cells]
    values, unreadable = parse(kind, texts)  # type: ignore[arg-type]
    return [
        UNREADABLE if bad else None if pd.isna(value) else str(value)
        for value, bad in zip(values, unreadable, strict=True)
    ]
