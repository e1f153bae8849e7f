"""How each column of each file is read: decided by its own values, then by its file, its folder, and the practice.

A column whose values leave the order of day and month open, or contradict each other, is read as the other columns of
its file are, if they agree; else as those of the folder; else as the practice's file says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Any

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.exports.dates import LATEST_SHORT_YEAR, Order, iso
from perio_pipeline.panda.exports.evidence import BIT_WORDS, NULL_WORDS, ColumnEvidence
from perio_pipeline.panda.exports.survey import Survey
from perio_pipeline.panda.exports.uses import TableUse

Convert = Callable[[str], str | bytes]


@dataclass(frozen=True)
class DateStyle:
    """How the dates of a column are read.

    Attributes:
        order: what comes first where a date is three numbers; None where no date is.
        decided_by: `its values`, `its file`, `the folder` or `source.dates`.
        contradictory: its own values prove both orders.
        latest_short_year: the last year that two digits mean.
    """

    order: Order | None
    decided_by: str
    contradictory: bool
    latest_short_year: int


@dataclass(frozen=True)
class ColumnReading:
    """How a column is read; without any of these it stays as it is."""

    dates: DateStyle | None = None
    bits: bool = False
    decimal_commas: bool = False
    hexadecimal: bool = False

    def convert(self) -> Convert | None:
        """Return what is done to each value; None for nothing."""
        if self.dates is not None:
            return partial(iso, order=self.dates.order, latest_short_year=self.dates.latest_short_year)
        if self.bits:
            return lambda text: BIT_WORDS.get(text.lower(), text)
        if self.decimal_commas:
            return lambda text: text.strip().replace(".", "").replace(",", ".")
        if self.hexadecimal:
            return lambda text: bytes.fromhex(text[2:])
        return None


@dataclass(frozen=True)
class FileReading:
    """How a file is read: as its survey says, its columns each in its way, some words as no value."""

    survey: Survey
    columns: dict[str, ColumnReading]
    null_words: tuple[str, ...]

    def fingerprint(self, bindings: str, stager: int) -> str:
        """Return what a staged table depends on: the file, the bindings, the stager, and how the file was read."""
        columns = {name: asdict(column) for name, column in self.columns.items()}
        parts: list[Any] = [self.survey.sha256, bindings, stager, self.survey.columns, columns, self.null_words]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def decide(
    surveys: Mapping[str, Survey], uses: Mapping[str, TableUse], stated: Order | None, today: date
) -> tuple[dict[str, FileReading], list[SourceError]]:
    """Return how each file without broken rows is read, and an error for each that cannot be.

    Args:
        surveys: table → what is known of its file.
        uses: table → what the bindings read.
        stated: the order that the practice says its dates have.
        today: the last day on which somebody can have been born.
    """
    sound = {key: survey for key, survey in surveys.items() if not survey.broken}
    words = null_words(list(sound.values()))
    folder = {order for survey in sound.values() for order in _orders(survey)}
    readings: dict[str, FileReading] = {}
    errors: list[SourceError] = []
    for key, survey in sound.items():
        deciders = {"its file": _orders(survey), "the folder": folder, "source.dates": {stated} if stated else set()}
        try:
            readings[key] = _read(survey, uses[key], words, deciders, today)
        except SourceError as error:
            errors.append(error)
    return readings, errors


def null_words(surveys: Sequence[Survey]) -> tuple[str, ...]:
    """Return the words that stand for "no value" in the whole export.

    Such a word is proven by a column that can hold no free text, or by standing in several columns of an export that
    leaves nothing empty. A patient may be called NULL.
    """
    columns = [column for survey in surveys for column in survey.evidence.values()]
    empty = any(column.empty for column in columns)
    proven = []
    for word in NULL_WORDS:
        holding = [column for column in columns if column.null_words[word]]
        if any(column.typed for column in holding) or (len(holding) > 1 and not empty):
            proven.append(word)
    return tuple(proven)


def _orders(survey: Survey) -> set[Order]:
    found = {column.dates.proven for column in survey.evidence.values() if column.dates is not None}
    return {order for order in found if order is not None}


def _read(
    survey: Survey, use: TableUse, words: tuple[str, ...], deciders: Mapping[str, set[Order]], today: date
) -> FileReading:
    columns = {}
    for name in survey.columns:
        evidence = survey.evidence[name]
        bound = use.columns.get(name.lower())
        latest = today.year if bound is not None and bound.birth else LATEST_SHORT_YEAR
        columns[name] = ColumnReading(
            dates=_date_style(survey, name, evidence, deciders, latest),
            bits=bool(evidence.words),
            decimal_commas=evidence.commas is not None and evidence.commas.proven,
            hexadecimal=_is_hexadecimal(survey, name, evidence),
        )
    return FileReading(survey, columns, words)


def _date_style(
    survey: Survey, name: str, evidence: ColumnEvidence, deciders: Mapping[str, set[Order]], latest: int
) -> DateStyle | None:
    seen = evidence.dates
    if seen is None:
        return None
    if seen.years_first:
        raise SourceError(
            f"{survey.file}, line {seen.year_first.line}: in column {name} years of two digits come first, where they "
            "cannot be told from days.",
            "Export dates with years of four digits.",
        )
    latest = latest if seen.short_years else LATEST_SHORT_YEAR
    if not seen.open:
        return DateStyle(seen.proven, "its values", seen.contradictory, latest)
    for decider, orders in deciders.items():
        if len(orders) == 1:
            return DateStyle(next(iter(orders)), decider, seen.contradictory, latest)
    raise SourceError(_undecided(survey, name, evidence), "Write `dates: day_first` or `dates: month_first` under "
                      "`source` in the practice's file, or export dates as YYYY-MM-DD.")  # fmt: skip


def _undecided(survey: Survey, name: str, evidence: ColumnEvidence) -> str:
    seen = evidence.dates
    if seen is not None and seen.contradictory:
        return (
            f"{survey.file}: in column {name} the day comes first on {seen.day_first.values} lines (line "
            f"{seen.day_first.line}) and the month on {seen.month_first.values} (line {seen.month_first.line}), and no "
            "other column decides."
        )
    line = seen.either.line if seen is not None else 0
    return f"{survey.file}, line {line}: whether day or month comes first in column {name} is decided by nothing."


def _is_hexadecimal(survey: Survey, name: str, evidence: ColumnEvidence) -> bool:
    seen = evidence.bytes
    if seen is None:
        return False
    problem = ""
    if seen.lost:
        problem = f"holds System.Byte[] in place of bytes on {seen.lost.values} lines (line {seen.lost.line})"
    elif seen.digits and seen.text:
        problem = (
            f"holds bytes as 0x… on {seen.digits.values} lines (line {seen.digits.line}) and something else on "
            f"{seen.text.values} (line {seen.text.line})"
        )
    elif seen.bare and seen.bare.values == seen.text.values:
        problem = f"holds nothing but digits, without 0x, on {seen.bare.values} lines (line {seen.bare.line})"
    if problem:
        raise SourceError(
            f"{survey.file}: column {name} {problem}.",
            f"Export it as CONVERT(varchar(max), CONVERT(varbinary(max), {name}), 1), or all of it as text.",
        )
    return bool(seen.digits)
