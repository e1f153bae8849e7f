"""Differences that have an agreed reason beyond the cell itself.

A value is held by another record, nobody knows a user, or the account does not keep what was sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping as Dictionary

import numpy as np
import numpy.typing as npt
import pandas as pd

from perio_pipeline.signoff.causes import Cause
from perio_pipeline.signoff.cells import Locale, Texts, texts
from perio_pipeline.signoff.expected import Expected
from perio_pipeline.signoff.found import Found

CAPABILITY = "capability."
"""Precedes the name of a capability among what an account knows."""
STRIPS = "strip"
"""What the capability of an account says that does not keep rich text."""


class Withheld:
    """Explains why a field that must be unique lacks a value: another record of the practice holds it.

    That holds across the practice's accounts, since cleaning gives a family's value to one of them, wherever they go.

    In a sample pass the holder may be a record that is not loaded yet; then it is enough that the source has the value
    there as well.
    """

    def __init__(self, field: Expected, found: Found, in_scope: npt.NDArray[np.bool_], locale: Locale) -> None:
        if field.unique is None:
            raise ValueError(f"{field.name} need not be unique")
        self._comparator, self._locale = field.comparator, locale
        self._offers, self._withheld_to = field.unique.offers, field.unique.withheld_to
        self._found, self._actual = found, found.fields[field.name]
        self._holders: dict[str, set[int]] = defaultdict(set)
        for place, text in enumerate(self._actual.tolist()):
            if text is not None:
                self._holders[self._meaning(text)].add(place)
        waiting = [offer[~in_scope].tolist() for offer in self._offers]
        self._waiting = {value for values in waiting for value in values if value is not None}

    def explains(self, place: int, row: int, *, own: bool = False) -> bool:
        """Whether the record at `place`, which comes from `row`, went without for a good reason.

        Args:
            place: of the found record.
            row: of its source.
            own: the record may hold a value of its own from before.
        """
        offers = list(dict.fromkeys(offer[row] for offer in self._offers if offer[row] is not None))
        actual = self._actual[place]
        taken = None if actual is None else self._meaning(actual)
        if own and taken not in offers:
            taken = None
        if taken is not None and taken not in offers:
            return False
        passed_over = offers if taken is None else offers[: offers.index(taken)]
        kept = {self._meaning(text) for text in self._kept(place) if text is not None}
        return all(value in kept and self._is_held(value, place) for value in passed_over)

    def _meaning(self, text: str) -> str:
        return self._comparator.meaning(text, self._locale)

    def _kept(self, place: int) -> list[str | None]:
        return [self._found.fields[name][place] for name in self._withheld_to]

    def _is_held(self, value: str, place: int) -> bool:
        holders = self._holders.get(value, set())
        return bool(holders - {place}) or value in self._waiting


class Accounts:
    """What each account can look up, whatever the names' case, and how it behaves."""

    def __init__(self, lookups: pd.DataFrame) -> None:
        columns: list[Texts] = [texts(lookups[name]) for name in ("account", "field", "name")]
        self._known: Dictionary[tuple[str | None, str | None], set[str]] = defaultdict(set)
        for account, field, name in zip(*(column.tolist() for column in columns), strict=True):
            self._known[account, field].add((name or "").strip().casefold())

    def behaviour(self, account: str | None, capability: str) -> str:
        """What a capability of the account is, in lower case; empty where nothing is said."""
        return next(iter(self._known[account, CAPABILITY + capability]), "")

    def lacks(self, account: str | None, field: str, name: str) -> bool:
        """Whether the account does not know the name."""
        return name.strip().casefold() not in self._known[account, field]


def explain(
    field: Expected, cause: Cause, place: int, row: int, found: Found, withheld: Withheld | None, accounts: Accounts
) -> Cause:
    """Return the agreed reason for a difference, if there is one."""
    account = found.account[place]
    if cause is Cause.UNFORMATTED and accounts.behaviour(account, field.rich_by) == STRIPS:
        return Cause.MADE_PLAIN
    if withheld is not None and cause is not Cause.NORMALISED and withheld.explains(place, row):
        return Cause.WITHHELD
    unknown = field.names_a_user and accounts.lacks(account, field.name, field.texts[row] or "")
    own = found.held_before[place] and found.fields[field.name][place] is not None and cause is not Cause.NORMALISED
    if own and (unknown or _keeps(field, place, row, found, withheld)):
        return Cause.KEPT
    return Cause.UNMATCHED_USER if unknown and cause is Cause.DROPPED else cause


def _keeps(field: Expected, place: int, row: int, found: Found, withheld: Withheld | None) -> bool:
    """Whether a record that the CRM held before rightly has a value of its own, as `loading.payloads` leaves it."""
    expected, actual = field.texts[row], found.fields[field.name][place]
    if expected is None or field.constant or (field.null_is_false and (expected, actual) == ("false", "true")):
        return True
    return withheld is not None and withheld.explains(place, row, own=True)
