"""Dates as exports write them: which notation a text is in, and the ISO text that it stands for.

Notations: ISO (also with slashes, dots or none); three numbers, of which day or month may come first; names of months,
as SQL Server's CONVERT writes them (`Mar 14 2021  9:05AM`). Times have 12 or 24 hours, and fractions behind a point or,
as in CONVERT's style 109, a colon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

LATEST_SHORT_YEAR = 2049
"""SQL Server's "two digit year cutoff": 49 is 2049, and 50 is 1950."""


class Order(StrEnum):
    """What comes first in a date of three numbers."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


class Notation(StrEnum):
    """How a date is written."""

    ISO = "iso"
    NAMED = "named month"
    NUMBERS = "numbers"


_TIME = (
    r"(?:(?:T|,?\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.:](?P<fraction>\d{1,9}))?)?(?:\s*(?P<half>[ap])\.?m\.?)?)?"
)
_NOTATIONS = {
    Notation.ISO: re.compile(r"(?P<year>\d{4})(?P<by>[-/.]?)(?P<month>\d{2})(?P=by)(?P<day>\d{2})" + _TIME, re.I),
    Notation.NUMBERS: re.compile(
        r"(?P<first>\d{1,2})(?P<by>[-/.])(?P<second_part>\d{1,2})(?P=by)(?P<year>\d{4}|\d{2})" + _TIME, re.I
    ),
    Notation.NAMED: re.compile(
        r"(?:(?P<name>[a-z]{3,9})\.?[\s-]+(?P<day>\d{1,2})|(?P<day_before>\d{1,2})[\s-]+(?P<name_after>[a-z]{3,9})\.?)"
        r",?[\s-]+(?P<year>\d{4}|\d{2})" + _TIME,
        re.I,
    ),
}
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A text that is a date in some notation; whether it is one that exists is not yet said.

    Attributes:
        notation: which.
        year: as written, of four digits or two.
        parts: month and day; of three numbers the first two, as they stand.
        time: hour of 24, minute, second, microsecond.
        short_year: the year has two digits.
        half_days: the time has 12 hours.
        fraction: the time has a fraction.
    """

    notation: Notation
    year: int
    parts: tuple[int, int]
    time: tuple[int, int, int, int]
    short_year: bool
    half_days: bool
    fraction: bool

    def moment(self, order: Order | None, latest_short_year: int = LATEST_SHORT_YEAR) -> datetime | None:
        """Return the moment it stands for; None where there is none, or where an order matters that is not known.

        Args:
            order: what comes first in three numbers.
            latest_short_year: the last year that two digits can mean.
        """
        month, day = self.parts
        if self.notation == Notation.NUMBERS:
            if order is None and month != day:
                return None
            if order == Order.DAY_FIRST:
                month, day = day, month
        year = self.year
        if self.short_year:
            year = latest_short_year - (latest_short_year - year) % 100
        try:
            return datetime(year, month, day, *self.time)
        except ValueError:
            return None


@lru_cache(maxsize=1 << 14)
def read(text: str) -> Written | None:
    """Return how a date is written; None for what is no date in any notation."""
    stripped = text.strip()
    for notation, pattern in _NOTATIONS.items():
        match = pattern.fullmatch(stripped)
        if match:
            return _written(notation, match)
    return None


def iso(text: str, order: Order | None, latest_short_year: int) -> str:
    """Return a date as `YYYY-MM-DD HH:MM:SS`, with its fraction if it has one; what is no date stays as it is."""
    written = read(text)
    moment = written.moment(order, latest_short_year) if written else None
    return text if moment is None else moment.isoformat(sep=" ")


def _written(notation: Notation, match: re.Match[str]) -> Written | None:
    parts = _parts(notation, match)
    time = _time(match)
    if parts is None or time is None:
        return None
    year = match["year"]
    return Written(
        notation,
        int(year),
        parts,
        time,
        short_year=len(year) == 2,
        half_days=match["half"] is not None,
        fraction=match["fraction"] is not None,
    )


def _parts(notation: Notation, match: re.Match[str]) -> tuple[int, int] | None:
    if notation == Notation.ISO:
        return int(match["month"]), int(match["day"])
    if notation == Notation.NUMBERS:
        return int(match["first"]), int(match["second_part"])
    name = (match["name"] or match["name_after"]).lower()
    months = [number for number, month in enumerate(_MONTHS, 1) if month.startswith(name)]
    return (months[0], int(match["day"] or match["day_before"])) if len(months) == 1 else None


def _time(match: re.Match[str]) -> tuple[int, int, int, int] | None:
    if match["hour"] is None:
        return 0, 0, 0, 0
    hour, half = int(match["hour"]), match["half"]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in "Pp" else 0)
    # SQL Server's datetime2 writes seven digits; six are kept, as its driver does.
    fraction = int((match["fraction"] or "0").ljust(6, "0")[:6])
    return hour, int(match["minute"]), int(match["second"] or 0), fraction
