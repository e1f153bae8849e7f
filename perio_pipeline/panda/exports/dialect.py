"""How the text of a file is a table: its delimiter, its header, whether it quotes, and which rows are broken.

The header decides the delimiter: it must name the bound columns. Whether quotes are quotes is decided by all lines; a
value such as `5" pocket` in an unquoted file is only text.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.exports.encodings import Encoding, open_text
from perio_pipeline.panda.exports.uses import TableUse

FIELD_CHARACTERS = 1 << 26
"""The longest value: letters with pictures in them are long, and a quote that is never closed must end somewhere."""
csv.field_size_limit(FIELD_CHARACTERS)

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
LISTED = 10
"""Broken rows that are listed; all are counted."""
BATCH_ROWS, BATCH_CHARACTERS = 5_000, 1 << 23
"""What is held in memory at a time: rows, and characters, since one letter may be longer than a thousand visits."""

Record = tuple[int, list[str]]
"""The line a row begins on, and its fields."""


class Quoting(StrEnum):
    """What a quote means."""

    NONE = "none"
    DOUBLED = "quoted, quotes inside doubled"
    LITERAL = "none; quotes are text"


@dataclass(frozen=True)
class Dialect:
    """How a file is written, beside its encoding."""

    delimiter: str
    quoting: Quoting


@dataclass(frozen=True)
class Broken:
    """A row that is no row: where, and what was found there; no value of it."""

    line: int
    found: str


@dataclass
class Tally:
    """The rows of a file, read in one way."""

    width: int
    rows: int = 0
    broken: int = 0
    listed: list[Broken] = field(default_factory=list)

    def take(self, line: int, fields: int) -> None:
        """Count a row of so many fields."""
        self.rows += 1
        if fields != self.width:
            self.refuse(line, f"{fields} fields instead of {self.width}")

    def refuse(self, line: int, found: str) -> None:
        """Count a broken row."""
        self.broken += 1
        if len(self.listed) < LISTED:
            self.listed.append(Broken(line, found))


def read_header(path: Path, encoding: Encoding, use: TableUse) -> tuple[str, list[str]]:
    """Return a file's delimiter and its columns, those that are bound as the bindings spell them.

    Raises:
        SourceError: the file is empty, its first line is no header, a bound column is missing, a name is there twice.
    """
    with open_text(path, encoding) as text:
        line = text.readline(FIELD_CHARACTERS)
        if not line.strip() and not any(other.strip() for other in text):
            raise SourceError(
                f"{path.name} is empty.", f"Export {use.bound} again, with a header even if it has no rows."
            )
    delimiter, names = max(_split(line), key=lambda split: (_bound(split[1], use), len(split[1])))
    if not _bound(names, use):
        raise SourceError(
            f"{path.name}, line 1: no header; it names none of the columns of {use.bound} that the bindings read.",
            f"Export with a header line that names {', '.join(_spelt(use))}; or correct the bindings.",
        )
    _check_names(path, names, use)
    return delimiter, [use.columns[name.lower()].name if name.lower() in use.columns else name for name in names]


def find_quoting(path: Path, encoding: Encoding, delimiter: str, width: int) -> tuple[Quoting, Tally]:
    """Return whether a file quotes, and its rows."""
    with open_text(path, encoding) as text:
        watch = _Watch(delimiter, width)
        quoted = _read_quoted(watch.lines(text), delimiter, width)
    if not watch.quotes:
        return Quoting.NONE, quoted
    literal = watch.tally
    # No writer that quotes leaves a quote bare, and quotes that swallow line ends change how many rows there are.
    differs = quoted.broken or quoted.rows != literal.rows
    if width > 1 and differs and watch.bare > watch.wrapped and literal.broken <= quoted.broken:
        return Quoting.LITERAL, literal
    return Quoting.DOUBLED, quoted


def records(lines: Iterable[str], dialect: Dialect) -> Iterator[Record]:
    """Return the rows below the header, without blank lines, of a file that has no broken rows."""
    quotes = None if dialect.quoting == Quoting.LITERAL else '"'
    reader = csv.reader(lines, delimiter=dialect.delimiter, quotechar=quotes, strict=True)
    next(reader)
    line = reader.line_num + 1
    for row in reader:
        if row:
            yield line, row
        line = reader.line_num + 1


def batches(rows: Iterable[Record]) -> Iterator[list[Record]]:
    """Gather rows into batches that memory holds."""
    batch: list[Record] = []
    characters = 0
    for record in rows:
        batch.append(record)
        characters += sum(map(len, record[1]))
        if len(batch) >= BATCH_ROWS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


class _Watch:
    """Reads lines as if quotes were text, while somebody else reads them as quoted."""

    def __init__(self, delimiter: str, width: int) -> None:
        self.tally = Tally(width)
        self.quotes = False
        self.wrapped = self.bare = 0
        self._delimiter = delimiter
        some = f"[^{re.escape(delimiter)}]"
        edge = f"(?:^|(?<={re.escape(delimiter)}))"
        end = f"(?=$|{re.escape(delimiter)})"
        self._wrapped = re.compile(rf'{edge}"(?:""|(?!"){some})*"{end}')
        # A quote after the first character of a field that has no quote before it, or one that closes too early.
        self._bare = re.compile(rf'{edge}(?:(?!"){some}+"|"(?:""|(?!"){some})*"(?!"){some})')

    def lines(self, text: Iterable[str]) -> Iterator[str]:
        for number, line in enumerate(text, 1):
            content = line.rstrip("\r\n")
            if '"' in content:
                self.quotes = True
                self.wrapped += len(self._wrapped.findall(content))
                self.bare += len(self._bare.findall(content))
            if number > 1 and content:
                self.tally.take(number, content.count(self._delimiter) + 1)
            yield line


def _read_quoted(lines: Iterator[str], delimiter: str, width: int) -> Tally:
    tally = Tally(width)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    next(reader)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error:
            tally.rows += 1
            tally.refuse(line, "a quote that is not closed, or is closed before the value ends")
            continue
        if row is None:
            return tally
        if tally.rows == 0 and row and all(each and not each.strip("- ") for each in row):
            tally.rows += 1
            tally.refuse(line, "a line of dashes under the header, as sqlcmd writes it")
        elif row:
            tally.take(line, len(row))


def _split(line: str) -> Iterator[tuple[str, list[str]]]:
    """The header, by each delimiter that it can be split by."""
    for delimiter in DELIMITERS:
        try:
            fields = next(csv.reader([line], delimiter=delimiter, strict=True), [])
        except csv.Error:
            fields = []
        yield delimiter, [name.strip() for name in fields]


def _bound(names: Iterable[str], use: TableUse) -> int:
    return len({name.lower() for name in names} & use.columns.keys())


def _spelt(use: TableUse) -> list[str]:
    return [column.name for column in use.columns.values()]


def _check_names(path: Path, names: Sequence[str], use: TableUse) -> None:
    lower = [name.lower() for name in names]
    if "" in lower:
        raise SourceError(
            f"{path.name}, line 1: column {lower.index('') + 1} of {len(names)} has no name.",
            "Export it with a name for each column, and no delimiter at the end of the line.",
        )
    twice = sorted({name for name in names if lower.count(name.lower()) > 1})
    if twice:
        raise SourceError(
            f"{path.name}, line 1: the header names {', '.join(twice)} more than once.",
            "Export each column once; of a query over several tables, give them different names.",
        )
    missing = [name for name in _spelt(use) if name.lower() not in lower]
    if missing:
        raise SourceError(
            f"{path.name}, line 1: the header lacks {', '.join(missing)}, which the bindings of {use.bound} read.",
            "Export these columns too, or correct the bindings.",
        )
