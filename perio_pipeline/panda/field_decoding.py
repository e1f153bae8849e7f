"""From the text of physical columns to the text of one canonical field, step by step as its entry says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from perio_pipeline.panda.bound import BoundTable, Place
from perio_pipeline.panda.fields import BoundColumn, filled
from perio_pipeline.panda.frames import TEXT
from perio_pipeline.panda.patterns import put_together, read_dates, take_piece
from perio_pipeline.panda.unread import marked

Text = Any  # a pandas Series of text; pandas' own type parameters add nothing here

Decoded = dict[tuple[str, str], dict[str | None, str | None]]
"""Field and piece → what its values were decoded to so far."""

FEW = 1_000
"""Distinct values up to which a column is one of codes and figures, worth remembering from one chunk to the next."""

_DECIMAL_COMMA = r"[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]*)?"


@dataclass
class _Failures:
    """Cells that a step could not read, with the first reason."""

    entry: str
    found: list[tuple[Text, str]] = field(default_factory=list)

    def add(self, cells: Any, reason: str) -> None:
        if cells.any():
            self.found.append((cells, f"{self.entry}: {reason}"))

    def mark(self, cells: Text, raw: Text) -> Text:
        for failed, reason in reversed(self.found):
            cells = marked(cells.mask(failed, raw), failed, reason)
        return cells


def decode_field(table: str, bound: BoundTable, name: str, text: pd.DataFrame, place: Place, decoded: Decoded) -> Text:
    """Return one canonical field of some rows.

    Args:
        table: the canonical table.
        bound: its binding.
        name: of the field, which is bound.
        text: the physical columns as text.
        place: which of the rows that a physical row becomes.
        decoded: what was decoded before by the same binding; it is added to.

    Returns:
        Texts; cells that the entry cannot read are marked (`unread`), or kept where validation will refuse them.
    """
    entry, where = bound.columns[name], bound.address(table, f"columns.{name}")
    raw = cells = _origin(entry, text, place)
    if entry.transforms or entry.null_when:
        piece = entry.piece_at(name, place.labels)
        before = decoded.setdefault((name, piece), {})
        cells = _each_once(raw, lambda values: _decoded(bound, entry, piece, where, values), before)
    alone = _Failures(where)
    for alias in dict.fromkeys(filter(None, map(bound.alias_of, entry.columns(place.suffixes)))):
        _check_partner(bound, alias, text, alone)
    return alone.mark(cells, raw)


def _each_once(cells: Text, decode: Callable[[Text], Text], before: dict[str | None, str | None]) -> Text:
    """Decode each value once, however often it stands in the column, and few values once for all chunks."""
    seen = _texts(cells).dictionary_encode(null_encoding="encode")
    values = seen.dictionary
    if len(values) > FEW:
        decoded = _texts(decode(pd.Series(values.to_pandas(), dtype=TEXT)))
    else:
        new = [value for value in values.to_pylist() if value not in before]
        if new:
            if len(before) > FEW:
                before.clear()
                new = values.to_pylist()
            before |= zip(new, _texts(decode(pd.Series(new, dtype=TEXT))).to_pylist(), strict=True)
        decoded = pa.array([before[value] for value in values.to_pylist()], pa.string())
    return pd.Series(decoded.take(seen.indices).to_pandas(), dtype=TEXT).set_axis(cells.index)


def _texts(cells: Text) -> pa.Array:
    return pa.array(cells, type=pa.string(), from_pandas=True)


def _decoded(bound: BoundTable, entry: BoundColumn, piece: str, where: str, values: Text) -> Text:
    failures, cells = _Failures(where), values
    if entry.pattern:
        cells, reasons = take_piece(cells, entry.pattern, piece)
        for reason, failed in reasons.items():
            failures.add(failed, reason)
    if entry.null_when:
        cells = cells.mask(cells.isin(entry.null_when))
    cells = _step(bound, entry, cells, failures)
    return failures.mark(_coded(entry, cells), values)


def _origin(entry: BoundColumn, text: pd.DataFrame, place: Place) -> Text:
    if entry.column is not None:
        return text[filled(entry.column, place.suffixes)]
    if entry.text is not None:
        return put_together(filled(entry.text, place.suffixes), text.__getitem__)
    return pd.Series([entry.value] * len(text), index=text.index, dtype=TEXT)


def _check_partner(bound: BoundTable, alias: str, text: pd.DataFrame, failures: _Failures) -> None:
    join = bound.joins[alias]
    if join.optional:
        return
    named = pd.concat([text[own] for own in join.on], axis=1).notna().all(axis=1)
    there = text[f"{alias}.{next(iter(join.on.values()))}"].notna()
    failures.add(named & ~there, f"no row of {join.table} has this key")


def _step(bound: BoundTable, entry: BoundColumn, cells: Text, failures: _Failures) -> Text:
    if entry.bit is not None:
        return _bit(cells, entry.bit, sum({other.bit for other in _beside(bound, entry) if other.bit}))
    if entry.letter is not None:
        return _letter(cells, entry.letter, {other.letter.upper() for other in _beside(bound, entry) if other.letter})
    if entry.decode is not None:
        return _DECODINGS[entry.decode](cells, failures)
    if entry.date is not None:
        dates, unread = read_dates(cells, entry.date)
        failures.add(unread, f"not a date written {entry.date}")
        return dates
    return cells


def _beside(bound: BoundTable, entry: BoundColumn) -> list[BoundColumn]:
    """All fields that are made of the same column."""
    return [other for other in bound.columns.values() if other.column == entry.column]


def _bit(cells: Text, bit: int, known: int) -> Text:
    """One flag of a bit sum as `true`/`false`; a sum with a bit nobody named is kept as `?sum` and fails validation."""
    number: Any = pd.to_numeric(cells, errors="coerce")
    number = number.astype("Int64")
    strange = cells.notna() & (number.isna() | ((number.fillna(0) & ~known) != 0))
    return _flag((number.fillna(0) & bit) != 0, cells, strange)


def _letter(cells: Text, letter: str, known: set[str]) -> Text:
    """One flag of a text of letters; a text with a letter nobody named is kept as `?text` and fails validation."""
    found = {text: {each.upper() for each in text if each.isalnum()} for text in cells.dropna().unique()}
    there = cells.isin([text for text, letters in found.items() if letter.upper() in letters])
    strange = cells.isin([text for text, letters in found.items() if not letters <= known])
    return _flag(there, cells, strange)


def _flag(there: Any, cells: Text, strange: Any) -> Text:
    flag = pd.Series(there.map({True: "true", False: "false"}), dtype=TEXT)
    return flag.mask(cells.isna()).mask(strange, "?" + cells)


def _over_100_is_negative(cells: Text, failures: _Failures) -> Text:
    number: Any = pd.to_numeric(cells, errors="coerce")
    return cells.mask(number > 100, (100 - number).astype("Int64").astype(TEXT))


def _decimal_comma(cells: Text, failures: _Failures) -> Text:
    failures.add(cells.notna() & ~cells.str.fullmatch(_DECIMAL_COMMA).fillna(False).astype(bool), "not a number")
    return cells.str.replace(".", "", regex=False).str.replace(",", ".", regex=False).str.removesuffix(".")


_DECODINGS: Mapping[str, Callable[[Text, _Failures], Text]] = {
    "over_100_is_negative": _over_100_is_negative,
    "decimal_comma": _decimal_comma,
}


def _coded(entry: BoundColumn, cells: Text) -> Text:
    if not entry.codes:
        return cells
    default = entry.codes.get("*")
    decoded = cells.map({code: target for code, target in entry.codes.items() if code not in ("", "*")}).astype(TEXT)
    # A code that is not listed stays as it is: validation then names it, and the row is not lost.
    decoded = decoded.where(decoded.notna() | cells.isna(), default if default is not None else cells)
    return decoded.mask(cells.isna(), entry.codes[""]) if "" in entry.codes else decoded
