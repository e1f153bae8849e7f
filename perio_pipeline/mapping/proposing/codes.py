"""What the codes of a column mean: all values against all canonical codes, so that no two share one by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from rapidfuzz import fuzz
from scipy.optimize import linear_sum_assignment

from perio_pipeline.mapping.proposing.knowledge import code_texts, code_words
from perio_pipeline.mapping.proposing.model import CodeProposal, Confidence
from perio_pipeline.mapping.proposing.names import words_together
from perio_pipeline.mapping.proposing.orders import counted_orders
from perio_pipeline.mapping.proposing.words import folded

WHOLE, WORD, FIRST, FIRST_OTHER, ALIKE = 1.0, 0.9, 0.75, 0.55, 0.7
"""What a value counts that is a code's own word, one of its words, its first letters, or much like one."""

FLAG_CHOICES = ("true", "false")
_LIKELY, _STRONG, _LEAST = 0.6, 0.85, 0.3


def propose_codes(counts: Mapping[str, int], choices: Sequence[str], *, opposite: bool = False) -> list[CodeProposal]:
    """Return what each value means.

    The arguments are those of `code_readings`.
    """
    first, *_ = code_readings(counts, choices, opposite=opposite)
    return first


def code_readings(
    counts: Mapping[str, int], choices: Sequence[str], *, opposite: bool = False
) -> list[list[CodeProposal]]:
    """Return what the values may mean, the likeliest first; more than one where only their order speaks.

    Args:
        counts: value → rows.
        choices: the canonical codes.
        opposite: the column says the opposite of the field; for a yes and no.
    """
    values = list(counts)
    if not values:
        return [[]]
    scores = np.array([[_likeness(value, choice) for choice in choices] for value in values])
    orders = counted_orders(counts, choices, scores, _LEAST) if len(choices) > len(FLAG_CHOICES) else []
    return [
        [
            _proposal(value, counts[value], own[at], place, choices, opposite)
            for at, (value, place) in enumerate(zip(values, _assigned(own), strict=True))
        ]
        for own in [*orders] or [scores]
    ]


def flag_values(counts: Mapping[str, int], *, turned: bool = False) -> list[CodeProposal]:
    """Return which value of a flag is yes and which is no; of two values, the one nobody knows is the other one.

    Args:
        counts: value → rows.
        turned: the column says the opposite of the field.
    """
    found = propose_codes(counts, FLAG_CHOICES, opposite=turned)
    told = [each.target for each in found if each.target is not None]
    if len(found) != len(FLAG_CHOICES) or len(told) != 1:
        return found
    other = {"target": _turned(told[0], True), "score": _LEAST, "confidence": Confidence.WEAK}
    return [each if each.target else each.model_copy(update=other) for each in found]


def named_flag(name: str, counts: Mapping[str, int], choices: Sequence[str]) -> list[list[CodeProposal]]:
    """Return what a yes and no means for a field of two codes, one of which names the column; nothing otherwise.

    `inbound` with 1 and 0 says `from` and `to`.
    """
    words = words_together([name])
    named = [choice for choice in choices if words & set(code_words().get(choice, ()))]
    if len(choices) != len(FLAG_CHOICES) or len(named) != 1 or code_fit(counts, FLAG_CHOICES) < _STRONG:
        return []
    other = next(choice for choice in choices if choice not in named)
    meant = {"true": named[0], "false": other}
    return [
        [
            each.model_copy(update={"target": meant[each.target], "confidence": Confidence.LIKELY, "alternatives": []})
            for each in propose_codes(counts, FLAG_CHOICES)
            if each.target
        ]
    ]


def _assigned(scores: np.ndarray) -> list[int | None]:
    """The place of each value's code, so that no two values share one."""
    rows, columns = linear_sum_assignment(-scores)
    taken = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return [taken.get(at) for at in range(len(scores))]


def code_fit(counts: Mapping[str, int], choices: Sequence[str]) -> float:
    """Return how well the values of a column are those codes, 0 to 1, by rows."""
    total = sum(counts.values())
    found = propose_codes(counts, choices)
    return sum(each.rows * each.score for each in found) / total if total else 0.0


def _proposal(
    value: str, rows: int, scores: np.ndarray, place: int | None, choices: Sequence[str], opposite: bool
) -> CodeProposal:
    order = [int(each) for each in np.argsort(-scores, kind="stable")]
    score = float(scores[place]) if place is not None else 0.0
    if score < _LEAST:
        best = order[0]
        place, score = (best, float(scores[best])) if scores[best] >= WORD else (None, 0.0)
    rival = max((float(scores[each]) for each in order if each != place), default=0.0)
    sure = Confidence.NONE if place is None else Confidence.WEAK
    if score >= _STRONG and score - rival >= 0.1:
        sure = Confidence.STRONG
    elif score >= _LIKELY and score > rival:
        sure = Confidence.LIKELY
    named = [_turned(choices[each], opposite) for each in order if each != place and scores[each] > 0]
    target = _turned(choices[place], opposite) if place is not None else None
    return CodeProposal(
        code=value, rows=rows, target=target, score=round(score, 2), confidence=sure, alternatives=named[:3]
    )


def _turned(choice: str, opposite: bool) -> str:
    return {"true": "false", "false": "true"}[choice] if opposite else choice


@lru_cache(maxsize=100_000)
def _likeness(value: str, choice: str) -> float:
    text = folded(value.strip())
    own = folded(choice.replace("_", " "))
    words = code_words().get(choice, (own,))
    if text in (own, choice.lower()):
        return WHOLE
    if f" {text} " in code_texts().get(choice, f" {own} "):
        place = words.index(text) if text in words else 0
        return max(WORD - 0.01 * place, FIRST)
    if len(text) <= 4 and (own.replace(" ", "").startswith(text) or text == "".join(each[0] for each in own.split())):
        return FIRST
    if len(text) <= 4 and any(word.startswith(text) for word in words):
        return FIRST_OTHER
    alike = max(fuzz.ratio(text, word) for word in (own, *words)) / 100 if len(text) > 3 else 0.0
    return ALIKE * alike if alike >= 0.8 else 0.0
