"""Looks for known values in anything: plain, in another case, encoded, escaped, compressed, in a database's rows."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

HEAD = 6
"""Bytes of a needle by which it is found quickly; no needle may be shorter."""


@dataclass(frozen=True, order=True)
class Hit:
    """A value that was found: which one, in which form, and where."""

    label: str
    form: str
    where: str


class Scanner:
    """Finds values.

    Args:
        values: value → what it is, which is what a hit shows; at least eight characters each.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._any_case = _Needles((needle, label, form) for v, label in values.items() for form, needle in _texts(v))
        self._exact = _Needles((needle, label, form) for v, label in values.items() for form, needle in _codes(v))

    def bytes(self, content: bytes, where: str) -> set[Hit]:
        """Look through bytes, and through what they unpack to."""
        found = {Hit(*hit, where) for hit in self._any_case.within(content.lower())}
        found |= {Hit(*hit, where) for hit in self._exact.within(content)}
        for unpacked in _unpacked(content):
            found |= self.bytes(unpacked, f"{where}, unpacked")
        return found

    def file(self, path: Path) -> set[Hit]:
        """Look through a file and its name; through a database's rows as well, which pages may cut in two."""
        found = self.bytes(str(path).encode(), f"the path of {path.name}")
        with contextlib.suppress(FileNotFoundError):  # it may be gone by now
            content = path.read_bytes()
            found |= self.bytes(content, str(path))
            if content.startswith(b"SQLite format 3"):
                for where, cell in _cells(path):
                    found |= self.bytes(cell, where)
        return found

    def files(self, paths: Iterable[Path]) -> set[Hit]:
        """Look through files."""
        return {hit for path in paths for hit in self.file(path)}


class _Needles:
    """Many byte strings to look for at once."""

    def __init__(self, needles: Iterable[tuple[bytes, str, str]]) -> None:
        self._by_head: dict[bytes, list[tuple[bytes, str, str]]] = {}
        for needle, label, form in needles:
            if len(needle) < HEAD:
                raise ValueError(f"{label} as {form} is too short to be told from chance")
            self._by_head.setdefault(needle[:HEAD], []).append((needle, label, form))
        heads = b"|".join(re.escape(head) for head in sorted(self._by_head))
        self._pattern = re.compile(b"(?=(" + heads + b"))") if heads else None

    def within(self, content: bytes) -> Iterator[tuple[str, str]]:
        for match in self._pattern.finditer(content) if self._pattern else ():
            for needle, label, form in self._by_head[match[1]]:
                if content.startswith(needle, match.start()):
                    yield label, form


def _texts(value: str) -> Iterator[tuple[str, bytes]]:
    """The forms in which capitals do not matter; all in small letters."""
    written = {
        "text": value.encode(),
        "cp1252": value.encode("cp1252", "replace"),
        "UTF-16": value.encode("utf-16-le"),
        "UTF-16 BE": value.encode("utf-16-be"),
        "URL": quote(value, safe="").encode(),
        "form": quote_plus(value).encode(),
        "JSON": json.dumps(value)[1:-1].encode(),
        "hex": value.encode().hex().encode(),
    }
    seen = set()
    for form, needle in written.items():
        if (small := needle.lower()) not in seen:
            seen.add(small)
            yield form, small


def _codes(value: str) -> Iterator[tuple[str, bytes]]:
    """Base64 of the value as it is, in small letters and in capitals, whatever stands before and after it."""
    for written in {value, value.lower(), value.upper()}:
        for before in range(3):
            code = base64.b64encode(b"\0" * before + written.encode())
            start, end = (0, 2, 3)[before], (before + len(written.encode())) * 8 // 6
            inner = code[start:end]
            yield "base64", inner
            if (safe := inner.translate(bytes.maketrans(b"+/", b"-_"))) != inner:
                yield "base64", safe


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What zlib or gzip data unpacks to; Dagster keeps snapshots so."""
    if content[:1] == b"\x78" or content[:2] == b"\x1f\x8b":
        with contextlib.suppress(zlib.error):
            yield zlib.decompress(content, wbits=zlib.MAX_WBITS | 32)


def _cells(path: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            rows = connection.execute(f'select * from "{table}"')
            names = [column[0] for column in rows.description]
            for row in rows:
                for name, cell in zip(names, row, strict=True):
                    if isinstance(cell, str | bytes):
                        yield f"{path.name}: {table}.{name}", cell.encode() if isinstance(cell, str) else cell
