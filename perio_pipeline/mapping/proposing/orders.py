"""Codes that no word explains: numbers or single letters by which a system counts what a canonical code names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from perio_pipeline.mapping.proposing.knowledge import usual_codes

ORDINALS, NEARLY_ALL = (re.compile(r"[0-9]{1,3}"), re.compile(r"[A-Za-z]")), 0.9
"""What codes are counted by; a few rows with something else are for validation to find."""

USUAL = 0.75
"""The share of rows from which on a value is what most records are."""


def counted_orders(
    counts: Mapping[str, int], choices: Sequence[str], scores: np.ndarray, least: float
) -> list[np.ndarray]:
    """Return the scores with what values may mean by their order, the likeliest way first; none where words tell.

    Systems number their codes as a course goes, which is the order of the canonical ones; it is no more than a guess.

    Args:
        counts: value → rows.
        choices: the canonical codes, as systems usually number them.
        scores: of each value (rows) as each code (columns) by their words.
        least: below it no word tells; a guess counts that much.
    """
    values = list(counts)
    ordinal = next((each for each in ORDINALS if _share(counts, each) >= NEARLY_ALL), None)
    if ordinal is None:
        return []
    told = scores.max(axis=1) >= least
    counting = [at for at, value in enumerate(values) if ordinal.fullmatch(value)]
    rest = sorted((at for at in counting if not told[at]), key=lambda at: (len(values[at]), values[at]))
    strangers = [at for at in range(len(values)) if at not in counting]
    if not any(told[at] for at in counting):  # a stranger among numbers takes no code from them
        scores = scores.copy()
        scores[strangers] = 0.0
        told = scores.max(axis=1) >= least
    left = [place for place in range(len(choices)) if place not in _taken(scores, told)]
    if not rest or len(rest) > len(left):
        return []
    found: list[dict[int, int]] = []
    for order in _orders(counts, values, choices, rest, left):
        if order not in found:
            found.append(order)
    return [_guessed(scores, order, least) for order in found]


def _taken(scores: np.ndarray, told: np.ndarray) -> set[int]:
    return {int(scores[at].argmax()) for at in np.flatnonzero(told)}


def _guessed(scores: np.ndarray, order: Mapping[int, int], least: float) -> np.ndarray:
    guessed = scores.copy()
    for at, place in order.items():
        guessed[at, place] = least
    return guessed


def _orders(
    counts: Mapping[str, int], values: Sequence[str], choices: Sequence[str], rest: Sequence[int], left: Sequence[int]
) -> Iterator[dict[int, int]]:
    """The ways in which the values may be counted: value (its place) → code (its place)."""
    rows = sum(counts.values())
    most = max(rest, key=lambda at: counts[values[at]])
    usual = next((place for place in left if choices[place] in usual_codes()), None)
    if usual is not None and counts[values[most]] >= USUAL * rows:
        others = zip([at for at in rest if at != most], [place for place in left if place != usual], strict=False)
        yield {most: usual, **dict(others)}
    zero = next((at for at in rest if values[at] == "0"), None)
    unknown = next((place for place in left if choices[place] == "unknown"), None)
    if zero is not None and unknown is not None and len(rest) < len(values):  # those with words are counted from 1
        others = zip([at for at in rest if at != zero], [place for place in left if place != unknown], strict=False)
        yield {zero: unknown, **dict(others)}
    if all(values[at].isdigit() for at in rest):
        numbers = [int(values[at]) for at in rest]
        start = 0 if 0 in numbers else 1
        places = [number - start for number in numbers]
        if set(places) <= set(left):
            yield dict(zip(rest, places, strict=True))
    yield dict(zip(rest, left, strict=False))
    yield dict(zip(sorted(rest, key=lambda at: -counts[values[at]]), left, strict=False))


def _share(counts: Mapping[str, int], kind: re.Pattern[str]) -> float:
    """The share of rows whose value is of a kind."""
    return sum(rows for value, rows in counts.items() if kind.fullmatch(value)) / max(sum(counts.values()), 1)
