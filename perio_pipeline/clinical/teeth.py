"""The 32 permanent teeth as data: where each one stands and what it has. Nothing here looks at a patient.

Teeth are numbered in the Universal system, 1 the upper right third molar, on to 16 at the upper left, 17 at the lower
left and back to 32 at the lower right. Sets of teeth are bit masks (tooth n is bit n - 1), so that columnar queries
count distinct teeth without a second grouping. Furcation entrances: Svärdström & Wennström 1996.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Masks = npt.NDArray[np.int64]
"""Sets of teeth, one per exam."""

QUADRANTS: dict[str, range] = {"UR": range(1, 9), "UL": range(9, 17), "LL": range(17, 25), "LR": range(25, 33)}
"""Quadrant → its teeth."""

SEXTANTS: dict[int, range] = {
    1: range(1, 6),
    2: range(6, 12),
    3: range(12, 17),
    4: range(17, 22),
    5: range(22, 28),
    6: range(28, 33),
}
"""Sextant → its teeth, upper right to lower right."""

ARCHES: dict[str, range] = {"upper": range(1, 17), "lower": range(17, 33)}
"""Arch → its teeth."""

INTERDENTAL_SITES = ("MB", "DB", "ML", "DL")
"""Probing sites next to another tooth; staging reads attachment loss there."""

_UPPER_MOLAR = ("buccal", "mesial", "distal")
_LOWER_MOLAR = ("buccal", "lingual")
_UPPER_FIRST_PREMOLAR = ("mesial", "distal")


@dataclass(frozen=True)
class Tooth:
    """One permanent tooth.

    Attributes:
        number: Universal number, 1-32.
        fdi: ISO 3950 (FDI) number, 11-48.
        quadrant: UR, UL, LL or LR.
        sextant: 1-6.
        arch: upper or lower.
        position: 1 at the midline to 8 at the third molar.
        furcation_entrances: the sides at which a furcation can be probed; empty for teeth without one.
    """

    number: int
    fdi: int
    quadrant: str
    sextant: int
    arch: str
    position: int
    furcation_entrances: tuple[str, ...]

    @property
    def is_molar(self) -> bool:
        """First, second or third molar."""
        return self.position >= 6

    @property
    def is_third_molar(self) -> bool:
        """A wisdom tooth; its absence says nothing about disease."""
        return self.position == 8

    @property
    def is_incisor(self) -> bool:
        """Central or lateral incisor."""
        return self.position <= 2


def _holder(areas: dict[str, range], number: int) -> str:
    return next(name for name, teeth in areas.items() if number in teeth)


def _entrances(arch: str, position: int) -> tuple[str, ...]:
    if position >= 6:
        return _UPPER_MOLAR if arch == "upper" else _LOWER_MOLAR
    return _UPPER_FIRST_PREMOLAR if arch == "upper" and position == 4 else ()


def _tooth(number: int) -> Tooth:
    quadrant, arch = _holder(QUADRANTS, number), _holder(ARCHES, number)
    place = number - QUADRANTS[quadrant].start
    position = 8 - place if quadrant in ("UR", "LL") else place + 1
    return Tooth(
        number=number,
        fdi=10 * (list(QUADRANTS).index(quadrant) + 1) + position,
        quadrant=quadrant,
        sextant=next(sextant for sextant, teeth in SEXTANTS.items() if number in teeth),
        arch=arch,
        position=position,
        furcation_entrances=_entrances(arch, position),
    )


TEETH: dict[int, Tooth] = {number: _tooth(number) for number in range(1, 33)}
"""Every tooth by its Universal number."""


def mask(numbers: Iterable[int]) -> int:
    """Return the set of teeth as a bit mask: tooth n is bit n - 1."""
    return sum(1 << (number - 1) for number in set(numbers))


THIRD_MOLARS = mask(number for number, tooth in TEETH.items() if tooth.is_third_molar)
FIRST_MOLARS = mask(number for number, tooth in TEETH.items() if tooth.position == 6)
INCISORS = mask(number for number, tooth in TEETH.items() if tooth.is_incisor)
WITH_FURCATION = mask(number for number, tooth in TEETH.items() if tooth.furcation_entrances)
_LAST_OF_UPPER_ARCH = mask([16])


def count(teeth: Masks) -> Masks:
    """Return how many teeth each set holds."""
    return np.bitwise_count(teeth).astype(np.int64)


def has_non_adjacent_pair(teeth: Masks) -> npt.NDArray[np.bool_]:
    """Say of each set whether it holds two teeth that are not neighbours in one arch.

    Neighbours have consecutive numbers; 16 and 17 do not meet. A gap left by an extraction does not make the teeth
    beside it neighbours, since each has its own interdental space towards the gap. Of three teeth two are always apart.
    """
    neighbours = teeth & ((teeth & ~np.int64(_LAST_OF_UPPER_ARCH)) << 1)
    apart: npt.NDArray[np.bool_] = (count(teeth) > 2) | ((count(teeth) == 2) & (neighbours == 0))
    return apart
