r"""Reads RTF: groups, control words, `\'hh` bytes in their code page, `\uN` characters; formatting, lists and tables.

By Microsoft's RTF Specification 1.9.1. Tables of fonts, colours and styles are no text; groups that begin with `\*` are
skipped, as the specification asks of readers that do not know them. Hidden and deleted text is not shown either.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache

from perio_pipeline.richtext.document import PLAIN, Builder, Document, Item, Style, words
from perio_pipeline.richtext.fonts import BULLET, CODE_PAGES, SYMBOL_CHARSET, sign

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})?[ ]?"
    r"|\\'(?P<byte>[0-9a-fA-F]{2})"
    r"|\\(?P<symbol>[^a-zA-Z])"
    r"|(?P<open>\{)|(?P<close>\})"
    r"|(?P<text>[^\\{}\r\n]+)"
    r"|(?P<broken>\\$)",
    re.DOTALL,
)
_BINARY = re.compile(r"\\bin(\d{1,9})[ ]?")

_SKIPPED = words(
    "colortbl info pict filetbl listtable listoverridetable revtbl rsidtbl fldinst objdata objclass objname xmlnstbl "
    "latentstyles themedata colorschememapping datastore pgptbl mmathPr nonesttables sp"
)
"""Destinations that hold tables and instructions, nothing to read."""
_READ_THOUGH_STARRED = frozenset({"shpinst"})
"""Destinations that begin with `\\*` and still hold text: boxes."""
_DESTINATIONS = {"fonttbl": "fonts", "stylesheet": "styles", "listtext": "marker", "pntext": "marker"}
_FEET = frozenset({"footer", "footerl", "footerr", "footerf"})
_PARAGRAPHS = frozenset({"par", "sect", "page"})
_ENDS = frozenset({"cell", "row", "nestrow"})
_UNSEEN = frozenset({"v", "deleted"})
_HEADINGS, _LEVELS = 6, 9
_CHARACTERS = {
    "tab": "\t", "nestcell": "\t", "line": "\n", "lbr": "\n", "softline": "\n", "emdash": "—", "endash": "–",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ",
    "qmspace": " ",
}  # fmt: skip
_SYMBOLS = {"\\": "\\", "{": "{", "}": "}", "~": " ", "_": "-", "\t": "\t"}
_UNDERLINES = words(
    "ul uld uldb uldash uldashd uldashdd ulhair ulhwave ulldash ulth ulthd ulthdash ulthdashd ulthdashdd ulthldash "
    "ululdbwave ulw ulwave"
)
_STYLES = {
    "b": "bold",
    "i": "italic",
    "strike": "struck",
    "striked": "struck",
    **dict.fromkeys(_UNDERLINES, "underline"),
}
_HEADING = re.compile(r"\bheading ([1-6])\b", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,6})[.)]?")


@dataclass
class _Font:
    name: str = ""
    charset: int = 0


@dataclass(slots=True)
class _State:
    r"""What a group hands down to the groups in it.

    Attributes:
        reads: where its text goes: to the `body`, to a `marker` of a list, to the names of `fonts` or `styles`, or
            nowhere.
        foot: it stands at the foot of the page.
        unseen: hidden or deleted.
        replacements: characters after each `\uN` for readers that do not know it.
        heading, level, in_table: of the paragraph.
    """

    reads: str = "body"
    foot: bool = False
    style: Style = PLAIN
    unseen: frozenset[str] = frozenset()
    font: int | None = None
    replacements: int = 1
    heading: int = 0
    level: int = 0
    in_table: bool = False


class _Reader:
    """Reads one document."""

    def __init__(self) -> None:
        self.body, self.foot = Builder(), Builder()
        self.state, self.stack = _State(), list[_State]()
        self.code_page, self.default_font = "cp1252", -1
        self.fonts: dict[int, _Font] = {}
        self.headings: dict[int, int] = {}
        self.style_number = -1
        self.fresh = self.starred = self.malformed = False
        self.skip = 0
        self.pending = bytearray()
        self.marker = ""

    @property
    def out(self) -> Builder:
        return self.foot if self.state.foot else self.body

    def read(self, text: str) -> Document:
        for token in _TOKEN.finditer(_without_binary(text)):
            kind = token.lastgroup
            if kind == "byte":
                self.byte(int(token["byte"], 16))
                continue
            self.flush()
            if kind == "text":
                self.text(token["text"])
            elif kind in ("word", "number"):
                self.word(token["word"], token["number"])
            elif kind == "open":
                self.open()
            elif kind == "close":
                self.close()
            elif kind == "symbol":
                self.symbol(token["symbol"])
            else:
                self.malformed = True
            # A group's destination is its first word, be it after a star.
            self.fresh = kind == "open" or (self.fresh and kind == "symbol" and token["symbol"] == "*")
        self.flush()
        self.end_paragraph(keep_empty=False)
        malformed = self.malformed or bool(self.stack)
        blocks = self.body.document().blocks + self.foot.document().blocks
        return Document(blocks, malformed)

    def open(self) -> None:
        self.stack.append(self.state)
        self.state = replace(self.state)
        self.starred, self.skip, self.style_number = False, 0, -1

    def close(self) -> None:
        self.skip = 0
        if not self.stack:
            self.malformed = True
            return
        ended, self.state = self.state, self.stack.pop()
        if ended.reads == "marker" and self.state.reads == "body":
            self.end_marker()

    def byte(self, code: int) -> None:
        self.fresh = False
        if self.skip:
            self.skip -= 1
        elif (symbol := self.symbol_font()) is not None:
            self.put(sign(code, symbol))
        else:
            self.pending.append(code)

    def flush(self) -> None:
        """Decode the bytes so far: in some code pages a character has two."""
        if self.pending:
            text = bytes(self.pending).decode(CODE_PAGES.get(self.font().charset, self.code_page), "replace")
            self.pending.clear()
            self.put(text)

    def font(self) -> _Font:
        number = self.default_font if self.state.font is None else self.state.font
        return self.fonts.get(number, _Font())

    def symbol_font(self) -> str | None:
        font = self.font()
        return font.name if font.charset == SYMBOL_CHARSET and self.state.reads != "fonts" else None

    def text(self, text: str) -> None:
        skipped, self.skip = self.skip, max(0, self.skip - len(text))
        symbol = self.symbol_font()
        text = text[skipped:]
        self.put(text if symbol is None else "".join(sign(ord(letter), symbol) for letter in text))

    def put(self, text: str) -> None:
        reads = self.state.reads
        if reads == "body" and not self.state.unseen:
            self.out.write(text, self.state.style)
        elif reads == "marker":
            self.marker += text
        elif reads == "fonts" and self.state.font is not None:
            self.font().name += text
        elif reads == "styles" and (known := _HEADING.search(text)):
            self.headings[self.style_number] = int(known[1])

    def symbol(self, symbol: str) -> None:
        if symbol == "*":
            self.starred = True
        elif symbol in "\r\n":
            self.end_paragraph()
        elif symbol == "'":
            self.malformed = True
        elif self.skip:
            self.skip -= 1
        else:
            self.put(_SYMBOLS.get(symbol, ""))

    def word(self, word: str, number: str | None) -> None:
        value = None if number is None else int(number)
        self.skip = 0
        if self.fresh and self.destination(word):
            return
        if word == "u":
            self.character(value or 0)
        elif word in _CHARACTERS:
            self.put(_CHARACTERS[word])
        elif word in _PARAGRAPHS:
            self.end_paragraph()
        elif word in _ENDS:
            self.end_cell_or_row(word)
        elif word in _STYLES:
            self.state.style = _styled(self.state.style, _STYLES[word], value != 0)
        elif word in _UNSEEN:
            self.state.unseen = self.state.unseen - {word} if value == 0 else self.state.unseen | {word}
        elif setting := _SETTINGS.get(word):
            setting(self, value or 0)

    def destination(self, word: str) -> bool:
        """Whether a group's first word says that its text goes elsewhere."""
        if word in _FEET and self.state.reads == "body":
            self.state.foot = True
            return True
        reads = _DESTINATIONS.get(word)
        if word in _SKIPPED or (self.starred and reads is None and word not in _READ_THOUGH_STARRED):
            reads = "nowhere"
        # Within what is skipped all is skipped; a starred group within the table of styles is one style.
        if reads is None or self.state.reads in ("nowhere", "styles"):
            return False
        if reads == "marker":
            self.marker = ""
        self.state.reads = reads
        return True

    def character(self, number: int) -> None:
        self.skip = self.state.replacements
        code = number % 0x10000
        self.put(sign(code, self.symbol_font() or "symbol") if 0xF020 <= code <= 0xF0FF else chr(code))

    def end_paragraph(self, *, keep_empty: bool = True) -> None:
        if self.state.reads != "body":
            return
        if self.state.in_table:
            self.out.end_line()
            return
        self.out.heading, self.out.item = self.state.heading, self.item()
        self.out.end_paragraph(keep_empty=keep_empty)
        self.marker = ""

    def end_marker(self) -> None:
        """A list's mark is text where a list cannot be: in a cell, and where it is a letter or a Roman number."""
        marker = self.marker = self.marker.strip()
        lettered = marker[-1:] in (".", ")") and marker[:-1].isalnum() and not _NUMBER.fullmatch(marker)
        if marker and (lettered or self.state.in_table):
            known = lettered or _NUMBER.fullmatch(marker)
            self.out.write(f"{marker if known else BULLET} ", self.state.style)
            self.marker = ""

    def item(self) -> Item | None:
        number = _NUMBER.fullmatch(self.marker)
        return Item(self.state.level, int(number[1]) if number else None) if self.marker else None

    def end_cell_or_row(self, word: str) -> None:
        if self.state.reads == "body":
            {"cell": self.out.end_cell, "row": self.out.end_row, "nestrow": self.out.end_line}[word]()


