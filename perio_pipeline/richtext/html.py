"""Reads HTML of any quality: browsers' rules make it well-formed first, then blocks, runs, lists and tables are taken.

`nh3` parses as browsers do and drops everything but the elements below. Scripts, styles and pictures are no text; a
link's address stays behind, its words are kept.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace

import nh3

from perio_pipeline.richtext.document import PLAIN, STRUCK, Builder, Document, Item, Style, words

BLOCKS = words(
    "address article aside blockquote center dd details dir div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr legend li main menu nav ol option p pre section summary ul"
)
"""Elements that begin and end a line."""
_STYLES = {
    "b": "bold", "strong": "bold", "th": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "struck", "strike": "struck", "del": "struck",
}  # fmt: skip
_LISTS = frozenset({"ol", "ul", "menu", "dir"})
_TABLE = frozenset({"table", "caption", "tr", "td", "th"})
READ = BLOCKS | _STYLES.keys() | _TABLE | {"br", "span", "font"}
"""Elements that mean something to the reader; of others only the words are taken."""
_UNREAD = {"script", "style", "title", "noscript", "template", "object", "svg", "math"}
_ATTRIBUTES = {"*": {"style"}, "ol": {"start"}, "li": {"value"}}

_MARKUP = re.compile(r"<(?P<slash>/?)(?P<tag>[a-z][a-z0-9]*)(?P<rest>(?:\"[^\"]*\"|[^\">])*)>|(?P<text>[^<]+)")
_NUMBER = re.compile(r'\b(?:start|value)="\s*(\d{1,6})')
_CSS = re.compile(r"(font-weight|font-style|text-decoration(?:-line)?)\s*:\s*([^;\"]+)", re.IGNORECASE)
_SIGN = re.compile(r"<(?![a-zA-Z!?]|/[a-zA-Z])")
"""A `<` that begins no element: browsers hide what follows `</=`, and it is what somebody wrote."""
_WHITE = re.compile(r"[ \t\n\r\f]+")
_UNUSUAL = {0xA0: " ", 0x2003: "\t"}
"""Blanks that HTML does not close up: blanks and tabs of the text."""
_SEEMS = re.compile(
    r"</[a-z][a-z0-9]*\s*>|<(?:"
    + "|".join(sorted(READ | {"a", "html", "body"}, key=len, reverse=True))
    + r")(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""Tells HTML from text in which somebody wrote `</= 3 mm` or `<5`."""


def is_html(text: str) -> bool:
    """Whether a body is HTML."""
    return _SEEMS.search(text) is not None


def read_html(text: str) -> Document:
    """Read HTML."""
    return _Reader().read(text)


class _Reader:
    """Reads one document."""

    def __init__(self) -> None:
        self.out = Builder(_UNUSUAL)
        self.styles: list[tuple[str, Style]] = []
        self.lists: list[int | None] = []
        self.tables = self.items = self.verbatim = 0
        self.worded = self.closing = False

    @property
    def style(self) -> Style:
        return self.styles[-1][1] if self.styles else PLAIN

    def read(self, text: str) -> Document:
        clean = nh3.clean(
            _SIGN.sub("&lt;", text),
            tags=set(READ),
            clean_content_tags=_UNREAD,
            attributes=_ATTRIBUTES,
            link_rel=None,
            strip_comments=True,
        )
        for token in _MARKUP.finditer(clean):
            if token["text"]:
                self.text(html.unescape(token["text"]))
            elif token["slash"]:
                self.end(token["tag"])
            else:
                self.start(token["tag"], token["rest"])
        return self.out.document()

    def text(self, text: str) -> None:
        if not self.verbatim:
            text = _WHITE.sub(" ", text)
            if self.out.last in ("", " ", "\n"):
                text = text.removeprefix(" ")
        if self.closing:
            text = text.removeprefix(STRUCK[1])
            self.closing = False
        self.out.write(text, self.style)

    def start(self, tag: str, rest: str) -> None:
        if tag == "br":
            self.out.write("\n", self.style)
            return
        if tag in BLOCKS:
            self.edge()
        heading = int(tag[1:]) if tag[0] == "h" and tag[1:].isdigit() else 0
        style = _styled(self.style, tag, rest)
        if heading and (self.tables or self.items):
            style = replace(style, bold=True)  # a line of a cell or an item, and no paragraph of its own
        elif heading:
            self.out.heading = heading
        if style.struck and not self.style.struck:
            # Of our own writing: words around all that is struck.
            self.worded = self.closing or self.out.take_back(STRUCK[0])
            self.closing = False
        self.styles.append((tag, style))
        if tag in _LISTS:
            self.lists.append(_number(rest, 1) if tag == "ol" else None)
        elif tag == "li":
            self.item(rest)
        elif tag in _TABLE:
            self.start_table(tag)
        self.verbatim += tag == "pre"

    def end(self, tag: str) -> None:
        was_struck = self.style.struck
        while self.styles and self.styles.pop()[0] != tag:
            pass
        if was_struck and not self.style.struck:
            self.closing = self.worded
        if tag == "li":
            self.end_item()
        elif tag in BLOCKS:
            self.edge()
        if tag in _LISTS and self.lists:
            self.lists.pop()
        elif tag in _TABLE:
            self.end_table(tag)
        self.verbatim -= tag == "pre"

    def edge(self) -> None:
        """The edge of a block: a new paragraph, or a new line where a cell or an item goes on."""
        if self.tables or self.items:
            self.out.end_line()
        else:
            self.out.end_paragraph()

    def item(self, rest: str) -> None:
        number = self.lists[-1] if self.lists else None
        if number is not None:
            number = _number(rest, number)
            self.lists[-1] = number + 1
        if self.tables:
            self.out.write("• " if number is None else f"{number}. ", self.style)
        else:
            self.out.end_paragraph()
            self.out.item = Item(max(0, len(self.lists) - 1), number)
        self.items += 1

    def end_item(self) -> None:
        self.items -= 1
        self.out.end_line() if self.tables else self.out.end_paragraph()

    def start_table(self, tag: str) -> None:
        if tag == "table":
            if not self.tables:
                self.out.end_paragraph()
            self.tables += 1
        elif self.tables > 1:
            self.out.end_line() if tag == "tr" else None

    def end_table(self, tag: str) -> None:
        if self.tables > 1:
            # A table in a cell: its rows are lines, its cells stand apart.
            self.out.write("\t") if tag in ("td", "th") else self.out.end_line()
        elif tag in ("td", "th", "caption"):
            self.out.end_cell()
        if self.tables == 1 and tag in ("tr", "caption", "table"):
            self.out.end_row()
        self.tables -= tag == "table"


def _styled(style: Style, tag: str, rest: str) -> Style:
    changes = {_STYLES[tag]: True} if tag in _STYLES else {}
    if "style=" not in rest:
        return replace(style, **changes) if changes else style
    for name, value in _CSS.findall(html.unescape(rest)):
        name, value = name.lower(), value.strip().lower()
        if name == "font-weight":
            changes["bold"] = value.startswith("bold") or value in ("600", "700", "800", "900")
        elif name == "font-style":
            changes["italic"] = value.startswith(("italic", "oblique"))
        else:
            changes |= {"underline": True} if "underline" in value else {}
            changes |= {"struck": True} if "line-through" in value else {}
    return replace(style, **changes)


def _number(rest: str, otherwise: int) -> int:
    found = _NUMBER.search(rest)
    return int(found[1]) if found else otherwise
