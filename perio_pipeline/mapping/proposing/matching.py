"""Which physical table each canonical one is, and which column each field: assigned as a whole, each at most once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import linear_sum_assignment

from perio_pipeline.mapping.proposing.candidates import Candidate, refers
from perio_pipeline.mapping.proposing.choosing import LEAST, Scored, choose, only_left
from perio_pipeline.mapping.proposing.fit import EMPTY, value_fit
from perio_pipeline.mapping.proposing.knowledge import tables as known_tables
from perio_pipeline.mapping.proposing.names import PLACEHOLDER, concepts_of, name_fit
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.mapping.proposing.repeating import composed_path, may_hold, parent_key
from perio_pipeline.panda.canonical import Column, Table

NAME, VALUE = 0.6, 0.4
"""What name and values of a column count."""
TABLE_NAME, TABLE_FIELDS, TABLE_COLUMNS = 0.4, 0.45, 0.15
"""What a table's name counts, the fields that are found in it, and its columns that are a field."""

CLEARLY = 0.05
"""By so much records in columns of another table must fit better than a table of their own."""

COMPOSED, CONSTANT = 0.7, 0.3
"""What counts for the name of a key made of a row's own, and of a value that is the same for all rows."""

MOST_CANDIDATES = 60
"""So many tables are compared with each canonical one value by value; of more, those with the best names."""

ROUNDS = 3
"""Tables are assigned anew so often with what is known by then of which refers to which."""


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
        self._values: dict[tuple[str, str, int], float] = {}
        self._keys: dict[str, frozenset[str]] = {}

    def match(self, without: Collection[tuple[str, int]] = ()) -> dict[str, Match]:
        """Return canonical table → where it lies.

        Args:
            without: canonical tables, and the place of a candidate that they are not.
        """
        found: dict[str, Match] = {}
        near = [[at for at in self._near(table) if (table.name, at) not in without] for table in self._tables]
        for _ in range(ROUNDS):
            matches = [
                {at: self.compared(table, self._candidates[at]) for at in places}
                for table, places in zip(self._tables, near, strict=True)
            ]
            found = self._assigned(matches)
            fresh = {name: _key_of(match) for name, match in found.items()}
            if fresh == self._keys:
                break
            self._keys = fresh
        return found

    def place_of(self, candidate: Candidate) -> int:
        """Return the place of a candidate."""
        return next(at for at, each in enumerate(self._candidates) if each is candidate)

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
        able = {at: each for at, each in enumerate(self._candidates) if each.made <= set(table.column_names)}
        if len(able) <= MOST_CANDIDATES:
            return list(able)
        named = [
            (self._table_name(table, each) + sum(self._named(table, each).values()) / len(table.columns), -at)
            for at, each in able.items()
        ]
        return sorted(-at for _, at in sorted(named, reverse=True)[:MOST_CANDIDATES])

    def _named(self, table: Table, candidate: Candidate) -> dict[str, float]:
        """Field → how well the best column's name fits."""
        return {
            column.name: max((self._name(table, column, candidate, each) for each in candidate.origins), default=0.0)
            for column in table.columns
        }

    def _assigned(self, matches: Sequence[Mapping[int, Match]]) -> dict[str, Match]:
        # A table with a row for each exam may hold the exam, its teeth and their sites.
        names = [(each.table.name, *each.table.where.values(), *sorted(each.made)) for each in self._candidates]
        physical = list(dict.fromkeys(names))
        scores = np.zeros((len(matches), len(physical)))
        best: dict[tuple[int, int], Match] = {}
        for row, many in enumerate(matches):
            for at, match in many.items():
                column = physical.index(names[at])
                if match.score > scores[row, column] and not match.candidate.hosted:
                    scores[row, column] = match.score
                    best[row, column] = match
        rows, columns = linear_sum_assignment(-scores)
        pairs = zip(rows.tolist(), columns.tolist(), strict=True)
        found = {self._tables[row].name: best[row, column] for row, column in pairs if scores[row, column] >= LEAST}
        return found | self._in_columns(matches, found)

    def _in_columns(self, matches: Sequence[Mapping[int, Match]], found: Mapping[str, Match]) -> dict[str, Match]:
        """Tables whose records stand in columns of another one, where no table of their own fits as well."""
        better: dict[str, Match] = {}
        for table, many in zip(self._tables, matches, strict=True):
            repeated = [match for match in many.values() if match.candidate.hosted]
            best = max(repeated, key=lambda match: match.score, default=None)
            least = found[table.name].score + CLEARLY if table.name in found else LEAST
            if best is not None and best.score >= least:
                better[table.name] = best
        return better

    def _table_name(self, table: Table, candidate: Candidate) -> float:
        name = candidate.table.name.rpartition(".")[2]
        return name_fit(name, known_tables()[table.name].names, frozenset())

    def compared(self, table: Table, candidate: Candidate) -> Match:
        """Return how a canonical table would lie in a candidate."""
        names: Scored = {}
        values: Scored = {}
        scores: Scored = {}
        fields = [column for column in table.columns if column.name not in candidate.made]
        for column in fields:
            for origin in candidate.origins:
                pair = column.name, origin.path
                able = may_hold(table, column, candidate, origin)
                values[pair] = self._value(table, column, origin) if able else 0.0
                names[pair] = self._name(table, column, candidate, origin) if values[pair] else 0.0
                scores[pair] = _score(column, names[pair], values[pair])
        chosen = choose(fields, candidate.origins, scores, list(known_tables()[table.name].fields))
        chosen |= only_left(fields, candidate, values, chosen)
        if candidate.hosted:
            composed = _composed_key(table, candidate, chosen)
            for pair in composed.items():
                names[pair], values[pair], scores[pair] = COMPOSED, 1.0, NAME * COMPOSED + VALUE
            chosen |= composed
        total = self._total(table, candidate, fields, scores, chosen)
        return Match(table, candidate, total, names, values, scores, chosen)

    def _total(
        self, table: Table, candidate: Candidate, fields: Sequence[Column], scores: Scored, chosen: Mapping[str, str]
    ) -> float:
        weights = {column.name: weight(column) for column in fields}
        got = sum(weights[name] * scores[name, path] for name, path in chosen.items())
        missing = [column for column in fields if column.required and column.name not in chosen]
        if candidate.hosted and missing:  # a part of other records is no record
            return 0.0
        share = got / sum(weights.values()) if weights else 0.0
        own = [each for each in candidate.origins if not (each.alias or candidate.hosted)]
        used = sum(scores[name, path] for name, path in chosen.items()) / max(len(own), len(chosen), 1)
        total = (
            TABLE_NAME * self._called(table, candidate, chosen) + TABLE_FIELDS * share + TABLE_COLUMNS * min(used, 1)
        )
        return total * 0.85 ** len(missing)

    def _called(self, table: Table, candidate: Candidate, chosen: Mapping[str, str]) -> float:
        """How well the table's name fits; of records in columns, the share of these that say so as well."""
        own = self._table_name(table, candidate)
        if not candidate.hosted:
            return own
        columns = [path for path in chosen.values() if path in candidate.repeats]
        said = sum(bool(concepts_of(PLACEHOLDER.sub("_", path)) & _topic(table)) for path in columns)
        return max(own, said / len(columns)) if columns else own

    def _name(self, table: Table, column: Column, candidate: Candidate, origin: Origin) -> float:
        known = known_tables()[table.name].fields[column.name]
        name = origin.sample.name if origin.alias else origin.path
        context = candidate.context | _topic(table) if candidate.hosted else candidate.context
        best = CONSTANT if origin.fixed else name_fit(name, (*known.names, *known.opposite), context, candidate.prefix)
        if origin.alias:
            own = name.partition(" ")[0]
            best = max(best, name_fit(own, known.names, candidate.context | {"id"}, candidate.prefix))
        elif origin.path in candidate.raw and not column.references:
            best *= 0.6
        return best

    def _value(self, table: Table, column: Column, origin: Origin) -> float:
        parent = self._keys.get(column.references or "")
        if parent and origin.values and column.references != table.name:
            share = refers(origin, parent)
            return share if share >= 0.5 else 0.0
        remembered = (table.name, column.name, id(origin))
        if remembered not in self._values:
            looks = known_tables()[table.name].fields[column.name].looks
            self._values[remembered] = value_fit(column, looks, origin, key=table.key == (column.name,))
        return self._values[remembered]


