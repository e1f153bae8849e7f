"""Plants problems in charts. Every function returns the keys of what it planted: none if the record has no place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from perio_pipeline.panda.sample.charting import ENTRANCES, Chart
from perio_pipeline.panda.sample.figures import SITE_ORDER, IntArray
from perio_pipeline.panda.sample.mouth import MISSING, PRESENT, THIRD_MOLARS
from perio_pipeline.panda.sample.world import Bundle, World

_TYPING_SLIPS = (16, 22, 33, 44, 55)
_UNKNOWN_BIT = 16
_FDI = [*range(18, 10, -1), *range(21, 29), *range(38, 30, -1), *range(41, 49)]


def fdi_numbers(world: World, bundle: Bundle) -> list[str]:
    """A whole exam in FDI numbers."""
    if not bundle.charts:
        return []
    chart = bundle.rng.choice(bundle.charts)
    chart.numbers = np.array(_FDI, dtype=np.int64)
    return [_exam(chart)]


def depth_on_missing(world: World, bundle: Bundle) -> list[str]:
    """Depths at a tooth that the same exam marks as missing."""
    for chart in bundle.charts:
        gone = [place for place in np.flatnonzero(chart.status == MISSING).tolist() if place not in THIRD_MOLARS]
        if gone:
            place = bundle.rng.choice(gone)
            chart.depth[place] = [3, 2, 3, 3, 2, 3]
            chart.margin_charted[place] = False
            chart.flags[place] = 0
            chart.extra_rows.append(place)
            return [_tooth(chart, place)]
    return []


def impossible_depth(world: World, bundle: Bundle) -> list[str]:
    """A depth of more than 15 mm: a digit typed twice."""
    for chart in bundle.charts:
        sites = np.argwhere(chart.probed & (chart.depth > 1)).tolist()
        if sites:
            place, site = bundle.rng.choice(sites)
            chart.depth[place, site] = bundle.rng.choice(_TYPING_SLIPS)
            return [f"{_tooth(chart, place)}|{SITE_ORDER[site]}"]
    return []


def unknown_bit(world: World, bundle: Bundle) -> list[str]:
    """A flag that no version of the chart defines."""
    for chart in bundle.charts:
        sites = np.argwhere(chart.probed & (chart.flags >= 0)).tolist()
        if sites:
            place, site = bundle.rng.choice(sites)
            chart.flags[place, site] += _UNKNOWN_BIT
            return [f"{_tooth(chart, place)}|{SITE_ORDER[site]}"]
    return []


def junk_mobility(world: World, bundle: Bundle) -> list[str]:
    """A mobility nobody can read."""
    return _at_tooth(bundle, _write_junk)


def _write_junk(bundle: Bundle, chart: Chart, place: int) -> None:
    chart.mobility[place] = bundle.rng.choice(("1,1", "F"))


def impossible_furcation(world: World, bundle: Bundle) -> list[str]:
    """A furcation at a tooth with one root."""
    return _at_tooth(bundle, _write_furcation, without_furcation=True)


def _write_furcation(bundle: Bundle, chart: Chart, place: int) -> None:
    chart.furcation[place, bundle.rng.randrange(4)] = bundle.rng.randint(1, 2)


def duplicate_row(world: World, bundle: Bundle) -> list[str]:
    """The same tooth twice in one exam."""
    return _at_tooth(bundle, lambda _, chart, place: chart.extra_rows.append(place))


def carry_forward(world: World, bundle: Bundle) -> list[str]:
    """An exam that was copied from the one before instead of charted."""
    for before, after in zip(bundle.charts, bundle.charts[1:], strict=False):
        if after.exam["ExamType"] == "C" or before.partial:
            continue
        after.status, after.mobility = before.status.copy(), list(before.mobility)
        after.depth, after.margin = before.depth.copy(), before.margin.copy()
        after.margin_charted, after.flags = before.margin_charted.copy(), before.flags.copy()
        after.furcation = before.furcation.copy()
        return [_exam(after)]
    return []


def no_margins(world: World, bundle: Bundle) -> list[str]:
    """An exam without margins: its attachment loss is unknown."""
    for chart in bundle.charts:
        if chart.exam["ExamType"] != "C" and (chart.margin_charted & (chart.status != MISSING)[:, None]).any():
            chart.margin_charted[:] = False
            return [_exam(chart)]
    return []


def strange_examiner(world: World, bundle: Bundle) -> list[str]:
    """An exam by a provider who was deleted."""
    if not bundle.charts:
        return []
    chart = bundle.rng.choice(bundle.charts)
    chart.exam["ProvNo"] = "DR99"
    return [_exam(chart)]


def _at_tooth(
    bundle: Bundle, write: Callable[[Bundle, Chart, int], None], *, without_furcation: bool = False
) -> list[str]:
    if not bundle.charts:
        return []
    chart = bundle.rng.choice(bundle.charts)
    natural: IntArray = np.flatnonzero((chart.status == PRESENT) & ~(without_furcation & ENTRANCES.any(axis=1)))
    if not len(natural):
        return []
    place = bundle.rng.choice(natural.tolist())
    write(bundle, chart, place)
    return [_tooth(chart, place)]


def _exam(chart: Chart) -> str:
    return str(chart.exam["ExamNo"])


def _tooth(chart: Chart, place: int) -> str:
    return f"{_exam(chart)}|{int(chart.numbers[place])}"
