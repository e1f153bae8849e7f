"""The fonts of our PDFs: Bitstream Vera, which comes with reportlab, so that every machine sets the same pages."""

from __future__ import annotations

import unicodedata
from functools import cache

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FAMILY = "Vera"
_FACES = {(0, 0): "Vera", (1, 0): "VeraBd", (0, 1): "VeraIt", (1, 1): "VeraBI"}
"""(bold, italic) → the font and its file."""

_STAND_INS = {
    **{"\u2010": "-", "\u2011": "-", "\u202f": "\u00a0", "\u2009": " ", "\u2002": " ", "\u2003": "  ", "\u00ad": ""},
    **{"\u200b": "", "\ufeff": "", "→": "->", "←": "<-", "☐": "[ ]", "□": "[ ]", "☑": "[x]", "☒": "[x]", "✓": "[x]"},
    **{"✔": "[x]", "▪": "•", "●": "•", "\uf0b7": "•", "\uf0a7": "•"},
}
"""Characters that the fonts lack and others say as well."""


@cache
def register() -> None:
    """Make the fonts known to reportlab, once."""
    for (bold, italic), name in _FACES.items():
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
        addMapping(FAMILY, bold, italic, name)


@cache
def _drawn() -> frozenset[int]:
    """The characters all four fonts can draw."""
    register()
    faces = [set(pdfmetrics.getFont(name).face.charToGlyph) for name in _FACES.values()]
    return frozenset(set.intersection(*faces))


def printable(text: str) -> str:
    """Return a text that can be printed as it stands: what the fonts lack is written another way, never left out.

    A character that nothing else stands for becomes its code point, such as `[U+4E2D]`. Control characters go, but for
    line breaks and tabs.
    """
    known = _drawn()
    if all(ord(letter) in known or letter in "\n\t" for letter in text):
        return text
    return "".join(_printable(letter, known) for letter in text)


def _printable(letter: str, known: frozenset[int]) -> str:
    if letter in _STAND_INS:
        return _STAND_INS[letter]
    if ord(letter) in known or letter in "\n\t":
        return letter
    if unicodedata.category(letter) in ("Cc", "Cf"):
        return ""
    parts = unicodedata.normalize("NFKD", letter)
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    if bare != letter and bare and all(ord(part) in known for part in bare):
        return bare
    return "" if unicodedata.combining(letter) else f"[U+{ord(letter):04X}]"
