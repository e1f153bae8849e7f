"""Records that stand in columns of another one: two policies of a patient, a percentage for each class of procedures.

Columns of one table that are called alike but for a number, an ordinal word or a code, and hold the same kind of thing,
become the rows of a table that hangs on their own: `PrimInsCarrier` and `SecInsCarrier` are `{ordinal}InsCarrier`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from perio_pipeline.mapping.proposing.candidates import Candidate
from perio_pipeline.mapping.proposing.groups import Dimension, Written, dimensions, groups_of, is_sure
from perio_pipeline.mapping.proposing.knowledge import tables as known_tables
from perio_pipeline.mapping.proposing.readings import Origin
from perio_pipeline.mapping.proposing.unpivoting import together, with_rows
from perio_pipeline.panda.canonical import Column, Table
from perio_pipeline.panda.profiling.sampling import SampledColumn

ITSELF = ("created_at", "modified_at")
"""What such a record has from the one it stands in, besides the key."""


def repeated(candidate: Candidate) -> Iterator[Candidate]:
    """Return a table as it would be with a row for each record that stands in its columns."""
    own = {origin.path: origin for origin in candidate.origins if not origin.alias}
    for dimension in dimensions():
        for written, stems in groups_of(own, dimension).items():
            yield _as_rows(candidate, own, dimension, written, stems)


def may_hold(table: Table, column: Column, candidate: Candidate, origin: Origin) -> bool:
    """Whether a column may be a field: of a row that becomes several, all but keys stand in columns of that kind."""
    if not candidate.repeats:
        return True
    if not candidate.hosted:
        return origin.path in candidate.repeats or column.references is not None or column.name in table.key
    if origin.fixed:
        return origin.fixed.get("value") == known_tables()[table.name].fields[column.name].assumed != ""
    if origin.path in candidate.repeats:
        return table.key != (column.name,) and column is not parent_key(table)
    return column.name in ITSELF or (column is parent_key(table) and not origin.alias and origin.sample.unique)


def parent_key(table: Table) -> Column | None:
    """The field that says in whose columns a record stands."""
    return next((column for column in table.columns if column.references), None)


def members_of(candidate: Candidate) -> str:
    """Return how the names say which record a column belongs to: `Prim, Sec`."""
    made = candidate.structure["unpivot"]
    return ", ".join(word or "no word" for word in made["values"].values())


def _as_rows(
    candidate: Candidate, own: Mapping[str, Origin], dimension: Dimension, written: Written, stems: Sequence[str]
) -> Candidate:
    members = {stem: [own[stem.replace(dimension.place, word)] for _, word in written] for stem in stems}
    made = [
        replace(each[0], path=stem, sample=together(stem, [one.sample for one in each]))
        for stem, each in members.items()
    ]
    gone = {each.path for many in members.values() for each in many}
    keys = [_composed(each, dimension, written) for each in own.values() if _is_key(each)]
    constants = [_constant(next(iter(own.values())), field, value) for field, value in dimension.assumed.items()]
    kept = [origin for origin in candidate.origins if origin.path not in gone]
    rows = with_rows(candidate, (*kept, *made, *keys, *constants), dimension.field, dict(written))
    return replace(
        rows, repeats=frozenset(stems), hosted=True, guessed=dimension.counted and not all(map(is_sure, written))
    )


def _is_key(origin: Origin) -> bool:
    return origin.sample.unique and origin.dates is None and not origin.sample.encoding and "{" not in origin.path


def _composed(origin: Origin, dimension: Dimension, written: Written) -> Origin:
    """A key for each member, made of the row's own."""
    cells = pd.concat([origin.sample.text + f"-{word}" for _, word in written], ignore_index=True)
    path = composed_path(origin.path, dimension.field)
    return Origin(path, SampledColumn(path, "", cells), origin.table, fixed={"text": path})


def composed_path(key: str, field: str) -> str:
    """How a key is made of a row's own and of which member of a group a record is."""
    return f"{{{key}}}-{{{field}}}"


def _constant(origin: Origin, field: str, value: str) -> Origin:
    cells = pd.Series([value] * len(origin.sample.text), dtype=origin.sample.text.dtype)
    return Origin(f"{field} = {value}", SampledColumn(field, "", cells), origin.table, fixed={"value": value})
