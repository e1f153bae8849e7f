"""What runs have cost in requests, from the journal: CRM requests are the scarcest thing a migration has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from perio_pipeline.crm.protocol import RequestStats
from perio_pipeline.loading.tables import ENTRY, TRAFFIC


@dataclass(frozen=True)
class Costs:
    """Requests of an object.

    Attributes:
        load: of the latest run that wrote any of its records.
        written: how many records that run wrote.
        readback: of the latest run that read it back.
    """

    load: int = 0
    written: int = 0
    readback: int = 0


def traffic_of(connection: sa.Connection, practice: str, destination: str) -> dict[str, RequestStats]:
    """Return object → what the latest run that touched it cost, all steps and accounts together."""
    within = sa.and_(TRAFFIC.c.practice == practice, TRAFFIC.c.destination == destination)
    latest = (
        sa.select(TRAFFIC.c.object, sa.func.max(TRAFFIC.c.number).label("number"))
        .where(within)
        .group_by(TRAFFIC.c.object)
        .subquery()
    )
    runs = sa.select(TRAFFIC.c.object, TRAFFIC.c.run).join(latest, TRAFFIC.c.number == latest.c.number).subquery()
    sums = [sa.func.sum(TRAFFIC.c[name]) for name in ("requests", "writes", "rate_limited")]
    query = (
        sa.select(TRAFFIC.c.object, *sums)
        .join(runs, sa.and_(TRAFFIC.c.object == runs.c.object, TRAFFIC.c.run == runs.c.run))
        .where(within)
        .group_by(TRAFFIC.c.object)
    )
    return {obj: RequestStats(*map(int, costs)) for obj, *costs in connection.execute(query)}


def requests_of(connection: sa.Connection, practice: str, destination: str, run: str) -> int:
    """Return how many requests a run has sent, all objects, steps and accounts together."""
    of_run = (TRAFFIC.c.practice == practice, TRAFFIC.c.destination == destination, TRAFFIC.c.run == run)
    return int(connection.scalar(sa.select(sa.func.sum(TRAFFIC.c.requests)).where(*of_run)) or 0)


def costs_of(connection: sa.Connection, practice: str, destination: str) -> dict[str, Costs]:
    """Return object → what writing and reading it back cost, all accounts together."""

    def by_run(table: sa.Table, figure: sa.ColumnElement[int], *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
        within = (table.c.practice == practice, table.c.destination == destination, *conditions)
        latest = sa.func.max(table.c.number).label("latest")
        return (
            sa.select(table.c.object, table.c.run, figure, latest)
            .where(*within)
            .group_by(table.c.object, table.c.run)
            .order_by("latest")
        )

    written = sa.func.count(sa.distinct(ENTRY.c.account + "/" + ENTRY.c.source_key))
    done = (ENTRY.c.kind == "result", ENTRY.c.status == "done", ENTRY.c.operation.in_(("create", "update")))
    requests = sa.func.sum(TRAFFIC.c.requests)
    records = {row[0]: (row[1], int(row[2])) for row in connection.execute(by_run(ENTRY, written, *done))}
    loads = {tuple(row[:2]): int(row[2]) for row in connection.execute(by_run(TRAFFIC, requests, _step("load")))}
    reads = {row[0]: int(row[2]) for row in connection.execute(by_run(TRAFFIC, requests, _step("readback")))}
    runs = {obj: records.get(obj, ("", 0)) for obj in dict.fromkeys((*records, *reads))}
    return {obj: Costs(loads.get((obj, run), 0), count, reads.get(obj, 0)) for obj, (run, count) in runs.items()}


def _step(name: str) -> sa.ColumnElement[bool]:
    return TRAFFIC.c.step == name
