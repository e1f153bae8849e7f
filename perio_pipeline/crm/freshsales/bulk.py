"""Creating many records by one job, learning their ids, and picking failed rows apart.

A job returns no ids, so each record is looked for afterwards. A record that is not shown in time, or that failed
without a word why, is upserted alone under the same key: that says what it is, and changes no second record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from perio_pipeline.crm.answers import id_of
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.freshsales.finding import find
from perio_pipeline.crm.freshsales.jobs import End, run_job
from perio_pipeline.crm.freshsales.keys import Key
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.outcomes import row_failed
from perio_pipeline.crm.freshsales.searching import filtered
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Outcome, Payload, Ref, Status

_LOOKS = (0.0, 2.0, 5.0, 10.0)
"""Seconds of the CRM's clock before each look for the ids: the index lags."""


@dataclass(frozen=True)
class Row:
    """One record of a job."""

    key: Key
    payload: Payload
    body: JsonObject


Alone = Callable[[Row], Awaitable[Outcome]]


async def create_rows(spec: ObjectSpec, session: Session, rows: Sequence[Row], alone: Alone) -> list[Outcome]:
    """Write rows as one job; one outcome per row, in order. `alone` writes a row by a request of its own."""
    job = await run_job(spec, session, [(row.key, row.body) for row in rows])
    labels = session.labels.get(spec.model, {})
    complaints = job.complaints([row.key for row in rows], labels)
    outcomes = {number: row_failed(complaint) for number, complaint in complaints.items()}
    pending = [number for number in range(len(rows)) if number not in outcomes]
    if job.end in (End.DONE, End.OPEN):
        unnamed = max(0, job.failed - len(complaints))
        found = await _read_back(spec, session, [rows[number] for number in pending], len(pending) - unnamed)
        for number in pending:
            if rows[number].key in found:
                outcomes[number] = Outcome(Status.DONE, Ref(spec.name, found[rows[number].key]))
    left = [number for number in pending if number not in outcomes]
    if job.end is End.OPEN:
        unknown = Outcome(
            Status.UNKNOWN, code=job.code, reason="It is not known whether the bulk job wrote this record."
        )
        outcomes |= dict.fromkeys(left, unknown)
    else:
        again = await concurrently(alone, [rows[number] for number in left], session.settings.concurrency)
        outcomes |= dict(zip(left, again, strict=True))
    return [outcomes[number] for number in range(len(rows))]


async def _read_back(spec: ObjectSpec, session: Session, rows: Sequence[Row], enough: int) -> dict[Key, str]:
    """Key → CRM id of the rows that the account shows, looked for until there are enough or time is up."""
    found: dict[Key, str] = {}
    if session.capabilities.read_back == "upsert":
        return found
    for wait in _LOOKS:
        if len(found) >= enough:
            break
        await session.pause(wait)
        missing = [row for row in rows if row.key not in found]
        if session.capabilities.read_back == "lookup":
            found |= await _by_lookup(spec, session, missing)
        elif session.searchable:
            found |= await _by_search(spec, session, missing)
    return found


async def _by_lookup(spec: ObjectSpec, session: Session, rows: Sequence[Row]) -> dict[Key, str]:
    async def one(row: Row) -> Ref | None:
        return await find(spec, session, row.payload)

    refs = await concurrently(one, rows, session.settings.concurrency)
    return {row.key: ref.crm_id for row, ref in zip(rows, refs, strict=True) if ref is not None}


async def _by_search(spec: ObjectSpec, session: Session, rows: Sequence[Row]) -> dict[Key, str]:
    records = await filtered(spec, session, rows[0].key.field, [row.key.value for row in rows])
    if records is None:
        session.searchable = False
        return {}
    return {row.key: id_of(record) for row in rows for record in records if row.key.names(record) and id_of(record)}
