r"""The readable text of RTF and HTML, read for the diff alone, so that no library can hide its own mistakes.

RTF is taken as what it is: groups in braces, control words, `\'hh` bytes in Windows-1252 and `\uN` characters with
their replacements. Only what a person would read is wanted; how it was set does not matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]+)(?P<number>-?\d+)? ?"
    r"|\\'(?P<byte>[0-9a-fA-F]{2})"
    r"|\\(?P<symbol>[^a-zA-Z'])"
    r"|(?P<brace>[{}])"
    r"|(?P<text>[^\\{}\r\n]+)",
    re.DOTALL,
)

_UNREAD_GROUPS = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "info", "pict", "filetbl", "listtable", "listoverridetable", "revtbl"}
    | {"fldinst", "objdata"}
)
"""Groups that hold tables and instructions, nothing to read. So does every group that begins with `\\*`."""

_BREAKS = {"par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "cell": " ", "tab": "\t"}
_QUOTES = {
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
}
_SPOKEN_WORDS = _BREAKS | _QUOTES
_SPOKEN_SYMBOLS = {"\\": "\\", "{": "{", "}": "}", "~": " ", "_": "-", "\n": "\n", "\r": "\n"}

_TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|u|em|strong|ul|ol|li|table|tr|td|th|h[1-6]|html|body|font|a)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BLOCKS = frozenset({"p", "br", "div", "ul", "ol", "li", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})
_UNREAD_ELEMENTS = frozenset({"script", "style"})


def is_rich(text: str) -> bool:
    """Whether a text is RTF or HTML rather than plain."""
    return _is_rtf(text) or _TAG.search(text) is not None


def readable(text: str) -> str:
    """Return what a person reads in RTF, HTML or plain text."""
    if _is_rtf(text):
        return _read_rtf(text)
    return _read_html(text) if _TAG.search(text) else text


def _is_rtf(text: str) -> bool:
    return text.lstrip().startswith("{\\rtf")


@dataclass
class _Group:
    r"""What an RTF group hands down to the groups in it.

    Attributes:
        unread: nothing of it is read.
        replacements: characters that follow each `\uN` for readers that do not know it.
    """

    unread: bool = False
    replacements: int = 1


def _read_rtf(text: str) -> str:
    groups, spoken, skip = [_Group()], [], 0
    for token in _TOKEN.finditer(text):
        if token["brace"]:
            skip = 0
            groups = [*groups, _Group(groups[-1].unread, groups[-1].replacements)] if token["brace"] == "{" else groups
            if token["brace"] == "}" and len(groups) > 1:
                groups.pop()
            continue
        words, skip = _speak(token, groups[-1], skip)
        if not groups[-1].unread:
            spoken.append(words)
    # Characters beyond U+FFFF come as two halves.
    return "".join(spoken).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()


def _speak(token: re.Match[str], group: _Group, skip: int) -> tuple[str, int]:
    """Return the text of one token, and how many characters after it only repeat it."""
    if token["text"]:
        return token["text"][skip:], max(0, skip - len(token["text"]))
    if token["byte"]:
        return ("", skip - 1) if skip else (bytes.fromhex(token["byte"]).decode("cp1252", "replace"), 0)
    if token["symbol"]:
        group.unread = group.unread or token["symbol"] == "*"
        return _SPOKEN_SYMBOLS.get(token["symbol"], ""), 0
    word, number = token["word"], int(token["number"] or 0)
    if word == "u":
        return _character(number), group.replacements
    if word == "uc":
        group.replacements = number
    group.unread = group.unread or word in _UNREAD_GROUPS
    return _SPOKEN_WORDS.get(word, ""), 0


def _character(number: int) -> str:
    """RTF counts characters from -32768."""
    return chr(number % 0x10000)


class _Reader(HTMLParser):
    """Collects what an HTML page shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.spoken: list[str] = []
        self.unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line at a block."""
        self.unread += tag in _UNREAD_ELEMENTS
        self.spoken.append("\n" if tag in _BLOCKS else "")

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        self.unread -= tag in _UNREAD_ELEMENTS and self.unread > 0
        self.spoken.append("\n" if tag in _BLOCKS else "")

    def handle_data(self, data: str) -> None:
        """Take text."""
        if not self.unread:
            self.spoken.append(data)


def _read_html(text: str) -> str:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return re.sub(r"\n\s*\n", "\n", "".join(reader.spoken)).strip()
