"""A schema on the SQL Server of the live tests; the login makes and drops it and its tables, no more.

What a compatible server does not know is skipped by the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.source import PandaSource
from perio_pipeline_tests.panda.bound import bindings


@dataclass(frozen=True)
class Room:
    """A schema on the server."""

    url: str
    schema: str
    engine: sa.Engine

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def ask(self, statement: str) -> Any:
        with self.engine.connect() as connection:
            return connection.exec_driver_sql(statement).scalar()

    def insert(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" * len(rows[0]))
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"INSERT INTO {self.schema}.{table} VALUES ({marks})", rows)

    def source(self, shape: Table, bound: BoundTable, url: str = "") -> PandaSource:
        made = bindings().model_copy(update={"tables": {shape.name: bound}})
        return PandaSource(url or self.url, made, "panda.yaml")

    def clear(self) -> None:
        tables = sa.text("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = :schema")
        with self.engine.begin() as connection:
            for (name,) in connection.execute(tables, {"schema": self.schema}).all():
                table = sa.Table(name, sa.MetaData(), schema=self.schema)
                connection.execute(sa.schema.DropTable(table, if_exists=True))
            connection.execute(sa.schema.DropSchema(self.schema))
