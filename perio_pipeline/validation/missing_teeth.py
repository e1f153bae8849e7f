"""The teeth that each exam records as missing, in a form in which tens of millions of sites are looked up in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class MissingTeeth:
    """Missing teeth by exam.

    Attributes:
        exams: the exams that have any.
        codes: one number per exam and missing tooth, ascending.
    """

    exams: pd.Index
    codes: NDArray[np.int64]

    @classmethod
    def of(cls, teeth: Iterable[pd.DataFrame]) -> MissingTeeth:
        """Gather them from valid `perio_tooth` rows (`exam_id`, `tooth`, `status`), piece by piece."""
        gone = pd.concat([piece.loc[piece["status"] == "missing", ["exam_id", "tooth"]] for piece in teeth])
        exams: pd.Index = pd.Index(gone["exam_id"].unique())
        return cls(exams, np.unique(_codes(gone, exams)))

    def hold(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Return whether each row (`exam_id`, `tooth`) is of a tooth that its exam records as missing."""
        if not len(self.codes):
            return np.zeros(len(rows), dtype=bool)
        asked = _codes(rows, self.exams)
        places = np.minimum(np.searchsorted(self.codes, asked), len(self.codes) - 1)
        found: NDArray[np.bool_] = (self.codes[places] == asked) & (asked >= 0)
        return found


def _codes(frame: pd.DataFrame, exams: pd.Index) -> NDArray[np.int64]:
    """Return one number per exam and tooth; negative for exams not listed and rows without a tooth."""
    places, distinct = pd.factorize(frame["exam_id"])
    numbers = np.append(exams.get_indexer(pd.Index(distinct)), -1)[places]
    teeth = frame["tooth"].to_numpy(dtype=np.int64, na_value=-1)
    in_mouth = (numbers >= 0) & (teeth >= 0) & (teeth < 100)
    return np.where(in_mouth, numbers * 100 + teeth, -1)
