"""The records that should be in the CRM and their source values, as one SQL query over the canonical frames.

A way of its own from the mapping to the rows, so that a mistake in shaping cannot repeat itself in the proof.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary

import duckdb
import pandas as pd
import pyarrow as pa

from perio_pipeline.mapping.model import PLACEHOLDER, Join, ObjectMap, Select
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import PANDAS_TYPES

PATIENT = "validated/patient"
IDENTITY = "validated/patient_identity"

_PLACE = "place in the frame"
_BASE = "the rows"
_SEPARATOR = "|"


def source_rows(obj: ObjectMap, sources: Dictionary[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row per source row that arrives: `source_key`, then every used column as `column` or `alias.column`.

    Rows of an object with `gather` stand in its order.

    Raises:
        ValueError: a join finds several rows for one record, or two records have one key.
    """
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        names = {frame: f"frame {number}" for number, frame in enumerate({*obj.frames(), IDENTITY} & set(sources))}
        for frame, name in names.items():
            connection.register(name, _with_place(sources[frame]))
        table = connection.sql(_query(obj, names, sources)).to_arrow_table()
    rows: pd.DataFrame = table.to_pandas(types_mapper=_pandas_type)
    if rows["source_key"].duplicated().any():
        raise ValueError(f"{obj.rows}: several rows have one source key, or a join finds several rows for one record")
    return rows


def used_columns(obj: ObjectMap) -> list[str]:
    """Every column that a field, a link or the mark is made from, once."""
    used = [link.by for link in obj.links.values()]
    used += [name for name, _ in obj.gather.parts] if obj.gather else []
    used += [name for name, _ in PLACEHOLDER.findall(obj.mark.text or "")]
    used += [obj.file.content_type] if obj.file else []
    for _, field in obj.all_fields():
        used += [name for name, _ in field.columns] + list(field.shared_from)
    return list(dict.fromkeys(used))


def _query(obj: ObjectMap, names: Dictionary[str, str], sources: Dictionary[str, pd.DataFrame]) -> str:
    key = f", '{_SEPARATOR}', ".join(_reference(column) for column in obj.key)
    columns = [f"concat({key}) AS source_key"]
    columns += [f"{_reference(column)} AS {_quoted(column)}" for column in used_columns(obj)]
    joins = [
        f"LEFT JOIN ({_joined(join, names, sources)}) AS {_quoted(alias)} ON {_condition(alias, join)}"
        for alias, join in obj.join.items()
    ]
    conditions = [_passes(each) for each in obj.select]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    order = [f"{_reference(column)} NULLS LAST" for column in (obj.gather.order if obj.gather else ())]
    base = f"({_resolved(obj.rows, names, sources)}) AS {_quoted(_BASE)}"
    order.append(f'{_quoted(_BASE)}."{_PLACE}"')
    parts = ["SELECT", ", ".join(columns), "FROM", base, *joins, where, "ORDER BY", ", ".join(order)]
    return "\n".join(parts)


def _passes(condition: Select) -> str:
    column = _reference(condition.column)
    if condition.among:
        return f"{column} IN ({', '.join(map(_literal, condition.among))})"
    if condition.since:
        return f"coalesce({column} >= {_literal(str(condition.since))}::TIMESTAMP, true)"
    return f"{column} < {_literal(str(condition.before))}::TIMESTAMP" if condition.before else f"{column} IS NOT NULL"


def _resolved(frame: str, names: Dictionary[str, str], sources: Dictionary[str, pd.DataFrame]) -> str:
    """A frame in which the rows of merged patients belong to the survivor; patients themselves stay who they are."""
    if frame in (PATIENT, IDENTITY) or "patient_id" not in sources[frame].columns:
        return f"SELECT * FROM {_quoted(names[frame])}"
    return f"""
        SELECT child.* REPLACE (coalesce(identity.survivor_id, child.patient_id) AS patient_id)
        FROM {_quoted(names[frame])} AS child
        LEFT JOIN {_quoted(names[IDENTITY])} AS identity ON child.patient_id = identity.patient_id
    """


def _joined(join: Join, names: Dictionary[str, str], sources: Dictionary[str, pd.DataFrame]) -> str:
    """The rows of a joined frame that count."""
    conditions = [
        f"{_quoted(column)} IN ({', '.join(map(_literal, value if isinstance(value, tuple) else (value,)))})"
        for column, value in join.where.items()
    ]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    keys = ", ".join(_quoted(column) for column in join.on.values())
    latest = (
        f"QUALIFY 1 = row_number() OVER (PARTITION BY {keys} "
        f'ORDER BY {_quoted(join.latest)} DESC NULLS LAST, "{_PLACE}" DESC)'
        if join.latest
        else ""
    )
    return f"SELECT * FROM ({_resolved(join.frame, names, sources)}) {where} {latest}"


def _condition(alias: str, join: Join) -> str:
    return " AND ".join(f"{_reference(left)} = {_quoted(alias)}.{_quoted(right)}" for left, right in join.on.items())


def _reference(column: str) -> str:
    alias, _, name = column.rpartition(".")
    return f"{_quoted(alias or _BASE)}.{_quoted(name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _with_place(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return table.append_column(_PLACE, pa.array(range(len(frame)), pa.int64()))


def _pandas_type(kind: pa.DataType) -> object:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return PANDAS_TYPES[Kind.TEXT]
    if pa.types.is_integer(kind):
        return PANDAS_TYPES[Kind.INTEGER]
    if pa.types.is_boolean(kind):
        return PANDAS_TYPES[Kind.BOOLEAN]
    return pd.ArrowDtype(kind) if pa.types.is_decimal(kind) else None
