"""What a canonical table could be read from: physical tables, with the lists of words and tables that go with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from perio_pipeline.mapping.proposing.names import concepts_of, words_together
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.mapping.proposing.slices import parts_of
from perio_pipeline.mapping.proposing.words import folded, shared_prefix
from perio_pipeline.panda.profiling.sampling import SampledColumn, SampledTable

LIST_ROWS, LIST_COLUMNS = 80, 4
"""The most rows and columns of a table that is only a list of words."""

TELLING = 5
"""Letters from which on the name of a key says something; `RoleCodeID` then leads to `CodeID`."""

PARTNERS = 0.9
"""The share of a table's records that another one must have a row for, to hold the rest of them."""


@dataclass(frozen=True)
class Candidate:
    """A physical table, ready to be matched.

    Attributes:
        table: the sample.
        origins: its columns, and those of lists of words that belong to it.
        structure: entries of a bindings file beside `table` and `columns`.
        made: canonical fields that unpivoting makes.
        repeats: columns of which a row has several, one for each of the rows it becomes; empty where it becomes none.
        hosted: these rows are records of another table, which stand in columns of the row that they belong to.
        guessed: the columns do not say for certain which of them is the first.
        raw: columns that lead to a list of words: their own numbers say less.
    """

    table: SampledTable
    origins: tuple[Origin, ...]
    structure: Mapping[str, Any] = field(default_factory=dict)
    made: frozenset[str] = frozenset()
    repeats: frozenset[str] = frozenset()
    hosted: bool = False
    guessed: bool = False
    raw: frozenset[str] = frozenset()

    @cached_property
    def context(self) -> frozenset[str]:
        """What the words of the table's name may mean."""
        return concepts_of(self.table.name)

    @cached_property
    def prefix(self) -> str:
        """What most columns begin with."""
        return shared_prefix(list(self.table.columns))


def candidates_of(tables: Sequence[SampledTable]) -> list[Candidate]:
    """Return every table, with the lists of words and the other tables that belong to it."""
    tables = [part for table in tables for part in parts_of(table)]
    lists = [table for table in tables if _is_list(table)]
    days_first = _days_first(tables)
    found = []
    for table in tables:
        own = [(name, each) for name, each in table.columns.items() if name not in table.where]
        plain = Candidate(
            table,
            tuple(Origin(name, each, table.name, day_first=days_first) for name, each in own),
            {"where": dict(table.where)} if table.where else {},
        )
        found.append(_with_lists(_with_rest(plain, tables), {each.name: each for each in tables}, lists))
    return found


def _days_first(tables: Sequence[SampledTable]) -> bool | None:
    """How the database writes dates: as most of its columns that leave no doubt."""
    votes = [
        str(origin.dates).startswith("DD/")
        for table in tables
        for origin in (Origin(name, each, table.name) for name, each in table.columns.items())
        if origin.dates and "/" in origin.dates and not origin.is_open
    ]
    return sum(votes) * 2 > len(votes) if votes else None


def refers(origin: Origin, keys: frozenset[str]) -> float:
    """Return which share of a column's different values are among some keys."""
    values = list(origin.sample.counts)
    return sum(value in keys for value in values) / len(values) if values else 0.0


def _is_list(table: SampledTable) -> bool:
    texts = [each for each in table.columns.values() if each.name not in table.keys or not _is_number(each)]
    return 0 < table.rows <= LIST_ROWS and 2 <= len(table.columns) <= LIST_COLUMNS and bool(table.keys) and bool(texts)


def _is_number(column: SampledColumn) -> bool:
    return all(value.lstrip("-").isdigit() for value in column.counts)


