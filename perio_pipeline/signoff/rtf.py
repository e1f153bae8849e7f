r"""RTF read for the diff alone: groups in braces, control words, `\'hh` bytes and `\uN` characters.

Only what a person would see is wanted. That a list's mark stands in a group of its own, before its text, and that a
cell ends where it ends, makes one pass enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from perio_pipeline.richtext.fonts import BULLET, CODE_PAGES, SYMBOL, SYMBOL_CHARSET, WINGDINGS
from perio_pipeline.signoff.richevents import CELL, END, ITEM, LINE, ROW, WORDS, Event

_TOKEN = re.compile(
    r"\\bin(?P<binary>\d+) ?"
    r"|\\(?P<word>[a-zA-Z]+)(?P<number>-?\d+)? ?"
    r"|(?P<bytes>(?:\\'[0-9a-fA-F]{2})+)"
    r"|\\(?P<symbol>[^a-zA-Z'])"
    r"|(?P<brace>[{}])"
    r"|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)

_UNREAD_GROUPS = frozenset(
    {"colortbl", "info", "pict", "filetbl", "listtable", "listoverridetable", "revtbl", "rsidtbl", "fldinst", "objdata"}
    | {"objclass", "objname", "xmlnstbl", "latentstyles", "themedata", "colorschememapping", "datastore", "pgptbl"}
    | {"nonesttables", "sp", "mmathPr"}
)
"""Groups that hold tables and instructions, nothing to read. So does every group that begins with `\\*`."""
_MARK_GROUPS = frozenset({"listtext", "pntext"})
_BREAKS = frozenset({"par", "line", "sect", "page", "lbr", "softline", "nestrow"})
_SPOKEN_WORDS = {
    "tab": "\t", "nestcell": " ", "emspace": " ", "enspace": " ", "qmspace": " ", "emdash": "—", "endash": "–",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
}  # fmt: skip
_SPOKEN_SYMBOLS = {"\\": "\\", "{": "{", "}": "}", "~": " ", "_": "-", "\t": " "}
_STYLES = {"b": "b", "i": "i", "strike": "s", "striked": "s"}
_UNDERLINED = re.compile(r"ul(?!none)[a-z]*")
_RESETS: dict[str, dict[str, object]] = {
    "plain": {"styles": frozenset(), "hidden": False, "font": None},
    "pard": {"heading": False, "in_table": False},
    "intbl": {"in_table": True},
}
_HEADING = re.compile(r"\bheading [1-6]\b", re.IGNORECASE)
_MARK_NUMBER = re.compile(r"(\d+)[.)]?")
_MARK_LETTER = re.compile(r"[^\W_]+[.)]")


@dataclass(frozen=True)
class _Group:
    r"""What an RTF group hands down to the groups in it.

    Attributes:
        aim: what its text is: shown, at the `foot` of the page, a list's `mark`, names of `fonts` or `styles`; or
            nothing.
        styles: letters as in `Event`.
        hidden: or deleted.
        replacements: characters that follow each `\uN` for readers that do not know it.
    """

    aim: str = "shown"
    styles: frozenset[str] = frozenset()
    hidden: bool = False
    font: int | None = None
    replacements: int = 1
    heading: bool = False
    in_table: bool = False


@dataclass
class _Sheet:
    """What is put together of one stretch of pages: lines that are done, and the row and cell under way."""

    done: list[Event] = field(default_factory=list)
    row: list[Event] = field(default_factory=list)
    cell: list[Event] = field(default_factory=list)

    def end_line(self, *, bold: bool) -> None:
        self.end_row(or_line=False)
        self.done += [*(_bold(event) if bold else event for event in self.cell), Event(END)]
        self.cell = []

    def end_cell(self) -> None:
        self.row += [Event(CELL), *self.cell]
        self.cell = []

    def end_row(self, *, or_line: bool = True) -> None:
        if or_line and any(event.text.strip() for event in self.cell):
            self.end_cell()
        if self.row:
            self.done += [Event(ROW), *self.row, Event(LINE)]
            self.row = []


class _Reader:
    """Reads one document."""

    def __init__(self) -> None:
        self.sheets = {"shown": _Sheet(), "foot": _Sheet()}
        self.groups = [_Group()]
        self.fonts: dict[int, list[str | int]] = {}  # number → name, character set
        self.headings: set[int] = set()
        self.style, self.default_font, self.page = -1, -1, "cp1252"
        self.mark, self.skip = "", 0
        self.first, self.star = False, False

    def read(self, text: str) -> list[Event]:
        place = 0
        while token := _TOKEN.search(text, place):
            place = token.end() + int(token["binary"] or 0)
            if token["brace"]:
                self.brace(token["brace"])
                continue
            if token["symbol"] == "*":
                self.star = self.first
                continue
            if token["word"]:
                self.word(token["word"], token["number"])
            elif not token["binary"]:
                self.characters(token)
            self.first = self.star = False
        shown, foot = self.sheets["shown"], self.sheets["foot"]
        for sheet in (shown, foot):
            if self.group.in_table and sheet.row:
                sheet.end_row()
            sheet.end_line(bold=self.group.heading)
        return shown.done + foot.done

    @property
    def group(self) -> _Group:
        return self.groups[-1]

    def change(self, **changes: object) -> None:
        self.groups[-1] = replace(self.groups[-1], **changes)  # type: ignore[arg-type]

    def brace(self, brace: str) -> None:
        self.skip = 0
        if brace == "{":
            self.groups.append(self.group)
            self.first, self.star, self.style = True, False, -1
            return
        if len(self.groups) > 1:
            ended = self.groups.pop()
            if ended.aim == "mark" and self.group.aim != "mark":
                self.end_mark()

    def end_mark(self) -> None:
        mark, self.mark = self.mark.strip(), ""
        number = _MARK_NUMBER.fullmatch(mark)
        if mark and (self.group.in_table or (number is None and _MARK_LETTER.fullmatch(mark))):
            self.show(f"{mark if number or _MARK_LETTER.fullmatch(mark) else BULLET} ")
        elif mark:
            self.sheet.cell.append(Event(ITEM, str(int(number[1])) if number else ""))

    @property
    def sheet(self) -> _Sheet:
        return self.sheets["foot" if self.group.aim == "foot" else "shown"]

    def characters(self, token: re.Match[str]) -> None:
        if token["symbol"]:
            if self.skip:
                self.skip -= 1
            elif token["symbol"] in "\r\n":
                self.line()
            else:
                self.say(_SPOKEN_SYMBOLS.get(token["symbol"], ""))
            return
        codes = [int(code, 16) for code in token["bytes"].split("\\'")[1:]] if token["bytes"] else None
        length = len(codes if codes is not None else token["text"])
        skipped, self.skip = min(self.skip, length), max(0, self.skip - length)
        name, charset = self.font()
        if charset == SYMBOL_CHARSET and self.group.aim != "fonts":
            for code in codes[skipped:] if codes is not None else map(ord, token["text"][skipped:]):
                self.say(_sign(code, name))
        elif codes is not None:
            self.say(bytes(codes[skipped:]).decode(CODE_PAGES.get(charset, self.page), "replace"))
        else:
            self.say(token["text"][skipped:])

    def font(self) -> tuple[str, int]:
        name, charset = self.fonts.get(self.default_font if self.group.font is None else self.group.font, ["", 0])
        return str(name), int(charset)

    def say(self, words: str) -> None:
        aim = self.group.aim
        if aim in ("shown", "foot") and not self.group.hidden:
            self.show(words)
        elif aim == "mark":
            self.mark += words
        elif aim == "fonts" and self.group.font is not None:
            self.fonts[self.group.font][0] = f"{self.fonts[self.group.font][0]}{words}"
        elif aim == "styles" and _HEADING.search(words):
            self.headings.add(self.style)

    def show(self, words: str) -> None:
        styles = "".join(style for style in "bius" if style in self.group.styles)
        self.sheet.cell.append(Event(WORDS, words, styles))

    def line(self) -> None:
        if self.group.aim not in ("shown", "foot"):
            return
        if self.group.in_table:
            self.sheet.cell.append(Event(LINE))
        else:
            self.sheet.end_line(bold=self.group.heading)

    def word(self, word: str, number: str | None) -> None:
        value = int(number or 0)
        on, self.skip = number is None or value != 0, 0
        if self.first and self.begins(word):
            return
        if word == "u":
            self.skip = self.group.replacements
            code = value % 0x10000
            self.say(_sign(code - 0xF000, self.font()[0] or "symbol") if 0xF020 <= code <= 0xF0FF else chr(code))
        elif word in _SPOKEN_WORDS:
            self.say(_SPOKEN_WORDS[word])
        elif word in ("line", "lbr", "softline", "nestrow"):
            self.say("\n")
        elif word in _BREAKS:
            self.line()
        elif word in ("cell", "row") and self.group.aim in ("shown", "foot"):
            self.sheet.end_cell() if word == "cell" else self.sheet.end_row()
        elif word == "ulnone":
            self.change(styles=self.group.styles - {"u"})
        elif word in _STYLES or (word[0] == "u" and _UNDERLINED.fullmatch(word)):
            letter = _STYLES.get(word, "u")
            self.change(styles=self.group.styles | {letter} if on else self.group.styles - {letter})
        elif word in ("v", "deleted"):
            self.change(hidden=on)
        else:
            self.set(word, value)

    def begins(self, word: str) -> bool:
        """Whether the first word of a group says what its text is."""
        aim = {"fonttbl": "fonts", "stylesheet": "styles"}.get(word, "mark" if word in _MARK_GROUPS else "")
        if word.startswith("footer") and self.group.aim == "shown":
            aim = "foot"
        elif self.group.aim in ("nothing", "styles"):
            return False
        elif word in _UNREAD_GROUPS or (self.star and not aim and word != "shpinst"):
            aim = "nothing"
        if aim:
            self.change(aim=aim)
        return bool(aim)

    def set(self, word: str, value: int) -> None:
        if word in _RESETS:
            self.change(**_RESETS[word])
        elif word == "f":
            self.change(font=value)
            if self.group.aim == "fonts":
                self.fonts[value] = ["", 0]
        elif word == "fcharset" and self.group.aim == "fonts" and self.group.font is not None:
            self.fonts[self.group.font][1] = value
        elif word == "deff":
            self.default_font = value
        elif word == "s" and self.group.aim == "styles":
            self.style = value
        elif word in ("s", "outlinelevel"):
            self.change(heading=value in self.headings if word == "s" else 0 <= value <= 5)
        elif word == "uc":
            self.change(replacements=max(0, value))
        elif word in ("ansicpg", "mac", "pc", "pca"):
            self.page = _page({"mac": 10000, "pc": 437, "pca": 850}.get(word, value), self.page)


def is_rtf(text: str) -> bool:
    """Whether a text is RTF."""
    return text.lstrip("\ufeff \t\r\n\0").startswith("{\\rtf")


def rtf_events(text: str) -> list[Event]:
    """Read what RTF shows."""
    return _Reader().read(text)


def _bold(event: Event) -> Event:
    """A word of a heading."""
    return replace(event, styles="b" + event.styles.replace("b", "")) if event.kind == WORDS else event


def _sign(code: int, font: str) -> str:
    place = code - 0xF000 if code >= 0xF000 else code
    return (SYMBOL if "symbol" in font.lower() else WINGDINGS).get(place, BULLET)


def _page(number: int, otherwise: str) -> str:
    name = {10000: "mac_roman", 65001: "utf-8"}.get(number, f"cp{number}")
    try:
        "".encode(name)
    except LookupError:
        return otherwise
    return name
