"""Which physical table each canonical one is, and which column each field: assigned as a whole, each at most once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from perio_pipeline.mapping.proposing.candidates import Candidate, refers
from perio_pipeline.mapping.proposing.fit import EMPTY, value_fit
from perio_pipeline.mapping.proposing.knowledge import tables as known_tables
from perio_pipeline.mapping.proposing.names import name_fit
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.panda.canonical import Column, Kind, Table

NAME, VALUE = 0.6, 0.4
"""What name and values of a column count."""
TABLE_NAME, TABLE_FIELDS, TABLE_COLUMNS = 0.4, 0.45, 0.15
"""What a table's name counts, the fields that are found in it, and its columns that are a field."""

LEAST = 0.34
"""A score below it is no proposal."""

TELLING, DATED, ALIKE = 0.9, 0.7, 0.1
"""From which score on values alone tell a field of codes, and one of dates; numbered columns whose scores differ less
fit as well."""

MOST_CANDIDATES = 60
"""So many tables are compared with each canonical one value by value; of more, those with the best names."""

ROUNDS = 3
"""Tables are assigned anew so often with what is known by then of which refers to which."""

Scored = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Match:
    """One canonical table in one candidate.

    Attributes:
        score: of the table as a whole.
        names, values: field and path → how well name and values fit.
        scores: field and path → both together.
        chosen: field → path.
    """

    table: Table
    candidate: Candidate
    score: float
    names: Scored
    values: Scored
    scores: Scored
    chosen: Mapping[str, str]

    @cached_property
    def origins(self) -> dict[str, Origin]:
        """Path → column."""
        return {origin.path: origin for origin in self.candidate.origins}

    def ranked(self, field: str) -> list[tuple[float, str]]:
        """Return every column that a field may be, best first."""
        found = [(score, path) for (name, path), score in self.scores.items() if name == field and score > 0]
        return sorted(found, reverse=True)


class Matcher:
    """Compares canonical tables with candidates; what was compared once is remembered."""

    def __init__(self, tables: Sequence[Table], candidates: Sequence[Candidate]) -> None:
        self._tables, self._candidates = list(tables), list(candidates)
        self._values: dict[tuple[str, str, int, str], float] = {}

    def match(self) -> dict[str, Match]:
        """Return canonical table → where it lies."""
        keys: dict[str, frozenset[str]] = {}
        found: dict[str, Match] = {}
        near = [self._near(table) for table in self._tables]
        for _ in range(ROUNDS):
            matches = [
                {at: self._compared(table, at, keys) for at in places}
                for table, places in zip(self._tables, near, strict=True)
            ]
            found = self._assigned(matches)
            fresh = {name: _key_of(match) for name, match in found.items()}
            if fresh == keys:
                break
            keys = fresh
        return found

    def name_of(self, match: Match) -> float:
        """Return how well the table's own name fits."""
        return self._table_name(match.table, match.candidate)

    def others(self, match: Match) -> list[tuple[float, str]]:
        """Return the next best physical tables of a canonical one."""
        context = [(self._table_name(match.table, each), each.table.name) for each in self._candidates]
        return [
            (score, name) for score, name in sorted(set(context), reverse=True) if name != match.candidate.table.name
        ][:3]

    def _near(self, table: Table) -> list[int]:
        """The candidates that are looked at closely: those whose table and columns may be called so."""
        if len(self._candidates) <= MOST_CANDIDATES:
            return list(range(len(self._candidates)))
        named = [
            (self._table_name(table, each) + sum(self._named(table, each).values()) / len(table.columns), -at)
            for at, each in enumerate(self._candidates)
        ]
        return sorted(-at for _, at in sorted(named, reverse=True)[:MOST_CANDIDATES])

    def _named(self, table: Table, candidate: Candidate) -> dict[str, float]:
        """Field → how well the best column's name fits."""
        return {
            column.name: max((self._name(table, column, candidate, each) for each in candidate.origins), default=0.0)
            for column in table.columns
        }

    def _assigned(self, matches: Sequence[Mapping[int, Match]]) -> dict[str, Match]:
        # A table with a row for each exam may hold the exam and its charts.
        names = [(each.table.name, *each.table.where.values(), *each.made & {"tooth"}) for each in self._candidates]
        physical = list(dict.fromkeys(names))
        scores = np.zeros((len(matches), len(physical)))
        best: dict[tuple[int, int], Match] = {}
        for row, many in enumerate(matches):
            for at, match in many.items():
                column = physical.index(names[at])
                if match.score > scores[row, column]:
                    scores[row, column] = match.score
                    best[row, column] = match
        rows, columns = linear_sum_assignment(-scores)
        pairs = zip(rows.tolist(), columns.tolist(), strict=True)
        return {self._tables[row].name: best[row, column] for row, column in pairs if scores[row, column] >= LEAST}

    def _table_name(self, table: Table, candidate: Candidate) -> float:
        name = candidate.table.name.rpartition(".")[2]
        return name_fit(name, known_tables()[table.name].names, frozenset())

    def _compared(self, table: Table, at: int, keys: Mapping[str, frozenset[str]]) -> Match:
        candidate = self._candidates[at]
        names: Scored = {}
        values: Scored = {}
        scores: Scored = {}
        fields = [column for column in table.columns if column.name not in candidate.made]
        for column in fields:
            for origin in candidate.origins:
                pair = column.name, origin.path
                values[pair] = self._value(table, column, at, origin, keys)
                names[pair] = self._name(table, column, candidate, origin) if values[pair] else 0.0
                scores[pair] = _score(column, names[pair], values[pair])
        chosen = _choose(fields, candidate.origins, scores, list(known_tables()[table.name].fields))
        chosen |= _only_left(fields, candidate, values, chosen)
        total = self._total(table, candidate, fields, scores, chosen)
        return Match(table, candidate, total, names, values, scores, chosen)

    def _total(
        self, table: Table, candidate: Candidate, fields: Sequence[Column], scores: Scored, chosen: Mapping[str, str]
    ) -> float:
        if candidate.made and not candidate.made <= set(table.column_names):
            return 0.0
        weights = {column.name: _weight(column) for column in fields}
        got = sum(weights[name] * scores[name, path] for name, path in chosen.items())
        missing = [column for column in fields if column.required and column.name not in chosen]
        share = got / sum(weights.values()) if weights else 0.0
        own = [origin for origin in candidate.origins if not origin.alias]
        used = sum(scores[name, path] for name, path in chosen.items()) / max(len(own), len(chosen), 1)
        total = TABLE_NAME * self._table_name(table, candidate) + TABLE_FIELDS * share + TABLE_COLUMNS * min(used, 1)
        return total * 0.85 ** len(missing)

    def _name(self, table: Table, column: Column, candidate: Candidate, origin: Origin) -> float:
        known = known_tables()[table.name].fields[column.name]
        name = origin.sample.name if origin.alias else origin.path
        best = name_fit(name, (*known.names, *known.opposite), candidate.context, candidate.prefix)
        if origin.alias:
            own = name.partition(" ")[0]
            best = max(best, name_fit(own, known.names, candidate.context | {"id"}, candidate.prefix))
        elif origin.path in candidate.raw and not column.references:
            best *= 0.6
        return best

    def _value(
        self, table: Table, column: Column, at: int, origin: Origin, keys: Mapping[str, frozenset[str]]
    ) -> float:
        parent = keys.get(column.references or "")
        if parent and origin.values and column.references != table.name:
            share = refers(origin, parent)
            return share if share >= 0.5 else 0.0
        remembered = (table.name, column.name, at, origin.path)
        if remembered not in self._values:
            looks = known_tables()[table.name].fields[column.name].looks
            self._values[remembered] = value_fit(column, looks, origin, key=table.key == (column.name,))
        return self._values[remembered]


