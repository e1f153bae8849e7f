"""Sales activities, whose dates are the caller's, and the manual call log, whose dates are not (section 10)."""

import re

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.freshsales.errors import bad_request
from perio_pipeline.sandbox.freshsales.exchange import Call, Operation, as_id, unwrapped
from perio_pipeline.sandbox.freshsales.modules import BY_ONE, Module
from perio_pipeline.sandbox.freshsales.records import changed
from perio_pipeline.sandbox.freshsales.targets import (
    SUCCESS,
    creator,
    read_target,
    require,
    retargeted,
    shown_child,
    stamped,
)

MODULE = Module("sales_activities", "sales_activity", "SalesActivity", "/sales_activities", "SalesActivity")
BRACKETS = re.compile(r"\[([^\]]*)\]")


def create(call: Call) -> Reply:
    """POST /sales_activities."""
    body = unwrapped(call.body, "sales_activity")
    require(body, "owner_id", "targetable_type", "targetable_id")
    record = {**changed(call, MODULE, body, None), "creater_id": creator(call, body), **read_target(call, body)}
    return Reply(_answer(call.account.put(MODULE.entity, record)), call.behaviour.create_status)


def view(call: Call) -> Reply:
    """GET /sales_activities/{id}."""
    return Reply(_answer(call.find(MODULE.entity, call.params["id"])))


def update(call: Call) -> Reply:
    """PUT /sales_activities/{id}."""
    record, body = call.find(MODULE.entity, call.params["id"]), unwrapped(call.body, "sales_activity")
    written = {**changed(call, MODULE, body, record), **retargeted(call, record, body)}
    return Reply(_answer(call.account.put(MODULE.entity, written)))


def delete(call: Call) -> Reply:
    """DELETE /sales_activities/{id}."""
    call.account.delete(MODULE.entity, call.find(MODULE.entity, call.params["id"])["id"])
    return Reply(SUCCESS)


def listed(call: Call) -> Reply:
    """GET /sales_activities."""
    records, meta = call.page(list(call.account[MODULE.entity]))
    return Reply({MODULE.entity: [shown_child(record) for record in records], "meta": meta})


def of_contact(call: Call) -> Reply:
    """GET /contacts/{id}/activities."""
    contact = call.find("contacts", call.params["id"])
    records, meta = call.page(call.account[MODULE.entity].by("_target", f"Contact/{contact['id']}"))
    return Reply({"activities": [shown_child(record) for record in records], "meta": meta})


def log_call(call: Call) -> Reply:
    """POST /phone_calls: only bracket keys in a form keep the target; JSON loses it and stumbles over a note."""
    given = call.body if call.is_json else nested(call.form.fields)
    body = unwrapped(given, "phone_call")
    loses_target = call.is_json and call.behaviour.phone_calls_json == "loses_target"
    if loses_target and "note" in body:
        raise bad_request("note is invalid")
    target = {} if loses_target else _call_target(call, body)
    incoming = body.get("call_direction") in (True, "true", "1")
    record = {**stamped(call, {}), **target, "call_direction": incoming}
    call.account.put("phone_calls", record)
    note = body.get("note")
    if target and isinstance(note, dict) and note.get("description"):
        text = str(note["description"])
        call.account.put("notes", {**stamped(call, {}), **target, "description": text, "html_content": text})
    return Reply({"phone_call": shown_child(record)}, call.behaviour.create_status)


def cti_call(call: Call) -> Reply:
    """POST /cti_phone_calls: always refused, though a tutorial uses it (section 10)."""
    raise bad_request("cti_phone_call is invalid")


def nested(fields: tuple[tuple[str, str], ...]) -> Json:
    """The object that bracket keys such as a[b][c]=1 describe."""
    result: Json = {}
    for key, value in fields:
        names = [key.partition("[")[0], *BRACKETS.findall(key)]
        inner = result
        for name in names[:-1]:
            inner = inner.setdefault(name, {})
        inner[names[-1]] = value
    return result


def _call_target(call: Call, body: Json) -> Json:
    module = BY_ONE.get(str(body.get("targetable_type")))
    given = body.get("targetable")
    number = as_id(given.get("id")) if isinstance(given, dict) else None
    if module is None or number is None:
        return {}
    return read_target(call, {"targetable_type": module.target, "targetable_id": number})


def _answer(record: Json) -> Json:
    return {"sales_activity": shown_child(record)}


OPERATIONS = (
    Operation("POST", "/sales_activities", create),
    Operation("GET", "/sales_activities", listed),
    Operation("GET", "/sales_activities/{id}", view),
    Operation("PUT", "/sales_activities/{id}", update),
    Operation("DELETE", "/sales_activities/{id}", delete),
    Operation("GET", "/contacts/{id}/activities", of_contact),
    Operation("POST", "/phone_calls", log_call, form=True),
    Operation("POST", "/cti_phone_calls", cti_call, form=True),
)