@cache
def _styled(style: Style, name: str, on: bool) -> Style:
    return replace(style, **{name: on})


def _set_font(reader: _Reader, number: int) -> None:
    reader.state.font = number
    if reader.state.reads == "fonts":
        reader.fonts[number] = _Font()


def _set_charset(reader: _Reader, number: int) -> None:
    if reader.state.reads == "fonts" and reader.state.font is not None:
        reader.font().charset = number


def _set_default_font(reader: _Reader, number: int) -> None:
    reader.default_font = number


def _set_paragraph_style(reader: _Reader, number: int) -> None:
    if reader.state.reads == "styles":
        reader.style_number = number
    else:
        reader.state.heading = reader.headings.get(number, 0)


def _set_code_page(reader: _Reader, number: int) -> None:
    with suppress(LookupError):  # of a page that nobody knows, CP1252 is the best guess
        reader.code_page = codecs.lookup({10000: "mac_roman", 65001: "utf-8"}.get(number, f"cp{number}")).name


def _set_replacements(reader: _Reader, number: int) -> None:
    reader.state.replacements = max(0, number)


def _set_outline(reader: _Reader, number: int) -> None:
    reader.state.heading = number + 1 if 0 <= number < _HEADINGS else 0


def _set_level(reader: _Reader, number: int) -> None:
    reader.state.level = min(max(0, number), _LEVELS - 1)


