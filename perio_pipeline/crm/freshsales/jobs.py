"""Bulk jobs: sending one, waiting for its end, and reading its report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from perio_pipeline.crm.freshsales import routes
from perio_pipeline.crm.freshsales.errors import Complaint, messages_in
from perio_pipeline.crm.freshsales.keys import Key, values_in
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.outcomes import Labels, undone
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import Failure, JsonObject, Response
from perio_pipeline.crm.protocol import Status

_BUSY = 405
_BUSY_SECONDS, _BUSY_ATTEMPTS = 5.0, 10
_ENDED = frozenset({"SUCCESS", "SUCCEEDED", "COMPLETED", "FINISHED", "DONE"})
_FAILED = frozenset({"FAILED", "FAILURE", "ERROR", "ABORTED", "CANCELLED", "CANCELED"})


class End(Enum):
    """How a job ended."""

    DONE = "done"  # the report says which rows failed
    FAILED = "failed"  # the job as a whole failed; some rows may have been written
    NOT_TAKEN = "not_taken"  # the CRM did not take it; nothing was written
    OPEN = "open"  # not known: no answer to the request, or the job did not end in time


@dataclass(frozen=True)
class Job:
    """What became of a job.

    Attributes:
        end: how it ended.
        code: why, where it is open.
        failed: how many rows failed, as the report counts them.
        report: its elements, one per failed row; their shape is not documented.
    """

    end: End
    code: str = ""
    failed: int = 0
    report: Sequence[Any] = field(default_factory=tuple)

    def complaints(self, keys: Sequence[Key], labels: Labels) -> dict[int, Complaint]:
        """Row → why it failed, for the rows whose element names them and says why."""
        found: dict[int, Complaint] = {}
        folded = {key.folded for key in keys}
        for element in self.report:
            named = values_in(element)
            rows = [number for number, key in enumerate(keys) if key.folded in named]
            messages = tuple(text for text in messages_in(element) if values_in(text).isdisjoint(folded))
            if len(rows) == 1 and messages:
                found[rows[0]] = Complaint(messages, labels)
        return found


async def run_job(spec: ObjectSpec, session: Session, rows: Sequence[tuple[Key, JsonObject]]) -> Job:
    """Send rows as one bulk job and wait until it ends.

    Raises:
        DestinationError: the account as a whole refuses.
    """
    route = spec.routes.bulk
    if route is None:
        return Job(End.NOT_TAKEN)
    body: JsonObject = {spec.plural: [{key.field: key.value, "data": data} for key, data in rows]}
    async with session.jobs:
        for attempt in range(_BUSY_ATTEMPTS):
            if attempt:
                await session.pause(_BUSY_SECONDS)
            answer = await session.call(route, route.path, body=body)
            if not (isinstance(answer, Response) and answer.status == _BUSY):
                return await _followed(session, answer)
        return Job(End.NOT_TAKEN, code="busy")


async def _followed(session: Session, answer: Response | Failure) -> Job:
    if not (isinstance(answer, Response) and answer.ok):
        outcome = undone(answer, {})
        end = End.NOT_TAKEN if outcome.status is Status.REFUSED else End.OPEN
        return Job(end, code=outcome.code)
    job_id = str(answer.object.get("job_status_url") or "").rstrip("/").rpartition("/")[2]
    if not job_id:
        return Job(End.OPEN, code="no_job")
    waited = 0.0
    while waited < session.settings.job_seconds:
        await session.pause(session.settings.poll_seconds)
        waited += session.settings.poll_seconds
        state = await session.fetch(routes.JOB, routes.JOB.at(id=job_id)) or {}
        status = str(state.get("status") or "").upper()
        if status in _ENDED | _FAILED:
            return _report(End.DONE if status in _ENDED else End.FAILED, state.get("data"))
    return Job(End.OPEN, code="job_stuck")


def _report(end: End, data: Any) -> Job:
    """The report is JSON inside a text."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            data = None
    report = data if isinstance(data, dict) else {}
    counts, elements = report.get("record_status"), report.get("detailed_failure_report")
    listed = elements if isinstance(elements, list) else []
    failed = counts.get("failed") if isinstance(counts, dict) else None
    return Job(end, failed=failed if isinstance(failed, int) else len(listed), report=listed)
