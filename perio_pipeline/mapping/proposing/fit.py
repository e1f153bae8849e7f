"""How well what a column holds fits a canonical field, whatever the column is called."""

from __future__ import annotations

import numpy as np

from perio_pipeline.mapping.proposing.codes import FLAG_CHOICES, code_fit
from perio_pipeline.mapping.proposing.readings import MOST, Origin
from perio_pipeline.panda.canonical import Column, Kind

EMPTY = 0.45
"""What a column without any value counts: it may be anything."""

NUMBERS = 0.75
"""The share of numbers in a column of numbers; people also write `1+` and `--`."""

JOINED = 0.7
"""What a text still counts that holds more than one thing."""

WRITTEN, FEW_CODES, SHORT = frozenset({"name", "words", "text", "place", "street"}), 6, 2
"""What people write out; a column of so few codes with so few characters is none of these."""

SPECIAL = frozenset({"email", "phone", "url", "npi", "body", "path", "procedure", "zip"})
"""Kinds of values that are seen at once; another field hardly looks like them."""


def value_fit(column: Column, looks: str, origin: Origin, *, key: bool) -> float:
    """Return 0 (cannot be) to 1 (is just so).

    Args:
        column: the canonical field.
        looks: the kind of its values, or empty.
        origin: the column of the database.
        key: the field alone is the table's key.
    """
    if not origin.values:
        return 0.0 if key else EMPTY
    if key:
        return 1.0 if origin.sample.unique and origin.dates is None else 0.0
    if column.kind in (Kind.DATE, Kind.DATETIME):
        return _date(column, origin)
    if origin.dates is not None or origin.times:
        return 0.0
    if column.kind is Kind.BOOLEAN:
        return code_fit(origin.coded, FLAG_CHOICES) if 0 < len(origin.coded) <= 3 else 0.0
    if column.kind in (Kind.INTEGER, Kind.DECIMAL):
        return _number(column, origin)
    if column.references:
        return 0.5 if max(map(len, origin.values)) <= 40 else 0.0
    if column.choices:
        return 0.3 + 0.7 * code_fit(origin.coded, column.choices) if len(origin.coded) > 0 else 0.0
    return _text(looks, origin)


def _date(column: Column, origin: Origin) -> float:
    if origin.dates is None:
        return 0.0
    if column.kind is Kind.DATETIME:
        return 1.0 if origin.has_times else 0.7
    return 0.8 if origin.has_times else 1.0


def _number(column: Column, origin: Origin) -> float:
    numbers = origin.numbers[~np.isnan(origin.numbers)]
    if len(numbers) < NUMBERS * len(origin.numbers):
        return 0.0
    low = column.low if column.low is not None else -1e12
    high = column.high if column.high is not None else 1e12
    inside = ((numbers >= low) & (numbers <= high)) | np.isin(numbers, [99, -1, -2, -99])
    inside |= (numbers > 100) & (low < 0) & (numbers < 115)
    if inside.mean() < MOST:
        return 0.0
    whole = (numbers % 1 == 0).all()
    if column.kind is Kind.INTEGER and not whole:
        return 0.2
    return 0.9 if column.high is not None else 0.8


def _joined(looks: str, origin: Origin) -> bool:
    """Whether texts hold more than the one thing: first and last names, a street and a suite."""
    sign, least = {"name": (" ", 0.5), "street": ("#", 0.05)}.get(looks, ("", 1.0))
    return bool(sign) and sum(sign in value.strip() for value in origin.values) > least * len(origin.values)


def _text(looks: str, origin: Origin) -> float:
    if looks in WRITTEN and 0 < len(origin.coded) <= FEW_CODES and max(map(len, origin.coded)) <= SHORT:
        return 0.0
    return _looking(looks, origin) * (JOINED if _joined(looks, origin) else 1)


def _looking(looks: str, origin: Origin) -> float:
    found = origin.looks
    other = max((found.get(kind, 0) for kind in SPECIAL - {looks}), default=0.0)
    if not looks:
        return 0.6 if other < MOST else 0.4
    share = found.get(looks, 0.0)
    if looks in SPECIAL:
        return share
    if looks == "tooth" or looks == "teeth":
        return share
    numeric = found.get("number", 0.0) if looks in ("name", "words", "text", "place", "street") else 0.0
    return max(
        share * (0.5 if found.get("email", 0) + found.get("url", 0) + found.get("body", 0) > MOST else 1) - numeric, 0
    )
