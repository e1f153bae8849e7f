"""The sample's bindings with the types its tables have in SQL Server, for tests that look at statements."""

from __future__ import annotations

from pathlib import Path

from perio_pipeline.panda.bindings import Bindings, load_bindings
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Table, text
from perio_pipeline.panda.sample.schema import TABLES, PhysicalTable
from perio_pipeline.panda.stored_types import ROWVERSION, StoredType

BINDINGS = Path(__file__).resolve().parents[2] / "mappings" / "panda.yaml"

_KINDS = {"TEXT": "nvarchar", "INTEGER": "int", "NUMERIC": "decimal", "DATETIME": "datetime2", "BLOB": "varbinary"}


def bindings() -> Bindings:
    return load_bindings(BINDINGS)


def server_types(physical: PhysicalTable) -> dict[str, StoredType]:
    types = {
        name.lower(): StoredType(_KINDS[declared], 60 if declared == "TEXT" else None, name)
        for name, declared in physical.columns
    }
    return {**types, "rowver": StoredType(ROWVERSION, None, "RowVer")}


def sample_types(bound: BoundTable) -> dict[str, StoredType]:
    return server_types(TABLES[bound.table])


def small_table(*columns: str, key: tuple[str, ...]) -> Table:
    """Return a canonical table of texts."""
    return Table("small", key, tuple(text(name, "of a test") for name in columns), "A table of a test.")
