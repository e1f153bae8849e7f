"""What is known of canonical fields beyond their definitions: how systems call them, and their codes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from perio_pipeline.mapping.proposing.words import folded

_FOLDER = Path(__file__).parent

Phrase = tuple[str, ...]
"""Concepts, in no order."""


@dataclass(frozen=True)
class FieldKnowledge:
    """How a field is called, how its opposite is, and what its values look like (a kind of `shapes.py`, or empty).

    `assumed` is its value where records stand in columns of another one and none says it.
    """

    names: tuple[Phrase, ...]
    opposite: tuple[Phrase, ...] = ()
    looks: str = ""
    assumed: str = ""


@dataclass(frozen=True)
class TableKnowledge:
    """How a table is called, its fields, and which of them tell records apart that stand in columns of another one."""

    names: tuple[Phrase, ...]
    fields: dict[str, FieldKnowledge]
    apart: tuple[str, ...] = ()


@dataclass(frozen=True)
class Way:
    """How people write several fields in one text.

    Attributes:
        patterns: of a bindings file, tried in order.
        telling: how many of the first ones show that a column is of this kind.
        least: the share of its texts that fit one of these.
    """

    patterns: tuple[str, ...]
    telling: int
    least: float


@dataclass(frozen=True)
class FamilyTexts:
    """Fields that people write together, what a column is called that holds them, and how they are written."""

    fields: tuple[str, ...]
    called: tuple[Phrase, ...]
    ways: tuple[Way, ...]


def _read(name: str) -> Any:
    return YAML(typ="safe").load((_FOLDER / name).read_text(encoding="utf-8"))


def _phrases(texts: list[str]) -> tuple[Phrase, ...]:
    return tuple(tuple(text.split()) for text in texts)


@cache
def tables() -> dict[str, TableKnowledge]:
    """Return canonical table → what is known of it."""
    return {
        name: TableKnowledge(
            _phrases(each["table"]),
            {
                field: FieldKnowledge(
                    _phrases(one["names"]), _phrases(one.get("not", [])), one.get("looks", ""), one.get("assumed", "")
                )
                for field, one in each["fields"].items()
            },
            tuple(each.get("apart", [])),
        )
        for name, each in _read("fields.yaml").items()
    }


@cache
def family_texts() -> tuple[FamilyTexts, ...]:
    """Return the fields that may stand together in one text."""
    return tuple(
        FamilyTexts(
            tuple(each["fields"]),
            _phrases(each["called"]),
            tuple(Way(tuple(way["patterns"]), way["telling"], way["least"]) for way in each["ways"]),
        )
        for each in _read("joined.yaml")
    )


@cache
def usual_codes() -> frozenset[str]:
    """Return the canonical codes that most records have where they are a choice."""
    return frozenset(_read("codes.yaml")["usual"].split())


@cache
def code_words() -> dict[str, tuple[str, ...]]:
    """Return canonical code → the single words and whole texts that stand for it, folded, the surest first."""
    return {code: tuple(dict.fromkeys(folded(word) for word in words.split())) for code, words in _codes().items()}


@cache
def code_texts() -> dict[str, str]:
    """Return canonical code → all its words as one folded text, in which a code of several words is looked for."""
    return {code: f" {folded(words)} " for code, words in _codes().items()}


def _codes() -> dict[str, str]:
    data = _read("codes.yaml")
    codes = {code: words for code, words in data.items() if code not in ("*", "usual")}
    return {str(code): str(words) for code, words in {**codes, **data["*"]}.items()}
