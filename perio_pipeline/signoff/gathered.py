"""Records that gather several source rows, as the mapping file describes them; read anew for the diff alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline.signoff.cells import Locale, Texts, as_texts
from perio_pipeline.signoff.comparators import COMPARATORS


@dataclass(frozen=True)
class SourceRecords:
    """What should be in the CRM.

    Attributes:
        heads: the first source row of each record, under the record's source key.
        rows: all source rows, in order.
        members: the places in `rows` of each record's rows.
    """

    heads: pd.DataFrame
    rows: pd.DataFrame
    members: Sequence[Sequence[int]]

    def beneath(self, heads: Texts, each: Texts, between: str) -> Texts:
        """Put the texts of all rows of a record beneath that of its head, with `between` between them."""
        lines = [
            [head, *(each[place] for place in places)]
            for head, places in zip(heads.tolist(), self.members, strict=True)
        ]
        return as_texts([between.join(text for text in record if text) or None for record in lines])

    def any_of(self, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Say for each record whether it is so for any of its rows."""
        return np.array([any(rows[place] for place in places) for places in self.members], dtype=bool)


def source_records(obj: ObjectMap, rows: pd.DataFrame, locale: Locale) -> SourceRecords:
    """Gather an object's `source_rows`; without `gather` each row is a record."""
    if obj.gather is None:
        return SourceRecords(rows, rows, [[place] for place in range(len(rows))])
    parts = [COMPARATORS[transform].shown(rows[column], locale) for column, transform in obj.gather.parts]
    members: dict[str, list[int]] = {}
    for place, key in enumerate(zip(*(part.tolist() for part in parts), strict=True)):
        members.setdefault("|".join(str(part) for part in key), []).append(place)
    heads = rows.iloc[[places[0] for places in members.values()]].reset_index(drop=True)
    return SourceRecords(heads.assign(source_key=pd.Series(list(members), dtype="str")), rows, list(members.values()))
