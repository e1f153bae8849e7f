"""Tasks (section 10)."""

from datetime import timedelta

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import UnusableValueError, bad_request
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation, as_id, unwrapped
from perio_pipeline.sandbox.freshsales.targets import (
    SUCCESS,
    of_record,
    read_target,
    require,
    retargeted,
    shown_child,
    stamped,
)
from perio_pipeline.sandbox.freshsales.values import moment

WRITABLE = ("title", "description", "due_date", "owner_id", "task_type_id", "outcome_id", "status", "collaborators")
DONE = 1
FILTERS = ("open", "due_today", "due_tomorrow", "overdue", "completed")


def create(call: Call) -> Reply:
    """POST /tasks."""
    body = unwrapped(call.body, "task")
    require(body, "title", "due_date", "targetable_type", "targetable_id")
    blank = {"owner_id": call.user["id"], "status": 0, "completed_date": None}
    task = {**stamped(call, body), **blank, **_written(call, body), **read_target(call, body)}
    return Reply({"task": shown_child(call.account.put("tasks", task))}, call.behaviour.create_status)


def view(call: Call) -> Reply:
    """GET /tasks/{id}."""
    return Reply({"task": shown_child(call.find("tasks", call.params["id"]))})


def update(call: Call) -> Reply:
    """PUT /tasks/{id}; status 1 marks it done."""
    task, body = call.find("tasks", call.params["id"]), unwrapped(call.body, "task")
    changed = {**task, **_written(call, body), **retargeted(call, task, body), "updated_at": call.now()}
    return Reply({"task": shown_child(call.account.put("tasks", changed))})


def delete(call: Call) -> Reply:
    """DELETE /tasks/{id}."""
    call.account.delete("tasks", call.find("tasks", call.params["id"])["id"])
    return Reply(SUCCESS)


def listed(call: Call) -> Reply:
    """GET /tasks?filter=."""
    wanted = call.query.get("filter", "open")
    if wanted not in FILTERS:
        raise bad_request("filter is invalid")
    today = call.sandbox.clock.moment().astimezone(call.account.zone).date()
    due = {"due_today": today.isoformat(), "due_tomorrow": (today + timedelta(days=1)).isoformat()}

    def matches(task: Json) -> bool:
        if task["status"] == DONE:
            return wanted == "completed"
        day = task["due_date"][:10]
        return wanted == "open" or due.get(wanted) == day or bool(wanted == "overdue" and day < due["due_today"])

    tasks, meta = call.page([task for task in call.account["tasks"] if matches(task)])
    return Reply({"tasks": [shown_child(task) for task in tasks], "meta": meta})


def _written(call: Call, body: Json) -> Json:
    written = {name: body[name] for name in WRITABLE if name in body}
    if "due_date" in written:
        try:
            moment("Due date", written["due_date"])
        except UnusableValueError as problem:
            raise bad_request(str(problem)) from None
    if "status" in written:
        written["status"] = as_id(written["status"])
        if written["status"] not in (0, DONE):
            raise bad_request("Status is invalid")
        written["completed_date"] = call.now() if written["status"] == DONE else None
    return written


OPERATIONS = (
    Operation("POST", "/tasks", create),
    Operation("GET", "/tasks", listed),
    Operation("GET", "/tasks/{id}", view),
    Operation("PUT", "/tasks/{id}", update),
    Operation("DELETE", "/tasks/{id}", delete),
    *of_record("tasks"),
)
