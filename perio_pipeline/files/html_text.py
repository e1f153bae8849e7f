"""Reads HTML into a `Document`: text with its look, headings, lists, tables, pictures that lie in the text itself."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from perio_pipeline.files.document import Align, Block, Cell, Document, Paragraph, Picture, Rule, Run, Table

_MARKUP = re.compile(
    r"</[a-z][a-z0-9]*\s*>"
    r"|<(?:br|hr|b|i|u|em|strong|span|font|html|body|td|th|p|div|ul|ol|li|table|tr|h[1-6]|a|img)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""Tells HTML from text in which somebody wrote `</= 3 mm` or `<5`."""

_BOLD = Run("", bold=True)
_ITALIC = Run("", italic=True)
_UNDERLINED = Run("", underline=True)
_STRUCK = Run("", strike=True)
_LOOKS = {
    **dict.fromkeys(("b", "strong", "th"), _BOLD),
    **dict.fromkeys(("i", "em", "cite", "address"), _ITALIC),
    **dict.fromkeys(("u", "ins"), _UNDERLINED),
    **dict.fromkeys(("s", "strike", "del"), _STRUCK),
    "sup": Run("", raised=1),
    "sub": Run("", raised=-1),
}
"""Element → what it adds to the look of its text."""
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol")
_CELLS = ("td", "th")
_BLOCKS = frozenset(_HEADINGS) | {
    *("p", "div", "pre", "blockquote", "center", "address", "hr", "body", "section", "header", "footer", "article"),
    *(*_LISTS, "li", "dl", "dt", "dd", "table", "tr", *_CELLS),
}
_UNREAD = frozenset({"script", "style", "head", "title", "template"})
_INDENT = 18.0
_POINTS_PER_PIXEL = 0.75
_ALIGN = re.compile(r"text-align:\s*(left|center|right|justify)", re.IGNORECASE)
_DATA = re.compile(r"data:image/(?:png|jpe?g);base64,(.+)", re.IGNORECASE | re.DOTALL)


def is_html(text: str) -> bool:
    """Whether a text is HTML."""
    return _MARKUP.search(text) is not None


