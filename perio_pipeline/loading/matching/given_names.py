"""How alike two names of people are: written alike, sounding alike, or forms of one given name. All of it symmetric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from enum import IntEnum
from functools import cache, lru_cache
from pathlib import Path

from rapidfuzz.distance import JaroWinkler
from ruamel.yaml import YAML

from perio_pipeline.validation.names import similar

_REMEMBERED = 200_000
_SOUNDS_ALIKE = 0.72
"""Jaro-Winkler similarity from which two names with one Soundex code count: Meyer and Maier, Schmidt and Smith."""
_CODES = {
    letter: code
    for letters, code in (("bfpv", "1"), ("cgjkqsxz", "2"), ("dt", "3"), ("l", "4"), ("mn", "5"), ("r", "6"))
    for letter in letters
}


class Likeness(IntEnum):
    """How much two names speak for one person."""

    OTHER = 0  # they speak against it
    UNKNOWN = 1  # one of them is not known
    WEAK = 2  # an initial, or two names in use that are one letter apart
    SIMILAR = 3  # a spelling, a slip
    SHORT = 4  # a form of the same name, or a part of it
    SAME = 5


def likeness(one: str, other: str) -> Likeness:
    """Compare two given names, as keys of names are written."""
    return _likeness(*sorted((one, other)))


@lru_cache(maxsize=_REMEMBERED)
def _likeness(one: str, other: str) -> Likeness:
    if not one or not other:
        return Likeness.UNKNOWN
    if one == other:
        return Likeness.SAME
    if len(one) == 1 or len(other) == 1:
        return Likeness.WEAK if one[0] == other[0] else Likeness.OTHER
    if forms(one) & forms(other):
        return Likeness.SHORT
    if not alike(one, other):
        return Likeness.OTHER
    # Twins are often called alike: where both are names in use, one of them is hardly a slip.
    return Likeness.WEAK if in_use(one) and in_use(other) else Likeness.SIMILAR


@lru_cache(maxsize=_REMEMBERED)
def alike(one: str, other: str) -> bool:
    """Say whether two names may be one that was written down differently."""
    return similar(one, other) or (
        soundex(one) == soundex(other) and JaroWinkler.similarity(one, other) >= _SOUNDS_ALIKE
    )


def soundex(name: str) -> str:
    """Return the American Soundex code of a name key (National Archives, General Information Leaflet 55)."""
    codes, previous = "", _CODES.get(name[0], "")
    for letter in name[1:]:
        code = _CODES.get(letter, "")
        if code and code != previous:
            codes += code
        if letter not in "hw":  # between these two, one code is written once
            previous = code
    return (name[0] + codes + "000")[:4]


def forms(name: str) -> frozenset[str]:
    """Return the full names that a given name may stand for; itself, where it stands in no list."""
    return _lines().get(name) or frozenset({name})


def in_use(name: str) -> bool:
    """Say whether a name is a well-known given name."""
    return name in _lines()


@cache
def _lines() -> dict[str, frozenset[str]]:
    listed: dict[str, Iterable[str]] = YAML(typ="safe").load(Path(__file__).with_name("nicknames.yaml"))
    lines: dict[str, set[str]] = defaultdict(set)
    for full, short in listed.items():
        for name in (full, *short):
            lines[name].add(full)
    return {name: frozenset(full) for name, full in lines.items()}
