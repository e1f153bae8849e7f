"""Which column each field of one table is: assigned as a whole, so that no two fields have the same one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from perio_pipeline.mapping.proposing.candidates import Candidate
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.panda.canonical import Column, Kind

LEAST = 0.34
"""A score below it is no proposal."""

TELLING, DATED, ALIKE = 0.9, 0.7, 0.1
"""From which score on values alone tell a field of codes, and one of dates; numbered columns whose scores differ less
fit as well."""

Scored = dict[tuple[str, str], float]
"""Field and path of a column → how well it fits."""


def choose(fields: Sequence[Column], origins: Sequence[Origin], scores: Scored, usual: Sequence[str]) -> dict[str, str]:
    """Give each field a column; `usual` is the order in which systems have the fields."""
    if not fields or not origins:
        return {}
    both = {"depth_state": "depth_mm"}
    alone = sorted((column for column in fields if column.name not in both), key=lambda each: usual.index(each.name))
    table = np.array([[scores[column.name, origin.path] for origin in origins] for column in alone])
    table = _in_order(table, origins)
    rows, columns = linear_sum_assignment(-table)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    chosen = {alone[row].name: origins[column].path for row, column in pairs if table[row, column] >= LEAST}
    shared = {
        name: chosen[other] for name, other in both.items() if other in chosen and any(c.name == name for c in fields)
    }
    return chosen | shared


def _in_order(table: Any, origins: Sequence[Origin]) -> Any:
    """Let columns called alike but for their number stand in the order of the fields, where little else speaks.

    Args:
        table: the scores of fields (rows) and columns.
        origins: the columns.
    """
    paths = {origin.path for origin in origins}
    stems = [re.sub(r"[1-9]$", "", origin.path) for origin in origins]
    ordered = table.copy()
    for stem in {each for each in stems if stems.count(each) > 1} - paths:
        own = [at for at, each in enumerate(stems) if each == stem]
        numbers = np.array([int(origins[at].path[-1]) for at in own])
        scores = table[:, own]
        even = (scores.min(axis=1) > 0) & (np.ptp(scores, axis=1) < ALIKE)
        scores = np.where(even[:, None], scores.mean(axis=1, keepdims=True), scores)
        bonus = 1e-6 * np.outer(np.arange(len(table)), numbers) - 1e-4 * numbers
        ordered[:, own] = np.where(scores > 0, scores + bonus, scores)
    return ordered


def only_left(
    fields: Sequence[Column], candidate: Candidate, values: Scored, chosen: Mapping[str, str]
) -> dict[str, str]:
    """Return required fields whose name says nothing, but that only one of the columns left can be by its values."""
    taken = set(chosen.values())
    found: dict[str, str] = {}
    for column in fields:
        least = TELLING if column.choices else DATED if column.kind in (Kind.DATE, Kind.DATETIME) else None
        if least is None or not column.required or column.name in chosen:
            continue
        fitting = [each.path for each in candidate.origins if values[column.name, each.path] >= least]
        left = [path for path in fitting if path not in taken]
        if len(left) == 1:
            found[column.name] = left[0]
    return found if len(set(found.values())) == len(found) else {}
