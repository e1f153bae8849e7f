"""Tasks on contacts and their search (section 7.3)."""

from perio_pipeline.sandbox.common.clock import api_timestamp, parse_timestamp
from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.errors import unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation


def create(call: Call) -> Reply:
    """POST /contacts/{contactId}/tasks; a due date in the past is fine."""
    contact = call.find("contact", call.params["contactId"])
    own = {"id": call.sandbox.ids.short(), "contactId": contact["id"]}
    return Reply({"task": call.location.put("task", {**_written(call.body), **own})}, 201)


def update(call: Call) -> Reply:
    """PUT /contacts/{contactId}/tasks/{taskId}, and /completed."""
    return Reply({"task": call.location.put("task", {**_find(call), **_written(call.body)})})


def listed(call: Call) -> Reply:
    """GET /contacts/{contactId}/tasks."""
    contact = call.find("contact", call.params["contactId"])
    return Reply({"tasks": call.location["task"].by("contactId", contact["id"])})


def read(call: Call) -> Reply:
    """GET /contacts/{contactId}/tasks/{taskId}."""
    return Reply({"task": _find(call)})


def delete(call: Call) -> Reply:
    """DELETE /contacts/{contactId}/tasks/{taskId}."""
    call.location.delete("task", _find(call, deleting=True)["id"])
    return Reply({"succeded": True})


def search(call: Call) -> Reply:
    """POST /locations/{locationId}/tasks/search, as late as every search."""
    body = call.body
    found = [task for task in call.location.searchable("task") if _matches(call, task)]
    skip, limit = int(body.get("skip", 0)), int(body.get("limit", 25))
    return Reply({"tasks": found[skip : skip + limit]})


def _matches(call: Call, task: Json) -> bool:
    body = call.body
    if "completed" in body and task["completed"] != body["completed"]:
        return False
    for name in ("contactId", "assignedTo"):
        if body.get(name) and task.get(name) not in body[name]:
            return False
    if body.get("businessId"):
        contact = call.location["contact"].get(task["contactId"])
        if contact is None or contact.get("businessId") != body["businessId"]:
            return False
    return body.get("query", "").lower() in task["title"].lower()


def _find(call: Call, *, deleting: bool = False) -> Json:
    return call.find_of_contact("task", call.params["taskId"], deleting=deleting)


def _written(body: Json) -> Json:
    if "dueDate" not in body:
        return body
    due = parse_timestamp(body["dueDate"])
    if due is None:
        raise unprocessable("dueDate must be a valid ISO 8601 date string")
    return {**body, "dueDate": api_timestamp(due)}


READ, WRITE = "contacts.readonly", "contacts.write"
OPERATIONS = (
    Operation("POST", "/contacts/{contactId}/tasks", WRITE, create, dto="create-task"),
    Operation("GET", "/contacts/{contactId}/tasks", READ, listed),
    Operation("GET", "/contacts/{contactId}/tasks/{taskId}", READ, read),
    Operation("PUT", "/contacts/{contactId}/tasks/{taskId}", WRITE, update, dto="update-task"),
    Operation("PUT", "/contacts/{contactId}/tasks/{taskId}/completed", WRITE, update, dto="complete-task"),
    Operation("DELETE", "/contacts/{contactId}/tasks/{taskId}", WRITE, delete),
    Operation("POST", "/locations/{locationId}/tasks/search", "locations/tasks.readonly", search, dto="search-tasks"),
)
