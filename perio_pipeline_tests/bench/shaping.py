"""Shaping every object of a CRM beside nothing but the merges it takes, by plain pandas on the same frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pandas as pd

from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline.mapping.rows import IDENTITY, PATIENT
from perio_pipeline.mapping.shape import shape
from perio_pipeline_tests.bench.figures import Figure
from perio_pipeline_tests.shaped import ShapedPractice

TIMES = 3


def figures(practice: ShapedPractice) -> list[Figure]:
    """Take about a minute."""
    return [_of(practice, crm) for crm in practice.rooms.destinations()]


def _of(practice: ShapedPractice, crm: str) -> Figure:
    mapping = practice.rooms.effective(practice.practice, crm)
    names = {PATIENT, IDENTITY, *(name for obj in mapping.present().values() for name in obj.frames())}
    frames = {name: practice.frame(*mapping.asset_key(name)) for name in names}
    router, locale = practice.rooms.router(practice.practice, crm), practice.practice.locale

    def shaped() -> int:
        return sum(len(shape(name, mapping, frames, router, locale).frame) for name in mapping.present())

    rows, ours = _fastest(shaped)
    _, bare = _fastest(lambda: merged(mapping.present().values(), frames))
    return Figure(
        name=f"rows shaped for {crm}",
        figure=rows / ours,
        unit="rows/s",
        reference=f"plain pandas merges: {rows / bare:,.0f} rows/s",
        ratio=bare / ours,
        machine_independent=False,
    )


def merged(objects: Iterable[ObjectMap], frames: dict[str, pd.DataFrame]) -> int:
    """Merge the frames of each object, one row at most per join; returns the rows of all."""
    rows = 0
    for obj in objects:
        frame = frames[obj.rows]
        for alias, join in obj.join.items():
            right = frames[join.frame].drop_duplicates(list(join.on.values())).add_prefix(f"{alias}.")
            keys = [f"{alias}.{key}" for key in join.on.values()]
            frame = frame.merge(right, how="left", left_on=list(join.on), right_on=keys)
        rows += len(frame)
    return rows


def _fastest(work: Callable[[], int]) -> tuple[int, float]:
    """What it returns, and the fewest seconds it took."""
    seconds = []
    for _ in range(TIMES):
        started = time.perf_counter()
        rows = work()
        seconds.append(time.perf_counter() - started)
    return rows, min(seconds)
