"""Notes on contacts (section 7.1). Their date is the server's."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.errors import unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation


def create(call: Call) -> Reply:
    """POST /contacts/{contactId}/notes."""
    contact = call.find("contact", call.params["contactId"])
    _check_length(call)
    own = {"id": call.sandbox.ids.short(), "contactId": contact["id"], "dateAdded": call.now()}
    return Reply({"note": call.location.put("note", {**call.body, **own})}, 201)


def update(call: Call) -> Reply:
    """PUT /contacts/{contactId}/notes/{id}."""
    note = _find(call)
    _check_length(call)
    return Reply({"note": call.location.put("note", {**note, **call.body})})


def listed(call: Call) -> Reply:
    """GET /contacts/{contactId}/notes: all of them."""
    contact = call.find("contact", call.params["contactId"])
    return Reply({"notes": call.location["note"].by("contactId", contact["id"])})


def read(call: Call) -> Reply:
    """GET /contacts/{contactId}/notes/{id}."""
    return Reply({"note": _find(call)})


def delete(call: Call) -> Reply:
    """DELETE /contacts/{contactId}/notes/{id}."""
    call.location.delete("note", _find(call, deleting=True)["id"])
    return Reply({"succeded": True})


def _find(call: Call, *, deleting: bool = False) -> Json:
    return call.find_of_contact("note", call.params["id"], deleting=deleting)


def _check_length(call: Call) -> None:
    limit = call.behaviour.note_limit
    if limit is not None and len(call.body.get("body", "")) > limit:
        raise unprocessable(f"body must be shorter than or equal to {limit} characters")


READ, WRITE = "contacts.readonly", "contacts.write"
OPERATIONS = (
    Operation("POST", "/contacts/{contactId}/notes", WRITE, create, dto="create-note"),
    Operation("GET", "/contacts/{contactId}/notes", READ, listed),
    Operation("GET", "/contacts/{contactId}/notes/{id}", READ, read),
    Operation("PUT", "/contacts/{contactId}/notes/{id}", WRITE, update, dto="update-note"),
    Operation("DELETE", "/contacts/{contactId}/notes/{id}", WRITE, delete),
)
