"""Work that goes on after its call was answered: bulk upserts and, where switched on, bulk deletes (2.4, 15).

A job is open until it has been polled or has aged enough. It is looked at whenever a request comes in, since nothing
else can see the difference.
"""

import json
import random
from typing import Any

from perio_pipeline.sandbox.common.errors import ApiError
from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import RefusedError, not_found
from perio_pipeline.sandbox.freshsales.exchange import PREFIX, Call, Operation, as_id
from perio_pipeline.sandbox.freshsales.modules import BY_ENTITY, Module, custom
from perio_pipeline.sandbox.freshsales.removal import emptied, soft_deleted
from perio_pipeline.sandbox.freshsales.upsert import upserted

MESSAGE = "The records are being processed"


def start_bulk(call: Call, module: Module, rows: list[Any]) -> Json:
    """Accept the rows of a bulk upsert; the job's record."""
    fault = call.fault
    failing: list[int] = []
    if fault is not None and fault.kind in ("partial_bulk", "failed_job"):
        failing = sorted(random.Random(fault.seed).sample(range(len(rows)), min(fault.rows, len(rows))))
    now = call.now()
    job: Json = {
        "id": call.sandbox.ids.next(),
        "state": "open",
        "kind": "bulk_upsert",
        "entity": module.entity,
        "rows": rows,
        "size": len(rows),
        "failing": failing,
        "polls": 0,
        "accepted": call.sandbox.clock.now(),
        "stuck": fault is not None and fault.kind == "stuck_job",
        "fails": fault is not None and fault.kind == "failed_job",
        "created_at": now,
        "status_updated_at": now,
        "report": None,
    }
    if call.behaviour.bulk_rows_apply == "at_once":
        job = _applied(call, job)
    return call.account.put("jobs", job)


def schedule(call: Call, module: Module, ids: list[int]) -> None:
    """Delete records, now or when the account gets round to it."""
    job: Json = {
        "id": call.sandbox.ids.next(),
        "state": "open",
        "kind": "bulk_destroy",
        "entity": module.entity,
        "ids": ids,
        "accepted": call.sandbox.clock.now(),
    }
    if call.behaviour.bulk_destroy_seconds == 0:
        _destroy(call, job)
    else:
        call.account.put("jobs", job)


def advance(call: Call) -> None:
    """Bring the jobs of the account, and its recycle bin, up to the present."""
    emptied(call)
    for job in call.account["jobs"].by("state", "open"):
        if not _is_due(call, job):
            continue
        if job["kind"] == "bulk_destroy":
            _destroy(call, job)
            call.account.delete("jobs", job["id"])
        else:
            done = job if job["report"] is not None else _applied(call, job)
            call.account.put("jobs", {**done, "state": "done", "status_updated_at": call.now()})


def open_jobs(call: Call) -> int:
    """How many bulk upserts are under way."""
    return sum(job["kind"] == "bulk_upsert" for job in call.account["jobs"].by("state", "open"))


def status(call: Call) -> Reply:
    """GET /job_statuses/{id}: pending as often as set, then SUCCESS, also when rows failed (16.5).

    A planned fault makes it FAILED.
    """
    number = as_id(call.params["id"])
    job = call.account["jobs"].get(number) if number is not None else None
    if job is None or job["kind"] != "bulk_upsert":
        raise not_found("Job")
    answer: Json = {"job_type_name": "BulkUpsert", "created_at": job["created_at"]}
    if job["state"] == "done":
        done = {"status": "SUCCESS", "progress": 100, "data": json.dumps(job["report"])}
        if job["fails"]:
            done = {"status": "FAILED", "progress": 100, "data": None}
        return Reply({**answer, **done, "status_updated_at": job["status_updated_at"]})
    names = call.behaviour.job_pending_statuses
    name = names[min(job["polls"], len(names) - 1)]
    progress = min(99, 100 * job["polls"] // (call.behaviour.job_polls + 1))
    call.account.put("jobs", {**job, "polls": job["polls"] + 1})
    pending = {"status": name, "progress": progress, "data": None}
    return Reply({**answer, **pending, "status_updated_at": job["status_updated_at"]})


def status_url(call: Call, job: Json) -> str:
    """Where a client polls."""
    return f"{call.base_url}{PREFIX}/job_statuses/{job['id']}"


def _is_due(call: Call, job: Json) -> bool:
    age = call.sandbox.clock.now() - job["accepted"]
    if job["kind"] == "bulk_destroy":
        return bool(age >= call.behaviour.bulk_destroy_seconds)
    if job["stuck"]:
        return False
    takes = call.behaviour.job_seconds + call.behaviour.job_row_seconds * job["size"]
    return bool(job["polls"] >= call.behaviour.job_polls or age >= takes)


def _applied(call: Call, job: Json) -> Json:
    module = BY_ENTITY[job["entity"]]
    failures, written = [], []
    for index, row in enumerate(job["rows"]):
        try:
            if index in job["failing"]:
                raise RefusedError(500, "Something went wrong, please try again")
            written.append({"id": _apply_row(call, module, row)["id"], **_identifier(row)})
        except ApiError as refusal:
            messages = list(refusal.messages) if isinstance(refusal, RefusedError) else [str(refusal.status)]
            failures.append(_failure(call, index, row, messages))
    told = [] if call.behaviour.failure_report == "counts" else failures
    counts = {"succeeded": len(job["rows"]) - len(failures), "failed": len(failures)}
    report = {"record_status": counts, "detailed_failure_report": told}
    return {**job, "rows": [], "report": report | ({"records": written} if call.behaviour.job_ids else {})}


def _identifier(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "data"}


def _apply_row(call: Call, module: Module, row: Any) -> Json:
    if not isinstance(row, dict) or not isinstance(row.get("data"), dict):
        raise RefusedError(400, "data can't be empty")
    identifier = _identifier(row)
    if "external_id" in identifier and call.behaviour.bulk_by_external_id == "rows_fail":
        raise RefusedError(400, "Unique identifier is invalid")
    return upserted(call, module, identifier, row["data"])[0]


def _failure(call: Call, index: int, row: Any, messages: list[str]) -> Json:
    if call.behaviour.failure_report == "indexed" or not isinstance(row, dict):
        return {"index": index, "errors": messages}
    return {**_identifier(row), "message": messages}


def _destroy(call: Call, job: Json) -> None:
    module = BY_ENTITY.get(job["entity"]) or custom(job["entity"])
    for number in job["ids"]:
        record = call.account[module.entity].get(number)
        if record is not None and not record.get("_deleted"):
            soft_deleted(call, module.entity, record)


OPERATIONS = (Operation("GET", "/job_statuses/{id}", status),)
