"""How far what is read belongs together: as of one moment where the database allows it, else looked at twice."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from perio_pipeline.panda.places import name_parts


class Isolation(StrEnum):
    """What keeps the rows of one table together."""

    FILE = "file"  # SQLite: one statement sees one state
    SNAPSHOT = "snapshot"
    COMMITTED = "read committed, looked at twice"


SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT"
COMMITTED = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
"""Never READ UNCOMMITTED: it may give rows that were never committed, rows twice, or not at all."""

_STATES = sa.table("databases", sa.column("database_id"), sa.column("snapshot_isolation_state"), schema="sys")


def isolate(connection: sa.Connection, tables: Sequence[str]) -> Isolation:
    """Set the best isolation that the databases of some tables allow, before their transaction begins."""
    if connection.dialect.name != "mssql":
        return Isolation.FILE
    isolation = Isolation.SNAPSHOT if _allowed(connection, tables) else Isolation.COMMITTED
    connection.rollback()  # a transaction cannot change to SNAPSHOT once it has begun
    connection.exec_driver_sql(SNAPSHOT if isolation is Isolation.SNAPSHOT else COMMITTED)
    connection.commit()
    return isolation


def allowed_query(*tables: str) -> sa.Select[int]:
    """Return the question whether the databases of some tables, and that of the login, allow SNAPSHOT."""
    others = dict.fromkeys(parts[0] for parts in map(name_parts, tables) if len(parts) == 3)
    read: list[sa.ColumnElement[int]] = [sa.func.DB_ID()]
    read += [sa.func.DB_ID(sa.literal(name, sa.Unicode())) for name in others]
    one: sa.ColumnElement[int] = sa.literal_column("1")
    none: sa.ColumnElement[int] = sa.literal_column("0")
    refused = sa.case((_STATES.c.snapshot_isolation_state == one, none), else_=one)
    return sa.select(sa.func.sum(refused)).where(_STATES.c.database_id.in_(read))


def _allowed(connection: sa.Connection, tables: Sequence[str]) -> bool:
    try:
        return connection.execute(allowed_query(*tables)).scalar_one() == 0
    except SQLAlchemyError:  # a compatible server may not say
        return False
