r"""Reads RTF into a `Document`: text with its look, lists, tables, pictures, headers and footers.

RTF is groups in braces, control words that change the state of the group they stand in, `\'hh` bytes of the code page
at hand and `\uN` characters with replacements for readers that do not know them (RTF specification 1.9.1). Libraries
that are kept take the text alone (striprtf), or unpack HTML that was wrapped in RTF. Colours and typefaces are left.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from perio_pipeline.files.document import Align, Block, Document, PageBreak, Picture, Run
from perio_pipeline.files.rtf_flow import PLAIN_SIZE, Flow, Group

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]+)(?P<number>-?\d+)? ?"
    r"|\\'(?P<byte>[0-9a-fA-F]{2})"
    r"|\\(?P<symbol>.)"
    r"|(?P<brace>[{}])"
    r"|(?P<text>[^\\{}\r\n]+)"
    r"|[\r\n]+",
    re.DOTALL,
)
_TWIPS = 20.0

_UNREAD = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "info", "filetbl", "listtable", "listoverridetable", "revtbl", "xmlnstbl"}
    | {"rsidtbl", "generator", "fldinst", "objdata", "themedata", "datastore", "sp", "nonshppict"}
)
r"""Groups that hold tables and instructions, nothing to read. So do those that begin with `\*`, but for these:"""
_READ_THOUGH_STARRED = frozenset({"shppict", "shpinst", "shptxt"})

_SPOKEN = {
    "line": "\n",
    "lbr": "\n",
    "softline": "\n",
    "tab": "\t",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": "\u2003",
    "enspace": "\u2002",
    "nestcell": "\t",
    "nestrow": "\n",
}
_SYMBOLS = {"\\": "\\", "{": "{", "}": "}", "~": "\u00a0", "_": "-"}
_ALIGNS = {"ql": Align.LEFT, "qc": Align.CENTER, "qr": Align.RIGHT, "qj": Align.JUSTIFY}
_LOOKS = {"b": "bold", "i": "italic", "strike": "strike", "striked": "strike", "v": "hidden", "caps": "caps"}
_UNDERLINES = frozenset({"ul", "uld", "uldb", "ulw", "ulth", "uldash", "uldashd", "uldashdd", "ulwave"})
_HEADERS = ("headerf", "header", "headerr", "headerl")
_FOOTERS = ("footerf", "footer", "footerr", "footerl")
"""The first one that a document has stands on its first page."""
_RAISED = {"super": 1, "sub": -1, "nosupersub": 0}
_PAGES = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_CHARSETS = {
    **{77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254"},
    **{163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"},
}
"""Character set of a font → its code page; fonts of other sets take the document's."""


def is_rtf(text: str) -> bool:
    """Whether a text is RTF."""
    return text.lstrip().startswith("{\\rtf")


def read_rtf(text: str) -> Document:
    """Read an RTF text; what it does not close, because it was cut off, is closed where it ends."""
    return _Reader(text).document()


