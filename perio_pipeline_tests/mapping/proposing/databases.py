"""Small databases as practices have them, and what is proposed for them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from perio_pipeline.mapping.proposing.model import FieldProposal, Proposal, TableProposal
from perio_pipeline.mapping.proposing.propose import propose


def proposal(folder: Path, **tables: Sequence[dict[str, Any]]) -> Proposal:
    """Write tables, and return what is proposed."""
    path = folder / "practice.db"
    with sqlite3.connect(path) as connection:
        for name, rows in tables.items():
            columns = list(rows[0])
            connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            marks = ", ".join("?" for _ in columns)
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", [list(row.values()) for row in rows])
    connection.close()
    with sa.create_engine(f"sqlite:///{path}").connect() as database:
        return propose("harbor", database)


def table_of(found: Proposal, canonical: str) -> TableProposal:
    """Return what is proposed for one canonical table."""
    return next(each for each in found.tables if each.canonical == canonical)


def proposed(folder: Path, canonical: str, **tables: Sequence[dict[str, Any]]) -> TableProposal:
    """Write tables, and return what is proposed for one canonical table."""
    return table_of(proposal(folder, **tables), canonical)


def fields(table: TableProposal) -> dict[str, FieldProposal]:
    """Return field → what is proposed for it."""
    return {each.field: each for each in table.fields}
