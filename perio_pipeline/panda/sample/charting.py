"""What an examiner reads from a mouth: whole millimetres, bleeding, mobility, furcations. Values, not database rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from perio_pipeline.panda.sample.figures import BoolArray, FloatArray, IntArray, SiteFigures
from perio_pipeline.panda.sample.mouth import IMPLANT, INTERPROXIMAL, MISSING, PRESENT, THIRD_MOLARS, Mouth

NOT_RECORDED, NOT_ASSESSABLE = -1, 99
EMPTY = -999
"""Stands for NULL in integer arrays."""

BLOOD, PUS, PLAQUE, CALCULUS = 1, 2, 4, 8

ENTRANCES = np.zeros((32, 4), dtype=bool)
"""Which of the sides B, L, M, D of each tooth has a furcation entrance."""
ENTRANCES[[0, 1, 2, 13, 14, 15]] = [True, False, True, True]
ENTRANCES[[4, 11]] = [False, False, True, True]
ENTRANCES[[16, 17, 18, 29, 30, 31]] = [True, True, False, False]

_MOBILITY_CODES = ("0", "+", "1", "1+", "2", "2+", "3")


@dataclass
class Chart:
    """One charting. Arrays have a row per tooth 1-32; site columns are MB, B, DB, ML, L, DL.

    Attributes:
        exam: the row of PerioExam.
        status: `MISSING`, `PRESENT` or `IMPLANT` per tooth.
        depth: mm, or `NOT_RECORDED`, `NOT_ASSESSABLE`, `EMPTY`.
        margin: mm, positive apical; only where `margin_charted`.
        margin_charted: whether there is a margin, per site.
        flags: bit sum of blood, pus, plaque and calculus; `EMPTY` where not looked at.
        furcation: degree per side B, L, M, D; `EMPTY` where the tooth has no entrance.
        mobility: recorded text per tooth.
        numbers: the tooth numbers written down.
        extra_rows: teeth (array places) that get a further, identical chart row.
        partial: only teeth with a pocket were charted.
    """

    exam: dict[str, object]
    status: IntArray
    depth: IntArray
    margin: IntArray
    margin_charted: BoolArray
    flags: IntArray
    furcation: IntArray
    mobility: list[str | None]
    numbers: IntArray = field(default_factory=lambda: np.arange(1, 33, dtype=np.int64))
    extra_rows: list[int] = field(default_factory=list)
    partial: bool = False

    @property
    def probed(self) -> BoolArray:
        """Sites with a measured depth on teeth and implants."""
        there = (self.status != MISSING)[:, None]
        return np.asarray(there & (self.depth >= 0) & (self.depth != NOT_ASSESSABLE))

    @property
    def bleeding_percent(self) -> int:
        """Bleeding sites of all probed sites, whole percent."""
        probed = self.probed
        return round(100 * float(((self.flags & BLOOD) > 0)[probed].mean())) if probed.any() else 0

    def deep(self, limit: int, *, natural: bool = True) -> BoolArray:
        """Probed sites of at least `limit` mm; on natural teeth only, unless told otherwise."""
        sites = self.probed & (self.depth >= limit)
        return np.asarray(sites & (self.status == PRESENT)[:, None]) if natural else sites


def read_chart(
    rng: np.random.Generator,
    mouth: Mouth,
    figures: SiteFigures,
    exam: dict[str, object],
    bleeding: float,
    *,
    first: bool = False,
    partial: bool = False,
) -> Chart:
    """Chart a mouth.

    Args:
        rng: source of chance.
        mouth: what is charted.
        figures: shape of bleeding.
        exam: the row of PerioExam.
        bleeding: share of probed sites that shall bleed.
        first: the baseline charting, which stays within the bounds of the diagnosis.
        partial: only teeth with a pocket are charted; the others are not recorded.
    """
    wobble = 0.0 if first else 0.25
    loss = np.rint(mouth.loss + rng.normal(0, wobble, (32, 6))).astype(np.int64).clip(0, 14)
    margin = np.rint(mouth.margin + rng.normal(0, wobble, (32, 6))).astype(np.int64)
    depth = np.clip(loss - margin, 1, mouth.severity.deepest if first else 12)
    depth[:, 1] -= (depth[:, 1] == 1) & (rng.random(32) < 0.01)
    margin = np.clip(loss - depth, -12, 15)
    _chart_implants(rng, mouth, depth, margin)
    flags = _flags(rng, mouth, figures, depth, bleeding)
    chart = Chart(
        exam=exam,
        status=mouth.status.copy(),
        depth=depth,
        margin=margin,
        margin_charted=np.ones((32, 6), dtype=bool),
        flags=flags,
        furcation=_furcation(rng, mouth),
        mobility=_mobility(rng, mouth, write_zero=first),
        partial=partial,
    )
    _leave_gaps(rng, chart)
    return chart


def _chart_implants(rng: np.random.Generator, mouth: Mouth, depth: IntArray, margin: IntArray) -> None:
    implants = np.flatnonzero(mouth.status == IMPLANT)
    depth[implants] = rng.integers(2, 5, (len(implants), 6))
    margin[implants] = rng.choice([0, 0, 0, 1], (len(implants), 6))
    for tooth in implants[rng.random(len(implants)) < 0.08]:
        depth[tooth, rng.permutation(6)[:3]] = rng.integers(6, 9)


def _flags(rng: np.random.Generator, mouth: Mouth, figures: SiteFigures, depth: IntArray, bleeding: float) -> IntArray:
    score = figures.bleeding_logit + 0.35 * (depth - 2.5)
    there = (mouth.status != MISSING)[:, None] & np.ones(6, dtype=bool)
    chance = _expit(score + _offset(score[there], bleeding))
    flags = (rng.random((32, 6)) < chance) * BLOOD
    flags |= ((depth >= 6) & (rng.random((32, 6)) < 0.08)) * PUS
    dirt = min(0.85, 0.12 + bleeding * rng.uniform(0.6, 1.3))
    flags |= (rng.random((32, 6)) < np.where(INTERPROXIMAL, dirt * 1.15, dirt * 0.7)) * PLAQUE
    flags |= (rng.random((32, 6)) < dirt * 0.45) * CALCULUS
    return flags.astype(np.int64)


def _expit(score: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-score)), dtype=np.float64)


def _offset(score: FloatArray, share: float) -> float:
    """The shift of all log odds at which the mean chance is `share` (Newton)."""
    shift = float(np.log(share / (1 - share)) - score.mean())
    for _ in range(6):
        chance = _expit(score + shift)
        shift -= float((chance.mean() - share) / (chance * (1 - chance)).mean())
    return shift


def _furcation(rng: np.random.Generator, mouth: Mouth) -> IntArray:
    by_side = np.stack(
        [
            mouth.loss[:, 1],
            mouth.loss[:, 4],
            np.maximum(mouth.loss[:, 0], mouth.loss[:, 3]),
            np.maximum(mouth.loss[:, 2], mouth.loss[:, 5]),
        ],
        axis=1,
    )
    by_side[[4, 11]] -= 1.5
    degree = np.digitize(by_side + rng.normal(0, 0.3, (32, 4)), [3.6, 5.2, 8.0])
    natural = (mouth.status == PRESENT)[:, None] & ENTRANCES
    return np.where(natural, degree, EMPTY).astype(np.int64)


def _mobility(rng: np.random.Generator, mouth: Mouth, *, write_zero: bool) -> list[str | None]:
    grade = np.rint((mouth.loss.mean(axis=1) - 3.0) * 1.3 + rng.normal(0, 0.5, 32)).astype(int).clip(0, 6)
    natural = mouth.status == PRESENT
    return [
        _MOBILITY_CODES[step] if there and (step or write_zero) else None
        for step, there in zip(grade.tolist(), natural.tolist(), strict=True)
    ]


def _leave_gaps(rng: np.random.Generator, chart: Chart) -> None:
    """Sites nobody could or did probe; and whole teeth when only pockets are charted."""
    chart.depth[(rng.random((32, 6)) < 0.0006)] = NOT_ASSESSABLE
    third = np.zeros((32, 6), dtype=bool)
    third[list(THIRD_MOLARS), 2] = True
    chart.depth[third & (rng.random((32, 6)) < 0.05)] = NOT_ASSESSABLE
    unread = rng.random((32, 6)) < 0.0006
    if chart.partial:
        unread |= ~(chart.depth >= 4).any(axis=1, keepdims=True)
    chart.depth[unread] = np.where(rng.random((32, 6)) < 0.8, NOT_RECORDED, EMPTY)[unread]
    chart.flags[unread] = EMPTY
    chart.margin_charted &= chart.depth >= 0
    chart.margin_charted &= chart.depth != NOT_ASSESSABLE