def _with_lists(candidate: Candidate, tables: Mapping[str, SampledTable], lists: Sequence[SampledTable]) -> Candidate:
    joins: dict[str, Any] = dict(candidate.structure.get("joins", {}))
    origins, raw = list(candidate.origins), set()
    for own in candidate.origins:
        found = _list_of(candidate.table if not own.alias else tables[own.table], own, lists)
        if found is not None:
            other, key = found
            alias = _alias(other.name, joins)
            joins[alias] = {"table": other.name, "on": {own.path: key}, "optional": True}
            raw.add(own.path)
            words = [_word_column(own, other, key, name, alias) for name in other.columns if name != key]
            origins += [each for each in words if len(each.sample.counts) > 1 or len(own.sample.counts) == 1]
    structure = {**candidate.structure, "joins": joins} if joins else candidate.structure
    return replace(candidate, origins=tuple(origins), structure=structure, raw=frozenset(raw))


def _list_of(table: SampledTable, own: Origin, lists: Sequence[SampledTable]) -> tuple[SampledTable, str] | None:
    """The list that a column's numbers stand for: of several, the one declared, or called most like the table."""
    name = own.sample.name
    found = [
        (table.foreign_keys.get(name) == (other.name, key), _words_shared(table, other), -at, other, key)
        for at, other in enumerate(lists)
        for key in other.keys
        if other.name != table.name and _leads_to(table, own, other, key)
    ]
    best = max(found, key=lambda each: each[:3], default=None)
    return best[3:] if best else None


def _words_shared(table: SampledTable, other: SampledTable) -> int:
    return len(words_together([table.name]) & words_together([other.name]))


def _with_rest(candidate: Candidate, tables: Sequence[SampledTable]) -> Candidate:
    """Add the columns of tables that hold the rest of the same records: one row each, under the same key."""
    joins = dict(candidate.structure.get("joins", {}))
    origins = list(candidate.origins)
    for key, own in candidate.table.keys.items():
        for other in tables:
            partner = next((name for name, keys in other.keys.items() if _is_same(own, keys)), None)
            if other.name == candidate.table.name or other.where or partner is None or _is_list(other):
                continue
            if len(other.columns) >= len(candidate.table.columns):  # the larger one leads
                continue
            alias = _alias(other.name, joins)
            joins[alias] = {"table": other.name, "on": {key: partner}, "optional": True}
            rest = [each for name, each in other.columns.items() if name != partner]
            origins += [Origin(f"{alias}.{each.name}", each, other.name, alias) for each in rest]
    structure = {**candidate.structure, "joins": joins} if joins else candidate.structure
    return replace(candidate, origins=tuple(origins), structure=structure)


def _is_same(own: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two columns name the same records, and do not only count from 1 alike."""
    if len(own) < PARTNERS * len(other) or len(other) < PARTNERS * len(own) or all(each.isdigit() for each in own):
        return False
    return len(own & other) >= PARTNERS * max(len(own), len(other))


def _leads_to(table: SampledTable, own: Origin, other: SampledTable, key: str) -> bool:
    name = own.sample.name
    if table.foreign_keys.get(name) == (other.name, key):
        return True
    if not own.values or not _is_number(own.sample) or refers(own, other.keys[key]) < 0.95:
        return False
    if folded(name) == folded(key) or (len(key) >= TELLING and folded(name).endswith(folded(key))):
        return True
    shared = words_together([name]) & words_together([key])
    telling = {word for word in shared if concepts_of(word) - {"id"} or not concepts_of(word)}
    return bool(telling)


def _alias(table: str, taken: Mapping[str, Any]) -> str:
    """A name for a join, of small letters, as a bindings file demands it."""
    alias = re.sub(r"[^a-z0-9_]", "_", folded(table))
    alias = alias if alias.isidentifier() and alias.islower() else f"t_{alias}"
    return alias if alias not in taken else f"{alias}_{len(taken) + 1}"


def _word_column(own: Origin, other: SampledTable, key: str, name: str, alias: str) -> Origin:
    words = dict(zip(other.columns[key].text, other.columns[name].text, strict=True))
    text = own.sample.text.map(words).astype(own.sample.text.dtype)
    column = other.columns[name]
    return Origin(
        f"{alias}.{name}",
        SampledColumn(f"{own.sample.name} {name}", column.type, text, column.encoding),
        own.table,
        alias,
    )
