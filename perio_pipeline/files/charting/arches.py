"""Draws both arches on a page: the sides with their rows, and the teeth between them."""

from __future__ import annotations

from collections.abc import Sequence

from perio_pipeline.files.charting import ink, pen, rows
from perio_pipeline.files.charting.model import Chart
from perio_pipeline.files.charting.order import ARCHES, Arch, Side
from perio_pipeline.files.charting.pen import Pen
from perio_pipeline.files.charting.rows import Measure
from perio_pipeline.files.charting.sheet import BAND_ROW, MARGIN_X, NUMBERS, Sheet, lines
from perio_pipeline.panda import chartcode

_LABEL, _LETTER, _BAND, _NUMBER = 6.4, 4.8, 5.6, 8.0


def draw(ink_pen: Pen, sheet: Sheet, charts: Sequence[Chart], measures: Sequence[Measure]) -> None:
    """Draw a page of charts.

    Args:
        ink_pen: writes on the page.
        sheet: its geometry.
        charts: those that stand side by side, earliest first.
        measures: what each side shows, from top to bottom.
    """
    with ink_pen.decoration():
        ink_pen.put("q", lines(sheet), "Q")
        for number, arch in enumerate(ARCHES):
            _grounds(ink_pen, sheet, number, arch, charts)
    for number, arch in enumerate(ARCHES):
        tops = sheet.sides_top(number)
        for top, side in zip(tops, (arch.above, arch.beneath), strict=True):
            _side(ink_pen, sheet, top, side, charts, measures)
        _teeth(ink_pen, sheet, number, arch, charts)


def _side(
    ink_pen: Pen, sheet: Sheet, top: float, side: Side, charts: Sequence[Chart], measures: Sequence[Measure]
) -> None:
    with ink_pen.element("H2"):
        ink_pen.text(MARGIN_X, top + 1.6, side.name, _LABEL, bold=True)
    letters = [site[0] for column in range(len(side.teeth)) for site in side.sites_of(column)]
    with ink_pen.decoration():
        ink_pen.spread(sheet.centers, top + 1.6, letters, _LETTER, ink.GREY)
    y = top
    for measure in measures:
        for place, chart in enumerate(charts):
            y -= sheet.row
            label = f"{measure.name} {chart.exam_date:%Y-%m-%d}"
            with ink_pen.element("P", rows.spoken(label, side, chart, measure)):
                _label(ink_pen, sheet, y, label, bold=place == len(charts) - 1)
                rows.values(ink_pen, sheet, side, y, chart, measure)
        if measure.overall and len(charts) > 1:
            y -= sheet.row
            with ink_pen.element("P", rows.spoken_changes(side, charts[-1], measure)):
                _label(ink_pen, sheet, y, "first to last", bold=False)
                rows.overall(ink_pen, sheet, side, y, charts[-1], measure)


def _label(ink_pen: Pen, sheet: Sheet, y: float, text: str, bold: bool) -> None:
    ink_pen.text(MARGIN_X, y + sheet.baseline, f"{text} ", min(_LABEL, sheet.size), bold=bold)


def _grounds(ink_pen: Pen, sheet: Sheet, number: int, arch: Arch, charts: Sequence[Chart]) -> None:
    """Cross out the teeth that are missing, chart by chart."""
    boxes, crosses = [], []

    def cross(column: int, top: float, height: float, first: int, last: int) -> None:
        x, y = sheet.left + column * sheet.tooth, top - (last + 1) * height
        tall = (last - first + 1) * height
        boxes.append(pen.box(x + 0.6, y + 0.3, sheet.tooth - 1.2, tall - 0.6))
        crosses.append(pen.line(x, y, x + sheet.tooth, y + tall))
        crosses.append(pen.line(x, y + tall, x + sheet.tooth, y))

    for column, first, last in rows.absences(charts, arch.teeth):
        for top in sheet.sides_top(number):
            start = top
            for with_changes in sheet.groups:
                cross(column, start, sheet.row, first, last)
                start -= (len(charts) + (with_changes and len(charts) > 1)) * sheet.row
        if sheet.banded:
            cross(column, sheet.band_top(number) - NUMBERS, BAND_ROW, first, last)
    ink_pen.paths(pen.fill(ink.ABSENT), boxes, "f")
    ink_pen.paths(pen.stroke(ink.GREY, 0.6), crosses, "S")


