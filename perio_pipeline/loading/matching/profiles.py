"""What is compared of a record: names, birth date and contact data in normal forms, the same for PANDA and the CRM."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from perio_pipeline.crm.protocol import Value
from perio_pipeline.validation.names import CREDENTIALS, practice_key, words_of
from perio_pipeline.validation.phones import e164
from perio_pipeline.validation.text_cleaners import LAST_PLACEHOLDER_YEAR, PLACEHOLDER_DATES

GENERATIONS = {
    "sr": 1, "senior": 1, "jr": 2, "junior": 2, "ii": 2, "2nd": 2, "iii": 3, "3rd": 3, "iv": 4, "4th": 4,
}  # fmt: skip
"""What follows a name where father and son share it."""

_TITLES = CREDENTIALS | frozenset({"dr", "drs", "mr", "mrs", "miss", "mx", "prof", "rev", "esq"})
_PARTICLE_WORDS = "al bin da das de del della den der des di do dos du el la las le los ter van von y"
_COUPLE = frozenset({"and", "or"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_STREET_WORD_LIST = (
    "n s e w ne nw se sw north south east west northeast northwest southeast southwest "
    "st street ave avenue av rd road dr drive ln lane ct court pl place blvd boulevard way cir circle ter terrace hwy "
    "highway pkwy parkway sq square trl trail apt apartment unit suite ste fl floor rm room"
)
_PARTICLES, _STREET_WORDS = frozenset(_PARTICLE_WORDS.split()), frozenset(_STREET_WORD_LIST.split())
_SHORTEST_PART = 3


@dataclass(frozen=True, slots=True)
class Profile:
    """One record in normal forms; what is not known is empty.

    Attributes:
        key: its name in PANDA or its id in the CRM.
        first: the first-name field in one piece.
        given: first and middle names, in order.
        others: further names that the person goes by.
        couple: the first-name field names two people.
        last: the last name in one piece, without particles.
        parts: the parts of a last name that may stand alone.
        generation: 1 for senior, 2 for junior; 0 where nothing is said.
        born: ISO day.
        practice: name of a practice, where the record is one.
        phones: E.164.
        emails: lower case.
        places: number, street and ZIP code of addresses.
    """

    key: str
    first: str = ""
    given: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()
    couple: bool = False
    last: str = ""
    parts: frozenset[str] = frozenset()
    generation: int = 0
    born: str = ""
    practice: str = ""
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()


def texts_of(roles: Mapping[str, tuple[str, ...]], values: Mapping[str, Value]) -> dict[str, tuple[str, ...]]:
    """Return role → what the record's fields for it say, without blanks and repetitions."""
    said = {}
    for role, fields in roles.items():
        stated = (str(values[name]).strip() for name in fields if values.get(name) is not None)
        said[role] = tuple(dict.fromkeys(text for text in stated if text))
    return said


def profile(key: str, texts: Mapping[str, tuple[str, ...]], country: str) -> Profile:
    """Bring a record's texts into normal forms.

    Args:
        key: its name in PANDA or its id in the CRM. Where PANDA's key is written into a name, it is no part of it.
        texts: role → what its fields say, the most important first.
        country: ISO-2 code of the country that national phone numbers belong to.
    """
    reached = Profile(
        key,
        phones=frozenset(filter(None, (e164(text, country) for text in texts.get("phone", ())))),
        emails=frozenset(text.lower() for text in texts.get("email", ()) if "@" in text),
        places=frozenset(filter(None, _places(texts.get("street", ()), texts.get("postal_code", ())))),
    )
    if names := texts.get("name"):
        return replace(reached, practice=practice_key(_without(key, names[0])) or "")
    first, last = _name_words(texts)
    followed = [GENERATIONS[word] for word in (*_words(texts.get("suffix", ())), *last) if word in GENERATIONS]
    last = [word for word in last if word not in GENERATIONS]
    own = [word for word in last if word not in _PARTICLES] or last
    return replace(
        reached,
        first="".join(first),
        given=(*first, *_words(texts.get("middle_name", ())[:1])),
        others=frozenset(_words(texts.get("first_name", ())[1:])),
        couple=bool(_COUPLE & set(first)),
        last="".join(own),
        parts=frozenset(word for word in own if len(word) >= _SHORTEST_PART),
        generation=max(followed, default=0),
        born=_day(texts.get("birth_date", ())),
    )


def _name_words(texts: Mapping[str, tuple[str, ...]]) -> tuple[list[str], list[str]]:
    """The words of the first and the last name; a whole name in the one or the other is taken apart."""
    stated_first, stated_last = texts.get("first_name", ())[:1], texts.get("last_name", ())[:1]
    first, last = _words(stated_first), _words(stated_last)
    if first and not last:
        first, last = _taken_apart(stated_first[0], first)
    elif last and not first:
        first, last = _taken_apart(stated_last[0], last)
    return first, last


def _taken_apart(text: str, words: list[str]) -> tuple[list[str], list[str]]:
    before, comma, after = text.partition(",")
    if comma and _words([after]) and not set(_words([after])) <= GENERATIONS.keys():
        return _words([after]), _words([before])
    names = [word for word in words if word not in GENERATIONS]
    return (words[:1], words[1:]) if len(names) > 1 else ([], words)


def _words(texts: Iterable[str]) -> list[str]:
    return [word for text in texts for word in words_of(text) if word not in _TITLES]


def _without(key: str, name: str) -> str:
    return re.sub(rf"\(?(?<!\w){re.escape(key)}(?!\w)\)?", " ", name)


def _day(texts: Iterable[str]) -> str:
    days = (text[:10] for text in texts if _DAY.match(text))
    return next((day for day in days if day not in PLACEHOLDER_DATES and int(day[:4]) > LAST_PLACEHOLDER_YEAR), "")


def _places(streets: Iterable[str], codes: Iterable[str]) -> Iterable[str | None]:
    """Number, longest word of the street and five digits of the ZIP code; how the rest is written differs."""
    for code in codes:
        for street in streets:
            words = words_of(street)
            number = next((word for word in words if word[0].isdigit()), None)
            names = [word for word in words if word != number and word not in _STREET_WORDS and not word.isdigit()]
            yield f"{number} {max(names, key=len)} {code.strip()[:5]}" if number and names else None
