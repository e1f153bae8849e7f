"""The diagnosis a chart bears out: stage from interdental attachment loss and missing teeth, grade from age and risks.

This is the generator's own reading of the 2017 classification (Tonetti 2018), needed to record diagnoses that agree
with the charts. The pipeline computes its own and must not import this one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perio_pipeline.panda.sample.charting import Chart
from perio_pipeline.panda.sample.figures import IntArray
from perio_pipeline.panda.sample.mouth import INTERPROXIMAL, PRESENT, THIRD_MOLARS

STAGES = ("Stage I", "Stage II", "Stage III", "Stage IV")
_STAGE_FROM_LOSS = (1, 3, 5)
_TEETH_LOST_FOR_STAGE_4 = 5
_ROOT_MM = 13.0
_CROWN_TO_BONE_MM = 2.0
_SLOW, _RAPID = 0.05, 1.0  # percent of bone lost per year of age; 0.25 would call most of Stage II slow
_MOLARS_AND_INCISORS = np.isin(np.arange(1, 33), [2, 3, 14, 15, 18, 19, 30, 31, 7, 8, 9, 10, 23, 24, 25, 26])


@dataclass(frozen=True)
class Diagnosis:
    """A classification as PANDA spells it; `grade` and `extent` only for a periodontitis."""

    classification: str
    grade: str | None = None
    extent: str | None = None


def diagnose(chart: Chart, age: int, *, heavy_smoker: bool, poor_control: bool) -> Diagnosis:
    """Return what the chart bears out.

    Args:
        chart: a full charting.
        age: age on the day, years.
        heavy_smoker: ten cigarettes a day or more.
        poor_control: diabetes with HbA1c of 7 % or more.
    """
    losses = _interdental_loss(chart)
    affected = np.flatnonzero(losses >= 1)
    if len(affected) < 2 or not _apart(affected):
        return Diagnosis("Healthy" if chart.bleeding_percent < 10 else "Gingivitis")
    worst = int(losses.max())
    stage = int(np.digitize(worst, _STAGE_FROM_LOSS))
    if stage == 3 and _teeth_lost(chart) >= _TEETH_LOST_FOR_STAGE_4:
        stage = 4
    grade = _grade(worst, age, heavy_smoker=heavy_smoker, poor_control=poor_control)
    floor = _STAGE_FROM_LOSS[min(stage, 3) - 1]
    return Diagnosis(STAGES[stage - 1], grade, _extent(losses, floor, age))


def _interdental_loss(chart: Chart) -> IntArray:
    """Worst interdental loss per tooth, mm; -1 where there is none to read, and for third molars and implants."""
    usable = chart.probed & chart.margin_charted & INTERPROXIMAL & (chart.status == PRESENT)[:, None]
    losses = np.where(usable, chart.depth + chart.margin, -1).max(axis=1)
    losses[list(THIRD_MOLARS)] = -1
    return np.asarray(losses)


def _apart(places: IntArray) -> bool:
    """Whether two of the teeth are not neighbours."""
    return bool(places[-1] - places[0] > 1)


def _teeth_lost(chart: Chart) -> int:
    natural = chart.status == PRESENT
    return 28 - int(natural.sum() - natural[list(THIRD_MOLARS)].sum())


def _grade(worst: int, age: int, *, heavy_smoker: bool, poor_control: bool) -> str:
    """Bone loss per year of age, read from the worst site; risks only raise it."""
    if heavy_smoker or poor_control:
        return "C"
    bone_percent = 100 * max(0.0, worst - _CROWN_TO_BONE_MM) / _ROOT_MM
    ratio = bone_percent / max(age, 18)
    if ratio < _SLOW:
        return "A"
    return "C" if ratio > _RAPID else "B"


def _extent(losses: IntArray, floor: int, age: int) -> str:
    there, ill = losses >= 0, losses >= floor
    if age < 40 and ill.any() and not (ill & ~_MOLARS_AND_INCISORS).any():
        return "MI"
    return "G" if ill.sum() >= 0.3 * there.sum() else "L"
