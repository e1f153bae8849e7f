"""What the marks of a page mean, in one or two lines beneath its charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from perio_pipeline.files.charting import ink, pen
from perio_pipeline.files.charting.ink import Emphasis
from perio_pipeline.files.charting.pen import Pen
from perio_pipeline.files.charting.sheet import MARGIN_X

_SIZE, _LINE, _MARK, _AFTER = 6.2, 9.0, 13.0, 9.0
_ABOVE = 10.0


def height(depths: bool, losses: bool) -> float:
    """What the legend takes of a page."""
    return _ABOVE + _LINE * (2 * (depths + losses) - (depths and losses))


def draw(ink_pen: Pen, top: float, right: float, depths: bool, losses: bool) -> None:
    """Draw the legend of a page that shows depths, margins and attachment loss, or both."""
    x, y = MARGIN_X, top - _ABOVE
    of_depths, of_losses = _depths() if depths else (), _losses() if losses else ()
    for mark, words in (*of_depths, *of_losses, *_shared()):
        width = _MARK + ink_pen.width(words, _SIZE)
        if x + width > right:
            x, y = MARGIN_X, y - _LINE
        mark(ink_pen, x, y)
        ink_pen.text(x + _MARK, y, words, _SIZE)
        x += width + _AFTER


Mark = Callable[[Pen, float, float], None]


def _depths() -> Sequence[tuple[Mark, str]]:
    return (
        *_emphases(ink.POCKETS, "mm and deeper"),
        (_bleeding, "bleeding"),
        (_pus, "pus"),
        (_written("-"), "could not be assessed"),
        (_written("m1"), "mobility (Miller)"),
        (_written("B2"), "furcation (Hamp) at B, L, M, D; f0: none"),
    )


def _losses() -> Sequence[tuple[Mark, str]]:
    return (
        (_written("1"), "margin, mm: recession; -1: coronal to the cemento-enamel junction"),
        (_written("CAL"), "attachment loss: depth + margin, not below 0; none on implants"),
        *_emphases(ink.LOSSES, "mm and more lost"),
    )


def _shared() -> Sequence[tuple[Mark, str]]:
    return (
        (_triangle(up=True), "2 mm or more deeper, or lost, since the chart before; in the last row, since the first"),
        (_triangle(up=False), "shallower, or gained"),
        (_written(""), "blank: not recorded"),
        (_crossed, "missing tooth"),
    )


def _emphases(emphases: Sequence[Emphasis], words: str) -> Sequence[tuple[Mark, str]]:
    def mark(emphasis: Emphasis) -> Mark:
        def draw_ground(ink_pen: Pen, x: float, y: float) -> None:
            look = f"{pen.fill(emphasis.ground)} {pen.stroke(ink.BLACK, 0.7)}"
            ink_pen.paths(look, [pen.box(x, y - 1.6, 10, 7.6)], "B" if emphasis.framed else "f")
            ink_pen.text(x + 5, y, str(emphasis.least), _SIZE, bold=True, share=0.5)

        return draw_ground

    return [(mark(emphasis), words) for emphasis in emphases]


def _bleeding(ink_pen: Pen, x: float, y: float) -> None:
    ink_pen.paths(f"1 J {pen.stroke(ink.BLOOD, 2.8)}", [pen.dot(x + 9, y + 2.2)], "S 0 J")


def _pus(ink_pen: Pen, x: float, y: float) -> None:
    ink_pen.paths(
        f"{pen.fill(ink.PUS_FILL)} {pen.stroke(ink.PUS_EDGE, 0.5)}", [pen.box(x + 7.6, y + 0.8, 2.4, 2.4)], "B"
    )


def _triangle(up: bool) -> Mark:
    def draw_triangle(ink_pen: Pen, x: float, y: float) -> None:
        ink_pen.paths(pen.fill(ink.WORSE if up else ink.BETTER), [pen.triangle(x + 6.4, y, 4.4, up)], "f")

    return draw_triangle


def _crossed(ink_pen: Pen, x: float, y: float) -> None:
    ink_pen.paths(pen.fill(ink.ABSENT), [pen.box(x, y - 1.6, 10, 7.6)], "f")
    strokes = [pen.line(x, y - 1.6, x + 10, y + 6), pen.line(x, y + 6, x + 10, y - 1.6)]
    ink_pen.paths(pen.stroke(ink.GREY, 0.6), strokes, "S")


def _written(text: str) -> Mark:
    def write(ink_pen: Pen, x: float, y: float) -> None:
        if text:
            ink_pen.text(x + 10, y, text, _SIZE, bold=True, share=1)

    return write
