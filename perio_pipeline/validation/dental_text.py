"""Cleaners of dental notations: lists of teeth, areas of the mouth, mobility grades.

Universal numbers 1-32, primary teeth A-T, supernumerary teeth 51-82 and AS-TS. Nothing is converted from FDI.
"""

from __future__ import annotations

import re

from perio_pipeline.validation.context import Context
from perio_pipeline.validation.parsing import read_decimal

AREAS: dict[str, tuple[str, ...]] = {
    "UR": ("UR", "RU", "UPPERRIGHT", "RIGHTUPPER", "MAXILLARYRIGHT", "RIGHTMAXILLARY", "Q1", "10"),
    "UL": ("UL", "LU", "UPPERLEFT", "LEFTUPPER", "MAXILLARYLEFT", "LEFTMAXILLARY", "Q2", "20"),
    "LL": ("LL", "LOWERLEFT", "LEFTLOWER", "MANDIBULARLEFT", "LEFTMANDIBULAR", "Q3", "30"),
    "LR": ("LR", "RL", "LOWERRIGHT", "RIGHTLOWER", "MANDIBULARRIGHT", "RIGHTMANDIBULAR", "Q4", "40"),
    "S1": ("S1", "1", "03"),
    "S2": ("S2", "2", "04"),
    "S3": ("S3", "3", "05"),
    "S4": ("S4", "4", "06"),
    "S5": ("S5", "5", "07"),
    "S6": ("S6", "6", "08"),
    "UA": ("UA", "U", "UPPER", "MAXILLA", "MAXILLARY", "MAX", "01"),
    "LA": ("LA", "L", "LOWER", "MANDIBLE", "MANDIBULAR", "MAND", "02"),
    "FM": ("FM", "FULLMOUTH", "MOUTH", "WHOLEMOUTH", "FULL", "FMX", "00"),
}
"""Area code → its spellings, squeezed: two-digit claim codes, single digits for sextants, words."""

HALF_GRADES = {"+": "0.5", "1+": "1.5", "+1": "1.5", "2+": "2.5", "+2": "2.5"}
"""Miller half grades as charts write them."""

_SPELLINGS = {spelling: area for area, spellings in AREAS.items() for spelling in spellings}
_AREA_WORDS = re.compile(r"QUADRANT|QUAD|SEXTANT|SEXT|ARCH")
_NUMBERED = {"Q": re.compile(r"QUAD(?:RANT)?\W*([1-4])\b"), "S": re.compile(r"SEXT(?:ANT)?\W*([1-6])\b")}
_TO = re.compile(r"\s*(?:-|–|—|\b(?:to|thru|through)\b)\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:[,;&/]|\band\b|\s)\s*", re.IGNORECASE)
_PERMANENT = {str(number): number for number in range(1, 33)}
_SUPERNUMERARY = {str(number): number for number in range(51, 83)}
_PRIMARY = {letter: 100 + place for place, letter in enumerate("ABCDEFGHIJKLMNOPQRST")}
_EXTRA_PRIMARY = {f"{letter}S": place + 100 for letter, place in _PRIMARY.items()}
_TEETH = {**_PERMANENT, **_SUPERNUMERARY, **_PRIMARY, **_EXTRA_PRIMARY}
_LONGEST_LIST = 500


def as_tooth_list(text: str, context: Context) -> str | None:
    """Write teeth as a sorted comma list; a text that cannot be read as teeth stays as it is."""
    teeth = _teeth(text)
    return text if isinstance(teeth, str) else ",".join(teeth)


def not_a_tooth_list(text: str, context: Context) -> str | None:
    """Return why the text is no list of teeth, or None."""
    teeth = _teeth(text)
    return teeth if isinstance(teeth, str) else None


def as_area(text: str, context: Context) -> str | None:
    """Write a quadrant, sextant or arch as its code; an unknown area stays as it is."""
    return _area(text) or text


def unknown_area(text: str, context: Context) -> str | None:
    """Remark on an area nobody can place."""
    return None if _area(text) else "not a known area"


def as_half_grade(text: str, context: Context) -> str | None:
    """Write a half grade of mobility as a number."""
    return HALF_GRADES.get(text.replace(" ", ""), text)


def grade(text: str, context: Context) -> str | None:
    """Clear a mobility that is no number."""
    return None if read_decimal(text) is None else text


def _area(text: str) -> str | None:
    upper = text.upper()
    for letter, pattern in _NUMBERED.items():
        if match := pattern.search(upper):
            return _SPELLINGS[letter + match[1]]
    squeezed = re.sub(r"[^A-Z0-9]", "", _AREA_WORDS.sub("", upper))
    return _SPELLINGS.get(squeezed)


def _teeth(text: str) -> list[str] | str:
    """Read teeth; the text that comes back instead of a list says what is wrong."""
    if len(text) > _LONGEST_LIST:
        return "not a list of teeth"
    parts = [part for part in _BETWEEN.split(_TO.sub("-", text.replace("#", " ").strip())) if part]
    found: set[str] = set()
    for part in parts:
        teeth = _span(part.upper())
        if isinstance(teeth, str):
            return teeth
        found.update(teeth)
    return sorted(found, key=_TEETH.__getitem__) or "not a list of teeth"


def _span(part: str) -> list[str] | str:
    """Read one tooth or one range; ranges run within permanent or within primary teeth, forwards."""
    first, dash, last = (_plain(end) for end in part.partition("-"))
    if not dash:
        return [first] if first in _TEETH else "not a list of teeth"
    for teeth in (_PERMANENT, _PRIMARY):
        if first in teeth and last in teeth:
            inside = [tooth for tooth, place in teeth.items() if teeth[first] <= place <= teeth[last]]
            return inside or "the range runs backwards"
    return "not a list of teeth"


def _plain(tooth: str) -> str:
    return tooth.strip().removeprefix("0")
