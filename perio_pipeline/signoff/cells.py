"""Columns as texts: how any value of a frame is shown and compared, whatever type it has there."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

Column = Any  # a pandas Series; its type parameters add nothing here
Texts = npt.NDArray[np.object_]
"""One text per record; None where there is nothing."""


class Locale(Protocol):
    """What values are relative to: ISO-2 country of phone numbers and zone of wall-clock times."""

    @property
    def country(self) -> str:
        """ISO-2 code."""
        ...

    @property
    def zone(self) -> ZoneInfo:
        """IANA zone."""
        ...


def plain(value: object) -> str | None:
    """Show one value: numbers without needless zeros, lists with commas, blank text as nothing."""
    if isinstance(value, tuple | list):
        return ", ".join(str(part) for part in value) or None
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        number = format(Decimal(str(value)), "f")
        return number.rstrip("0").rstrip(".") if "." in number else number
    text = str(value)
    return text if text.strip() else None


def each_distinct(values: Texts, function: Callable[[str], str | None]) -> Texts:
    """Apply a slow function once per distinct text; nothing stays nothing."""
    known = {value: function(value) for value in set(values.tolist()) if value is not None}
    return as_texts([known.get(value) for value in values.tolist()])


def texts(column: Column) -> Texts:
    """Show a whole column."""
    if isinstance(column.dtype, pd.StringDtype):
        present: Texts = column.to_numpy(dtype=object, na_value=None, copy=True)
        present[(column.str.strip() == "").to_numpy(dtype=bool)] = None
        return present
    known: dict[object, str | None] = {}
    shown: list[str | None] = []
    for value in column.astype(object).tolist():
        key = (type(value), tuple(value) if isinstance(value, list) else value)
        if key not in known:
            known[key] = plain(value)
        shown.append(known[key])
    return as_texts(shown)


def as_texts(values: list[str | None]) -> Texts:
    """Make an array of a list of texts; NaN counts as nothing."""
    array = np.empty(len(values), dtype=object)
    array[:] = [value if isinstance(value, str) else None for value in values]
    return array


def nothing(size: int) -> Texts:
    """A column without any value."""
    return np.full(size, None, dtype=object)