def _weight(column: Column) -> float:
    if column.name in ("created_at", "modified_at"):
        return 0.2
    return 1.5 if column.required else 1.0


def _score(column: Column, name: float, value: float) -> float:
    if value <= 0:
        return 0.0
    if name <= 0:
        return 0.5 * VALUE * value if value > EMPTY else 0.0
    return NAME * name + VALUE * value


def _choose(
    fields: Sequence[Column], origins: Sequence[Origin], scores: Scored, usual: Sequence[str]
) -> dict[str, str]:
    """Give each field a column; `usual` is the order in which systems have the fields."""
    if not fields or not origins:
        return {}
    both = {"depth_state": "depth_mm"}
    alone = sorted((column for column in fields if column.name not in both), key=lambda each: usual.index(each.name))
    table = np.array([[scores[column.name, origin.path] for origin in origins] for column in alone])
    table = _in_order(table, origins)
    rows, columns = linear_sum_assignment(-table)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    chosen = {alone[row].name: origins[column].path for row, column in pairs if table[row, column] >= LEAST}
    shared = {
        name: chosen[other] for name, other in both.items() if other in chosen and any(c.name == name for c in fields)
    }
    return chosen | shared


def _in_order(table: Any, origins: Sequence[Origin]) -> Any:
    """Let columns called alike but for their number stand in the order of the fields, where little else speaks.

    Args:
        table: the scores of fields (rows) and columns.
        origins: the columns.
    """
    paths = {origin.path for origin in origins}
    stems = [re.sub(r"[1-9]$", "", origin.path) for origin in origins]
    ordered = table.copy()
    for stem in {each for each in stems if stems.count(each) > 1} - paths:
        own = [at for at, each in enumerate(stems) if each == stem]
        numbers = np.array([int(origins[at].path[-1]) for at in own])
        scores = table[:, own]
        even = (scores.min(axis=1) > 0) & (np.ptp(scores, axis=1) < ALIKE)
        scores = np.where(even[:, None], scores.mean(axis=1, keepdims=True), scores)
        bonus = 1e-6 * np.outer(np.arange(len(table)), numbers) - 1e-4 * numbers
        ordered[:, own] = np.where(scores > 0, scores + bonus, scores)
    return ordered


def _only_left(
    fields: Sequence[Column], candidate: Candidate, values: Scored, chosen: Mapping[str, str]
) -> dict[str, str]:
    """Required fields whose name says nothing, but that only one of the columns left can be by its values."""
    taken = set(chosen.values())
    found: dict[str, str] = {}
    for column in fields:
        least = TELLING if column.choices else DATED if column.kind in (Kind.DATE, Kind.DATETIME) else None
        if least is None or not column.required or column.name in chosen:
            continue
        fitting = [each.path for each in candidate.origins if values[column.name, each.path] >= least]
        left = [path for path in fitting if path not in taken]
        if len(left) == 1:
            found[column.name] = left[0]
    return found if len(set(found.values())) == len(found) else {}


def _key_of(match: Match) -> frozenset[str]:
    (name, *more) = match.table.key
    path = match.chosen.get(name)
    return match.candidate.table.keys.get(path, frozenset()) if path and not more else frozenset()
