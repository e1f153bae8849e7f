"""What may be told of a column without what it holds: shapes, counts, rounded bounds, codes that many rows share."""

from __future__ import annotations

import math
import re

import numpy as np

from perio_pipeline.mapping.proposing.model import Evidence
from perio_pipeline.mapping.proposing.names import concepts_of
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.panda.profiling.shapes import shapes

OFTEN = 3
"""Rows that must have a value before it is shown at all."""

PERSONAL = frozenset(
    {
        "first",
        "last",
        "middle",
        "nickname",
        "name",
        "birth",
        "street",
        "street2",
        "city",
        "zip",
        "phone",
        "email",
        "login",
    }
    | {"member", "suffix", "salutation", "note", "body", "path", "subject", "policy", "group", "reason"}
)
"""A column that may be called so shows no value, however often one stands there."""

_SHAPES = ("email", "phone", "url", "npi", "path", "body", "street")


def evidence_of(origin: Origin) -> Evidence:
    """Return what a column looks like."""
    return Evidence(
        type=origin.sample.type,
        filled=round(origin.sample.filled, 2),
        distinct=len(origin.sample.counts),
        shapes=shapes(origin.values) if origin.values else {},
        range=_range(origin),
        codes=shown_codes(origin),
    )


def shown_codes(origin: Origin) -> dict[str, int]:
    """Return the codes that may be shown, with their rows; nothing for a column that may hold more than codes."""
    if (
        not origin.coded
        or concepts_of(origin.path) & PERSONAL
        or any(origin.looks.get(kind, 0) > 0.1 for kind in _SHAPES)
    ):
        return {}
    return {code: rows for code, rows in origin.coded.items() if is_shown(code, rows)}


def is_shown(code: str, rows: int) -> bool:
    """Whether a value is a code rather than what someone typed once."""
    return rows >= OFTEN or len(code) <= 2


def _range(origin: Origin) -> str:
    if origin.dates is not None:
        years = sorted(
            int(found[0]) for value in origin.values for found in [re.findall(r"(?:19|20)\d\d", value)] if found
        )
        return f"{years[0]}–{years[-1]}" if years else ""
    if origin.looks.get("number", 0) < 1:
        return ""
    low, high = np.nanmin(origin.numbers), np.nanmax(origin.numbers)
    return f"{_outward(float(low), math.floor):g} to {_outward(float(high), math.ceil):g}"


def _outward(number: float, rounded: object) -> float:
    """Round to one digit, away from the other bound."""
    if not number:
        return 0.0
    step = 10.0 ** math.floor(math.log10(abs(number)))
    return (math.floor if rounded is math.floor else math.ceil)(number / step) * step
