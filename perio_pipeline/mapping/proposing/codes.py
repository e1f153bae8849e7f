"""What the codes of a column mean: all values against all canonical codes, so that no two share one by chance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from rapidfuzz import fuzz
from scipy.optimize import linear_sum_assignment

from perio_pipeline.mapping.proposing.knowledge import code_texts, code_words
from perio_pipeline.mapping.proposing.model import CodeProposal, Confidence
from perio_pipeline.mapping.proposing.words import folded

WHOLE, WORD, FIRST, FIRST_OTHER, ALIKE = 1.0, 0.9, 0.75, 0.55, 0.7
"""What a value counts that is a code's own word, one of its words, its first letters, or much like one."""

ORDINALS, NEARLY_ALL = (re.compile(r"[0-9]{1,3}"), re.compile(r"[A-Za-z]")), 0.9
"""What codes are counted by; a few rows with something else are for validation to find."""

FLAG_CHOICES = ("true", "false")
_LIKELY, _STRONG, _LEAST = 0.6, 0.85, 0.3


def propose_codes(counts: Mapping[str, int], choices: Sequence[str], *, opposite: bool = False) -> list[CodeProposal]:
    """Return what each value means.

    Args:
        counts: value → rows.
        choices: the canonical codes.
        opposite: the column says the opposite of the field; for a yes and no.
    """
    values = list(counts)
    if not values:
        return []
    scores = np.array([[_likeness(value, choice) for choice in choices] for value in values])
    rows, columns = linear_sum_assignment(-scores)
    taken = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    if not opposite and len(choices) > len(FLAG_CHOICES):
        scores = _with_order(counts, scores, taken)
        rows, columns = linear_sum_assignment(-scores)
        taken = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return [
        _proposal(value, counts[value], scores[at], taken.get(at), choices, opposite) for at, value in enumerate(values)
    ]


def _with_order(counts: Mapping[str, int], scores: np.ndarray, taken: Mapping[int, int]) -> np.ndarray:
    """Let numbers, or single letters, that no word explains mean the codes that are left, in order.

    Systems number their codes as a course goes, which is the order of the canonical ones; it is no more than a guess.
    """
    values = list(counts)
    ordinal = next((each for each in ORDINALS if _share(counts, each) >= NEARLY_ALL), None)
    if ordinal is None:
        return scores
    known = {at for at in range(len(values)) if scores[at].max() >= _LEAST}
    rest = [at for at, value in enumerate(values) if at not in known and ordinal.fullmatch(value)]
    left = [at for at in range(scores.shape[1]) if at not in {taken[each] for each in known if each in taken}]
    if len(rest) > len(left):
        return scores
    guessed = scores.copy()
    for at, choice in zip(sorted(rest, key=lambda at: (len(values[at]), values[at])), left, strict=False):
        guessed[at, choice] = _LEAST
    return guessed


def _share(counts: Mapping[str, int], kind: re.Pattern[str]) -> float:
    """The share of rows whose value is of a kind."""
    return sum(rows for value, rows in counts.items() if kind.fullmatch(value)) / max(sum(counts.values()), 1)


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


def _likeness(value: str, choice: str) -> float:
    text = folded(value.strip())
    own = folded(choice.replace("_", " "))
    words = code_words().get(choice, (own,))
    if text in (own, choice.lower()):
        return WHOLE
    if f" {text} " in code_texts().get(choice, f" {own} "):
        place = words.index(text) if text in words else 0
        return max(WORD - 0.01 * place, FIRST)
    if len(text) <= 4 and own.replace(" ", "").startswith(text):
        return FIRST
    if len(text) <= 4 and any(word.startswith(text) for word in words):
        return FIRST_OTHER
    alike = max(fuzz.ratio(text, word) for word in (own, *words)) / 100 if len(text) > 3 else 0.0
    return ALIKE * alike if alike >= 0.8 else 0.0
