"""Writes PDF operators into a reportlab canvas.

A chart has thousands of single characters, for each of which a canvas call costs more than everything else; so rows are
written as operators here, with reportlab's fonts, which are embedded as far as they are used.
"""

from __future__ import annotations

from collections.abc import Iterable

from reportlab.pdfbase import pdfmetrics

from perio_pipeline.files import fonts
from perio_pipeline.files.charting.ink import BLACK, Color
from perio_pipeline.files.charting.tagged import TaggedCanvas

REGULAR, BOLD = "Vera", "VeraBd"
DIGIT = {REGULAR: 0.636, BOLD: 0.696}
"""Width of a digit, in sizes."""


def fill(color: Color) -> str:
    """The operator that fills and writes in a colour."""
    return f"{color[0]:g} {color[1]:g} {color[2]:g} rg"


def stroke(color: Color, width: float) -> str:
    """The operators that draw lines in a colour and width."""
    return f"{color[0]:g} {color[1]:g} {color[2]:g} RG {width:g} w"


def box(x: float, y: float, width: float, height: float) -> str:
    """A rectangle, as a path."""
    return f"{x:.2f} {y:.2f} {width:.2f} {height:.2f} re"


def line(x: float, y: float, to_x: float, to_y: float) -> str:
    """A line, as a path."""
    return f"{x:.2f} {y:.2f} m {to_x:.2f} {to_y:.2f} l"


def triangle(x: float, y: float, size: float, up: bool) -> str:
    """A triangle of this size with its lower left corner here, pointing up or down, as a path."""
    base, top = (y, y + size) if up else (y + size, y)
    return f"{x:.2f} {base:.2f} m {x + size:.2f} {base:.2f} l {x + size / 2:.2f} {top:.2f} l h"


def dot(x: float, y: float) -> str:
    """A line without length, as a path: round ends make a dot of the line's width of it."""
    return f"{x:.2f} {y:.2f} m {x:.2f} {y:.2f} l"


class Pen:
    """Writes on the current page of a canvas."""

    def __init__(self, canvas: TaggedCanvas) -> None:
        self.element, self.decoration = canvas.element, canvas.decoration
        self._canvas = canvas
        self._fonts = {name: pdfmetrics.getFont(name) for name in (REGULAR, BOLD)}
        # The names of both fonts are fixed by asking for them first, always in the same order.
        self.faces = {name: self._face(name) for name in self._fonts}

    def _face(self, name: str) -> str:
        font, document = self._fonts[name], self._canvas._doc
        font.splitString("0", document)
        return str(font.getSubsetInternalName(0, document))

    def put(self, *operators: str) -> None:
        """Write operators as they are."""
        for operator in operators:
            self._canvas.addLiteral(operator)

    def paths(self, look: str, paths: Iterable[str], paint: str) -> None:
        """Paint paths that look the same."""
        drawn = " ".join(paths)
        if drawn:
            self.put(f"{look} {drawn} {paint}")

    def text(
        self, x: float, y: float, text: str, size: float, *, bold: bool = False, color: Color = BLACK, share: float = 0
    ) -> float:
        """Write a text; `share` of its width stands to the left of `x` (0.5 centres it). Returns its width."""
        name = BOLD if bold else REGULAR
        text = fonts.printable(text)
        width = self.width(text, size, bold=bold)
        parts = [f"BT {fill(color)} {x - share * width:.2f} {y:.2f} Td"]
        font, document = self._fonts[name], self._canvas._doc
        for subset, codes in font.splitString(text, document):
            parts.append(f"{font.getSubsetInternalName(subset, document)} {size:g} Tf <{codes.hex()}> Tj")
        self.put(" ".join([*parts, "ET"]))
        return width

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """How wide a text is."""
        return float(pdfmetrics.stringWidth(text, BOLD if bold else REGULAR, size))

    def spread(self, centers: Iterable[float], y: float, texts: Iterable[str], size: float, color: Color) -> None:
        """Write short ASCII texts in a row, each centred."""
        name = REGULAR
        parts = [f"BT {fill(color)} {self.faces[name]} {size:g} Tf"]
        for center, text in zip(centers, texts, strict=True):
            half = float(pdfmetrics.stringWidth(text, name, size)) / 2
            parts.append(f"1 0 0 1 {center - half:.2f} {y:.2f} Tm ({text}) Tj")
        self.put(" ".join([*parts, "ET"]))
