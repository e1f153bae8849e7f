"""The small languages of a bindings file: patterns take a text apart, templates put one together, dates have an order.

    pattern    "{last_name}, {first_name} {middle_name:1}"    `:1` is exactly one character, `:word` has no blanks
    template   "{VisitDate} {VisitTime}"                      a separator stands only between parts that are there
    date       "DD.MM.YYYY hh:mm", "YYYYMMDD", "MM/DD/YYYY hh:mm:ss am"

What fits in no way, or in several, is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

Text = Any  # a pandas Series of text

_PIECE = re.compile(r"\{([^{}:]+)(?::(word|[1-9][0-9]?))?\}")
_PART = re.compile(r"\{([^{}]+)\}")
_TOKEN = re.compile(r"YYYY|MM|DD|hh|mm|ss|am")
_TOKENS = {"YYYY": "year", "MM": "month", "DD": "day", "hh": "hour", "mm": "minute", "ss": "second", "am": "half"}

NO_FIT, SEVERAL = "fits no pattern", "can be taken apart in several ways"


@dataclass(frozen=True)
class Pattern:
    """A pattern, ready for use.

    Attributes:
        pieces: their names, in order.
        parts: literal texts and pieces, in order; a piece is (name, kind), a literal ("", text).
    """

    pieces: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    _shortest: re.Pattern[str]
    _longest: re.Pattern[str]

    def apart(self, text: str) -> dict[str, str] | str:
        """Return the pieces of a text, or why there are none."""
        first, last = self._shortest.fullmatch(text), self._longest.fullmatch(text)
        if first is None or last is None:
            return NO_FIT
        found = [(one or "").strip() for one in first.groups()]
        if found != [(one or "").strip() for one in last.groups()]:
            return SEVERAL
        return dict(zip(self.pieces, found, strict=True))

    def shortest(self, text: str) -> dict[str, str]:
        """Return the pieces with the first ones as short as can be; none where the text does not fit."""
        match = self._shortest.fullmatch(text)
        return dict(zip(self.pieces, match.groups(), strict=True)) if match else {}


@cache
def pattern_of(text: str) -> Pattern:
    """Read a pattern.

    Raises:
        ValueError: it names no piece, or one piece twice, or has a brace too many.
    """
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _PIECE.finditer(text):
        if match.start() > end:
            parts.append(("", text[end : match.start()]))
        parts.append((match[1], match[2] or ""))
        end = match.end()
    if end < len(text):
        parts.append(("", text[end:]))
    pieces = [name for name, _ in parts if name]
    literals = "".join(kind for name, kind in parts if not name)
    if not pieces or len(set(pieces)) < len(pieces) or set("{}") & set(literals):
        raise ValueError(f"`{text}` is no pattern: write each piece once, as {{piece}}, {{piece:word}} or {{piece:2}}")
    return Pattern(tuple(pieces), tuple(parts), _regex(parts, "?"), _regex(parts, ""))


def _regex(parts: Sequence[tuple[str, str]], greed: str) -> re.Pattern[str]:
    exact = all(kind.isdigit() for name, kind in parts if name)
    return re.compile("".join(_group(kind, greed) if name else _literal(kind, exact) for name, kind in parts), re.S)


def _group(kind: str, greed: str) -> str:
    if kind == "word":
        return rf"(\S*{greed})"
    return f"(.{{{kind}}})" if kind else f"(.*{greed})"


def _literal(text: str, exact: bool) -> str:
    """Blanks around a separator may be more or fewer than the pattern has, unless all pieces have a fixed width."""
    if exact:
        return re.escape(text)
    return rf"\s*{re.escape(text.strip())}\s*" if text.strip() else r"\s+"


def piece_of(patterns: Sequence[str], name: str, labels: Mapping[str, str]) -> str:
    """Return which piece a field takes: that of its own name, else that of its place; empty for none."""
    pieces = {piece for pattern in patterns for piece in pattern_of(pattern).pieces}
    return next((each for each in (name, *labels.values()) if each in pieces), "")


def take_piece(cells: Text, patterns: Sequence[str], piece: str) -> tuple[Text, dict[str, Any]]:
    """Return one piece of each text, by the first pattern that fits.

    Args:
        cells: texts.
        patterns: tried in order.
        piece: its name; a pattern without it gives nothing.

    Returns:
        The pieces, nothing where a piece is empty; and reason → which texts could not be taken apart for it.
    """
    compiled = [pattern_of(each) for each in patterns]
    found = {text: _first(text, compiled) for text in cells.dropna().unique()}
    pieces = {text: each.get(piece) or None for text, each in found.items() if isinstance(each, dict)}
    failures = {
        reason: cells.isin([text for text, each in found.items() if each == reason])
        for reason in {each for each in found.values() if isinstance(each, str)}
    }
    return cells.map(pieces).astype(cells.dtype), failures


def _first(text: str, patterns: Sequence[Pattern]) -> dict[str, str] | str:
    said = NO_FIT
    for pattern in patterns:
        found = pattern.apart(text)
        if isinstance(found, dict):
            return found
        said = SEVERAL if SEVERAL in (found, said) else NO_FIT
    return said


def template_parts(template: str) -> tuple[str, ...]:
    """Return what a template puts together, in order.

    Raises:
        ValueError: it names nothing, or has a brace too many.
    """
    names = tuple(_PART.findall(template))
    if not names or set("{}") & set(_PART.sub("", template)):
        raise ValueError(f"`{template}` is no template: write columns as {{Column}}")
    return names


def put_together(template: str, cell: Callable[[str], Text]) -> Text:
    """Fill a template; what stands between two parts is left out where one of them is missing.

    Args:
        template: parts in braces.
        cell: a part's name → its texts.

    Returns:
        The texts, nothing where no part has any.
    """
    *between, behind = _PART.split(template)[::2]
    whole: Text = None
    for literal, name in zip(between, _PART.findall(template), strict=True):
        part = cell(name)
        if whole is None:
            whole = literal + part
            start = literal
        else:
            first = start + part  # nothing came before it
            whole = (whole + literal + part).fillna(whole).fillna(first)
    return whole + behind


@dataclass(frozen=True)
class DatePattern:
    """How dates are written, ready for use."""

    text: str
    regex: re.Pattern[str]

    def iso(self, text: str) -> str | None:
        """Return the date, or date and time, in ISO form; None for what is not written so."""
        match = self.regex.fullmatch(text.strip())
        if match is None:
            return None
        found: Mapping[str, str | None] = match.groupdict()
        day = f"{found['year']}-{int(found['month'] or 0):02}-{int(found['day'] or 0):02}"
        if found.get("hour") is None:
            return day
        hour = int(found["hour"] or 0)
        half = (found.get("half") or "").lower()
        if half:
            hour = hour % 12 + (12 if half == "pm" else 0)
        return f"{day} {hour:02}:{found['minute']}:{found.get('second') or '00'}"


@cache
def date_pattern(text: str) -> DatePattern:
    """Read a pattern of dates.

    Raises:
        ValueError: it lacks the year, the month or the day, or names a part twice.
    """
    tokens = _TOKEN.findall(text)
    if len(set(tokens)) < len(tokens) or not {"YYYY", "MM", "DD"} <= set(tokens) or ("hh" in tokens) > ("mm" in tokens):
        raise ValueError(f"`{text}` is no date: write YYYY, MM and DD, and for a time hh, mm, ss and am")
    day, blank, time = text.partition(" ")
    regex = _date_regex(day)
    return DatePattern(text, re.compile(f"{regex}(?: {_date_regex(time)})?" if blank else regex))


def _date_regex(text: str) -> str:
    """Months, days and hours may have one digit, unless all digits stand together."""
    short = "1,2" if re.search(r"[^A-Za-z]", text) else "2"
    digits = {"YYYY": "{4}", "MM": f"{{{short}}}", "DD": f"{{{short}}}", "hh": f"{{{short}}}"}
    parts, end = [], 0
    for match in _TOKEN.finditer(text):
        parts.append(re.escape(text[end : match.start()]))
        token = match[0]
        counted = "[AaPp][Mm]" if token == "am" else "[0-9]" + digits.get(token, "{2}")
        parts.append(f"(?P<{_TOKENS[token]}>{counted})")
        end = match.end()
    return "".join(parts) + re.escape(text[end:])


def read_dates(cells: Text, pattern: str) -> tuple[Text, Any]:
    """Return dates in ISO form, and which texts are none; 30 February is left for validation to refuse."""
    compiled = date_pattern(pattern)
    found = {text: compiled.iso(text) for text in cells.dropna().unique()}
    dates = cells.map(found).astype(cells.dtype)
    unread: pd.Series[bool] = cells.notna() & dates.isna()
    return dates, unread