def read_html(text: str) -> Document:
    """Read an HTML text, whole pages and fragments alike."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.document()


@dataclass
class _Element:
    """An open element and what it does to the text in it."""

    tag: str
    look: Run
    align: Align
    preserves: bool = False


@dataclass
class _List:
    """An open list; `number` counts the items of an ordered one."""

    ordered: bool
    number: int = 0


@dataclass
class _TableSoFar:
    """A table in the making. `outer` is what was being written around it."""

    outer: list[Block]
    rows: list[list[Cell]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects what an HTML page shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements = [_Element("", Run(""), Align.LEFT)]
        self.blocks: list[Block] = []
        self.parts: list[Run | Picture] = []
        self.lists: list[_List] = []
        self.tables: list[_TableSoFar] = []
        self.bullet = ""
        self.heading = 0
        self.unread = 0

    def document(self) -> Document:
        """What was read."""
        self.end_paragraph()
        while self.tables:
            self.end_table()
        return Document(tuple(self.blocks))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        attributes = {name: value or "" for name, value in attrs}
        if tag in _UNREAD:
            self.unread += 1
        if tag in _BLOCKS:
            self.end_paragraph()
        if tag == "br":
            self.parts.append(replace(self.elements[-1].look, text="\n"))
        elif tag == "hr":
            self.blocks.append(Rule())
        elif tag == "img":
            self.picture(attributes)
        else:
            self.open(tag, attributes)
            self.begin(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and those in it that were left open."""
        if tag in _UNREAD:
            self.unread = max(0, self.unread - 1)
        if tag not in (element.tag for element in self.elements):
            return
        if tag in _BLOCKS:
            self.end_paragraph()
        while self.elements[-1].tag != tag:
            self.end(self.elements.pop().tag)
        self.end(self.elements.pop().tag)

    def handle_data(self, data: str) -> None:
        """Take text; runs of white space are one blank but where they are kept."""
        if self.unread or (self.tables and not self.in_cell()):
            return
        element = self.elements[-1]
        text = data if element.preserves else re.sub(r"[ \t\r\n\f]+", " ", data)
        begins = not any(isinstance(part, Picture) or part.text.strip("\n") for part in self.parts)
        after_break = bool(self.parts) and isinstance(self.parts[-1], Run) and self.parts[-1].text.endswith("\n")
        if not element.preserves and (begins or after_break):
            text = text.lstrip(" ")
        if text:
            self.parts.append(replace(element.look, text=text))

    def in_cell(self) -> bool:
        """Whether text stands in a cell of the innermost table."""
        tags = [element.tag for element in self.elements]
        inner = tags[len(tags) - 1 - tags[::-1].index("table") :] if "table" in tags else []
        return "td" in inner or "th" in inner

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        """Note what an element hands down."""
        around = self.elements[-1]
        stated = _ALIGN.search(attributes.get("style", ""))
        align = stated[1].lower() if stated else attributes.get("align", "").lower()
        if tag == "center":
            align = "center"
        look = _joined(around.look, _LOOKS[tag]) if tag in _LOOKS else around.look
        self.elements.append(
            _Element(
                tag,
                look,
                Align(align) if align in set(Align) else around.align,
                around.preserves or tag == "pre",
            )
        )

    def begin(self, tag: str) -> None:
        """Begin a list, an item, a table, a row or a cell."""
        self.heading = _HEADINGS.get(tag, self.heading)
        if tag in _LISTS:
            self.lists.append(_List(tag == "ol"))
        elif tag == "li":
            self.begin_item()
        elif tag == "table":
            self.tables.append(_TableSoFar(self.blocks))
            self.blocks = []
        elif tag == "tr" and self.tables:
            self.tables[-1].rows.append([])
        elif tag in _CELLS and self.tables:
            self.tables[-1].rows = self.tables[-1].rows or [[]]
            self.blocks = []

    def begin_item(self) -> None:
        """Give the item its bullet or number."""
        around = self.lists[-1] if self.lists else _List(ordered=False)
        around.number += 1
        self.bullet = f"{around.number}." if around.ordered else "•"

    def end(self, tag: str) -> None:
        """End a heading, list, cell or table."""
        if tag in _HEADINGS:
            self.heading = 0
        elif tag in _LISTS and self.lists:
            self.lists.pop()
        elif tag in _CELLS and self.tables and self.tables[-1].rows:
            paragraphs = tuple(block for block in self.blocks if isinstance(block, Paragraph))
            self.tables[-1].rows[-1].append(Cell(paragraphs, heading=tag == "th"))
            self.blocks = []
        elif tag == "table" and self.tables:
            self.end_table()

    def end_table(self) -> None:
        """Put the table where it stands; one within a cell stands below what is in the cell, line by line."""
        made = self.tables.pop()
        rows = tuple(tuple(row) for row in made.rows if row)
        self.blocks = made.outer
        if rows and self.tables:
            self.blocks += [paragraph for row in rows for cell in row for paragraph in cell.paragraphs]
        elif rows:
            self.blocks.append(Table(rows))

    def end_paragraph(self) -> None:
        """Close the paragraph at hand."""
        parts = _trimmed(self.parts)
        self.parts = []
        if not parts and not self.bullet:
            return
        indent = _INDENT * max(1, len(self.lists)) if self.bullet or self.lists else 0
        self.blocks.append(Paragraph(parts, self.elements[-1].align, indent, bullet=self.bullet, heading=self.heading))
        self.bullet = ""

    def picture(self, attributes: dict[str, str]) -> None:
        """Add a picture that lies in the text itself; of others, say what they show."""
        held = _DATA.match(attributes.get("src", ""))
        try:
            content = base64.b64decode(held[1], validate=True) if held else b""
        except (binascii.Error, ValueError):
            content = b""
        if content:
            sides = [_points(attributes.get(side, "")) for side in ("width", "height")]
            self.parts.append(Picture(content, *sides))
        else:
            shown = f"[picture: {attributes['alt']}]" if attributes.get("alt") else "[picture]"
            self.parts.append(replace(self.elements[-1].look, text=shown))


def _joined(look: Run, more: Run) -> Run:
    """A look with another one on top."""
    return Run(
        "",
        bold=look.bold or more.bold,
        italic=look.italic or more.italic,
        underline=look.underline or more.underline,
        strike=look.strike or more.strike,
        raised=more.raised or look.raised,
    )


def _points(pixels: str) -> float | None:
    digits = pixels.removesuffix("px").strip()
    return float(digits) * _POINTS_PER_PIXEL if digits.isdecimal() and int(digits) else None


def _trimmed(parts: list[Run | Picture]) -> tuple[Run | Picture, ...]:
    """Parts without blanks at their ends, runs of one look together."""
    joined: list[Run | Picture] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Run) and isinstance(last, Run) and replace(part, text="") == replace(last, text=""):
            joined[-1] = replace(last, text=last.text + part.text)
        else:
            joined.append(part)
    while joined and isinstance(last := joined[-1], Run) and not last.text.strip():
        joined.pop()
    if joined and isinstance(last := joined[-1], Run):
        joined[-1] = replace(last, text=last.text.rstrip())
    return tuple(joined)
