"""Columns that are called alike but for a number, an ordinal word or a code, and hold the same kind of thing.

`PrimInsCarrier` and `SecInsCarrier`, `Phone1` and `Phone2`, `PrevPct`, `BasicPct` and `MajorPct` are such groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from perio_pipeline.mapping.proposing.knowledge import code_words
from perio_pipeline.mapping.proposing.knowledge import tables as known_tables
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.mapping.proposing.words import folded, ordinals
from perio_pipeline.panda.canonical import Column, Kind
from perio_pipeline.panda.tables import TABLES

MOST, BEYOND = 20, 100
"""Members of a group, and the numbers that are looked at: of more members, such as teeth, none is a group."""

SHORTEST, ALIKE = 3, 0.5
"""Letters of a word that is found within another, and that surely counts; what the looks of members have in common."""

_PIECE = re.compile(r"[A-ZÀ-Þ]+(?![a-zß-ÿ])|[A-ZÀ-Þ]?[a-zß-ÿ]+|[0-9]+")
_SIGNS = "_ -"

Written = tuple[tuple[str, str], ...]
"""Value of a field, and what stands for it in names of columns; in order."""


@dataclass(frozen=True)
class Dimension:
    """A field that says which member of a group a record is.

    Attributes:
        words: word of a name → value of the field.
        values: the field's values, in order.
        counted: the first ones of them must all be there; else any two.
        assumed: fields of the table that have one value where no column says it.
    """

    field: str
    words: Mapping[str, str]
    values: tuple[str, ...]
    counted: bool
    assumed: Mapping[str, str]

    @property
    def place(self) -> str:
        """What stands in the names of columns."""
        return "{" + self.field + "}"


@cache
def dimensions() -> tuple[Dimension, ...]:
    """Return the fields by which records are told apart that stand in columns of another one."""
    found: dict[str, Dimension] = {}
    for name, known in known_tables().items():
        for field in known.apart:
            words, values = _words_for(TABLES[name].column(field))
            counted = not TABLES[name].column(field).choices
            assumed = {each: one.assumed for each, one in known.fields.items() if one.assumed and each != field}
            found.setdefault(field, Dimension(field, words, values, counted, assumed))
    return tuple(found.values())


def _words_for(column: Column) -> tuple[dict[str, str], tuple[str, ...]]:
    if column.choices:
        return {word: code for code in column.choices for word in _words_of(code)}, column.choices
    numbers = _numbers()
    if column.kind is Kind.BOOLEAN:  # the first of two is the one
        return {word: {1: "true", 2: "false"}.get(at, str(at)) for word, at in numbers.items()}, ("true", "false")
    most = int(min(column.high or MOST, MOST))
    return {word: str(at) for word, at in numbers.items()}, tuple(map(str, range(1, most + 1)))


def _words_of(code: str) -> list[str]:
    """The words for a code, and its own name cut short; single letters say too little in a name."""
    return [*(code[:end] for end in range(SHORTEST + 1, len(code))), *(w for w in code_words()[code] if len(w) > 1)]


@cache
def _numbers() -> Mapping[str, int]:
    return {**ordinals(), **{str(number): number for number in range(1, BEYOND)}}  # the teeth are no group


def groups_of(own: Mapping[str, Origin], dimension: Dimension) -> dict[Written, list[str]]:
    """Return how members are told apart → the names that are alike but for that."""
    families: dict[str, dict[str, str]] = {}
    for name in own:
        for start, end, value in _spots(name, dimension.words):
            stem = name[:start] + dimension.place + name[end:]
            families.setdefault(stem, {}).setdefault(value, name[start:end])
    groups: dict[Written, list[str]] = {}
    taken: dict[Written, set[str]] = {}
    for stem in sorted(families, key=lambda each: (each.index(dimension.place), each)):
        stem, written = _with_bare(stem, families[stem], own, dimension)
        names = {stem.replace(dimension.place, each) for each in written.values()}
        way = tuple((value, written[value]) for value in dimension.values if value in written)
        if not _is_whole(written, dimension) or taken.get(way, set()) & names:
            continue
        if _are_alike([own[name] for name in names]):
            groups.setdefault(way, []).append(stem)
            taken.setdefault(way, set()).update(names)
    return groups


def _spots(name: str, words: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Where in a name a word stands that counts: a part of it, or one end of a part."""
    for found in _PIECE.finditer(name):
        text = folded(found[0])
        start, end = found.span()
        if (whole := text.lstrip("0")) in words:
            yield start, end, words[whole]
            continue
        for length in range(len(text) - 2, SHORTEST - 1, -1) if len(text) == end - start else ():
            if text[:length] in words:
                yield start, start + length, words[text[:length]]
            if text[-length:] in words:
                yield end - length, end, words[text[-length:]]


def _with_bare(
    stem: str, written: Mapping[str, str], own: Mapping[str, Origin], dimension: Dimension
) -> tuple[str, dict[str, str]]:
    """Return the names with the one that has no word and is the first: `Carrier` beside `Carrier_2`."""
    first = dimension.values[0]
    before, _, after = stem.partition(dimension.place)
    if dimension.counted and first not in written:
        for left, right in (("", ""), (before[-1:], ""), ("", after[:1])):
            start, rest = before[: len(before) - len(left)], after[len(right) :]
            if start + rest in own and (left + right).strip(_SIGNS) == "":
                around = {value: left + each + right for value, each in written.items()}
                return start + dimension.place + rest, {first: "", **around}
    return stem, dict(written)


def _is_whole(written: Mapping[str, str], dimension: Dimension) -> bool:
    return len(written) > 1 and (not dimension.counted or set(written) == set(dimension.values[: len(written)]))


def _are_alike(members: Sequence[Origin]) -> bool:
    """Whether columns hold the same kind of thing; one without values may hold any."""
    filled = [each for each in members if each.values]
    return bool(filled) and all(
        (each.dates is None) == (filled[0].dates is None) and _in_common(filled[0], each) >= ALIKE
        for each in filled[1:]
    )


def _in_common(one: Origin, other: Origin) -> float:
    kinds = one.looks.keys() | other.looks.keys()
    shares = [sorted((one.looks.get(kind, 0.0), other.looks.get(kind, 0.0))) for kind in kinds]
    most = sum(high for _, high in shares)
    return sum(low for low, _ in shares) / most if most else 1.0


def is_sure(written: tuple[str, str]) -> bool:
    """Whether a word says for certain which member of its group a column is; a letter or no word do not."""
    _, word = written
    return word.isdigit() or len(word) >= SHORTEST
