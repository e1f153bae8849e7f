"""Writes tables as the export tools of practices do: any encoding, delimiter, quoting and notation of dates."""

from __future__ import annotations

import codecs
import csv
import io
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from perio_pipeline.panda.bindings import Bindings, load_bindings
from perio_pipeline.panda.exports.staging import Staged, stage
from perio_pipeline.panda.exports.uses import unqualified
from perio_pipeline.panda.source import PandaSource

BINDINGS_FILE = Path(__file__).resolve().parents[3] / "mappings" / "panda.yaml"
TODAY = date(2026, 11, 22)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with byte order mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16 LE": lambda text: text.encode("utf-16-le"),
    "UTF-16 BE": lambda text: text.encode("utf-16-be"),
    "UTF-16 LE with byte order mark": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 BE with byte order mark": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "CP1252": lambda text: text.encode("cp1252"),
}


def _clock12(moment: datetime) -> str:
    return f"{(moment.hour + 11) % 12 + 1}:{moment:%M:%S} {'PM' if moment.hour >= 12 else 'AM'}"


def _named(moment: datetime) -> str:
    """SQL Server's style 109: `Mar 14 2021  9:05:00:000AM`."""
    hour, half = (moment.hour + 11) % 12 + 1, "PM" if moment.hour >= 12 else "AM"
    return f"{MONTHS[moment.month - 1]} {moment.day:>2} {moment.year} {hour:>2}:{moment:%M:%S}:000{half}"


DATES: dict[str, Callable[[datetime], str]] = {
    "iso": lambda m: m.isoformat(sep=" "),
    "iso with fractions": lambda m: m.isoformat(sep=" ") + ".0000000",
    "iso with T": lambda m: m.isoformat(),
    "month first": lambda m: f"{m.month}/{m.day}/{m.year} {m:%H:%M:%S}",
    "month first, 12 hours": lambda m: f"{m:%m/%d/%Y} {_clock12(m)}",
    "day first": lambda m: f"{m:%d/%m/%Y %H:%M:%S}",
    "day first, dots, 12 hours": lambda m: f"{m.day}.{m.month}.{m.year} {_clock12(m)}",
    "months by name": _named,
}


@dataclass(frozen=True)
class Style:
    """How an export is written. `quoting` is one of csv's constants."""

    encoding: str = "UTF-8"
    delimiter: str = ","
    quoting: int = csv.QUOTE_MINIMAL
    dates: str = "iso"
    null: str = ""
    words: bool = False
    comma: bool = False
    decimals: str = ""
    suffix: str = ".csv"


def cell(value: object, kind: str, style: Style) -> str:
    """Write one value of a physical type."""
    if value is None:
        return style.null
    if isinstance(value, bytes):
        return "0x" + value.hex().upper()
    if kind == "DATETIME":
        try:
            return DATES[style.dates](datetime.fromisoformat(str(value)))
        except ValueError:
            return str(value)
    if kind == "BIT" and style.words and value in (0, 1):
        return str(bool(value))
    if kind == "NUMERIC" and style.decimals:
        value = f"{value:{style.decimals}}"
    text = str(value)
    return text.replace(".", ",") if kind == "NUMERIC" and style.comma else text


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], style: Style) -> None:
    """Write one file."""
    text = io.StringIO()
    if style.quoting == csv.QUOTE_NONE:
        for row in (header, *rows):
            text.write(style.delimiter.join(row) + "\r\n")
    else:
        writer = csv.writer(text, delimiter=style.delimiter, quoting=style.quoting)  # type: ignore[arg-type]
        writer.writerow(header)
        writer.writerows(rows)
    path.write_bytes(ENCODINGS[style.encoding](text.getvalue()))


def export(database: Path, folder: Path, style: Style) -> Path:
    """Write every table of a database as a file; columns named Is… and NoContact and Diabetes are bits."""
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(database)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            columns = [(row[1], _kind(row[1], row[2])) for row in connection.execute(f'PRAGMA table_info("{name}")')]
            rows = connection.execute(f'SELECT * FROM "{name}"')
            texts = [[cell(value, kind, style) for value, (_, kind) in zip(row, columns, strict=True)] for row in rows]
            write_table(folder / f"{name}{style.suffix}", [column for column, _ in columns], texts, style)
    return folder


def _kind(name: str, declared: str) -> str:
    return "BIT" if name.startswith("Is") or name in ("NoContact", "Diabetes") else declared


def bindings(*tables: str) -> Bindings:
    """The sample's bindings, of some canonical tables or all."""
    whole = load_bindings(BINDINGS_FILE)
    chosen = {name: bound for name, bound in whole.tables.items() if not tables or name in tables}
    return whole.model_copy(update={"tables": chosen})


def staged(folder: Path, chosen: Bindings, stated: object = None) -> tuple[Staged, PandaSource]:
    """Stage a folder beside it; returns what came of it, and the source that it is now."""
    into = folder.parent / "staged" / "practice.db"
    made = stage(folder, chosen, into, stated, TODAY)  # type: ignore[arg-type]
    return made, PandaSource(f"sqlite:///{into}", unqualified(chosen), "mappings/panda.yaml")
