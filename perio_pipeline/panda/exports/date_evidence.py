"""What the values of a column prove of the notation of its dates."""

from __future__ import annotations

from dataclasses import dataclass, field

from perio_pipeline.panda.exports.dates import Notation, Order, Written, read
from perio_pipeline.panda.exports.seen import Seen


@dataclass
class DateEvidence:
    """How the dates of a column are written.

    Attributes:
        iso, named: dates whose notation says what is what.
        day_first, month_first: three numbers of which one is no month, and so proves the order.
        either: three numbers that are another date in the other order.
        same: three numbers that are the same date in both.
        year_first, not_year_first: with years of two digits, those whose first number can only be a year, and those
            whose order cannot be year, month, day.
        unread: what is no date.
        short_years, half_days, fractions: two-digit years, 12-hour times, times with a fraction.
    """

    iso: Seen = field(default_factory=Seen)
    named: Seen = field(default_factory=Seen)
    day_first: Seen = field(default_factory=Seen)
    month_first: Seen = field(default_factory=Seen)
    either: Seen = field(default_factory=Seen)
    same: Seen = field(default_factory=Seen)
    year_first: Seen = field(default_factory=Seen)
    not_year_first: Seen = field(default_factory=Seen)
    unread: Seen = field(default_factory=Seen)
    short_years: Seen = field(default_factory=Seen)
    half_days: Seen = field(default_factory=Seen)
    fractions: Seen = field(default_factory=Seen)

    @property
    def proven(self) -> Order | None:
        """The order that the column's own values prove; None where none do, or both."""
        if bool(self.day_first) == bool(self.month_first):
            return None
        return Order.DAY_FIRST if self.day_first else Order.MONTH_FIRST

    @property
    def contradictory(self) -> bool:
        """Values prove both orders."""
        return bool(self.day_first) and bool(self.month_first)

    @property
    def open(self) -> bool:
        """The order matters, and the column does not prove it."""
        return self.contradictory or (bool(self.either) and self.proven is None)

    @property
    def years_first(self) -> bool:
        """Two-digit years stand in front, where they look like days."""
        return self.year_first.values > self.not_year_first.values

    def take(self, line: int, text: str) -> None:
        """Look at a value."""
        written = read(text)
        if written is None:
            self.unread.add(line)
            return
        for seen, holds in (
            (self.short_years, written.short_year),
            (self.half_days, written.half_days),
            (self.fractions, written.fraction),
        ):
            if holds:
                seen.add(line)
        if written.short_year and written.notation == Notation.NUMBERS:
            self._take_short_year(line, written)
        self._of(written).add(line)

    def _take_short_year(self, line: int, written: Written) -> None:
        first, second = written.parts
        if not (1 <= second <= 12 and 1 <= written.year <= 31):
            self.not_year_first.add(line)
        elif not 1 <= first <= 31:
            self.year_first.add(line)

    def _of(self, written: Written) -> Seen:
        by_day, by_month = written.moment(Order.DAY_FIRST), written.moment(Order.MONTH_FIRST)
        if by_day is None and by_month is None:
            return self.unread
        if written.notation != Notation.NUMBERS:
            return self.iso if written.notation == Notation.ISO else self.named
        if by_day is None:
            return self.month_first
        if by_month is None:
            return self.day_first
        return self.same if by_day == by_month else self.either
