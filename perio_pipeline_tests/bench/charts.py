"""Drawing charts side by side, beside reportlab's canvas writing as many bare values on as many pages."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from typing import Any

from reportlab.pdfgen.canvas import Canvas

from perio_pipeline.files import fonts
from perio_pipeline.files.charting.drawing import draw
from perio_pipeline.files.charting.model import Chart, Patient
from perio_pipeline.files.charting.sheet import paper
from perio_pipeline.files.pdf import Letterhead
from perio_pipeline.panda.chartcode import UNKNOWN
from perio_pipeline_tests.bench.figures import Figure
from perio_pipeline_tests.shaped import ShapedPractice

PATIENTS, TIMES = 120, 3
LETTERHEAD = Letterhead("Harbor Periodontics", ("1200 Harbor Avenue",))
Charts = Sequence[Chart]


def figures(practice: ShapedPractice) -> list[Figure]:
    """Take half a minute: the patients with the most charts, up to five each."""
    frame = practice.frame("clinical", "exam_chart")
    groups = [
        [Chart.of(row) for row in rows.astype(object).where(rows.notna(), None).to_dict("records")]
        for _, rows in frame.groupby("patient_id")
    ]
    chosen = sorted(groups, key=len, reverse=True)[:PATIENTS]
    ours, bare = _fastest(chosen, _drawn), _fastest(chosen, _written)
    return [
        Figure(
            name=f"charts drawn, {sum(map(len, chosen)) / len(chosen):.1f} exams each",
            figure=len(chosen) / ours,
            unit="PDFs/s",
            reference=f"the values alone by reportlab's canvas: {len(chosen) / bare:,.1f} PDFs/s",
            ratio=bare / ours,
            machine_independent=False,
            least=0.7,
        )
    ]


def _drawn(charts: Charts) -> bytes:
    return draw(charts, Patient("1", "Ann Ode", None), LETTERHEAD, LETTERHEAD.name, "US")


def _written(charts: Charts) -> bytes:
    fonts.register()
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=paper("US"), invariant=1)
    for lines in ([chart.depths for chart in charts], [line for c in charts for line in (c.margins, c.losses)]):
        canvas.setFont(fonts.FAMILY, 7)
        for row, line in enumerate(lines):
            for place, value in enumerate(line):
                if value != UNKNOWN:
                    canvas.drawString(30 + place * 3.7, 560 - row * 9, value)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _fastest(chosen: Sequence[Charts], work: Callable[[Charts], Any]) -> float:
    """The fewest seconds that all of them took."""
    seconds = []
    for _ in range(TIMES):
        started = time.perf_counter()
        for charts in chosen:
            work(charts)
        seconds.append(time.perf_counter() - started)
    return min(seconds)
