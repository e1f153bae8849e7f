"""The form of an exported audit log: a head and one line per entry, as JSON Lines or as CSV.

There is one way only to write an entry: a line that reads the same but is not, byte for byte, what would be written is
not as exported. Nothing is left out but nulls; sealed columns stand as the hex of their ciphertext.

JSONL  the head and each entry are an object; a null is a missing key.
CSV    the head is a row of names and values, then the columns' names, then a row per entry. Texts are quoted; a null
       is an empty cell. A text's control characters and backslashes are escaped as in JSON, so that a row is a line,
       and so is a first character that spreadsheets would take for a formula.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, BinaryIO

from perio_pipeline.loading.sealing import Seal

VERSION = 1
LONGEST_LINE = 64 * 2**20
CELL = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|\Z)')
FORMULA = frozenset("=+-@")
"""First characters of what a spreadsheet computes: https://owasp.org/www-community/attacks/CSV_Injection."""


class Format(StrEnum):
    """How an audit log is written."""

    JSONL = "jsonl"
    CSV = "csv"


class DamagedLineError(ValueError):
    """A line is not as it was exported."""


@dataclass(frozen=True)
class FileHead:
    """What the first line says about the others.

    Attributes:
        practice: whose log.
        destination: the only destination whose entries are shown; None for all.
        entries: entries of the practice's chain at the time.
        shown: those of them that are shown; the others stand there with their hashes only.
        last_hash: of the last entry.
        taken_over: entries that were there when the journal began to keep heads (`chain.Head`).
        exported_at: when, in UTC.
    """

    practice: str
    destination: str | None
    entries: int
    shown: int
    last_hash: str
    taken_over: int
    exported_at: str

    def check(self, columns: Sequence[str], seal: str) -> str:
        """SHA-256 of the head, its seal and the names of the columns: tells damage, to anybody."""
        return hashlib.sha256(_json([asdict(self), seal, *columns])).hexdigest()

    def sealed(self, seal: Seal, columns: Sequence[str]) -> str:
        """Digest with the journal's key: tells forgery, to who has the key."""
        return seal.digest({"audit file": [asdict(self), *columns]})


@dataclass(frozen=True)
class Opening:
    """A file's first lines as they were read."""

    form: Format
    lines: int
    columns: tuple[str, ...]
    head: FileHead | None
    seal: str


def opening_lines(form: Format, head: FileHead, columns: Sequence[str], seal: Seal) -> bytes:
    """Return the lines before the first entry."""
    columns = columns if form is Format.CSV else ()
    first = _head_line(form, head, columns, head.sealed(seal, columns))
    return first + (_row(columns) + b"\n" if columns else b"")


def entry_line(form: Format, entry: Mapping[str, Any], columns: Sequence[str]) -> bytes:
    """Return the line of an entry."""
    if form is Format.CSV:
        return _row([entry.get(name) for name in columns]) + b"\n"
    return _json({name: entry[name] for name in columns if entry.get(name) is not None}) + b"\n"


def read_opening(file: BinaryIO) -> Opening:
    """Read the lines before the first entry; the head is None where it, or the columns' names, are damaged."""
    first = file.readline(LONGEST_LINE)
    form = Format.JSONL if first.startswith(b"{") else Format.CSV
    lines = 1 if form is Format.JSONL else 2
    columns: tuple[str, ...] = ()
    try:
        if form is Format.CSV:
            columns = tuple(map(str, _cells(file.readline(LONGEST_LINE))))
        content: dict[str, Any] = _object(first) if form is Format.JSONL else _pairs(_cells(first))
    except DamagedLineError:
        return Opening(form, lines, columns, None, "")
    seal = str(content.get("seal"))
    values: dict[str, Any] = {field.name: content.get(field.name) for field in fields(FileHead)}
    head = FileHead(**values)
    return Opening(form, lines, columns, head if _head_line(form, head, columns, seal) == first else None, seal)


def read_lines(file: BinaryIO, opening: Opening) -> Iterator[tuple[int, Mapping[str, Any] | None]]:
    """Read the entries after the opening: line number and entry, None where the line is not as it was exported."""
    number = opening.lines
    while line := file.readline(LONGEST_LINE):
        number += 1
        try:
            if opening.form is Format.JSONL:
                yield number, _object(line)
            else:
                cells = _cells(line)
                same = len(cells) == len(opening.columns)
                yield number, dict(zip(opening.columns, cells, strict=True)) if same else None
        except DamagedLineError:
            yield number, None


def _head_line(form: Format, head: FileHead, columns: Sequence[str], seal: str) -> bytes:
    content = {"audit": VERSION, **asdict(head), "seal": seal, "check": head.check(columns, seal)}
    if form is Format.CSV:
        return _row([cell for pair in content.items() for cell in pair]) + b"\n"
    return _json({name: value for name, value in content.items() if value is not None}) + b"\n"


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _object(line: bytes) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        raise DamagedLineError from None
    if not isinstance(content, dict) or None in content.values() or _json(content) + b"\n" != line:
        raise DamagedLineError
    return content


def _row(cells: Sequence[Any]) -> bytes:
    return ",".join(_cell(value) for value in cells).encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value)
    escaped = json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '""')
    return f'"\\u{ord(escaped[0]):04x}{escaped[1:]}"' if escaped[:1] in FORMULA else f'"{escaped}"'


def _cells(line: bytes) -> list[Any]:
    """Read a row; it must be, byte for byte, what would be written for what was read."""
    try:
        text = line.decode().removesuffix("\n")
        cells: list[Any] = []
        place, comma = 0, ","
        while comma:
            match = CELL.match(text, place)
            if match is None:
                raise DamagedLineError
            quoted, bare, comma = match.groups()
            place = match.end()
            if quoted is not None:
                cells.append(json.loads('"' + quoted.replace('""', '\\"') + '"'))
            else:
                cells.append(json.loads(bare) if bare else None)
    except ValueError:
        raise DamagedLineError from None
    if _row(cells) + b"\n" != line:
        raise DamagedLineError
    return cells


def _pairs(cells: Sequence[Any]) -> dict[Any, Any]:
    return dict(zip(cells[::2], cells[1::2], strict=False))
