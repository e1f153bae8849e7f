"""Where each site stands on the paper: the patient's right is on the left, and mesial always faces the midline.

Universal numbers run 1 to 16 along the upper arch and 32 to 17 along the lower one, so that in the left half of each
row a tooth's distal site comes first and in the right half its mesial one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from perio_pipeline.panda.chartcode import SIDES
from perio_pipeline.panda.tables import SITES

UPPER = tuple(range(1, 17))
LOWER = tuple(range(32, 16, -1))
"""Teeth as they stand from left to right."""
HALF = len(UPPER) // 2
"""Teeth before the midline."""
SITES_OF_TOOTH = 3

_BUCCAL, _LINGUAL = ("DB", "B", "MB"), ("DL", "L", "ML")


@dataclass(frozen=True)
class Side:
    """One side of an arch.

    Attributes:
        name: for people.
        teeth: from left to right.
        sites: the sites of a tooth of the left half, from left to right.
    """

    name: str
    teeth: tuple[int, ...]
    sites: tuple[str, ...]

    def sites_of(self, column: int) -> tuple[str, ...]:
        """The sites of the tooth in a column, from left to right."""
        return self.sites if column < HALF else self.sites[::-1]

    @cache  # noqa: B019 (there are four sides)
    def places(self) -> tuple[int, ...]:
        """Position of each site, from left to right, in a line of `panda.chartcode`."""
        return tuple(
            (tooth - 1) * len(SITES) + SITES.index(site)
            for column, tooth in enumerate(self.teeth)
            for site in self.sites_of(column)
        )


@dataclass(frozen=True)
class Arch:
    """An arch as it is looked at: the side above the teeth and the one beneath them."""

    teeth: tuple[int, ...]
    above: Side
    beneath: Side


ARCHES = (
    Arch(UPPER, Side("Upper buccal", UPPER, _BUCCAL), Side("Upper palatal", UPPER, _LINGUAL)),
    Arch(LOWER, Side("Lower lingual", LOWER, _LINGUAL), Side("Lower buccal", LOWER, _BUCCAL)),
)


def entrances(tooth: int) -> range:
    """Positions of a tooth's furcation entrances in a line of `panda.chartcode`."""
    return range((tooth - 1) * len(SIDES), tooth * len(SIDES))
