"""The upsert routes, for one record and for up to a hundred (sections 2.3 and 2.4)."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.freshsales.crud import answered
from perio_pipeline.sandbox.freshsales.errors import RefusedError, bad_request
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation
from perio_pipeline.sandbox.freshsales.jobs import MESSAGE, open_jobs, start_bulk, status_url
from perio_pipeline.sandbox.freshsales.modules import STANDARD
from perio_pipeline.sandbox.freshsales.upsert import upserted

BUSY = "Too many bulk operations are in progress"


def upsert(call: Call) -> Reply:
    """POST /{module}/upsert."""
    identifier = call.body.get("unique_identifier")
    if (
        isinstance(identifier, dict)
        and "external_id" in identifier
        and call.behaviour.upsert_by_external_id == "refused"
    ):
        raise bad_request("Unique identifier is invalid")
    inner = call.body.get(call.module.one)
    body = inner if isinstance(inner, dict) else {k: v for k, v in call.body.items() if k != "unique_identifier"}
    record, is_new = upserted(call, call.module, identifier, body)
    status = call.behaviour.upsert_create_status if is_new else 200
    return Reply(answered(call, call.module, record), status)


def bulk_upsert(call: Call) -> Reply:
    """POST /{module}/bulk_upsert: answers with the job, never with ids."""
    rows = call.body.get(call.module.entity)
    if not isinstance(rows, list) or not rows:
        raise bad_request(f"{call.module.entity} can't be empty")
    most_rows = call.behaviour.bulk_most_rows
    if len(rows) > most_rows:
        raise RefusedError(call.behaviour.bulk_over_limit_status, f"You can upsert {most_rows} records at most")
    most = call.behaviour.bulk_open_jobs
    if most is not None and open_jobs(call) >= most:
        raise RefusedError(405, BUSY)
    if call.behaviour.bulk_cost == "rows":
        call.account.quota.charge(call.sandbox.clock.now(), len(rows) - 1)
    job = start_bulk(call, call.module, rows)
    return Reply({"message": MESSAGE, "job_status_url": status_url(call, job)})


OPERATIONS = tuple(
    operation
    for module in STANDARD
    for operation in (
        Operation("POST", f"{module.path}/upsert", upsert, module),
        Operation("POST", f"{module.path}/bulk_upsert", bulk_upsert, module),
    )
)
