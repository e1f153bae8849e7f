"""The figures of each chart as a small table, and two of them as curves over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise

from perio_pipeline.files.charting import ink, pen
from perio_pipeline.files.charting.ink import Color
from perio_pipeline.files.charting.model import Chart
from perio_pipeline.files.charting.pen import Pen
from perio_pipeline.files.charting.sheet import MARGIN_X

_ROW, _SIZE, _GAP = 9.4, 6.2, 12.0
_CURVES = 128.0
NOTHING = "-"
"""Stands where a figure could not be computed, since nothing was charted for it."""

CLASSIFICATIONS = {
    "healthy": "Healthy",
    "gingivitis": "Gingivitis",
    "stage_1": "Stage I",
    "stage_2": "Stage II",
    "stage_3": "Stage III",
    "stage_4": "Stage IV",
    "periodontitis": "Periodontitis",
}


def classification(code: str | None, grade: str | None) -> str:
    """A diagnosis as people write it: `Stage III B`."""
    return f"{CLASSIFICATIONS[code]}{f' {grade}' if grade else ''}" if code else NOTHING


def _figure(value: Decimal | int | None, places: int = 0) -> str:
    return NOTHING if value is None else f"{value:.{places}f}"


_COLUMNS: tuple[tuple[str, float, Callable[[Chart], str]], ...] = (
    ("Chart", 50, lambda chart: f"{chart.exam_date:%Y-%m-%d}"),
    ("Kind", 60, lambda chart: chart.exam_type or NOTHING),
    ("Teeth", 32, lambda chart: _figure(chart.teeth_present)),
    ("Implants", 42, lambda chart: _figure(chart.implants)),
    ("Sites probed", 58, lambda chart: _figure(chart.sites_probed)),
    ("Mean depth, mm", 72, lambda chart: _figure(chart.mean_depth_mm, 2)),
    ("Bleeding, %", 54, lambda chart: _figure(chart.bop_percent, 1)),
    ("Sites ≥ 4 mm", 58, lambda chart: _figure(chart.sites_4mm_up)),
    ("Sites ≥ 6 mm", 58, lambda chart: _figure(chart.sites_6mm_up)),
    ("Mean CAL, mm", 62, lambda chart: _figure(chart.mean_cal_mm, 2)),
    ("Diagnosis", 56, lambda chart: classification(chart.classification_recorded, chart.grade_recorded)),
    ("Chart suggests", 70, lambda chart: classification(chart.classification_suggested, chart.grade_suggested)),
)
"""Heading, width and text of each column; the first two and the last two are words."""
_WORDS = (0, 1, len(_COLUMNS) - 2, len(_COLUMNS) - 1)


def height(charts: int) -> float:
    """What the table takes of a page."""
    return (charts + 1) * _ROW + _GAP


def draw(ink_pen: Pen, top: float, right: float, charts: Sequence[Chart]) -> None:
    """Draw table and curves beneath `top`, up to `right`."""
    room = right - MARGIN_X - _CURVES
    scale = room / sum(width for _, width, _ in _COLUMNS)
    y = top - _GAP
    with ink_pen.decoration():
        ink_pen.paths(pen.fill(ink.PALE), [pen.box(MARGIN_X, y - 2.4, room - 6, _ROW)], "f")
        rule = pen.line(MARGIN_X, y - 2.4, MARGIN_X + room - 6, y - 2.4)
        ink_pen.paths(pen.stroke(ink.LINE, 0.5), [rule], "S")
    for row, chart in enumerate([None, *charts]):
        with ink_pen.element("P", "" if chart is None else _spoken(chart)):
            _row(ink_pen, y - row * _ROW, scale, chart, bold=chart is None or row == len(charts))
    bottom = y - len(charts) * _ROW - 2.4
    if len(charts) < 2:
        return
    with ink_pen.element("Figure", "Mean probing depth and bleeding over time; the table holds the same figures."):
        _curves(ink_pen, right - _CURVES + 14, right, y + _ROW - 2, bottom, charts)


def _row(ink_pen: Pen, y: float, scale: float, chart: Chart | None, *, bold: bool) -> None:
    """The figures of a chart, or the headings."""
    x = MARGIN_X
    for place, (heading, width, said) in enumerate(_COLUMNS):
        is_word = place in _WORDS
        anchor = x + 2 if is_word else x + width * scale - 6
        text = heading if chart is None else said(chart)
        ink_pen.text(anchor, y, text, _SIZE, bold=bold, share=0 if is_word else 1)
        x += width * scale


def _spoken(chart: Chart) -> str:
    """The figures of a chart as they are read aloud, each with its heading."""
    return ", ".join(f"{heading} {said(chart)}" for heading, _, said in _COLUMNS)


def _curves(ink_pen: Pen, left: float, right: float, top: float, bottom: float, charts: Sequence[Chart]) -> None:
    """Mean depth as a full line with squares, bleeding as a broken one with dots, each on a scale of its own."""
    days = [chart.exam_date.toordinal() for chart in charts]
    span = max(days[-1] - days[0], 1)
    across = [left + 26 + (right - left - 54) * (day - days[0]) / span for day in days]
    ink_pen.paths(pen.stroke(ink.LINE, 0.5), [pen.line(left + 20, bottom, right - 22, bottom)], "S")
    depths = [chart.mean_depth_mm for chart in charts]
    bleeding = [chart.bop_percent for chart in charts]
    inner = (bottom + 3, top - 5)
    _curve(ink_pen, across, _heights(depths, Decimal(5), *inner), ink.DEPTH_CURVE, "[] 0 d", square=True)
    _curve(ink_pen, across, _heights(bleeding, Decimal(100), *inner), ink.BLEEDING_CURVE, "[2 1.5] 0 d", square=False)
    ink_pen.text(left + 18, top - 5, "mm", 5.6, color=ink.DEPTH_CURVE, bold=True, share=1)
    ink_pen.text(right - 20, top - 5, "BOP %", 5.6, color=ink.BLEEDING_CURVE)
    for y, depth, percent in ((inner[0], "0", "0"), (inner[1] - 6, "5", "100")):
        ink_pen.text(left + 18, y, depth, 5.6, color=ink.DEPTH_CURVE, bold=True, share=1)
        ink_pen.text(right - 20, y, percent, 5.6, color=ink.BLEEDING_CURVE)


def _heights(values: Sequence[Decimal | None], most: Decimal, bottom: float, top: float) -> list[float | None]:
    """Where each value stands between 0 at the bottom and `most` at the top."""
    return [None if value is None else bottom + (top - bottom) * min(float(value / most), 1) for value in values]


def _curve(
    ink_pen: Pen, across: Sequence[float], heights: Sequence[float | None], color: Color, dash: str, *, square: bool
) -> None:
    points = [(x, y) for x, y in zip(across, heights, strict=True) if y is not None]
    pieces = [pen.line(*here, *there) for here, there in pairwise(points)]
    ink_pen.paths(f"{dash} {pen.stroke(color, 1)}", pieces, "S [] 0 d")
    if square:
        ink_pen.paths(pen.fill(color), [pen.box(x - 1.6, y - 1.6, 3.2, 3.2) for x, y in points], "f")
    else:
        ink_pen.paths(f"1 J {pen.stroke(color, 3.6)}", [pen.dot(x, y) for x, y in points], "S 0 J")
