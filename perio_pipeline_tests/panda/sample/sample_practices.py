"""What the tests of the sample practice hold in hand: a generated practice, its planted counts, and a query."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from perio_pipeline.panda.sample.generate import Planted

REPOSITORY = Path(__file__).parents[3]
BINDINGS = YAML(typ="safe").load((REPOSITORY / "mappings/panda.yaml").read_text(encoding="utf-8"))["tables"]
"""The bindings of the sample layout, by canonical table."""


@dataclass(frozen=True)
class SamplePractice:
    """A generated practice, open for queries."""

    path: Path
    planted: Planted
    database: sqlite3.Connection

    def rows(self, query: str) -> list[tuple]:
        return self.database.execute(query).fetchall()

    def number(self, query: str) -> int:
        return self.database.execute(query).fetchone()[0] or 0
