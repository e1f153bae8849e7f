"""Rich text of any form read for the diff alone: which form it is, and what HTML and plain text show."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser

from perio_pipeline.signoff.richevents import (
    CELL,
    END,
    GAP,
    ITEM,
    LINE,
    ROW,
    WORDS,
    Event,
    Seen,
    as_html,
    as_text,
    plain_events,
    seen,
)
from perio_pipeline.signoff.rtf import is_rtf, rtf_events

_TAG = re.compile(
    r"</[a-z][a-z0-9]*\s*>"
    r"|<(?:p|br|hr|div|span|font|b|i|u|s|em|strong|strike|del|ins|ul|ol|li|table|tr|td|th|h[1-6]|html|body|a|pre|dl|dt|dd"
    r"|center|blockquote)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    {"p", "div", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "table", "center", "blockquote"}
    | {
        "dl",
        "dt",
        "dd",
        "address",
        "article",
        "aside",
        "section",
        "header",
        "footer",
        "form",
        "main",
        "nav",
        "fieldset",
    }
    | {"legend", "figure", "figcaption", "details", "summary", "menu", "dir", "option"}
)
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_CELLS = frozenset({"td", "th", "caption"})
_UNREAD_ELEMENTS = frozenset({"script", "style", "title", "noscript", "template", "object", "svg", "math"})
_STYLES = {
    "b": "b", "strong": "b", "th": "b", "h1": "b", "h2": "b", "h3": "b", "h4": "b", "h5": "b", "h6": "b", "i": "i",
    "em": "i", "u": "u", "ins": "u", "s": "s", "strike": "s", "del": "s",
}  # fmt: skip
_CSS = (
    (re.compile(r"font-weight\s*:\s*(bold|[6-9]00)", re.IGNORECASE), "b", True),
    (re.compile(r"font-weight\s*:\s*(normal|[1-5]00|lighter)", re.IGNORECASE), "b", False),
    (re.compile(r"font-style\s*:\s*(italic|oblique)", re.IGNORECASE), "i", True),
    (re.compile(r"font-style\s*:\s*normal", re.IGNORECASE), "i", False),
    (re.compile(r"text-decoration(-line)?\s*:[^;]*underline", re.IGNORECASE), "u", True),
    (re.compile(r"text-decoration(-line)?\s*:[^;]*line-through", re.IGNORECASE), "s", True),
)
_GO_ON = frozenset({"b", "strong", "i", "em", "u", "s", "strike", "font"})
_SIGN = re.compile(r"<(?![a-zA-Z!?]|/[a-zA-Z])")
"""A `<` that begins no element is what somebody wrote."""
_WHITE = re.compile(r"[ \t\n\r\f]+")
_VOID = frozenset({"br", "hr", "img", "input", "wbr", "meta", "link", "col", "area", "base", "embed", "source"})
_CUT = "\x1e"
"""Stands where two parts of a text were put together."""


def is_rich(text: str) -> bool:
    """Whether a text is RTF or HTML rather than plain."""
    return is_rtf(text) or _TAG.search(text) is not None


def readable(text: str) -> str:
    """Return what a person reads in RTF, HTML or plain text."""
    return as_text(_events(text)) if is_rich(text) else text


def rich_html(text: str) -> str | None:
    """Return RTF, HTML or plain text as HTML that shows the same; None where it shows nothing."""
    events = _events(text)
    return as_html(events) if any(event.kind == WORDS and event.text.strip() for event in events) else None


def seen_in(html: str) -> Seen:
    """Return what a person sees of HTML."""
    return seen(_html_events(html))


def text_of(html: str) -> str:
    """Return the words of HTML in lines."""
    return as_text(_html_events(html))


def joined(parts: list[str]) -> str:
    """Put parts of HTML together, as if they had never been cut."""
    return _CUT.join(parts)


def without_line(text: str, line: str, *, html: bool) -> str | None:
    """Take a last line, such as a mark, from a text; None where it does not end with it."""
    for form in (escape(line, quote=False), line) if html else (line,):
        place = text.rfind(form)
        rest = text[place + len(form) :]
        if place >= 0 and not (re.sub(r"<[^>]*>", "", rest) if html else rest).strip():
            return text[:place] + rest
    return None


def _events(text: str) -> list[Event]:
    if is_rtf(text):
        return rtf_events(text)
    if _TAG.search(text):
        return _html_events(text)
    return plain_events(text)


def _html_events(text: str) -> list[Event]:
    reader = _Reader()
    reader.feed(_SIGN.sub("&lt;", text))
    reader.close()
    return reader.events


class _Reader(HTMLParser):
    """Collects what an HTML page shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.events: list[Event] = []
        self.open: list[tuple[str, str]] = []  # element, and its CSS
        self.lists: list[int | None] = []
        self.unread = self.tables = 0

    @property
    def styles(self) -> str:
        found: set[str] = set()
        for tag, css in self.open:
            found = _styled(found, tag, css)
        return "".join(letter for letter in "bius" if letter in found)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin what the element begins."""
        given = dict(attrs)
        if tag == "tr" or tag in _CELLS:
            self.leave_cell(tag)
        if tag not in _VOID:
            self.open.append((tag, given.get("style") or ""))
        self.unread += tag in _UNREAD_ELEMENTS
        if tag == "table":
            self.tables += 1
        if tag in _LISTS:
            self.lists.append(_number(given.get("start"), 1) if tag == "ol" else None)
        if tag == "li":
            self.item(given.get("value"))
        elif tag in ("tr", "caption") or tag in _CELLS:
            self.cell(tag)
        elif tag == "br":
            self.events.append(Event(WORDS, "\n", self.styles))
        elif tag in _BLOCKS:
            self.events.append(Event(LINE))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element that writes its own end; HTML knows none but the empty ones."""
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """Leave an element, and all that was left open in it."""
        if not any(name == tag for name, _ in self.open):
            self.events += [Event(LINE)] if tag == "p" else []
            return
        within = []
        while (element := self.open.pop())[0] != tag:
            within.append(element)
        if tag not in ("table", "tr") and tag not in _CELLS:
            # Formatting goes on until its own end, whatever ends before.
            self.open += [element for element in reversed(within) if element[0] in _GO_ON]
        self.unread -= tag in _UNREAD_ELEMENTS
        if tag == "table":
            self.tables -= 1
        ended = [name for name, _ in within] + [tag]
        del self.lists[max(0, len(self.lists) - sum(name in _LISTS for name in ended)) :]
        if "li" in ended:
            self.events.append(Event(END))
        elif tag in _BLOCKS or tag == "tr":
            self.events.append(Event(LINE))

    def handle_data(self, data: str) -> None:
        """Take text."""
        if self.unread:
            return
        if not any(name == "pre" for name, _ in self.open):
            data = _WHITE.sub(" ", data)
        for number, piece in enumerate(data.split(_CUT)):
            if number:
                self.events.append(Event(GAP))
            if piece:
                self.events.append(Event(WORDS, piece, self.styles))

    def leave_cell(self, tag: str) -> None:
        """Cells and rows need no end."""
        outer = ("table",) if tag == "tr" else ("table", "tr")
        if any(name in outer for name, _ in self.open):
            while self.open[-1][0] not in outer:
                self.open.pop()

    def item(self, value: str | None) -> None:
        number = self.lists[-1] if self.lists else None
        if value is not None or number is not None:
            number = _number(value, number or 1)
        if self.lists and self.lists[-1] is not None and number is not None:
            self.lists[-1] = number + 1
        if self.tables:
            mark = "•" if number is None else f"{number}."
            self.events += [Event(LINE), Event(WORDS, f"{mark} ", self.styles)]
        else:
            self.events.append(Event(ITEM, "" if number is None else str(number)))

    def cell(self, tag: str) -> None:
        if self.tables > 1:
            # A table in a cell is lines in that cell.
            self.events.append(Event(LINE) if tag == "tr" else Event(WORDS, " "))
            return
        if tag in ("tr", "caption"):
            self.events.append(Event(ROW))
        if tag in _CELLS:
            self.events.append(Event(CELL))


def _styled(styles: set[str], tag: str, css: str) -> set[str]:
    found = styles | ({_STYLES[tag]} if tag in _STYLES else set())
    for pattern, letter, on in _CSS if css else ():
        if pattern.search(css):
            found = found | {letter} if on else found - {letter}
    return found


def _number(stated: str | None, otherwise: int) -> int:
    found = re.match(r"\s*(\d+)", stated or "")
    return int(found[1]) if found else otherwise
