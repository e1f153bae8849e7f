"""Reading text as the canonical kinds. What cannot be read is marked, never guessed.

Accepted: whole numbers with or without a zero fraction; decimals; true, false, 1, 0; ISO dates and times as SQL Server
writes them, and the month-first dates of US exports. A time with an offset is refused: PANDA keeps local times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import PANDAS_TYPES

Texts = Sequence[str | None]
Parsed = tuple[ExtensionArray, NDArray[np.bool_]]
"""Typed values, and which of the texts could not be read."""

REASONS: dict[Kind, str] = {
    Kind.TEXT: "not text",
    Kind.INTEGER: "not a whole number",
    Kind.DECIMAL: "not a number",
    Kind.BOOLEAN: "not true or false",
    Kind.DATE: "not a date",
    Kind.DATETIME: "not a date and time",
}
"""Why a value of the kind could not be read."""

_INTEGER = re.compile(r"([+-]?[0-9]{1,18})(?:\.0{1,9})?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)?")
_US = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?: ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AaPp])[Mm])?)?"
)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_FOUR_PLACES = Decimal("0.0001")
_LARGEST = Decimal(10) ** 15
_MICROSECONDS = 26  # length of an ISO date and time with six decimals; SQL Server's datetime2 writes seven


def parse(kind: Kind, texts: Texts) -> Parsed:
    """Read texts as a kind; None stays without a value and is no failure."""
    return _PARSERS[kind](texts)


def read_decimal(text: str) -> Decimal | None:
    """Return the number, or None when the text is none or has more than 15 digits before the point."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = Decimal(text)
    return number if abs(number) < _LARGEST else None


def four_places(number: Decimal) -> Decimal:
    """Round to the four places a validated decimal holds."""
    return number.quantize(_FOUR_PLACES)


def iso_moment(text: str) -> str | None:
    """Return an ISO date, or date and time, for a text in an accepted notation; None for any other.

    Only the notation is judged: 2024-02-30 comes back as it is.
    """
    if _ISO.fullmatch(text):
        return text[:_MICROSECONDS]
    match = _US.fullmatch(text)
    return _from_us(match) if match else None


def _from_us(match: re.Match[str]) -> str | None:
    month, day, year, hour, minute, second, half = match.groups()
    date = f"{year}-{int(month):02}-{int(day):02}"
    if hour is None:
        return date
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half in "Pp" else 0)
    return f"{date} {hours:02}:{minute}:{second or '00'}"


def _parse_text(texts: Texts) -> Parsed:
    return _array(list(texts), Kind.TEXT), np.zeros(len(texts), dtype=bool)


def _parse_integer(texts: Texts) -> Parsed:
    matches = [None if text is None else _INTEGER.fullmatch(text) for text in texts]
    return _marked(texts, [None if match is None else int(match[1]) for match in matches], Kind.INTEGER)


def _parse_decimal(texts: Texts) -> Parsed:
    numbers = [None if text is None else read_decimal(text) for text in texts]
    exact = [number if number is not None and four_places(number) == number else None for number in numbers]
    return _marked(texts, exact, Kind.DECIMAL)


def _parse_boolean(texts: Texts) -> Parsed:
    return _marked(texts, [None if text is None else _BOOLEANS.get(text.lower()) for text in texts], Kind.BOOLEAN)


def _parse_moment(texts: Texts) -> Parsed:
    moments = pd.Series([None if text is None else iso_moment(text) for text in texts], dtype="str")
    values = pd.to_datetime(moments, format="ISO8601", errors="coerce").astype("datetime64[us]")
    absent = np.array([text is None for text in texts], dtype=bool)
    return values.array, values.isna().to_numpy() & ~absent


def _parse_date(texts: Texts) -> Parsed:
    moments, failed = _parse_moment(texts)
    return pd.Series(moments).dt.normalize().array, failed


def _marked(texts: Texts, values: Sequence[object], kind: Kind) -> Parsed:
    failed = [value is None and text is not None for text, value in zip(texts, values, strict=True)]
    return _array(values, kind), np.array(failed, dtype=bool)


def _array(values: Sequence[object], kind: Kind) -> ExtensionArray:
    return pd.array(list(values), dtype=PANDAS_TYPES[kind])  # type: ignore[no-any-return]


_PARSERS: dict[Kind, Callable[[Texts], Parsed]] = {
    Kind.TEXT: _parse_text,
    Kind.INTEGER: _parse_integer,
    Kind.DECIMAL: _parse_decimal,
    Kind.BOOLEAN: _parse_boolean,
    Kind.DATE: _parse_date,
    Kind.DATETIME: _parse_moment,
}
