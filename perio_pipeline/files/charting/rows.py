"""One side of an arch: a row per chart and measure, so that the history of a site reads down its column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from perio_pipeline.files.charting import ink, pen
from perio_pipeline.files.charting.ink import Emphasis
from perio_pipeline.files.charting.model import Chart
from perio_pipeline.files.charting.order import SITES_OF_TOOTH, Side
from perio_pipeline.files.charting.pen import BOLD, REGULAR, Pen
from perio_pipeline.files.charting.sheet import Sheet
from perio_pipeline.panda import chartcode

_NOW, _SMALL = 3.0, 4.2
"""Size of the triangles: since the chart before, and overall."""
_UNSPOKEN = {chartcode.UNKNOWN: "blank", chartcode.NOT_ASSESSABLE: "not assessable"}
"""How a place without a number is read aloud."""


@dataclass(frozen=True)
class Measure:
    """What a row shows.

    Attributes:
        name: for people.
        line: the field of `Chart` with its values.
        emphasis: what is set off.
        changes, overall: the fields with what changed; empty where changes are not shown.
        marked: whether bleeding and pus stand beside the values.
    """

    name: str
    line: str
    emphasis: tuple[Emphasis, ...] = ()
    changes: str = ""
    overall: str = ""
    marked: bool = False


DEPTH = Measure("Depth", "depths", ink.POCKETS, "depth_changes", "depth_changes_overall", marked=True)
MARGIN = Measure("Margin", "margins")
LOSS = Measure("CAL", "losses", ink.LOSSES, "loss_changes", "loss_changes_overall")


@dataclass(frozen=True)
class _Glyph:
    """How a character of a line is written.

    Attributes:
        show: the operator that writes it, with a blank behind it, so that values that are copied stay apart.
        face: its font.
        half: half its width, in sizes.
        level: place of its emphasis; -1 for none.
    """

    show: str
    face: str
    half: float
    level: int


@cache
def _glyphs(emphasis: tuple[Emphasis, ...]) -> Mapping[str, _Glyph]:
    written = {chartcode.NOT_ASSESSABLE: _Glyph("(- ) Tj", REGULAR, 0.18, -1)}
    for character, number in chartcode.NUMBERS.items():
        level = max((place for place, each in enumerate(emphasis) if number >= each.least), default=-1)
        face = REGULAR if level < 0 else BOLD
        half = (len(str(abs(number))) * pen.DIGIT[face] + (0.36 if number < 0 else 0)) / 2
        written[character] = _Glyph(f"({number} ) Tj", face, half, level)
    return written


def values(ink_pen: Pen, sheet: Sheet, side: Side, y: float, chart: Chart, measure: Measure) -> None:
    """Write the values of a chart into a row, with their ground, their marks, and what changed since the one before."""
    text, places = getattr(chart, measure.line), side.places()
    glyphs = _glyphs(measure.emphasis)
    grounds: list[list[str]] = [[] for _ in measure.emphasis]
    size, baseline, face = sheet.size, y + sheet.baseline, ""
    operators = [f"BT {pen.fill(ink.BLACK)}"]
    for center, place in zip(sheet.centers, places, strict=True):
        glyph = glyphs.get(text[place])
        if glyph is None:
            continue
        if glyph.level >= 0:
            grounds[glyph.level].append(sheet.ground(center, y))
        if glyph.face != face:
            face = glyph.face
            operators.append(f"{ink_pen.faces[face]} {size:g} Tf")
        operators.append(f"1 0 0 1 {center - glyph.half * size:.2f} {baseline:.2f} Tm {glyph.show}")
    for emphasis, boxes in zip(measure.emphasis, grounds, strict=True):
        look = f"{pen.fill(emphasis.ground)} {pen.stroke(ink.BLACK, 0.7)}"
        ink_pen.paths(look, boxes, "B" if emphasis.framed else "f")
    ink_pen.put(" ".join([*operators, "ET"]))
    if measure.marked:
        _marks(ink_pen, sheet, y, [chart.marks[place] for place in places])
    if measure.changes:
        _triangles(ink_pen, sheet, y, _changed(getattr(chart, measure.changes), places))


def spoken(label: str, side: Side, chart: Chart, measure: Measure) -> str:
    """A row as it is read aloud: tooth by tooth; what was not recorded is left out, what could not be assessed not."""
    text, places, said = getattr(chart, measure.line), side.places(), []
    for column, tooth in enumerate(side.teeth):
        here = places[column * SITES_OF_TOOTH : (column + 1) * SITES_OF_TOOTH]
        numbers = [str(chartcode.NUMBERS.get(text[place], _UNSPOKEN.get(text[place]))) for place in here]
        if chart.state(tooth) == chartcode.MISSING:
            said.append(f"{tooth} missing")
        elif any(text[place] != chartcode.UNKNOWN for place in here):
            said.append(f"{tooth}: {' '.join(numbers)}")
    return f"{side.name}, {label}: {', '.join(said) or 'nothing recorded'}"


def spoken_changes(side: Side, chart: Chart, measure: Measure) -> str:
    """The row of overall changes as it is read aloud: only the sites that changed."""
    changed = _changed(getattr(chart, measure.overall), side.places())
    sites = [f"{tooth} {site}" for column, tooth in enumerate(side.teeth) for site in side.sites_of(column)]
    said = [f"{site} {change:+d}" for site, change in zip(sites, changed, strict=True) if change]
    return f"{side.name}, {measure.name} from first to last: {', '.join(said) or 'no changes'}"


def _marks(ink_pen: Pen, sheet: Sheet, y: float, marks: Sequence[str]) -> None:
    """A dot for bleeding above, a square for pus beneath, to the right of the value."""
    marked = [(center, chartcode.NUMBERS.get(mark, 0)) for center, mark in zip(sheet.centers, marks, strict=True)]
    right = sheet.site / 2 - 1.9
    blood = (pen.dot(center + right, y + sheet.row - 2.4) for center, mark in marked if mark & chartcode.BLEEDING)
    pus = (pen.box(center + right - 1.1, y + 1.1, 2.2, 2.2) for center, mark in marked if mark & chartcode.PUS)
    ink_pen.paths(f"1 J {pen.stroke(ink.BLOOD, 2.5)}", blood, "S 0 J")
    ink_pen.paths(f"{pen.fill(ink.PUS_FILL)} {pen.stroke(ink.PUS_EDGE, 0.5)}", pus, "B")


def _changed(text: str, places: Sequence[int]) -> list[int]:
    """The change at each site; 0 for none."""
    return [chartcode.NUMBERS.get(text[place], 0) for place in places]


def _triangles(ink_pen: Pen, sheet: Sheet, y: float, changed: Sequence[int]) -> None:
    left = -sheet.site / 2 + 0.7
    bottom = y + 0.9
    for up, color in ((True, ink.WORSE), (False, ink.BETTER)):
        paths = (
            pen.triangle(center + left, bottom, _NOW, up)
            for center, change in zip(sheet.centers, changed, strict=True)
            if change and (change > 0) is up
        )
        ink_pen.paths(pen.fill(color), paths, "f")


def overall(ink_pen: Pen, sheet: Sheet, side: Side, y: float, chart: Chart, measure: Measure) -> None:
    """Write what changed from the first chart to the last into a row: a triangle and the millimetres."""
    changed = _changed(getattr(chart, measure.overall), side.places())
    middle = y + (sheet.row - _SMALL) / 2
    for up, color in ((True, ink.WORSE), (False, ink.BETTER)):
        found = [
            (center, change)
            for center, change in zip(sheet.centers, changed, strict=True)
            if change and (change > 0) is up
        ]
        triangles = (pen.triangle(center - sheet.site / 2 + 0.6, middle, _SMALL, up) for center, _ in found)
        ink_pen.paths(pen.fill(color), triangles, "f")
    size = sheet.size - 1.5
    written = [
        f"1 0 0 1 {center - sheet.site / 2 + _SMALL + 0.8:.2f} {y + sheet.baseline + 0.4:.2f} Tm ({change:+d} ) Tj"
        for center, change in zip(sheet.centers, changed, strict=True)
        if change
    ]
    if written:
        ink_pen.put(f"BT {pen.fill(ink.BLACK)} {ink_pen.faces[REGULAR]} {size:g} Tf {' '.join(written)} ET")


def absences(charts: Sequence[Chart], teeth: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Column, first and last chart of each stretch of charts in which a tooth is missing."""
    for column, tooth in enumerate(teeth):
        start: int | None = None
        for place, chart in enumerate([*charts, None]):
            gone = chart is not None and chart.state(tooth) == chartcode.MISSING
            if gone and start is None:
                start = place
            if not gone and start is not None:
                yield column, start, place - 1
                start = None
