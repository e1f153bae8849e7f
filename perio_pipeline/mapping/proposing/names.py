"""How well a name fits what a canonical table or field is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from perio_pipeline.mapping.proposing.knowledge import Phrase
from perio_pipeline.mapping.proposing.words import PLAIN, Word, folded, words_of

GENERAL = {"id": 0.5, "date": 0.4, "datetime": 0.4, "time": 0.3, "name": 0.6, "kind": 0.8, "status": 0.9, "note": 0.9}
"""Concepts that say less than others, which count 1."""

STRANGE, CONTEXT, PLACEHOLDER = 0.5, 0.05, re.compile(r"\{[a-z]+\}")
"""What a word costs that nobody knows, and one that only repeats the table; what unpivoting has put in a name."""


def name_fit(name: str, phrases: tuple[Phrase, ...], context: frozenset[str], prefix: str = "") -> float:
    """Return how well a name fits the best of some phrases, 0 to 1.

    Args:
        name: of a column or table.
        phrases: as concepts.
        context: what the table's own name may mean; a column that repeats it says nothing by that.
        prefix: what most columns of the table begin with.
    """
    return max((_fit(words, phrase, context) for words in _variants(name, prefix) for phrase in phrases), default=0.0)


@cache
def _variants(name: str, prefix: str) -> tuple[tuple[Word, ...], ...]:
    bare = PLACEHOLDER.sub("_", name)
    plain = re.sub(r"[^A-Za-z0-9]", "", bare)
    variants = [words_of(bare)]
    if prefix and folded(plain).startswith(prefix) and len(plain) > len(prefix):
        variants.append(words_of(plain[len(prefix) :]))
    return tuple(variants)


@cache
def _fit(words: tuple[Word, ...], phrase: Phrase, context: frozenset[str]) -> float:
    left = [word for word in words if not word.plain]
    matched = wanted = 0.0
    for concept in phrase:
        weight = GENERAL.get(concept, 1.0)
        wanted += weight
        best = max(left, key=lambda word: word.concepts.get(concept, 0), default=None)
        if best is not None and best.concepts.get(concept, 0):
            matched += weight * best.concepts[concept]
            left.remove(best)
    cost = sum(_cost(word, context) for word in left)
    if not matched:
        return 0.0
    return matched / wanted * (0.35 + 0.65 * matched / (matched + cost))


def _cost(word: Word, context: frozenset[str]) -> float:
    if not word.concepts:
        return STRANGE if len(word.text) > 1 else STRANGE / 2
    if PLAIN in word.concepts or context & word.concepts.keys():
        return CONTEXT
    return min(GENERAL.get(concept, 1.0) for concept in word.concepts)


def concepts_of(name: str) -> frozenset[str]:
    """Return everything that the words of a name may mean."""
    return frozenset(concept for word in words_of(name) for concept in word.concepts if concept != PLAIN)


def words_together(names: Sequence[str]) -> frozenset[str]:
    """Return the folded words of some names, without those that say nothing."""
    return frozenset(word.text for name in names for word in words_of(name) if not word.plain)
