"""Giving a computed frame the types its column list declares."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import PANDAS_TYPES


def as_kinds(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """Return exactly these columns, in this order, with the types of `typed_frame` and a fresh index."""
    typed = {name: frame[name].astype(PANDAS_TYPES[kind]) for name, kind in kinds.items()}
    return pd.DataFrame(typed).reset_index(drop=True)
