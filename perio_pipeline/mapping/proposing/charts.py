"""Charts that are written in one text: the six sites of a tooth, or a depth with its margin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from perio_pipeline.mapping.proposing.readings import MOST, Origin
from perio_pipeline.panda.canonical import Column
from perio_pipeline.panda.patterns import pattern_of
from perio_pipeline.panda.profiling.sampling import SampledColumn
from perio_pipeline.panda.tables import TABLES

SITES = ("MB", "B", "DB", "ML", "L", "DL")
SIX = (
    " ".join(f"{{{site}:word}}" for site in SITES),
    *(sign.join(f"{{{site}}}" for site in SITES) for sign in "/,;|"),
)
"""How six sites are written in one text, from mesio-buccal on as PANDA's own columns stand."""

PAIRS = tuple(f"{{depth_mm}}{sign}{{recession_mm}}" for sign in "/,;|")
"""How a depth stands with its margin."""


def six_sites(origin: Origin) -> Origin | None:
    """Return a column of six sites as the column of one site, in as many rows; None where it is none."""
    for pattern in SIX if _is_text(origin) else ():
        pieces = _pieces(origin, pattern)
        if pieces is not None:
            sites = pd.concat([pieces[site] for site in SITES], ignore_index=True)
            return replace(origin, sample=_sample(origin, sites), steps={"pattern": pattern})
    return None


def depth_and_margin(origin: Origin) -> Iterator[Origin]:
    """Return the two columns that a depth and its margin in one text are; none where the texts are none."""
    fields = [TABLES["perio_site"].column(name) for name in ("depth_mm", "recession_mm")]
    for pattern in PAIRS if _is_text(origin) else ():
        pieces = _pieces(origin, pattern)
        if pieces is not None and all(_are_numbers(pieces[field.name], field) for field in fields):
            for field in fields:
                steps = {"pattern": pattern, "piece": field.name}
                sample = _sample(origin, pieces[field.name])
                yield replace(
                    origin, path=f"{origin.path} {field.name}", column=origin.path, sample=sample, steps=steps
                )
            return


def _is_text(origin: Origin) -> bool:
    return bool(origin.values) and not origin.alias and not origin.sample.encoding and origin.dates is None


def _pieces(origin: Origin, pattern: str) -> pd.DataFrame | None:
    compiled = pattern_of(pattern)
    some = [compiled.apart(value) for value in origin.values]
    if sum(isinstance(each, dict) for each in some) < MOST * len(some):
        return None
    apart = {text: compiled.apart(text) for text in origin.sample.counts}
    found = [each if isinstance(each, dict) else {} for each in map(apart.__getitem__, origin.sample.values.tolist())]
    return pd.DataFrame(found, columns=list(compiled.pieces), dtype=origin.sample.text.dtype).replace("", None)


def _are_numbers(cells: pd.Series, field: Column) -> bool:
    numbers = pd.to_numeric(cells, errors="coerce").dropna()
    inside = numbers.between(field.low or 0, field.high or 0) | (numbers == 99)
    return bool(len(numbers) >= MOST / 2 * len(cells) and inside.mean() >= MOST)


def _sample(origin: Origin, text: pd.Series) -> SampledColumn:
    return SampledColumn(origin.sample.name, origin.sample.type, text.astype(origin.sample.text.dtype))