def _teeth(ink_pen: Pen, sheet: Sheet, number: int, arch: Arch, charts: Sequence[Chart]) -> None:
    """The numbers of the teeth; where there is room, mobility and furcation of each chart beneath them."""
    top = sheet.band_top(number) - NUMBERS
    with ink_pen.element("P"):
        ink_pen.text(MARGIN_X, top + 3, "Tooth", _LABEL, bold=True)
        implants = []
        for column, tooth in enumerate(arch.teeth):
            middle = sheet.left + (column + 0.5) * sheet.tooth
            state = charts[-1].state(tooth)
            if state == chartcode.IMPLANT:
                implants.append(pen.box(middle - 8, top + 1, 16, NUMBERS - 2))
            color = ink.GREY if state == chartcode.MISSING else ink.BLACK
            ink_pen.text(middle, top + 3, str(tooth), _NUMBER, bold=True, color=color, share=0.5)
        ink_pen.paths(pen.stroke(ink.BLACK, 0.9), implants, "S")
    for place, chart in enumerate(charts if sheet.banded else ()):
        label = f"Mob. furc. {chart.exam_date:%Y-%m-%d}"
        with ink_pen.element("P", _spoken(label, arch, chart)):
            _band(ink_pen, sheet, top - (place + 1) * BAND_ROW, label, arch, chart)


def _band(ink_pen: Pen, sheet: Sheet, y: float, label: str, arch: Arch, chart: Chart) -> None:
    """Mobility and furcation of one chart."""
    ink_pen.text(MARGIN_X, y + 1.8, label, _LABEL - 0.6)
    for column, tooth in enumerate(arch.teeth):
        x = sheet.left + column * sheet.tooth
        if chart.state(tooth) == chartcode.IMPLANT:
            ink_pen.text(x + sheet.tooth / 2, y + 1.8, "implant", _BAND, bold=True, share=0.5)
            continue
        if mobility := mobility_text(chart, tooth):
            ink_pen.text(x + 1.6, y + 1.8, mobility, _BAND, bold=mobility != "m0")
        if furcation := furcation_text(chart, tooth):
            ink_pen.text(x + sheet.tooth - 1.6, y + 1.8, furcation, _BAND, bold=furcation != "f0", share=1)


def _spoken(label: str, arch: Arch, chart: Chart) -> str:
    """A chart's mobility and furcation as they are read aloud."""
    said = [f"{tooth}: {text}" for tooth in arch.teeth if (text := _tooth_text(chart, tooth))]
    return f"{label}: {', '.join(said) or 'nothing recorded'}"


def _tooth_text(chart: Chart, tooth: int) -> str:
    state = {chartcode.IMPLANT: "implant", chartcode.MISSING: "missing"}.get(chart.state(tooth))
    return state or f"{mobility_text(chart, tooth)} {furcation_text(chart, tooth)}".strip()


def mobility_text(chart: Chart, tooth: int) -> str:
    """Mobility as it is written: `m1.5`; nothing where it was not charted."""
    grade = chart.mobility(tooth)
    return "" if grade is None else f"m{grade:g}"


def furcation_text(chart: Chart, tooth: int) -> str:
    """Furcation as it is written: `B1 D2`, `f0` where all charted entrances are closed, nothing where none was."""
    degrees = chart.furcation(tooth)
    open_ones = [f"{side[0].upper()}{degree}" for side, degree in degrees.items() if degree]
    return " ".join(open_ones) if open_ones else "f0" if degrees else ""
