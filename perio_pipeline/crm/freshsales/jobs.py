"""Bulk jobs: sending one, waiting for its end, and reading its report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from perio_pipeline.crm.answers import id_of
from perio_pipeline.crm.freshsales import routes
from perio_pipeline.crm.freshsales.errors import Complaint, messages_in
from perio_pipeline.crm.freshsales.keys import Key, values_in
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.outcomes import Labels, undone
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import Failure, JsonObject, Response
from perio_pipeline.crm.protocol import Status

_BUSY = 405
_BUSY_PAUSES = (5.0, 5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0, 60.0)
"""Seconds of the CRM's clock between the attempts while it says that too many jobs are under way."""
_ENDED = frozenset({"SUCCESS", "SUCCEEDED", "COMPLETED", "FINISHED", "DONE"})
_FAILED = frozenset({"FAILED", "FAILURE", "ERROR", "ABORTED", "CANCELLED", "CANCELED"})
_FAILURES = "detailed_failure_report"


class End(Enum):
    """How a job ended."""

    DONE = "done"  # the report says how many rows failed, and mostly which
    FAILED = "failed"  # the job as a whole failed; some rows may have been written
    REFUSED = "refused"  # the CRM did not take it, for what is in it; nothing was written
    BUSY = "busy"  # the CRM did not take it, since it is busy; nothing was written
    OPEN = "open"  # not known: no answer to the request, or the job did not end in time


@dataclass(frozen=True)
class Job:
    """What became of a job.

    Attributes:
        end: how it ended.
        code: why, where it is open.
        failed: how many rows failed, as the report counts them.
        report: all that it says.
    """

    end: End
    code: str = ""
    failed: int = 0
    report: JsonObject = field(default_factory=dict)

    def complaints(self, keys: Sequence[Key], labels: Labels) -> dict[int, Complaint]:
        """Row → why it failed, for the rows whose element names them and says why."""
        found: dict[int, Complaint] = {}
        folded = {key.folded for key in keys}
        for element in _list(self.report.get(_FAILURES)):
            named = values_in(element)
            rows = [number for number, key in enumerate(keys) if key.folded in named]
            messages = tuple(text for text in messages_in(element) if values_in(text).isdisjoint(folded))
            if len(rows) == 1 and messages:
                found[rows[0]] = Complaint(messages, labels)
        return found

    def ids(self, keys: Sequence[Key]) -> dict[Key, str]:
        """Key → CRM id, for the rows whose ids the report tells beside their keys; no source says that it does."""
        told = [part for name, part in self.report.items() if name != _FAILURES]
        records = [(id_of(record), values_in(record)) for record in _objects(told) if id_of(record)]
        named = {key: [crm_id for crm_id, values in records if key.folded in values] for key in keys}
        return {key: found[0] for key, found in named.items() if len(found) == 1}


async def run_job(spec: ObjectSpec, session: Session, rows: Sequence[tuple[Key, JsonObject]]) -> Job:
    """Send rows as one bulk job and wait until it ends.

    Raises:
        DestinationError: the account as a whole refuses.
    """
    route = spec.routes.bulk
    if route is None:
        return Job(End.REFUSED)
    body: JsonObject = {spec.plural: [{key.field: key.value, "data": data} for key, data in rows]}
    async with session.jobs:
        for pause in (0.0, *_BUSY_PAUSES):
            await session.pause(pause)
            if session.capabilities.bulk_cost == "rows":
                await session.transport.charge(len(rows) - 1)
            answer = await session.call(route, route.path, body=body)
            if not (isinstance(answer, Response) and answer.status == _BUSY):
                return await _followed(session, answer, len(rows))
        return Job(End.BUSY)


async def _followed(session: Session, answer: Response | Failure, rows: int) -> Job:
    if not (isinstance(answer, Response) and answer.ok):
        outcome = undone(answer, {})
        return Job(End.REFUSED if outcome.status is Status.REFUSED else End.OPEN, code=outcome.code)
    job_id = str(answer.object.get("job_status_url") or "").rstrip("/").rpartition("/")[2]
    if not job_id:
        return Job(End.OPEN, code="no_job")
    waited = 0.0
    for looks, wait in enumerate(session.memory.pace.looks(rows, session.settings.job_seconds), 1):
        await session.pause(wait)
        waited += wait
        look = await session.call(routes.JOB, routes.JOB.at(id=job_id))
        if isinstance(look, Failure) or look.status >= 500:
            return Job(End.OPEN, code=undone(look, {}).code)
        state = look.object if look.ok else {}
        status = str(state.get("status") or "").upper()
        if status in _ENDED | _FAILED:
            session.memory.pace.ended(rows, waited, looks)
            return _reported(End.DONE if status in _ENDED else End.FAILED, state.get("data"))
    return Job(End.OPEN, code="job_stuck")


def _reported(end: End, data: Any) -> Job:
    """The report is JSON inside a text."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            data = None
    report = data if isinstance(data, dict) else {}
    counts = report.get("record_status")
    failed = counts.get("failed") if isinstance(counts, dict) else None
    return Job(end, failed=failed if isinstance(failed, int) else len(_list(report.get(_FAILURES))), report=report)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> Iterator[JsonObject]:
    """All objects in a value, however deep."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else _list(value):
        yield from _objects(part)
