"""Phones, e-mail addresses, keys and check digits that look real and can reach nobody.

Phones lie in 555-0100..0199, which is reserved for fiction; e-mail domains are the reserved example domains.
"""

from __future__ import annotations

import random
import unicodedata
from collections import Counter

from perio_pipeline.panda.sample.figures import table_list

EMAIL_DOMAINS = ("example.com", "example.org", "example.net")
_NPI_PREFIX_SUM = 24
"""What the constant prefix 80840 of an NPI adds to its check sum."""


class PhoneBook:
    """Gives out every reserved number once, in random order; after 35,900 of them it starts again from the first."""

    def __init__(self, rng: random.Random) -> None:
        self._numbers = [(int(row["area_code"]), line) for row in table_list("area_codes") for line in range(100, 200)]
        rng.shuffle(self._numbers)
        self._given = 0

    def next(self, rng: random.Random) -> str:
        """Return the next number, in one of the ways people type them."""
        area, line = self._numbers[self._given % len(self._numbers)]
        self._given += 1
        return rng.choice(("({0}) 555-{1:04d}", "({0}) 555-{1:04d}", "{0}-555-{1:04d}", "{0}.555.{1:04d}")).format(
            area, line
        )


class Numbers:
    """Running numbers per table, and the alphanumeric keys of people."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()

    def next(self, table: str) -> int:
        """Return the next row number of a table."""
        self._last[table] += 1
        return 1000 + self._last[table]

    def key(self, table: str, base: int, suffix: str) -> str:
        """Return the next key of a table in PANDA's manner, such as 100011PC."""
        self._last[table] += 1
        return f"{base + self._last[table]}{suffix}"


def ascii_word(text: str) -> str:
    """Return the letters of a text in lower-case ASCII, for e-mail addresses and logins."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain.lower() if letter.isalnum())


def email(rng: random.Random, first: str, last: str, number: int) -> str:
    """Return a unique address at an example domain."""
    return f"{ascii_word(first)}.{ascii_word(last)}{number}@{rng.choice(EMAIL_DOMAINS)}"


def npi(rng: random.Random) -> str:
    """Return an NPI with a correct check digit."""
    body = f"1{rng.randrange(10**8):08d}"
    return body + str(_check_digit(body))


def wrong_npi(rng: random.Random) -> str:
    """Return an NPI whose check digit is off."""
    body = f"1{rng.randrange(10**8):08d}"
    return body + str((_check_digit(body) + rng.randint(1, 9)) % 10)


def _check_digit(body: str) -> int:
    """Luhn over the prefixed number: from the right, every other digit doubled."""
    total = _NPI_PREFIX_SUM
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10
