"""Phone numbers reduced to their digits, by counting alone; the diff's own reading, without a numbering library."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from perio_pipeline.errors import SettingsError


@dataclass(frozen=True)
class Numbering:
    """How a country's numbers are written.

    Attributes:
        calling_code: follows the `+`.
        trunk: may stand before a national number and is not part of it.
        exit: dialled in place of the `+`.
        lengths: digits of a national number.
    """

    calling_code: str
    trunk: str
    exit: str
    lengths: frozenset[int]


NUMBERING: dict[str, Numbering] = {
    "US": Numbering("1", "1", "011", frozenset({10})),
    "CA": Numbering("1", "1", "011", frozenset({10})),
    "GB": Numbering("44", "0", "00", frozenset({9, 10})),
    "AU": Numbering("61", "0", "0011", frozenset({9})),
}
"""The countries whose practices the diff can prove."""

_EXTENSION = re.compile(r"(?<=\d)[\s,;.()-]*(?:ext|x|#)", re.IGNORECASE)
_INTERNATIONAL_LENGTHS = range(8, 16)


# One number stands in several cells: as itself, as what a contact offers, and as what another one holds.
@lru_cache(maxsize=1 << 17)
def digits(text: str, country: str) -> str | None:
    """Return a number's digits: national ones bare, foreign ones after `+`; None where it cannot be dialled.

    Raises:
        SettingsError: the country's numbering is not known.
    """
    rules = _rules(country)
    number = _EXTENSION.split(text, maxsplit=1)[0].strip()
    bare = re.sub(r"\D", "", number)
    if number.startswith("+"):
        return _international(bare, rules)
    if bare.startswith(rules.exit) and len(bare) - len(rules.exit) in _INTERNATIONAL_LENGTHS:
        return _international(bare.removeprefix(rules.exit), rules)
    if len(bare) in rules.lengths and not (rules.trunk == "0" and bare.startswith("0")):
        return bare
    national = bare.removeprefix(rules.trunk)
    return national if len(national) in rules.lengths else None


def with_calling_code(text: str, country: str) -> str | None:
    """Return `+`, calling code and digits; None where it cannot be dialled."""
    number = digits(text, country)
    return number if number is None or number.startswith("+") else f"+{_rules(country).calling_code}{number}"


def national_part(text: str, country: str) -> str:
    """Return the digits of whatever stands there, without the country's calling code; for numbers that are cut off."""
    bare = re.sub(r"\D", "", text)
    return bare.removeprefix(_rules(country).calling_code) if text.strip().startswith("+") else bare


def _international(bare: str, rules: Numbering) -> str | None:
    if bare.startswith(rules.calling_code):
        national = bare.removeprefix(rules.calling_code)
        return national if len(national) in rules.lengths else None
    return f"+{bare}" if len(bare) in _INTERNATIONAL_LENGTHS else None


def _rules(country: str) -> Numbering:
    if country not in NUMBERING:
        raise SettingsError(
            f"The field-level diff does not know how phone numbers are written in {country}.",
            f"Use one of {', '.join(NUMBERING)} as the practice's country, or add it to NUMBERING in phone_numbers.py.",
        )
    return NUMBERING[country]
