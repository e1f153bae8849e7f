"""A suggested calendar for the cutover, from the days on which the practice works and the hours that a load takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from perio_pipeline.wording import duration

BUSY_SHARE = 0.03
"""A weekday with a smaller share of the last year's visits is taken for a closed day."""
REHEARSAL_DAYS = 14
"""From the first rehearsal on the sandbox to the cutover, at least."""
WINDOW_HOURS = (24, 48)
"""A delta window lasts as long, by what the full load takes."""


@dataclass(frozen=True)
class Appointed:
    """One entry of the calendar."""

    on: date
    what: str


def working_days(visits: pd.Series[pd.Timestamp], today: date) -> frozenset[int]:
    """Return the weekdays (0 Monday) on which the practice works, by its visits of the last year.

    Monday to Friday where there are none.
    """
    recent = visits[(visits >= pd.Timestamp(today) - pd.DateOffset(years=1)) & (visits <= pd.Timestamp(today))]
    weekdays = recent.dt.day_of_week
    busy = (day for day in range(7) if (weekdays == day).mean() >= BUSY_SHARE)
    return frozenset(busy) or frozenset(range(5))


def cutover_calendar(days: frozenset[int], hours: float, today: date) -> list[Appointed]:
    """Suggest when to rehearse, load, open and close the window, and sign.

    The full load begins on the evening before the longest row of closed days, so that it runs while nobody works.

    Args:
        days: on which the practice works.
        hours: that the full load takes.
        today: the day from which on.
    """
    earliest = today + timedelta(days=REHEARSAL_DAYS)
    evenings = [earliest + timedelta(days=ahead) for ahead in range(14)]
    worked = [day for day in evenings if day.weekday() in days]
    last_day = max(worked, key=lambda day: (_closed_after(day, days), -day.toordinal()))
    load_days = math.ceil(hours / 24)
    loaded = last_day + timedelta(days=load_days)
    window = WINDOW_HOURS[hours > WINDOW_HOURS[0]]
    opens = _next_working(loaded, days)
    closes = opens + timedelta(hours=window)
    return [
        Appointed(_next_working(today + timedelta(days=1), days), "Rehearse on the sandbox: sample, full, rollback."),
        Appointed(_next_working(today + timedelta(days=7), days), "Sample migration into the account; look and sign."),
        Appointed(last_day, f"Evening, after the last patient: full migration, about {duration(hours)}."),
        Appointed(loaded, "Read what is open in the sign-off report; retry what failed."),
        Appointed(opens, f"The delta window opens for {window} h: people start in the CRM, PANDA is still read."),
        Appointed(closes, "PANDA is frozen: read only. The window closes itself with a last sweep."),
        Appointed(_next_working(closes + timedelta(days=1), days), "Reconcile, sign off, and switch the workflows on."),
    ]


def _closed_after(day: date, days: frozenset[int]) -> int:
    closed = 0
    while closed < 7 and (day + timedelta(days=closed + 1)).weekday() not in days:
        closed += 1
    return closed


def _next_working(day: date, days: frozenset[int]) -> date:
    while day.weekday() not in days:
        day += timedelta(days=1)
    return day
