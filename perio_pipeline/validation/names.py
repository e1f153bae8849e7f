"""Comparing names of people and practices, and reading the free text in which dentists are sometimes recorded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from rapidfuzz.distance import OSA

CREDENTIALS = frozenset({"dds", "dmd", "md", "ms", "msd", "phd", "pc", "llc", "pllc", "inc"})
_FILLERS = CREDENTIALS | frozenset({"dr", "drs", "and", "assoc", "associates", "associate", "ltd", "pa", "the"})
_DOCTOR = re.compile(r"(?:^|\W)(?:drs?|dds|d\.d\.s|dmd|d\.m\.d)(?:\W|$)", re.IGNORECASE)
_LONG_NAME = 8
_SHORT_NAME = 3


@dataclass(frozen=True)
class Person:
    """A person read from free text; `first` is empty when only the last name is known."""

    first: str
    last: str


def map_distinct(column: pd.Series, function: Callable[[str], str | None]) -> pd.Series:
    """Apply a function to each distinct text of a str column; no value, and None, are no value."""
    places, distinct = pd.factorize(column)
    after = pd.array([function(str(text)) for text in distinct], dtype="str")
    return pd.Series(after.take(places, allow_fill=True), index=column.index, name=column.name)


def name_key(text: str) -> str | None:
    """Return a name without case, accents, space and punctuation; None when nothing is left."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if character.isalnum()).casefold() or None


def practice_key(text: str) -> str | None:
    """Return a practice's name without case, punctuation, titles, credentials, legal forms and words for 'and'."""
    words = words_of(text)
    return " ".join(word for word in words if word not in _FILLERS) or " ".join(words) or None


def is_doctor(text: str) -> bool:
    """Say whether a free text names a dentist by title or credential."""
    return _DOCTOR.search(text) is not None


def read_person(text: str) -> Person | None:
    """Read 'Dr Smith', 'Smith DDS' or 'Dr. Jane Smith' as keys of a first and last name; None for anything longer."""
    words = [word for word in words_of(text) if word not in CREDENTIALS and word not in ("dr", "drs")]
    if not 1 <= len(words) <= 2:
        return None
    return Person(first=words[0] if len(words) == 2 else "", last=words[-1])


def similar(one: str, other: str) -> bool:
    """Say whether two different name keys may be spellings of one name: few letters differ, or one is cut short.

    Letters put in, taken out, changed or swapped with the next count.
    """
    short, long = sorted((one, other), key=len)
    if len(short) < _SHORT_NAME:
        return len(short) == 1 and long.startswith(short)
    return long.startswith(short) or OSA.distance(one, other) <= (2 if len(short) >= _LONG_NAME else 1)


def words_of(text: str) -> list[str]:
    """Return the words of a name without case, accents, points and apostrophes; `&` is `and`."""
    plain = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ")
    kept = re.sub(r"[.'’\u0300-\u036f]", "", plain)
    return re.findall(r"\w+", kept)
