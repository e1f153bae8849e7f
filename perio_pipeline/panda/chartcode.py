"""A whole chart on a few lines of text, one character for each place: what one room writes, another draws.

Sites stand tooth by tooth from 1 to 32, each in the order of `SITES`; teeth from 1 to 32; furcation entrances tooth by
tooth in the order of `SIDES`. A number is one character, so that a place is always found by its position:

    0-9, A-U    0 to 30
    a-z, {|}~   -1 to -30
    .           nothing is known
    -           it was tried and could not be assessed
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from perio_pipeline.panda.tables import SITES

TEETH = 32
PLACES = TEETH * len(SITES)
SIDES = ("buccal", "lingual", "mesial", "distal")
"""Furcation entrances, as `perio_tooth` names them."""

UNKNOWN, NOT_ASSESSABLE = ".", "-"
PRESENT, MISSING, IMPLANT = "P", "M", "I"
"""States of a tooth; `UNKNOWN` where it was not charted."""

BLEEDING, PUS = 1, 2
"""What a mark of a site is the sum of."""

MOST = 30
NONE = -128
"""Stands for `UNKNOWN` in arrays of numbers."""

NUMBERS: dict[str, int] = {
    **{chr(ord("0") + number): number for number in range(10)},
    **{chr(ord("A") - 10 + number): number for number in range(10, MOST + 1)},
    **{chr(ord("a") - 1 + number): -number for number in range(1, MOST + 1)},
}
"""Character → its number."""

_CHARACTERS = np.full(256, ord(UNKNOWN), dtype=np.uint8)
for _character, _number in NUMBERS.items():
    _CHARACTERS[_number + 128] = ord(_character)

Numbers = npt.NDArray[np.int16]


def written(numbers: Numbers, unassessable: npt.NDArray[np.bool_] | None = None) -> list[str]:
    """Write each row of numbers as a line of text.

    Args:
        numbers: -30 to 30, or `NONE`; a row per line.
        unassessable: where it was tried in vain.
    """
    characters = _CHARACTERS[numbers + 128]
    if unassessable is not None:
        characters = np.where(unassessable, np.uint8(ord(NOT_ASSESSABLE)), characters)
    return lines(characters)


def lines(characters: npt.NDArray[np.uint8]) -> list[str]:
    """Join each row of ASCII characters."""
    return [row.tobytes().decode("ascii") for row in characters]
