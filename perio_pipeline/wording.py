"""Counts, times and amounts of data in people's words: the same in every report, check and command."""

from __future__ import annotations

MINUTE, SHORT = 1 / 60, 1.0
"""Hours: what is no time worth a figure, and up to where minutes say more."""

UNITS = ("GB", 3), ("MB", 2), ("kB", 1)


def things(number: int, one: str, many: str = "") -> str:
    """Return a count with its noun.

    Args:
        number: how many.
        one: the noun of one.
        many: the noun of several, where it is not the other with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(hours: float) -> str:
    """Return a time in minutes where it is short, else in hours."""
    if hours < MINUTE:
        return "under 1 min"
    minutes = round(hours * 60)
    return f"{minutes} min" if hours < SHORT and minutes < 60 else f"{hours:,.1f} h"


def percent(share: float) -> str:
    """Return a share in percent; one that is not nothing never reads as nothing."""
    return "under 0.1%" if 0 < share < 0.001 else f"{share:.1%}"


def volume(bytes_: float, step: int = 1000) -> str:
    """Return an amount of data in the largest unit of which it is at least one.

    Args:
        bytes_: how much.
        step: from one unit to the next: 1000 as CRMs sell room, 1024 as SQL Server limits its databases.
    """
    for unit, power in UNITS:
        if bytes_ >= step**power:
            return f"{bytes_ / step**power:,.1f} {unit}"
    return things(int(bytes_), "byte")
