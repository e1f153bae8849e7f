"""What an entry of a bindings file must keep to beyond its grammar, so that nothing is read wrongly or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from perio_pipeline.errors import MappingError
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.patterns import pattern_of
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.yamlfile import YamlFile

Problem = tuple[tuple[str | int, ...], str, str]
"""The entry below the table's, what is wrong with it, and what would be right."""

BASE = "this"
"""What the table itself is called beside its joins."""


def check_table(file: YamlFile, name: str, bound: BoundTable) -> None:
    """Check the entry of one canonical table.

    Raises:
        MappingError: the first mistake.
    """
    table = TABLES.get(name)
    if table is None:
        raise file.error(("tables", name), "not a canonical table.", f"Use one of: {', '.join(TABLES)}.")
    for problem in _problems(table, bound):
        raise _error(file, name, problem)


def _error(file: YamlFile, name: str, problem: Problem) -> MappingError:
    entry, wrong, right = problem
    return file.error(("tables", name, *entry), wrong, right)


def _problems(table: Table, bound: BoundTable) -> Iterator[Problem]:
    yield from _fields(table, bound)
    yield from _codes(table, bound)
    yield from _joins(bound)
    yield from _keys(table, bound)
    yield from _patterns(bound)
    yield from _findings(table, bound)


def _fields(table: Table, bound: BoundTable) -> Iterator[Problem]:
    unpivoted = [each.column for each in bound.unpivot]
    known = ", ".join(table.column_names)
    for field in [*bound.columns, *unpivoted]:
        if field not in table.column_names:
            yield ("columns", field), f"{table.name} has no such field.", f"Use one of: {known}."
    for field in unpivoted:
        if field in bound.columns or unpivoted.count(field) > 1:
            wrong = f"field {field} is claimed twice: unpivoting makes it already."
            yield ("columns", field), wrong, "Keep one of the two entries."
    for column in table.columns:
        if column.required and column.name not in (*bound.columns, *unpivoted):
            yield ("columns",), f"required field {column.name} is not bound.", "Name its column."


def _codes(table: Table, bound: BoundTable) -> Iterator[Problem]:
    for column in table.columns:
        field = bound.columns.get(column.name)
        for code, target in field.codes.items() if field and column.choices else ():
            if target not in column.choices:
                wrong = f"`{target}` is not a code of {table.name}.{column.name}."
                yield ("columns", column.name, "codes", code), wrong, f"Use one of: {', '.join(column.choices)}."


def _joins(bound: BoundTable) -> Iterator[Problem]:
    for place, alias in enumerate(bound.joins):
        if not alias.isidentifier() or not alias.islower() or alias == BASE:
            yield ("joins", alias), f"`{alias}` is no name for a join.", "Choose another one, of small letters."
        later = list(bound.joins)[place:]
        for own in bound.joins[alias].on:
            if bound.alias_of(own) in later:
                yield ("joins", alias, "on", own), "this join comes later.", "Move it before this one."


def _keys(table: Table, bound: BoundTable) -> Iterator[Problem]:
    keys = bound.keys(table.key)
    for name in keys:
        if bound.alias_of(name):
            wrong = f"the key of {table.name} lies in a joined table, so that rows have no order."
            yield ("columns",), wrong, f"Bind {', '.join(table.key)} to columns of {bound.table} itself."
    for alias in bound.partners(table.key):
        if bound.version and not any(bound.alias_of(name) == alias for name in bound.version):
            wrong = f"`version` shows no change in {bound.joins[alias].table}, which holds a part of each record."
            yield ("version",), wrong, f"Name a column of {alias} too, or leave `version` out: rows are then compared."


def _patterns(bound: BoundTable) -> Iterator[Problem]:
    for name, field in bound.columns.items():
        pieces = {piece for pattern in field.pattern for piece in pattern_of(pattern).pieces}
        taken = {field.piece_at(name, place.labels) for place in bound.places}
        if field.pattern and not taken <= pieces:
            wrong = f"the pattern has no piece `{field.piece or name}`, only {', '.join(sorted(pieces))}."
            yield ("columns", name, "pattern"), wrong, f"Call the piece that is meant `{name}`, or name it by `piece`."
        elif field.piece and not field.pattern:
            yield ("columns", name, "piece"), "there is no pattern to take it from.", "Write the `pattern` too."


def _findings(table: Table, bound: BoundTable) -> Iterator[Problem]:
    if not bound.findings:
        return
    if "patient_id" not in bound.columns:
        yield ("findings",), f"{table.name} does not say whose findings these are.", "Bind its patient_id."
    read = set(bound.physical_columns())
    for label, field in bound.findings.items():
        entry = ("findings", label)
        if field.column is None or "{" in label or "}" in label:
            yield entry, "a finding is a column, under a name without braces.", "Write `Name: Column`."
        elif not field.also_read and read & {name for each in bound.places for name in field.columns(each.suffixes)}:
            wrong = f"column {field.column} is claimed twice: a field of {table.name} is bound to it."
            yield entry, wrong, "Keep one of the two, or write `also_read: true` where both are meant."
