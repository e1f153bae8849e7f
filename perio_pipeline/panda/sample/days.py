"""Days and times of the practice: how they are written, office hours, and the night the clocks go forward."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

_OPENING_HALF_HOUR, _LAST_HALF_HOUR = 16, 33  # 8:00 to 16:30
_SATURDAY = 5


def stamp(moment: date | None) -> str | None:
    """Return a date or time as PANDA stores it; a date has midnight behind it."""
    if moment is None:
        return None
    if isinstance(moment, datetime):
        return moment.isoformat(sep=" ", timespec="seconds")
    return f"{moment.isoformat()} 00:00:00"


def workday(day: date) -> date:
    """Return the day, or the Monday after it if it falls on a weekend."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= _SATURDAY else day


def office_time(rng: random.Random, day: date) -> datetime:
    """Return a time of that day on the half hour at which the office books."""
    half_hours = rng.randint(_OPENING_HALF_HOUR, _LAST_HALF_HOUR)
    return datetime.combine(day, time(half_hours // 2, 30 * (half_hours % 2)))


def shortly_after(rng: random.Random, moment: date) -> datetime:
    """Return a time in the hours after a moment, to the second, when somebody typed something."""
    base = moment if isinstance(moment, datetime) else datetime.combine(moment, time(9))
    return base + timedelta(seconds=rng.randint(600, 4 * 3600))


def clocks_forward(year: int) -> datetime:
    """Return 02:30 on the second Sunday of March, a time that does not exist in most of the US."""
    first = date(year, 3, 1)
    sunday = first + timedelta(days=(6 - first.weekday()) % 7 + 7)
    return datetime.combine(sunday, time(2, 30))
