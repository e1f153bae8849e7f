"""Yes-and-no fields that share a column: as bits of a sum, or as letters of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from perio_pipeline.mapping.proposing.evidence import evidence_of
from perio_pipeline.mapping.proposing.matching import Match
from perio_pipeline.mapping.proposing.model import Alternative, Binding, Confidence, FieldProposal
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.mapping.proposing.repeating import may_hold
from perio_pipeline.mapping.proposing.words import folded
from perio_pipeline.panda.canonical import Column, Kind

LETTERS: Mapping[str, str] = {"bleeding": "bs", "suppuration": "sup", "plaque": "pb", "calculus": "ctz"}
"""By which letters findings go: bleeding, sangrado; suppuration, pus; plaque, Belag; calculus, tartar, Zahnstein."""

OFTEN = ("plaque", "bleeding", "calculus", "suppuration")
"""The findings as often as mouths have them; pus is by far the rarest."""

BY_NAME, BY_LETTER, BY_RATE = 0.6, 0.65, 0.4
"""Scores: the column's own name lists the findings, letters do, or only how often each flag is set speaks for it."""

UNUSUAL = 9
MOST_FLAGS, ALMOST_ALL = 8, 0.98


def shared_flags(match: Match, fields: Sequence[FieldProposal]) -> dict[str, FieldProposal]:
    """Return the findings at a site that share a column which no field is bound to."""
    unbound = {each.field for each in fields if each.binding is None}
    open_fields = [
        each for each in match.table.columns if each.kind is Kind.BOOLEAN and each.name in unbound & set(LETTERS)
    ]
    taken = set(match.chosen.values())
    for origin in match.candidate.origins if len(open_fields) > 1 else ():
        free = origin.path not in taken and may_hold(match.table, open_fields[0], match.candidate, origin)
        flags = {} if not free else _bits(origin) or _letters(origin)
        if len(flags) >= len(open_fields) - 1:
            return _assigned(open_fields, origin, flags)
    return {}


def _bits(origin: Origin) -> dict[int | str, float]:
    """Bit → share of rows in which it is set."""
    counts = origin.sample.counts
    if not counts or not all(value.isdecimal() and int(value) < 2**MOST_FLAGS for value in counts) or len(counts) < 4:
        return {}
    total = sum(counts.values())
    found = {
        1 << at: sum(rows for value, rows in counts.items() if int(value) >> at & 1) / total for at in range(MOST_FLAGS)
    }
    return {bit: share for bit, share in found.items() if share}


def _letters(origin: Origin) -> dict[int | str, float]:
    """Letter → share of rows in which it stands; a few rows with something else are for validation to find."""
    counts = {value: rows for value, rows in origin.sample.counts.items() if _is_letters(value)}
    total, rows = sum(origin.sample.counts.values()), sum(counts.values())
    letters = sorted({each.upper() for value in counts for each in value if each.isalpha()})
    if not 2 <= len(letters) <= MOST_FLAGS or len(counts) < len(letters) or rows < ALMOST_ALL * total:
        return {}
    return {each: sum(many for value, many in counts.items() if each in value.upper()) / total for each in letters}


def _is_letters(value: str) -> bool:
    """Whether no letter stands twice, and nothing else but what stands for none."""
    return len(value) == len(set(value.upper())) and not any(each.isdigit() for each in value)


def _assigned(fields: Sequence[Column], origin: Origin, flags: Mapping[int | str, float]) -> dict[str, FieldProposal]:
    names = [column.name for column in fields]
    if all(isinstance(flag, str) for flag in flags):
        meant, score, why = _by_letter(names, flags), BY_LETTER, "one of the column's letters usually stands for it"
    else:
        initials = [name[0] for name in names]
        listed = list(folded(origin.path.partition("_")[0])[-len(names) :])
        if sorted(listed) == sorted(initials) and len(flags) <= len(listed):
            bits = {letter: 1 << at for at, letter in enumerate(listed)}
            meant, score, why = {name: bits[name[0]] for name in names}, BY_NAME, "the column's name lists the bits"
        else:
            meant, score, why = _by_rate(names, flags), BY_RATE, "only how often the bit is set speaks for it"
    return {name: _proposal(name, origin, meant[name], flags, score, why) for name in names if name in meant}


def _by_letter(names: Sequence[str], flags: Mapping[int | str, float]) -> dict[str, int | str]:
    """Give each finding a letter that usually stands for it, the usual ones first; all of them together."""
    letters = [str(flag) for flag in flags]
    places = [[LETTERS[name].upper().find(letter) for letter in letters] for name in names]
    cost = np.array([[place if place >= 0 else UNUSUAL for place in row] for row in places])
    rows, columns = linear_sum_assignment(cost)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return {names[row]: letters[column] for row, column in pairs if cost[row, column] < UNUSUAL}


def _by_rate(names: Sequence[str], flags: Mapping[int | str, float]) -> dict[str, int | str]:
    often = sorted(flags, key=lambda flag: -flags[flag])
    return dict(zip([name for name in OFTEN if name in names], often, strict=False))


def _proposal(
    name: str, origin: Origin, flag: int | str, flags: Mapping[int | str, float], score: float, why: str
) -> FieldProposal:
    others = [other for other in flags if other != flag]
    return FieldProposal(
        field=name,
        required=False,
        binding=_entry(origin, flag),
        score=score,
        confidence=Confidence.WEAK,
        reasons=["several findings share the column", why],
        evidence=evidence_of(origin),
        alternatives=[Alternative(binding=_entry(origin, other), score=round(score / 2, 2)) for other in others[:3]],
    )


def _entry(origin: Origin, flag: int | str) -> Binding:
    return origin.entry(**{"letter" if isinstance(flag, str) else "bit": flag})
