"""What was found out about an export, and what proves it: for people, and as JSON. It holds no value of any row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from perio_pipeline.panda.exports.date_evidence import DateEvidence
from perio_pipeline.panda.exports.dates import Order
from perio_pipeline.panda.exports.dialect import DELIMITERS, Broken
from perio_pipeline.panda.exports.evidence import NULL_WORDS
from perio_pipeline.panda.exports.reading import DateStyle, FileReading
from perio_pipeline.panda.exports.seen import Seen
from perio_pipeline.panda.exports.staging import Staged
from perio_pipeline.panda.exports.survey import Survey

REPORT = "exports.json"

_ORDERS = {Order.DAY_FIRST: "day, month, year", Order.MONTH_FIRST: "month, day, year", None: ""}


@dataclass(frozen=True)
class DateReport:
    """How the dates of a column are written.

    Attributes:
        column: its name.
        style: in words; empty where the column has no date.
        decided_by: what decided the order of day and month.
        contradictory: the column's own values prove both orders.
        evidence: kind of value → how many, and the line of the first.
    """

    column: str
    style: str
    decided_by: str
    contradictory: bool
    evidence: dict[str, Seen]


@dataclass(frozen=True)
class FileReport:
    """A file. `conversions`: column → what becomes of its values, other than dates; `broken_rows` counts them all."""

    file: str
    table: str
    rows: int
    columns: int
    encoding: str
    delimiter: str
    quoting: str
    staged: bool
    dates: list[DateReport]
    conversions: dict[str, str]
    broken_rows: int
    broken: list[Broken]


@dataclass(frozen=True)
class Report:
    """A whole folder. `null_words`: each word that means "no value" → how many values are that word."""

    folder: str
    files: list[FileReport]
    null_words: dict[str, int]
    problems: list[str]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        return asdict(self)


def report(folder: Path, staged: Staged) -> Report:
    """Say what was found out."""
    files = [_file(survey, staged.readings.get(key)) for key, survey in staged.surveys.items()]
    words = {word for reading in staged.readings.values() for word in reading.null_words}
    columns = [column for survey in staged.surveys.values() for column in survey.evidence.values()]
    counts = {word: sum(column.null_words[word].values for column in columns) for word in NULL_WORDS if word in words}
    return Report(str(folder), files, counts, [f"{error.problem} {error.remedy}" for error in staged.errors])


def _file(survey: Survey, reading: FileReading | None) -> FileReport:
    return FileReport(
        file=survey.file,
        table=survey.table,
        rows=survey.rows,
        columns=len(survey.columns),
        encoding=survey.encoding.label,
        delimiter=DELIMITERS[survey.dialect.delimiter],
        quoting=str(survey.dialect.quoting),
        staged=reading is not None,
        dates=[
            _dates(name, column.dates, None if reading is None else reading.columns[name].dates)
            for name, column in survey.evidence.items()
            if column.dates is not None
        ],
        conversions={} if reading is None else dict(_conversions(survey, reading)),
        broken_rows=survey.broken,
        broken=survey.listed,
    )


def _dates(column: str, seen: DateEvidence, style: DateStyle | None) -> DateReport:
    evidence = {name: each for name, each in vars(seen).items() if each}
    words = _style(seen, style.order if style else None)
    return DateReport(column, words, style.decided_by if style else "nothing", seen.contradictory, evidence)


def _style(seen: DateEvidence, order: Order | None) -> str:
    numbers = seen.day_first or seen.month_first or seen.either or seen.same
    notations = {
        "ISO": seen.iso,
        "month by name": seen.named,
        _ORDERS[order] or "three numbers": numbers,
        "years of two digits": seen.short_years,
        "12 hours": seen.half_days,
        "fractions": seen.fractions,
    }
    return "; ".join(words for words, each in notations.items() if each)


def _conversions(survey: Survey, reading: FileReading) -> Iterator[tuple[str, str]]:
    for name, column in reading.columns.items():
        seen = survey.evidence[name]
        if column.bits and seen.words:
            yield name, f"True and False are 1 and 0 ({_counted(seen.words)})"
        elif column.decimal_commas and seen.commas:
            yield name, f"commas are decimal commas ({_counted(seen.commas.proving)} prove it)"
        elif column.hexadecimal and seen.bytes:
            yield name, f"0x… is bytes ({_counted(seen.bytes.digits)})"


def _counted(seen: Seen) -> str:
    return f"{seen.values:,} values, the first on line {seen.line}"
