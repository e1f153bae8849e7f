"""The ways in which a column can be read: as it is, as dates in some order, without the values that mean nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from perio_pipeline.panda.patterns import read_dates
from perio_pipeline.panda.profiling.sampling import SampledColumn
from perio_pipeline.panda.profiling.shapes import KINDS, looks, spread

DAYS = ("DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "DD-MM-YYYY", "YYYYMMDD", "YYYY/MM/DD")
TIMES = ("", " hh:mm:ss am", " hh:mm am", " hh:mm:ss", " hh:mm")
_ISO = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9](?:[ T][0-9:.]+(?: ?[+-][0-9:]+)?)?")
_DAY = re.compile(r"(?:[0-9]{8}|[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{2,4})(?: .*)?")
"""Whatever may be a date in one of the ways above; the others need not be tried."""
_TIME = re.compile(r"[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?")
NEVER = ("9999", "2999", "2199", "1753", "1900")
"""Years of dates that stand for no date."""
MOST, SOME = 0.9, 0.05
"""The share of values that decides, and one below which they are slips; what is broken is for validation to find."""


@dataclass(frozen=True)
class Origin:
    """A column as one canonical table may see it.

    Attributes:
        path: its name in an entry: of a joined table `alias.Column`, of unpivoted ones with a place, `PD_{site}`.
        sample: its values.
        table: the physical table it stands in, by which the words of its name are understood.
        alias: the join it needs; empty for none.
        column: as the table calls it, where that is not the path.
        steps: of an entry, that each entry made of this origin has.
        fixed: the whole entry of what is no single column: a text of several, or the same value for every row.
        day_first: whether days come before months where the column itself leaves that open; None where nothing says.
    """

    path: str
    sample: SampledColumn
    table: str
    alias: str = ""
    column: str = ""
    steps: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    day_first: bool | None = None

    @cached_property
    def values(self) -> list[str]:
        """Some of its values."""
        return [str(value) for value in spread(self.sample.values.tolist(), 400)]

    @cached_property
    def looks(self) -> dict[str, float]:
        """What its values may be."""
        return looks(self.values)

    @cached_property
    def dates(self) -> str | None:
        """How its dates are written; "" for ISO, None where it holds none."""
        if not self.values:
            return "" if re.search(r"date|time", self.sample.type, re.I) else None
        if _share(_ISO, self.values) >= MOST:
            return ""
        patterns = self._date_patterns
        likelier = [each for each in patterns if each.startswith("DD") is self.day_first]
        return next(iter([*likelier, *patterns] if self.is_open else patterns), None)

    @cached_property
    def is_open(self) -> bool:
        """Whether its dates are dates with the day first and with the month first as well."""
        return {"DD/MM/YYYY", "MM/DD/YYYY"} <= {each.partition(" ")[0] for each in self._date_patterns}

    @cached_property
    def _date_patterns(self) -> list[str]:
        """How its dates may be written, the likeliest way first."""
        dated = [value for value in self.values if value not in ("0", "00000000")]
        if not dated or _share(_DAY, dated) < MOST:
            return []
        cells = pd.Series(dated, dtype="str")
        found = []
        for day in DAYS:
            for time in TIMES:
                iso, unread = read_dates(cells, day + time)
                if unread.mean() <= 1 - MOST and _real(iso.dropna()) >= MOST:
                    found.append((float(unread.mean()) - 2 * _real(iso.dropna()), bool(time), day + time))
                    break
        return [pattern for _, _, pattern in sorted(found)]

    @cached_property
    def has_commas(self) -> bool:
        """Whether its numbers have a decimal comma where they are not whole, and not just once by a slip."""
        broken = [value for value in self.values if "," in value or "." in value]
        commas = sum(map(KINDS["decimal_comma"], broken))
        return bool(broken) and commas >= max(MOST * len(broken), SOME * len(self.values))

    @cached_property
    def numbers(self) -> np.ndarray:
        """Its values as numbers; those that are none are not a number."""
        texts = pd.Series(self.values, dtype="str")
        if self.has_commas:
            texts = texts.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        return pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float, na_value=np.nan)

    @cached_property
    def times(self) -> bool:
        """Whether it holds times of day."""
        return bool(self.values) and _share(_TIME, self.values) >= MOST

    @cached_property
    def has_times(self) -> bool:
        """Whether its dates have a time of day besides midnight."""
        return any(re.search(r"[ T]\d", value) and not re.search(r"[ T]00:00(:00)?", value) for value in self.values)

    @cached_property
    def coded(self) -> Mapping[str, int]:
        """Value → rows, where it holds codes: few, and nearly each of them often; else nothing."""
        counts = self.sample.counts
        rows = sum(counts.values())
        often = sum(many for many in counts.values() if many >= 3)
        if not rows or len(counts) > 40 or max(map(len, counts)) > 40:
            return {}
        return counts if often >= 0.95 * rows or (rows <= 60 and len(counts) <= max(rows / 2, 7)) else {}

    def entry(self, **steps: Any) -> str | dict[str, Any]:
        """Return an entry of a bindings file, as short as it can be."""
        if self.fixed:
            return dict(self.fixed)
        steps = {**self.steps, **steps}
        if self.sample.encoding:
            steps["encoding"] = self.sample.encoding
        column = self.column or self.path
        return {"column": column, **steps} if steps else column


def _share(pattern: re.Pattern[str], values: Sequence[str]) -> float:
    return sum(pattern.fullmatch(value.strip()) is not None for value in values) / len(values)


def _real(iso: Any) -> float:
    """The share of dates that the calendar has, and that are of this time; those that never come are left out."""
    some = iso[~iso.str[:4].isin(NEVER)]
    if not len(some):
        return 0.0
    days = pd.to_datetime(some, errors="coerce", format="ISO8601")
    return float(((days.dt.year >= 1850) & (days.dt.year <= 2100)).mean())
