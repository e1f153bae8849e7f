"""How the bytes of a file are text: its encoding, proven over the whole file; nothing is ever replaced."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from perio_pipeline.errors import SourceError

BLOCK = 1 << 20
_ESCAPED = re.compile("[\udc80-\udcff]")
_FOREIGN = re.compile("[^\x00-\x7f\udc80-\udcff]")


@dataclass(frozen=True)
class Encoding:
    """An encoding: what people call it, and Python's codec."""

    label: str
    codec: str


UTF8 = Encoding("UTF-8", "utf-8")
UTF8_MARKED = Encoding("UTF-8 with byte order mark", "utf-8")
UTF16_LE = Encoding("UTF-16 LE", "utf-16-le")
UTF16_BE = Encoding("UTF-16 BE", "utf-16-be")
UTF16_LE_MARKED = Encoding("UTF-16 LE with byte order mark", "utf-16-le")
UTF16_BE_MARKED = Encoding("UTF-16 BE with byte order mark", "utf-16-be")
CP1252 = Encoding("CP1252", "cp1252")
MARK = "\ufeff"


def find_encoding(path: Path) -> Encoding:
    """Return a file's encoding: by its byte order mark, by its zero bytes, or by what all of its bytes can be.

    Raises:
        SourceError: bytes that the encoding does not have; the file and the line are named.
    """
    encoding = _by_first_bytes(path)
    line = _bad_line(path, (encoding or UTF8).codec)
    if line is None:
        return encoding or UTF8
    if encoding is not None or _is_damaged_utf8(path):
        raise _error(path, line, encoding or UTF8)
    if line := _bad_line(path, CP1252.codec):
        raise _error(path, line, CP1252)
    return CP1252


@contextmanager
def open_text(path: Path, encoding: Encoding) -> Iterator[TextIO]:
    """Open a file for reading, behind its byte order mark; line ends stay as they are, for values have some inside."""
    with path.open(encoding=encoding.codec, newline="") as text:
        if text.read(1) != MARK:
            text.seek(0)
        yield text


def _by_first_bytes(path: Path) -> Encoding | None:
    with path.open("rb") as file:
        head = file.read(4)
    for mark, encoding in (
        (codecs.BOM_UTF8, UTF8_MARKED),
        (codecs.BOM_UTF16_LE, UTF16_LE_MARKED),
        (codecs.BOM_UTF16_BE, UTF16_BE_MARKED),
    ):
        if head.startswith(mark):
            return encoding
    # A header is ASCII: in UTF-16 every other byte of it is zero, elsewhere none is.
    match [byte == 0 for byte in head[:2]]:
        case [False, True]:
            return UTF16_LE
        case [True, False]:
            return UTF16_BE
    return None


def _bad_line(path: Path, codec: str) -> int | None:
    """The first line with bytes that the codec does not have; None where it has all."""
    line = 1
    for text in _decoded(path, codec, "strict"):
        if text is None:
            return line
        line += text.count("\n")
    return None


def _is_damaged_utf8(path: Path) -> bool:
    """Whether bytes that are no UTF-8 stand among at least as many characters that are, beyond ASCII.

    CP1252 text makes such characters by accident only, and rarely.
    """
    wrong = right = 0
    for text in _decoded(path, UTF8.codec, "surrogateescape"):
        if text and not text.isascii():
            wrong += len(_ESCAPED.findall(text))
            right += len(_FOREIGN.findall(text))
    return right >= wrong


def _decoded(path: Path, codec: str, errors: str) -> Iterator[str | None]:
    """The file's text in pieces; where bytes cannot be decoded, the text before them and then None."""
    decoder = codecs.getincrementaldecoder(codec)(errors)
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK)
            # What the decoder holds back of the last block belongs to the bytes that an error counts from.
            held = decoder.getstate()[0]
            try:
                yield decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                yield (held + block)[: error.start].decode(codec)
                yield None
            if not block:
                return


def _error(path: Path, line: int, encoding: Encoding) -> SourceError:
    return SourceError(
        f"{path.name}, line {line}: bytes that are no {encoding.label}.",
        "Export the file again, as UTF-8; a file that was put together from several holds several encodings.",
    )
