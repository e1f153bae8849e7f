"""What nothing is read from: tables, and columns that may hold findings which only this practice records (G5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from perio_pipeline.mapping.proposing.evidence import evidence_of
from perio_pipeline.mapping.proposing.matching import Match
from perio_pipeline.mapping.proposing.model import LeftoverColumn, LeftoverTable
from perio_pipeline.mapping.proposing.readings import MOST, Origin
from perio_pipeline.panda.profiling.sampling import SampledTable

CLINICAL = frozenset({"patient", "perio_exam", "perio_tooth", "perio_site", "perio_diagnosis", "appointment"})
"""Tables in which an unknown column may be a finding."""


def left_tables(sampled: Sequence[SampledTable], matches: Iterable[Match]) -> list[LeftoverTable]:
    """Return the tables that are neither bound nor joined."""
    used = set()
    for match in matches:
        used |= {match.candidate.table.name}
        used |= {join["table"] for join in match.candidate.structure.get("joins", {}).values()}
    return [
        LeftoverTable(table=table.name, rows=table.rows, columns=len(table.columns))
        for table in sampled
        if table.name not in used
    ]


def left_columns(matches: Iterable[Match]) -> list[LeftoverColumn]:
    """Return the columns of bound tables that no field is bound to."""
    return [_column(match, origin) for match in matches for origin in _left(match)]


def _left(match: Match) -> list[Origin]:
    chosen = set(match.chosen.values())
    through = set(match.candidate.raw)
    return [each for each in match.candidate.origins if not each.alias and each.path not in chosen | through]


def _column(match: Match, origin: Origin) -> LeftoverColumn:
    kind = _kind(origin)
    return LeftoverColumn(
        table=match.candidate.table.name,
        column=origin.path,
        evidence=evidence_of(origin),
        canonical=match.table.name,
        label=_label(origin.path),
        type=kind,
        finding=match.table.name in CLINICAL and kind in ("flag", "code", "number") and bool(origin.values),
    )


def _kind(origin: Origin) -> str:
    if origin.dates is not None or origin.times:
        return "date"
    if origin.coded:
        return "flag" if len(origin.coded) <= 2 else "code"
    return "number" if origin.looks.get("number", 0) >= MOST else "text"


def _label(name: str) -> str:
    """`NightGuard` and `night_guard` are both a `Night guard`."""
    words = re.findall(r"[A-ZÀ-Þ]+(?![a-zß-ÿ])|[A-ZÀ-Þ]?[a-zß-ÿ]+|\d+", re.sub(r"\{[a-z]+\}", "", name)) or [name]
    text = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return text[:1].upper() + text[1:]
