"""Texts that hold several fields: `Smith, Ann B`, `Olympia, WA 98501`, a street with its suite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from perio_pipeline.mapping.proposing.choosing import LEAST
from perio_pipeline.mapping.proposing.evidence import evidence_of
from perio_pipeline.mapping.proposing.knowledge import FamilyTexts, family_texts
from perio_pipeline.mapping.proposing.matching import Match
from perio_pipeline.mapping.proposing.model import Alternative, Confidence, Evidence, FieldProposal
from perio_pipeline.mapping.proposing.names import name_fit
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.panda.patterns import pattern_of

ALL = 0.95
"""The share of texts that must be of one of the ways; the rest is for validation to find."""
SCORE, FITTING = 0.6, 0.7
"""What such a reading counts, and from which score on a field has a column that it keeps."""


@dataclass(frozen=True)
class _Reading:
    """A column whose texts hold several fields, and how they are taken apart."""

    origin: Origin
    patterns: tuple[str, ...]
    fields: tuple[str, ...]
    rank: float


def joined_texts(match: Match, fields: Sequence[FieldProposal]) -> dict[str, FieldProposal]:
    """Return what is proposed for fields that stand together in one column, where they have no columns of their own."""
    proposed = {each.field: each for each in fields}
    found: dict[str, FieldProposal] = {}
    for family in family_texts():
        own = [name for name in family.fields if name in proposed]
        best = max(_readings(match, own, family), key=lambda each: each.rank, default=None)
        if best is not None and _are_open(match, best, proposed):
            found |= {name: _proposal(match, best, proposed[name]) for name in best.fields if name in proposed}
            found |= {name: _without(proposed[name]) for name in _holders(match, best) if name in proposed}
    return found


def _readings(match: Match, own: Sequence[str], family: FamilyTexts) -> Iterator[_Reading]:
    for origin in match.candidate.origins if len(own) > 1 else ():
        if origin.alias or not origin.values or origin.dates is not None:
            continue
        named = name_fit(origin.path, family.called, match.candidate.context, match.candidate.prefix)
        if named < LEAST and origin.path not in [match.chosen.get(name) for name in own]:
            continue
        for way in family.ways:
            told = _fits(origin, way.patterns[: way.telling])
            if told >= way.least and _fits(origin, way.patterns) >= ALL:
                pieces = tuple(dict.fromkeys(piece for each in way.patterns for piece in pattern_of(each).pieces))
                yield _Reading(origin, way.patterns, pieces, named + told)
                break


def _fits(origin: Origin, patterns: Sequence[str]) -> float:
    compiled = [pattern_of(each) for each in patterns]
    fitting = sum(any(isinstance(each.apart(value), dict) for each in compiled) for value in origin.values)
    return fitting / len(origin.values)


def _are_open(match: Match, best: _Reading, proposed: Mapping[str, FieldProposal]) -> bool:
    """Whether the fields have no columns of their own; one of them may look like some other column."""
    own = [name for name in best.fields if name in proposed and match.chosen.get(name) not in (None, best.origin.path)]
    return sum(proposed[name].score >= FITTING for name in own) < 2 and not any(
        proposed[name].score >= FITTING for name in _holders(match, best) if name in proposed
    )


def _holders(match: Match, best: _Reading) -> list[str]:
    """Other fields that the column was taken for."""
    return [name for name, path in match.chosen.items() if path == best.origin.path and name not in best.fields]


def _without(before: FieldProposal) -> FieldProposal:
    """The same field without a column, which others are in."""
    reasons = ["its column holds other fields"]
    empty = {"binding": None, "score": 0.0, "confidence": Confidence.NONE, "reasons": reasons, "codes": []}
    return before.model_copy(update={**empty, "evidence": Evidence()})


def _proposal(match: Match, best: _Reading, before: FieldProposal) -> FieldProposal:
    patterns = list(best.patterns) if len(best.patterns) > 1 else best.patterns[0]
    words = [name.replace("_", " ") for name in best.fields]
    others = [Alternative(binding=before.binding, score=before.score)] if before.binding is not None else []
    return before.model_copy(
        update={
            "binding": best.origin.entry(pattern=patterns),
            "score": SCORE,
            "confidence": Confidence.LIKELY,
            "reasons": [f"its texts hold {', '.join(words[:-1])} and {words[-1]}"],
            "evidence": evidence_of(best.origin),
            "alternatives": [*others, *before.alternatives][:3],
            "codes": [],
        }
    )
