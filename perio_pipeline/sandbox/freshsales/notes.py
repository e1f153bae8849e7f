"""Notes on contacts, accounts and deals (section 8). Their date is the server's."""

import re

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import bad_request
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation, unwrapped
from perio_pipeline.sandbox.freshsales.targets import (
    RECORD_TARGETS,
    SUCCESS,
    of_record,
    read_target,
    require,
    retargeted,
    shown_child,
    stamped,
)

ALLOWED = re.compile(r"</?(?:b|strong|i|em|u|br|p|div|span|ul|ol|li|a)\b[^>]*>", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")


def create(call: Call) -> Reply:
    """POST /notes."""
    body = unwrapped(call.body, "note")
    require(body, "description", "targetable_type", "targetable_id")
    note = {**stamped(call, body), **_texts(call, body), **read_target(call, body, _targets(call))}
    return Reply({"note": shown_child(call.account.put("notes", note))}, call.behaviour.create_status)


def update(call: Call) -> Reply:
    """PUT /notes/{id}."""
    note, body = call.find("notes", call.params["id"]), unwrapped(call.body, "note")
    written = _texts(call, body) if "description" in body else {}
    changed = {**note, **written, **retargeted(call, note, body, _targets(call)), "updated_at": call.now()}
    return Reply({"note": shown_child(call.account.put("notes", changed))})


def delete(call: Call) -> Reply:
    """DELETE /notes/{id}."""
    call.account.delete("notes", call.find("notes", call.params["id"])["id"])
    return Reply(SUCCESS)


def _texts(call: Call, body: Json) -> Json:
    text = body["description"]
    limit = call.behaviour.note_limit
    if not isinstance(text, str):
        raise bad_request("The type for description is invalid.")
    if limit is not None and len(text) > limit:
        raise bad_request(f"Description is too long (maximum is {limit} characters)")
    if call.behaviour.note_html == "strip":
        text = TAG.sub(lambda tag: tag[0] if ALLOWED.fullmatch(tag[0]) else "", text)
    return {"description": text, "html_content": text}


def _targets(call: Call) -> frozenset[str]:
    return RECORD_TARGETS | ({"Appointment"} if call.behaviour.note_on_appointment == "accept" else set())


OPERATIONS = (
    Operation("POST", "/notes", create),
    Operation("PUT", "/notes/{id}", update),
    Operation("DELETE", "/notes/{id}", delete),
    *of_record("notes"),
)
