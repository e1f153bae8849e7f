"""Writes the sample practice in another physical design, as a SQLite database.

The practice is read through its own bindings and written through the design's, backwards. What a design has no place
for (a tooth charted twice where a row is an exam) is returned, and nothing else may differ.
"""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Kind, Table
from perio_pipeline.panda.fields import BoundColumn
from perio_pipeline.panda.findings import FINDINGS, LINKS
from perio_pipeline.panda.places import name_parts
from perio_pipeline.panda.sample.designs.design import Design
from perio_pipeline.panda.sample.designs.fillers import values
from perio_pipeline.panda.sample.designs.inversion import Value
from perio_pipeline.panda.sample.designs.relations import Relations
from perio_pipeline.panda.sample.schema import MARKER, STATEMENT
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True)
class Written:
    """What came of it.

    Attributes:
        rows: physical table → its rows.
        losses: canonical table → source keys of the rows that the design has no place for.
    """

    rows: Mapping[str, int]
    losses: Mapping[str, list[str]]


@dataclass
class _Column:
    """A physical column: its name, its type by SQLite's words, its cells."""

    name: str
    kind: str
    cells: list[object]


def write_design(design: Design, sample: PandaSource, path: Path, seed: int = 2026) -> Written:
    """Write the practice of a sample in a design.

    Args:
        design: which one.
        sample: the practice as `generate` wrote it.
        path: the database; an existing file is replaced.
        seed: of all that the bindings do not say.
    """
    relations = Relations()
    kinds: dict[str, dict[str, str]] = {}
    for table in TABLES.values():
        records = [record for chunk in sample.chunks(table) for record in _records(chunk)]
        for bound, chosen in _shares(design, table, records):
            relations.add(table, bound, chosen, shared=_is_shared(design, bound))
            for physical, columns in _kinds(table, bound).items():
                kinds.setdefault(physical, {}).update({**columns, **kinds.get(physical, {})})
    rng = random.Random(f"{design.name}:{seed}")
    tables = {name: _columns(list(rows.values()), kinds.get(name, {})) for name, rows in relations.rows.items()}
    for name, columns in kinds.items():  # one that holds nothing is there all the same
        tables.setdefault(name, _columns([], columns))
    _add_fillers(design, tables, rng)
    tables[MARKER] = [_Column("Statement", "TEXT", [STATEMENT])]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        for name in sorted(tables) if design.physical.shuffled else tables:
            _create(database, design, name, tables[name])
    return Written({name: len(columns[0].cells) for name, columns in tables.items()}, dict(relations.losses))


def _records(chunk: pd.DataFrame) -> Iterator[dict[str, Value]]:
    names = chunk.columns.tolist()
    for row in chunk.astype(object).where(chunk.notna(), None).itertuples(index=False):
        yield dict(zip(names, row, strict=True))


def _shares(
    design: Design, table: Table, records: list[dict[str, Value]]
) -> Iterator[tuple[BoundTable, list[dict[str, Value]]]]:
    """Which part of a table holds which records: findings with a column of their own lie there, if they can."""
    parts = list(design.bindings.parts(table.name))
    left = records
    if table.name == FINDINGS:
        labels = [(name, label) for name, bound in design.bindings.tables.items() for label in bound.findings]
        for (name, label), part in zip(labels, parts[len(parts) - len(labels) :], strict=True):
            mine = {key: each for each in reversed(left) for key in [_record_of(name, label, part, each)] if key}
            left = [each for each in left if not any(each is one for one in mine.values())]
            yield part, [{**each, "finding_id": key} for key, each in mine.items()]
        parts = parts[: len(parts) - len(labels)]
    yield from ((part, left) for part in parts)


def _record_of(name: str, label: str, part: BoundTable, finding: Mapping[str, Value]) -> str:
    """The key that a finding has as a column of its record; empty where a column cannot say all of it."""
    own = {*part.columns, *(each.column for each in part.unpivot)}
    key = [finding[field] for field in TABLES[name].key if field in finding]
    more = [field for field in LINKS if finding[field] is not None and field not in own]
    if finding["name"] != label or finding["value"] is None or more or not all(key) or not key:
        return ""
    return "/".join([name, *map(str, key), label])


def _is_shared(design: Design, bound: BoundTable) -> bool:
    """Whether several canonical tables are read from the same rows."""
    alike = [
        part
        for name in TABLES
        for part in design.bindings.parts(name)
        if part.table == bound.table and part.where == bound.where
    ]
    return len(alike) > 1


def _kinds(table: Table, bound: BoundTable) -> dict[str, dict[str, str]]:
    """Physical table → column → SQLite's type for it."""
    kinds: dict[str, dict[str, str]] = {}
    places = {"": bound.table, **{alias: join.table for alias, join in bound.joins.items()}}

    def note(column: str, kind: str) -> None:
        alias = bound.alias_of(column)
        kinds.setdefault(places[alias], {}).setdefault(column.removeprefix(f"{alias}."), kind)

    for alias, join in bound.joins.items():
        for column in join.on.values():
            note(f"{alias}.{column}", "KEY")
    for name, entry in bound.columns.items():
        for place in bound.places:
            for column in entry.columns(place.suffixes):
                note(column, _kind(table, name, entry))
    keys = {column for join in bound.joins.values() for column in join.on}
    for column in bound.entries():
        note(column, "KEY" if column in keys else "TEXT")
    return kinds


