"""Puts the document together: heads, charts, figures, legend and feet. The same charts give the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from perio_pipeline.files import fonts
from perio_pipeline.files.charting import arches, ink, legend, pen, trends
from perio_pipeline.files.charting.model import Chart, Patient
from perio_pipeline.files.charting.pen import REGULAR, Pen
from perio_pipeline.files.charting.rows import DEPTH, LOSS, MARGIN, Measure
from perio_pipeline.files.charting.sheet import MARGIN_TOP, MARGIN_X, Sheet, paper
from perio_pipeline.files.charting.tagged import TaggedCanvas
from perio_pipeline.files.pdf import Letterhead

RENDERING = 1
"""Goes up whenever the same charts are to be drawn another way, so that what is kept on disk is made anew."""

TITLE = "Periodontal charting comparison"
_FOOT = 14.0
_VERSION = (1, 5)
"""Of PDF: the first that has all the tags."""
_LEAST_ROW = 8.6
"""Rows must not be lower where everything is to stand on one page."""


def draw(charts: Sequence[Chart], patient: Patient, letterhead: Letterhead, author: str, country: str) -> bytes:
    """Return the PDF of a patient's charts.

    Args:
        charts: those that stand side by side, earliest first; one at least.
        patient: whose they are.
        letterhead: stands at the top of each page.
        author: of the file, as its metadata say.
        country: ISO-2; decides on the paper.
    """
    size = paper(country)
    fonts.register()
    target = io.BytesIO()
    canvas = TaggedCanvas(
        target, pagesize=size, invariant=1, initialFontName=REGULAR, lang="en-US", pdfVersion=_VERSION
    )
    canvas.setTitle(TITLE)
    canvas.setAuthor(fonts.printable(author))
    canvas.setSubject("Periodontal charts from PANDA Perio")
    canvas.setCreator("perio-pipeline")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    _date(canvas, as_of(charts))
    ink_pen = Pen(canvas)
    pages = _pages(charts, size)
    for number, page in enumerate(pages, start=1):
        sheet = page.sheet
        _head(ink_pen, sheet, page.title, charts, patient, letterhead)
        arches.draw(ink_pen, sheet, charts, page.measures)
        with ink_pen.element("P"):
            legend.draw(ink_pen, sheet.bottom, sheet.right, *page.legend)
        if page.is_first:
            trends.draw(ink_pen, sheet.bottom - legend.height(*page.legend), sheet.right, charts)
        _foot(ink_pen, sheet, charts, f"Page {number} of {len(pages)}")
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def as_of(charts: Sequence[Chart]) -> datetime:
    """When PANDA last changed any of the charts."""
    days = (datetime(chart.exam_date.year, chart.exam_date.month, chart.exam_date.day) for chart in charts)
    return max([*days, *(chart.charted_at for chart in charts if chart.charted_at)])


@dataclass(frozen=True)
class _Page:
    """One page: what it shows, and its geometry."""

    title: str
    measures: tuple[Measure, ...]
    sheet: Sheet

    @property
    def is_first(self) -> bool:
        """Whether the figures stand on it, and mobility and furcation."""
        return self.sheet.banded

    @property
    def legend(self) -> tuple[bool, bool]:
        """Whether it shows depths, and whether attachment loss."""
        return DEPTH in self.measures, LOSS in self.measures


def _pages(charts: Sequence[Chart], size: tuple[float, float]) -> list[_Page]:
    """One page where all fits, else one of depths and one of margins and attachment loss."""
    depths, losses = "Probing depths, bleeding, furcation and mobility", "Gingival margins and clinical attachment loss"
    if not any(chart.has_margins for chart in charts):
        return [_page(depths, (DEPTH,), charts, size)]
    everything = _page("Probing depths, gingival margins and attachment loss", (DEPTH, MARGIN, LOSS), charts, size)
    if everything.sheet.row >= _LEAST_ROW:
        return [everything]
    return [_page(depths, (DEPTH,), charts, size), _page(losses, (MARGIN, LOSS), charts, size)]


def _page(title: str, measures: tuple[Measure, ...], charts: Sequence[Chart], size: tuple[float, float]) -> _Page:
    is_first = DEPTH in measures
    beneath = legend.height(is_first, LOSS in measures) + (trends.height(len(charts)) if is_first else 0)
    groups = tuple(bool(measure.overall) for measure in measures)
    return _Page(title, measures, Sheet(*size, len(charts), groups, is_first, beneath))


def _date(canvas: TaggedCanvas, written: datetime) -> None:
    # reportlab takes the date of an invariant file from the environment or from the year 2000.
    stamp = canvas._doc._timeStamp
    stamp.YMDhms, stamp.dhh, stamp.dmm = written.timetuple()[:6], 0, 0


def _head(
    ink_pen: Pen, sheet: Sheet, title: str, charts: Sequence[Chart], patient: Patient, letterhead: Letterhead
) -> None:
    top, right = sheet.height - MARGIN_TOP, sheet.right
    born = f", born {patient.born:%Y-%m-%d}" if patient.born else ""
    with ink_pen.element("P"):
        ink_pen.text(MARGIN_X, top - 10, letterhead.name, 12, bold=True)
        for number, text in enumerate(letterhead.lines[:2]):
            ink_pen.text(MARGIN_X, top - 19 - 8 * number, text, 6.4, color=ink.GREY)
    with ink_pen.element("H1"):
        ink_pen.text(right, top - 10, f"{TITLE}: {len(charts)} of {charts[-1].exams}", 10, bold=True, share=1)
    with ink_pen.element("P"):
        ink_pen.text(right, top - 20, f"{patient.name}{born}", 8.4, bold=True, share=1)
        ink_pen.text(right, top - 29, f"PANDA patient {patient.patient_id} · {title}", 7, share=1)
    with ink_pen.decoration():
        rule = pen.line(MARGIN_X, top - 35, right, top - 35)
        ink_pen.paths(pen.stroke(ink.LINE, 0.8), [rule], "S")


def _foot(ink_pen: Pen, sheet: Sheet, charts: Sequence[Chart], page: str) -> None:
    exams = ", ".join(chart.exam_id for chart in charts)
    with ink_pen.element("P"):
        ink_pen.text(
            MARGIN_X,
            _FOOT,
            f"Made from PANDA data as of {as_of(charts):%Y-%m-%d} · {'exam' if len(charts) == 1 else 'exams'} {exams}",
            6.4,
        )
    with ink_pen.decoration():
        ink_pen.text(sheet.right, _FOOT, page, 6.4, share=1)
