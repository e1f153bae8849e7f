"""Turns a chart into rows of PerioTooth and PerioMeas in PANDA's codes, and counts what those rows hold."""

from __future__ import annotations

from collections import Counter

import numpy as np

from perio_pipeline.panda.sample.charting import EMPTY, NOT_ASSESSABLE, NOT_RECORDED, Chart
from perio_pipeline.panda.sample.figures import IntArray
from perio_pipeline.panda.sample.mouth import MISSING

_STATUS_CODES = ("M", "P", "I")
_NEGATIVE_BASE = 100
"""A margin coronal of the CEJ is written as 100 plus its millimetres."""

_DEPTHS, _MARGINS = slice(2, 8), slice(8, 14)
_HALF_GRADES = {"+", "1+", "2+"}

Values = list[list[int | str | None]]


def tooth_rows(chart: Chart) -> Values:
    """Return the rows of PerioTooth, one per tooth of 32."""
    exam = int(str(chart.exam["ExamNo"]))
    lines = zip(chart.numbers.tolist(), chart.status.tolist(), chart.mobility, chart.furcation.tolist(), strict=True)
    return [
        [exam, number, _STATUS_CODES[status], mobility, *(None if degree == EMPTY else degree for degree in degrees)]
        for number, status, mobility, degrees in lines
    ]


def measurements(chart: Chart) -> IntArray:
    """Return the rows of PerioMeas as integers; `EMPTY` stands for NULL."""
    coded = np.where(chart.margin < 0, _NEGATIVE_BASE - chart.margin, chart.margin)
    margin = np.where(chart.margin_charted, coded, NOT_RECORDED)
    exam = np.full((32, 1), int(str(chart.exam["ExamNo"])), dtype=np.int64)
    table = np.hstack([exam, chart.numbers[:, None], chart.depth, margin, chart.flags])
    there = np.flatnonzero(chart.status != MISSING).tolist()
    return np.asarray(table[there + chart.extra_rows])


def measurement_rows(table: IntArray) -> Values:
    """Return the rows of PerioMeas for the database."""
    rows: Values = table.tolist()
    if (table == EMPTY).any():
        return [[None if value == EMPTY else value for value in row] for row in rows]
    return rows


def count_chart(chart: Chart, table: IntArray) -> Counter[str]:
    """Count the problems that come with ordinary charts."""
    depths, margins = table[:, _DEPTHS], table[:, _MARGINS]
    return Counter(
        implant_charted=int((chart.status == _STATUS_CODES.index("I")).sum()),
        depth_zero=int((depths == 0).sum()),
        depth_not_recorded=int(((depths == NOT_RECORDED) | (depths == EMPTY)).sum()),
        depth_not_assessable=int((depths == NOT_ASSESSABLE).sum()),
        margin_negative=int((margins > _NEGATIVE_BASE).sum()),
        mobility_half_grade=sum(grade in _HALF_GRADES for grade in chart.mobility),
    )