def _topic(table: Table) -> frozenset[str]:
    """What names of columns repeat in which records of a table stand."""
    owner = parent_key(table)
    above = known_tables()[owner.references].names if owner and owner.references else ()
    named = {concept for phrase in known_tables()[table.name].names for concept in phrase}
    return frozenset(named - {concept for phrase in above for concept in phrase})


def _composed_key(table: Table, candidate: Candidate, chosen: Mapping[str, str]) -> dict[str, str]:
    """The key of records in columns: the one of the row they stand in, with which of its records it is."""
    owner, (key, *more) = parent_key(table), table.key
    row = chosen.get(owner.name) if owner else None
    return {key: composed_path(row, *candidate.made)} if row and not more and len(candidate.made) == 1 else {}


def weight(column: Column) -> float:
    """Return what a field counts among those of its table."""
    if column.name in ("created_at", "modified_at"):
        return 0.2
    return 1.5 if column.required else 1.0


def _score(column: Column, name: float, value: float) -> float:
    if value <= 0:
        return 0.0
    if name <= 0:
        return 0.5 * VALUE * value if value > EMPTY else 0.0
    return NAME * name + VALUE * value


def _key_of(match: Match) -> frozenset[str]:
    (name, *more) = match.table.key
    path = match.chosen.get(name)
    if path and match.origins[path].fixed:
        return frozenset(match.origins[path].sample.counts)
    return match.candidate.table.keys.get(path, frozenset()) if path and not more else frozenset()
