"""Takes the names of tables and columns apart and says what they may mean, by the vocabulary in `words.yaml`.

`PtLName` is a patient's last name, `PTNTNBR` a patient's number, `Geburtsdatum` a date of birth: names are cut at case,
underscores and digits, and what is still no word is cut where words and their usual abbreviations meet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process
from ruamel.yaml import YAML

_FILE = Path(__file__).with_name("words.yaml")
NEGATIONS = frozenset({"no", "not", "non", "kein", "keine", "sin"})
"""Words that turn the one behind them; `No` alone is a number, too."""

_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|[0-9]+")

PLAIN = "plain"
"""The concept of words that say nothing."""

EXACT, SKELETON, PREFIX, FUZZY = 1.0, 0.85, 0.85, 0.8
"""How much a word counts that is listed, one without vowels, a beginning, and one spelled a little otherwise."""

_SHORTEST, _FUZZY_FROM, _ALIKE = 3, 6, 86
_UNKNOWN = 0.25
"""What a letter is worth that belongs to no word, against 1 for one that does."""


@dataclass(frozen=True)
class Word:
    """A part of a name.

    Attributes:
        text: as it stands there, in small letters without accents.
        concepts: what it may mean → how surely; empty where nobody knows it.
    """

    text: str
    concepts: Mapping[str, float] = field(hash=False)

    @property
    def plain(self) -> bool:
        """Whether it says nothing."""
        return set(self.concepts) == {PLAIN} or self.text.isdigit()


def folded(text: str) -> str:
    """Return a text in small letters, without accents and with ae for ä."""
    text = text.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue").replace("ß", "ss")
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


@cache
def vocabulary() -> dict[str, dict[str, float]]:
    """Return word → concepts, with the beginnings and the consonants of words as abbreviations of them."""
    data = YAML(typ="safe").load(_FILE.read_text(encoding="utf-8"))
    lexicon: dict[str, dict[str, float]] = {}
    listed = [
        (concept, word.strip("_").replace("_", ""))
        for concept, words in data["concepts"].items()
        for word in words.split()
    ]
    for concept, word in listed:
        lexicon.setdefault(folded(word), {})[concept] = EXACT
    for word in data["plain"].split():
        lexicon.setdefault(word.strip("_"), {})[PLAIN] = EXACT
    exact = set(lexicon)
    for concept, word in listed:
        for short, weight in _abbreviations(folded(word)):
            if short not in exact:
                known = lexicon.setdefault(short, {})
                known[concept] = max(known.get(concept, 0), weight)
    return lexicon


@cache
def ordinals() -> dict[str, int]:
    """Return word → its place: `prim` and `haupt` are 1, `sec` and `zweit` are 2."""
    listed = YAML(typ="safe").load(_FILE.read_text(encoding="utf-8"))["ordinals"]
    return {word: int(place) for place, words in listed.items() for word in words.split()}


def _abbreviations(word: str) -> Iterator[tuple[str, float]]:
    consonants = word[0] + re.sub(r"[aeiou]", "", word[1:])
    for end in range(_SHORTEST, len(consonants) + 1):
        yield consonants[:end], SKELETON if end == len(consonants) else SKELETON - 0.1
    if len(word) > _SHORTEST + 1:
        for end in range(_SHORTEST, len(word)):
            yield word[:end], PREFIX if end > _SHORTEST else PREFIX - 0.1


@cache
def meanings(text: str) -> dict[str, float]:
    """Return what one word may mean; nothing for a word that nobody knows."""
    lexicon = vocabulary()
    if text in lexicon:
        return lexicon[text]
    if text.endswith("s") and text[:-1] in lexicon:
        return lexicon[text[:-1]]
    if len(text) >= _FUZZY_FROM:
        found = process.extractOne(text, _long_words(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        if found:
            return {concept: weight * FUZZY for concept, weight in lexicon[found[0]].items()}
    return {}


@cache
def _long_words() -> tuple[str, ...]:
    return tuple(
        word for word, concepts in vocabulary().items() if len(word) >= _FUZZY_FROM - 1 and 1.0 in concepts.values()
    )


@cache
def words_of(name: str) -> tuple[Word, ...]:
    """Take a name apart."""
    found: list[Word] = []
    for piece in _PIECE.findall(_without_accents(name)):
        text = folded(piece)
        known = meanings(text)
        parts = [text] if known or text.isdigit() or len(text) < 4 else _cut(text)
        found += [Word(part, meanings(part)) for part in parts]
    found = _joined(found)
    whole = folded(re.sub(r"[^A-Za-z0-9]", "", _without_accents(name)))
    if len(found) > 1 and EXACT in vocabulary().get(whole, {}).values():
        return (Word(whole, vocabulary()[whole]),)
    return tuple(found)


def _joined(words: list[Word]) -> list[Word]:
    """Put together what is a word only together: `A`, `1`, `c`; `No`, `Contact`."""
    found: list[Word] = []
    at = 0
    while at < len(words):
        for many in (3, 2):
            text = "".join(word.text for word in words[at : at + many])
            parts = words[at : at + many]
            if len(parts) == many and _belong_together(parts) and text in vocabulary():
                found.append(Word(text, vocabulary()[text]))
                at += many
                break
        else:
            found.append(words[at])
            at += 1
    return found


def _belong_together(parts: Sequence[Word]) -> bool:
    """Whether words may mean something together that they do not mean one by one."""
    return parts[0].text in NEGATIONS or any(part.text.isdigit() for part in parts)


def _without_accents(name: str) -> str:
    name = (
        name.replace("ä", "ae")
        .replace("ö", "oe")
        .replace("ü", "ue")
        .replace("Ä", "Ae")
        .replace("Ö", "Oe")
        .replace("Ü", "Ue")
    )
    return "".join(
        each for each in unicodedata.normalize("NFKD", name.replace("ß", "ss")) if not unicodedata.combining(each)
    )


@cache
def _cut(text: str) -> list[str]:
    """Cut a text into words so that as much of it as can be is known, in as few words as can be."""
    lexicon = vocabulary()
    best: list[tuple[float, tuple[str, ...]]] = [(0.0, ())]
    for end in range(1, len(text) + 1):
        score, parts = best[end - 1]
        unknown = (
            (*parts[:-1], parts[-1] + text[end - 1]) if parts and parts[-1] not in lexicon else (*parts, text[end - 1])
        )
        found = (score + _UNKNOWN, unknown)
        for start in range(max(0, end - 24), end - 1):
            word = text[start:end]
            if word in lexicon and len(word) > 1:
                weight = max(lexicon[word].values())
                before, earlier = best[start]
                found = max(found, (before + len(word) * weight - 0.9, (*earlier, word)), key=lambda each: each[0])
        best.append(found)
    return [part for part in best[-1][1] if part]


def shared_prefix(names: Sequence[str]) -> str:
    """Return the beginning of two to four letters that most column names of a table have in common; empty for none."""
    plain = [folded(re.sub(r"[^A-Za-z0-9]", "", name)) for name in names if name]
    for length in (4, 3, 2):
        counted: dict[str, int] = {}
        for name in plain:
            if len(name) > length:
                counted[name[:length]] = counted.get(name[:length], 0) + 1
        prefix, many = max(counted.items(), key=lambda each: each[1], default=("", 0))
        if len(plain) >= 3 and many >= 0.55 * len(plain):
            return prefix
    return ""