class _Reader:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.groups = [Group()]
        self.flows = [Flow()]
        self.margins: dict[str, tuple[Block, ...]] = {}
        self.page = "cp1252"
        self.fonts: dict[int, str] = {}
        self.bytes = bytearray()
        self.replaced = 0
        self.high = ""
        self.picture: dict[str, int] = {}
        self.digits: list[str] = []
        self.starred = False

    @property
    def group(self) -> Group:
        return self.groups[-1]

    @property
    def flow(self) -> Flow:
        return self.flows[-1]

    def document(self) -> Document:
        place = 0
        while match := _TOKEN.match(self.text, place):
            place = match.end()
            if match["word"] == "bin":
                place += int(match["number"] or 0)
            else:
                self.take(match)
        self.flush()
        while len(self.groups) > 1:
            self.end_group()
        header, footer = (
            next((self.margins[name] for name in names if self.margins.get(name)), ()) for names in (_HEADERS, _FOOTERS)
        )
        return Document(self.flow.finished(self.group), header, footer)

    def take(self, token: re.Match[str]) -> None:
        """Act on one token."""
        if token["byte"]:
            if self.replaced:
                self.replaced -= 1
            else:
                self.bytes += bytes.fromhex(token["byte"])
            return
        self.flush()
        if token["brace"]:
            self.replaced = 0
            if token["brace"] == "{":
                self.groups.append(replace(self.group, opened=""))
            elif len(self.groups) > 1:
                self.end_group()
        elif token["text"]:
            self.say(token["text"][self.replaced :])
            self.replaced = max(0, self.replaced - len(token["text"]))
        elif token["symbol"]:
            self.symbol(token["symbol"])
        elif token["word"]:
            self.word(token["word"], None if token["number"] is None else int(token["number"]))

    def flush(self) -> None:
        """Say the bytes that have come in, together, since a character may take two of them."""
        if self.bytes:
            content, self.bytes = bytes(self.bytes), bytearray()
            self.say(content.decode(self.fonts.get(self.group.font, self.page), "replace"))

    def say(self, text: str) -> None:
        """Add text to wherever the group puts it."""
        group = self.group
        if group.target == "picture":
            self.digits.append(text)
        elif group.target == "bullet":
            self.flow.bullet += text.strip()
        elif group.target == "text" and text and not group.hidden:
            self.flow.add(
                Run(
                    text.upper() if group.caps else text,
                    bold=group.bold,
                    italic=group.italic,
                    underline=group.underline,
                    strike=group.strike,
                    raised=group.raised,
                    size=group.size,
                )
            )

    def end_group(self) -> None:
        ended = self.groups.pop()
        if ended.opened == "picture":
            self.end_picture()
        elif ended.opened:
            self.margins.setdefault(ended.opened, self.flows.pop().finished(ended))

    def end_picture(self) -> None:
        """Add the picture that was read where it is of a kind that a PDF can show; else say that there is one."""
        digits = re.sub(r"[^0-9a-fA-F]", "", "".join(self.digits))
        known, self.picture, self.digits = self.picture, {}, []
        if ("pngblip" in known or "jpegblip" in known) and digits:
            content = bytes.fromhex(digits[: len(digits) // 2 * 2])
            self.flow.parts.append(Picture(content, _side(known, "w"), _side(known, "h")))
        else:
            self.say("[picture]")

    def symbol(self, symbol: str) -> None:
        if symbol == "*":
            self.starred = True
        elif symbol in "\r\n":
            self.word("par", None)
        else:
            self.say(_SYMBOLS.get(symbol, ""))

    def word(self, word: str, number: int | None) -> None:
        """Act on a control word."""
        starred, self.starred = self.starred, False
        target = self.group.target
        if word in _UNREAD or (starred and word not in _READ_THOUGH_STARRED):
            self.group.target = "fonts" if word == "fonttbl" else "nowhere"
        elif target == "fonts":
            self.font(word, number or 0)
        elif target == "picture":
            self.picture[word] = number or 0
        elif target == "nowhere":
            return
        elif word in _SPOKEN:
            self.say(_SPOKEN[word])
        elif word in _ACTIONS:
            _ACTIONS[word](self, number)
        elif word in _HEADERS or word in _FOOTERS:
            self.groups[-1] = Group(opened=word)
            self.flows.append(Flow())
        else:
            self.look(word, number)

    def font(self, word: str, number: int) -> None:
        if word == "f":
            self.group.font = number
        elif word == "fcharset" and number in _CHARSETS:
            self.fonts[self.group.font] = _CHARSETS[number]

    def look(self, word: str, number: int | None) -> None:
        on = number != 0
        if word in _LOOKS:
            setattr(self.group, _LOOKS[word], on)
        elif word in _UNDERLINES:
            self.group.underline = on
        elif word in _ALIGNS:
            self.group.align = _ALIGNS[word]
        elif word in _RAISED:
            self.group.raised = _RAISED[word] if on else 0
        elif word in _PAGES:
            self.page = _PAGES[word]

    def open(self, name: str) -> None:
        self.group.target = name
        self.group.opened = name if name == "picture" else ""

    def set_page(self, number: int | None) -> None:
        try:
            b"".decode(f"cp{number}")
        except LookupError:
            return
        self.page = f"cp{number}"

    def say_unicode(self, number: int | None) -> None:
        """Say a character; RTF counts from -32768, and characters beyond U+FFFF come as two halves."""
        unit = (number or 0) % 0x10000
        self.replaced = self.group.replacements
        if 0xD800 <= unit < 0xDC00:
            self.high = chr(unit)
            return
        text = (self.high + chr(unit)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self.high = ""
        self.say(text)

    def plain(self) -> None:
        kept = ("target", "opened", "replacements", "align", "indent", "first", "in_table")
        self.groups[-1] = Group(**{name: getattr(self.group, name) for name in kept})

    def plain_paragraph(self) -> None:
        self.groups[-1] = replace(self.group, align=Align.LEFT, indent=0, first=0, in_table=False)

    def break_page(self) -> None:
        if self.flow.parts:
            self.flow.end_paragraph(self.group)
        self.flow.end_table()
        self.flow.blocks.append(PageBreak())

    def set(self, name: str, value: object) -> None:
        setattr(self.group, name, value)


def _side(picture: dict[str, int], side: str) -> float | None:
    """Width or height as it is to be shown; None where the source does not say."""
    goal = picture.get(f"pic{side}goal")
    scale = picture.get("picscalex" if side == "w" else "picscaley") or 100
    return goal * scale / 100 / _TWIPS if goal else None


_ACTIONS: dict[str, Callable[[_Reader, int | None], None]] = {
    "par": lambda reader, _: reader.flow.end_paragraph(reader.group),
    "sect": lambda reader, _: reader.flow.end_paragraph(reader.group),
    "page": lambda reader, _: reader.break_page(),
    "pard": lambda reader, _: reader.plain_paragraph(),
    "plain": lambda reader, _: reader.plain(),
    "ulnone": lambda reader, _: reader.set("underline", False),
    "f": lambda reader, number: reader.set("font", number),
    "fs": lambda reader, number: reader.set("size", (number or 2 * PLAIN_SIZE) / 2),
    "li": lambda reader, number: reader.set("indent", (number or 0) / _TWIPS),
    "fi": lambda reader, number: reader.set("first", (number or 0) / _TWIPS),
    "uc": lambda reader, number: reader.set("replacements", number or 0),
    "u": lambda reader, number: reader.say_unicode(number),
    "ansicpg": lambda reader, number: reader.set_page(number),
    "intbl": lambda reader, _: reader.set("in_table", True),
    "trowd": lambda reader, _: reader.flow.edges.clear(),
    "cellx": lambda reader, number: reader.flow.edges.append((number or 0) / _TWIPS),
    "cell": lambda reader, _: reader.flow.end_cell(reader.group),
    "row": lambda reader, _: reader.flow.end_row(),
    "pict": lambda reader, _: reader.open("picture"),
    "pntext": lambda reader, _: reader.open("bullet"),
    "listtext": lambda reader, _: reader.open("bullet"),
}
"""What control words do besides changing a look."""
