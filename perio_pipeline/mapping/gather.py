"""Records made of several rows (`gather` in a mapping file): which rows go together, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline.mapping.rows import source_key
from perio_pipeline.mapping.transforms import TRANSFORMS, Locale
from perio_pipeline.panda.frames import TEXT

BETWEEN = "\n\n"
"""Stands between the texts of two rows."""


@dataclass(frozen=True)
class Records:
    """The records of an object, and the rows they are made of.

    Attributes:
        heads: the first row of each record, numbered from 0.
        source_key: of each record.
        rows: all rows, in order; those of one record need not stand together.
        record: for each of `rows`, the number of its record.
    """

    heads: pd.DataFrame
    source_key: pd.Series[str]
    rows: pd.DataFrame
    record: pd.Series[int]

    def count(self) -> pd.Series[int]:
        """Return how many rows each record is made of."""
        return self.record.value_counts().reindex(self.heads.index).astype("Int64")

    def together(self, texts: Any) -> Any:
        """Join one text per row to one per record; rows without a text have no say."""
        spoken = texts[texts.notna()]
        joined = spoken.groupby(self.record[spoken.index], sort=False).agg(BETWEEN.join)
        return joined.reindex(self.heads.index).astype(TEXT)


def records_of(obj: ObjectMap, rows: pd.DataFrame, locale: Locale) -> Records:
    """Gather the rows of an object; without `gather` each row is a record."""
    if obj.gather is None:
        return Records(rows, source_key(rows, obj.key), rows, pd.Series(rows.index, index=rows.index))
    if obj.gather.order:
        rows = rows.sort_values(list(obj.gather.order), kind="stable", na_position="last", ignore_index=True)
    parts = [TRANSFORMS[transform].apply(rows[column], locale).astype(TEXT) for column, transform in obj.gather.parts]
    key = parts[0].str.cat(parts[1:], sep="|") if len(parts) > 1 else parts[0]
    record = rows.assign(key=key).groupby(["account", "key"], sort=False, dropna=False).ngroup()
    first = ~record.duplicated()
    heads = rows[first].set_axis(record[first]).sort_index()
    return Records(heads, key[first].set_axis(record[first]).sort_index(), rows, record)
