"""The state of a mouth and what time and treatment do to it; what an examiner reads from it is in `charting.py`.

Attachment loss and margin are kept per site in millimetres with fractions, and probing depth is always loss minus
margin. Shapes over teeth and sites and the spread between patients, teeth and sites are NHANES figures; the level is
that of a specialist practice. Effects of treatment are of the size that reviews of non-surgical therapy report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perio_pipeline.panda.sample.figures import FloatArray, IntArray, SiteFigures

INTERPROXIMAL = np.array([True, False, True, True, False, True])
"""Which of the six sites (MB, B, DB, ML, L, DL) lie between teeth."""

MISSING, PRESENT, IMPLANT = 0, 1, 2
THIRD_MOLARS = (0, 15, 16, 31)
"""Array places (Universal number less one) of the third molars."""

QUADRANTS = {"UR": slice(0, 8), "UL": slice(8, 16), "LL": slice(16, 24), "LR": slice(24, 32)}

_MOLAR_PLACES = [0, 1, 2, 13, 14, 15, 16, 17, 18, 29, 30, 31]
_MARGIN_LEVEL = np.where(INTERPROXIMAL, -2.0, -2.3)
_MARGIN_SLOPE = np.where(INTERPROXIMAL, 0.32, 0.55)
_NOT_LOST_TO_DISEASE = 4  # teeth of 28 that may be missing before the count alone speaks for Stage IV


@dataclass(frozen=True)
class Severity:
    """How a diagnosis looks in a mouth.

    Attributes:
        name: the diagnosis, as PANDA spells it.
        mean: mean interproximal attachment loss, mm.
        spread: factor on the NHANES spreads.
        floor, cap: range of the worst interproximal loss, mm.
        deepest: deepest pocket, mm.
        lesions: fewest and most teeth with a lesion at the floor or above.
        missing: fewest and most missing teeth of 28.
        bleeding: lowest and highest bleeding share at first sight.
    """

    name: str
    mean: float
    spread: float
    floor: float
    cap: float
    deepest: int
    lesions: tuple[int, int]
    missing: tuple[int, int]
    bleeding: tuple[float, float]


SEVERITIES = {
    severity.name: severity
    for severity in (
        Severity("Healthy", 0.0, 0.3, 0, 0, 3, (0, 0), (0, 2), (0.03, 0.09)),
        Severity("Gingivitis", 0.0, 0.3, 0, 0, 3, (0, 0), (0, 2), (0.18, 0.55)),
        Severity("Stage I", 0.6, 0.5, 1, 2, 4, (3, 8), (0, 2), (0.22, 0.45)),
        Severity("Stage II", 1.1, 0.8, 3, 4, 5, (4, 12), (0, 3), (0.30, 0.55)),
        Severity("Stage III", 1.5, 1.15, 5, 9, 9, (4, 14), (0, _NOT_LOST_TO_DISEASE), (0.35, 0.68)),
        Severity("Stage IV", 2.0, 1.4, 5, 11, 11, (7, 16), (5, 13), (0.40, 0.70)),
    )
}


@dataclass
class Mouth:
    """A mouth today: status per tooth; loss and margin per tooth and site, mm, margin positive apical of the CEJ."""

    status: IntArray
    loss: FloatArray
    margin: FloatArray
    severity: Severity

    @property
    def depth(self) -> FloatArray:
        """Probing depth per tooth and site, mm."""
        return self.loss - self.margin

    @property
    def teeth(self) -> IntArray:
        """Array places of the natural teeth."""
        return np.flatnonzero(self.status == PRESENT)


def grow(rng: np.random.Generator, severity: Severity, age: int, figures: SiteFigures) -> Mouth:
    """Make the mouth of a new patient."""
    status = _dentition(rng, severity, age, figures)
    scale = severity.spread
    common = rng.normal(0, figures.patient_sd * 0.6) * scale
    per_tooth = rng.normal(0, figures.tooth_sd, (32, 1)) * scale
    per_site = rng.normal(0, figures.site_sd, (32, 6)) * scale
    shape = (figures.depth_mean - figures.depth_mean.mean()) * scale * 0.6
    loss = severity.mean + common + per_tooth + per_site + np.where(INTERPROXIMAL, shape, shape * 0.5 - 0.4 * scale)
    loss = np.clip(loss, 0, severity.cap - 0.1 if severity.cap else 0)
    _add_lesions(rng, loss, status, severity)
    _add_recessions(rng, loss, age)
    level = _MARGIN_LEVEL + figures.margin_mean * 0.9 + rng.normal(0, 0.4) + rng.normal(0, 0.6, (32, 6))
    margin = level + _MARGIN_SLOPE * loss
    depth = np.clip(loss - margin, 1.0, severity.deepest + 0.3)
    return Mouth(status, loss, loss - depth, severity)


def _dentition(rng: np.random.Generator, severity: Severity, age: int, figures: SiteFigures) -> IntArray:
    status = np.full(32, PRESENT, dtype=np.int64)
    keep_third = figures.present_share[list(THIRD_MOLARS)] * (1.6 if age < 45 else 0.8)
    status[list(THIRD_MOLARS)] = rng.random(4) < keep_third
    low, high = severity.missing
    missing = low + int(rng.binomial(high - low, min(0.75, 0.15 + max(0, age - 30) * 0.01)))
    odds = 1 / figures.present_share - 1
    odds[list(THIRD_MOLARS)] = 0
    gone = rng.choice(32, size=missing, replace=False, p=odds / odds.sum())
    status[gone] = MISSING
    likely = figures.implants[gone] / figures.implants.max()
    status[gone[rng.random(missing) < 0.1 + 0.25 * likely]] = IMPLANT
    return status


def _add_lesions(rng: np.random.Generator, loss: FloatArray, status: IntArray, severity: Severity) -> None:
    """Give some teeth, molars first, interproximal sites at the floor of the severity or above."""
    if not severity.cap:
        return
    low, high = severity.lesions
    candidates = np.setdiff1d(np.flatnonzero(status == PRESENT), THIRD_MOLARS)
    weight = np.where(np.isin(candidates, _MOLAR_PLACES), 3.0, 1.0)
    count = min(int(rng.integers(low, high + 1)), len(candidates))
    chosen = rng.choice(candidates, size=count, replace=False, p=weight / weight.sum())
    for tooth in chosen:
        sites = rng.permutation(np.flatnonzero(INTERPROXIMAL))[: int(rng.integers(1, 4))]
        reach = severity.cap - severity.floor
        loss[tooth, sites] = severity.floor + 0.1 + reach * 0.95 * rng.beta(1.2, 3.2, len(sites))
        loss[tooth, [1, 4]] += 0.35 * np.maximum(loss[tooth, sites].max() - 3, 0)


def _add_recessions(rng: np.random.Generator, loss: FloatArray, age: int) -> None:
    """Buccal recession from brushing: loss without a pocket."""
    teeth = rng.random(32) < 0.05 + 0.002 * max(0, age - 30)
    loss[teeth, 1] += rng.uniform(0.8, 2.6, int(teeth.sum()))


def scale_and_plane(rng: np.random.Generator, mouth: Mouth, quadrants: list[str]) -> None:
    """Scaling and root planing: pockets of 4-6 mm lose about 1.3 mm, deeper ones 2.2; part gain, part recession."""
    for quadrant in quadrants:
        rows = QUADRANTS[quadrant]
        depth = mouth.depth[rows]
        moderate, deep = (depth >= 3.5) & (depth < 6.5), depth >= 6.5
        noise = rng.normal(1, 0.22, depth.shape)
        shallower = (1.3 * moderate + 2.2 * deep) * np.clip(noise, 0.3, 1.7)
        gain = (0.55 * moderate + 1.2 * deep) * np.clip(noise, 0.2, 1.8)
        mouth.loss[rows] = np.maximum(mouth.loss[rows] - gain, 0)
        mouth.margin[rows] = mouth.loss[rows] - np.maximum(depth - shallower, 1.0)


def operate(rng: np.random.Generator, mouth: Mouth, quadrant: str) -> None:
    """Flap surgery: what is deeper than 3.2 mm heals to near it, mostly by recession."""
    rows = QUADRANTS[quadrant]
    depth = mouth.depth[rows]
    excess = np.maximum(depth - 3.2, 0) * rng.uniform(0.65, 0.95, depth.shape)
    mouth.loss[rows] = np.maximum(mouth.loss[rows] - 0.2 * excess, 0)
    mouth.margin[rows] = mouth.loss[rows] - (depth - excess)


def grow_older(rng: np.random.Generator, mouth: Mouth, years: float, speed: float) -> None:
    """Let time pass under maintenance; `speed` is the attachment lost per year at a diseased site, mm."""
    diseased = mouth.loss > 2.5
    drift = rng.normal(0, 0.12, mouth.loss.shape) + np.where(diseased, speed, 0.1 * speed) * years
    if mouth.severity.cap == 0:
        drift = np.minimum(drift, 0)
    depth = mouth.depth + drift * 0.7
    mouth.loss = np.clip(mouth.loss + drift, 0, 13)
    mouth.margin = mouth.loss - np.clip(depth, 1.0, 12)
    hopeless = (mouth.loss.max(axis=1) > 9.5) & (mouth.status == PRESENT)
    mouth.status[hopeless & (rng.random(32) < 0.25 * years)] = MISSING


def lost_places(mouth: Mouth) -> list[int]:
    """Return the array places of missing teeth, third molars aside."""
    return [int(place) for place in np.flatnonzero(mouth.status == MISSING) if place not in THIRD_MOLARS]


def extract(mouth: Mouth, tooth: int) -> None:
    """Take a tooth (array place) out."""
    mouth.status[tooth] = MISSING


def place_implant(mouth: Mouth, tooth: int) -> None:
    """Replace a missing tooth (array place) by an implant."""
    mouth.status[tooth] = IMPLANT
