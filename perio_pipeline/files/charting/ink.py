"""How findings look, as data: each differs in shape or weight as well as in colour, for print in black and white."""

from __future__ import annotations

from dataclasses import dataclass

Color = tuple[float, float, float]


def _hex(code: str) -> Color:
    red, green, blue = (int(code[start : start + 2], 16) / 255 for start in (0, 2, 4))
    return round(red, 3), round(green, 3), round(blue, 3)


BLACK, WHITE = _hex("000000"), _hex("ffffff")
GREY, LINE, FAINT = _hex("4a525c"), _hex("8d97a3"), _hex("cdd4db")
PALE, ABSENT = _hex("eef2f6"), _hex("e3e6ea")
BLOOD, PUS_EDGE, PUS_FILL = _hex("c00021"), _hex("3b3b00"), _hex("ffe100")
WORSE, BETTER = _hex("a4161a"), _hex("0a6e5c")
"""Deeper, or more attachment lost; and the other way."""
DEPTH_CURVE, BLEEDING_CURVE = _hex("1f3a5f"), BLOOD


@dataclass(frozen=True)
class Emphasis:
    """How millimetres from `least` on are set off: bold on a ground, and framed or not."""

    least: int
    ground: Color
    framed: bool


POCKETS = (Emphasis(4, _hex("ffe6bd"), framed=False), Emphasis(6, _hex("f5ae62"), framed=True))
"""Probing depths; the last one that is reached counts."""

LOSSES = (Emphasis(3, _hex("e4ecf6"), framed=False), Emphasis(5, _hex("b4c9e3"), framed=True))
"""Attachment loss: the limits between stages I, II and III (Tonetti 2018)."""