def _set_in_table(reader: _Reader, _: int) -> None:
    reader.state.in_table = True


def _end_underline(reader: _Reader, _: int) -> None:
    reader.state.style = _styled(reader.state.style, "underline", False)


def _reset_characters(reader: _Reader, _: int) -> None:
    reader.state.style, reader.state.unseen, reader.state.font = PLAIN, frozenset(), None


def _reset_paragraph(reader: _Reader, _: int) -> None:
    reader.state.heading, reader.state.level, reader.state.in_table = 0, 0, False


_SETTINGS: Mapping[str, Callable[[_Reader, int], None]] = {
    "f": _set_font,
    "fcharset": _set_charset,
    "deff": _set_default_font,
    "s": _set_paragraph_style,
    "ansicpg": _set_code_page,
    "mac": lambda reader, _: _set_code_page(reader, 10000),
    "pc": lambda reader, _: _set_code_page(reader, 437),
    "pca": lambda reader, _: _set_code_page(reader, 850),
    "ulnone": _end_underline,
    "plain": _reset_characters,
    "pard": _reset_paragraph,
    "intbl": _set_in_table,
    "uc": _set_replacements,
    "outlinelevel": _set_outline,
    "ilvl": _set_level,
}
"""Words that change how what follows is read."""


def read_rtf(text: str) -> Document:
    """Read RTF, given as text in which each byte above ASCII is already decoded."""
    return _Reader().read(text)


def is_rtf(text: str) -> bool:
    """Whether a body is RTF."""
    return text.lstrip("\ufeff \t\r\n\0").startswith("{\\rtf")


def _without_binary(text: str) -> str:
    r"""Take out what follows `\binN`: N bytes that are no RTF."""
    if "\\bin" not in text:
        return text
    return "".join(_around_binary(text))


def _around_binary(text: str) -> Iterator[str]:
    place = 0
    while found := _BINARY.search(text, place):
        yield text[place : found.start()]
        place = found.end() + int(found[1])
    yield text[place:]