def _kind(table: Table, name: str, entry: BoundColumn) -> str:
    column = table.column(name)
    if entry.encoding:
        return "BLOB"
    if entry.pattern or entry.text or entry.letter or entry.decode == "decimal_comma":
        return "TEXT"
    if entry.bit or entry.date == "YYYYMMDD" or (entry.codes and all(map(str.isdigit, entry.codes))):
        return "INTEGER"
    if entry.codes or entry.date or column.kind is Kind.TEXT:
        return "KEY" if column.references or name in table.key else "TEXT"
    return {Kind.DATE: "DATETIME", Kind.DATETIME: "DATETIME", Kind.DECIMAL: "NUMERIC"}.get(column.kind, "INTEGER")


def _columns(rows: list[Mapping[str, Value]], kinds: Mapping[str, str]) -> list[_Column]:
    """The columns of a table; a key is a number where all its values are."""
    columns = []
    for name, kind in kinds.items():
        cells = [row.get(name) for row in rows]
        if kind == "KEY":
            kind = "INTEGER" if all(cell is None or _WHOLE.fullmatch(cell) for cell in cells) else "TEXT"
        columns.append(_Column(name, kind, [_stored(cell, kind) for cell in cells]))
    return columns


def _stored(cell: Value, kind: str) -> object:
    """A cell as its column holds it; what is not of its type stays text, as SQLite allows."""
    if cell is None:
        return None
    if kind == "INTEGER" and _WHOLE.fullmatch(cell):
        return int(cell)
    if kind == "NUMERIC" and _NUMBER.fullmatch(cell):
        return float(cell)
    if kind == "BLOB":
        try:
            return cell.encode("cp1252")
        except UnicodeEncodeError:
            return cell
    return cell


def _add_fillers(design: Design, tables: dict[str, list[_Column]], rng: random.Random) -> None:
    """Add what nothing reads: columns beside those that are bound, and tables of their own."""
    known: dict[str, list[dict[str, object]]] = {}
    for name, columns in tables.items():
        named = [column.name for column in columns]
        known[name] = [dict(zip(named, row, strict=True)) for row in zip(*(c.cells for c in columns), strict=True)]
    for name, more in design.physical.columns.items():
        count = len(known[name])
        tables[name] += [
            _Column(column, _declared(cells), cells)
            for column, filler in more.items()
            for cells in [values(filler, count, rng, known, design.physical.dates)]
        ]
    patients = len(known[design.bindings.tables["patient"].table])
    for name, side in design.physical.tables.items():
        count = side.fixed + round(side.rows * patients)
        made = {
            column: values(filler, count, rng, known, design.physical.dates) for column, filler in side.columns.items()
        }
        tables[name] = [_Column(column, _declared(cells), cells) for column, cells in made.items()]
    if design.physical.shuffled:
        for name, columns in tables.items():
            first, *others = columns
            rng.shuffle(others)
            tables[name] = [first, *others]


def _declared(cells: list[object]) -> str:
    there = [cell for cell in cells if cell is not None]
    if there and all(isinstance(cell, int) for cell in there):
        return "INTEGER"
    return "NUMERIC" if there and all(isinstance(cell, float) for cell in there) else "TEXT"


def _create(database: sqlite3.Connection, design: Design, name: str, columns: list[_Column]) -> None:
    keys = _primary_key(design, name, columns)
    types = design.physical.types
    parts = [f"{_quoted(column.name)} {types.get(column.kind, column.kind)}" for column in columns]
    if keys:
        parts.append(f"PRIMARY KEY ({', '.join(map(_quoted, keys))})")
    for own, other in design.physical.foreign_keys.items():
        (table, column), (parent, key) = own.rsplit(".", 1), other.rsplit(".", 1)
        if table == name:
            parts.append(f"FOREIGN KEY ({_quoted(column)}) REFERENCES {_quoted(parent)} ({_quoted(key)})")
    place = _quoted(name_parts(name)[-1])
    database.execute(f"CREATE TABLE {place} ({', '.join(parts)})")
    marks = ", ".join("?" * len(columns))
    rows = zip(*(column.cells for column in columns), strict=True)
    database.executemany(f"INSERT INTO {place} VALUES ({marks})", rows)


def _primary_key(design: Design, name: str, columns: list[_Column]) -> list[str]:
    """The columns by which the first canonical table here is ordered, where they tell the rows apart."""
    if not design.physical.primary_keys:
        return []
    bound = [(TABLES[each], table) for each, table in design.bindings.tables.items() if table.table == name]
    keys = list(bound[0][1].keys(bound[0][0].key)) if bound else []
    cells = [column.cells for column in columns if column.name in keys]
    rows = list(zip(*cells, strict=True))
    whole = bool(rows) and None not in {cell for row in rows for cell in row} and len(set(rows)) == len(rows)
    return keys if whole else []


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
