"""Appointments, the meetings of the UI (section 7). They have no external id and no custom fields."""

from datetime import datetime
from typing import Any

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
from perio_pipeline.sandbox.freshsales.values import known_zone, moment

WRITABLE = ("title", "description", "location", "time_zone", "is_allday", "latitude", "longitude", "outcome_id")
ATTENDEES = {"FdMultitenant::User": "users", "Contact": "contacts"}
EMPTY: Json = {
    "description": None,
    "location": None,
    "time_zone": None,
    "is_allday": False,
    "outcome_id": None,
    "conference_id": None,
    "note_id": None,
    "provider": None,
    "checkedin_at": None,
    "checkedin_latitude": None,
    "checkedin_longitude": None,
    "checkedout_at": None,
}


def create(call: Call) -> Reply:
    """POST /appointments."""
    body = unwrapped(call.body, "appointment")
    require(body, "title", "from_date", "end_date")
    target = read_target(call, body) if "targetable_id" in body or "targetable_type" in body else {}
    attendees = _attendees(call, body)
    record = {**EMPTY, **stamped(call, body), **_written(call, body, {}), **target, "_attendees": attendees}
    _invite(call, record)
    return Reply(_answer(call, call.account.put("appointments", record)), call.behaviour.appointment_create_status)


def view(call: Call) -> Reply:
    """GET /appointments/{id}."""
    return Reply(_answer(call, call.find("appointments", call.params["id"])))


def update(call: Call) -> Reply:
    """PUT /appointments/{id}."""
    record, body = call.find("appointments", call.params["id"]), unwrapped(call.body, "appointment")
    changed = {**record, **_written(call, body, record), **retargeted(call, record, body), "updated_at": call.now()}
    if "appointment_attendees_attributes" in body:
        changed["_attendees"] = _attendees(call, body)
        _invite(call, changed)
    return Reply(_answer(call, call.account.put("appointments", changed)))


def delete(call: Call) -> Reply:
    """DELETE /appointments/{id}."""
    call.account.delete("appointments", call.find("appointments", call.params["id"])["id"])
    return Reply(SUCCESS)


def listed(call: Call) -> Reply:
    """GET /appointments?filter=past|upcoming."""
    wanted = call.query.get("filter")
    if wanted not in (None, "past", "upcoming"):
        raise bad_request("filter is invalid")
    now = call.sandbox.clock.moment()
    found = [
        record
        for record in call.account["appointments"]
        if wanted is None or (_instant(call, record["end_date"]) < now) == (wanted == "past")
    ]
    records, meta = call.page(sorted(found, key=lambda record: _instant(call, record["from_date"])))
    return Reply({"appointments": [_shown(record) for record in records], "meta": meta})


def _written(call: Call, body: Json, current: Json) -> Json:
    written = {name: body[name] for name in WRITABLE if name in body}
    for name in ("from_date", "end_date"):
        if name in body:
            written[name] = call.sandbox.stamp(call.account, _instant(call, body[name]))
    start, end = (written.get(name) or current[name] for name in ("from_date", "end_date"))
    if _instant(call, end) < _instant(call, start):
        raise bad_request("End date must be after the start date")
    past_matters = call.behaviour.past_appointments == "refuse" and "from_date" in written
    if past_matters and _instant(call, start) < call.sandbox.clock.moment():
        raise bad_request("From date can't be in the past")
    zone = written.get("time_zone")
    if zone and call.behaviour.appointment_time_zone == "refuse" and not known_zone(zone):
        raise bad_request("Time zone is invalid")
    return written


def _instant(call: Call, value: Any) -> datetime:
    try:
        read = moment("date", value)
    except UnusableValueError as problem:
        raise bad_request(str(problem)) from None
    return read if read.tzinfo else read.replace(tzinfo=call.account.zone)


def _attendees(call: Call, body: Json) -> list[Json]:
    given = body.get("appointment_attendees_attributes", [])
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise bad_request("The type for appointment_attendees_attributes is invalid.")
    return [_attendee(call, item) for item in given if not item.get("_destroy")]


def _attendee(call: Call, item: Json) -> Json:
    kind, number = item.get("attendee_type"), as_id(item.get("attendee_id"))
    if kind not in ATTENDEES or number is None or call.account[ATTENDEES[kind]].get(number) is None:
        raise bad_request("Attendee is invalid")
    return {"id": call.sandbox.ids.next(), "attendee_type": kind, "attendee_id": number}


def _invite(call: Call, record: Json) -> None:
    """Mail the contacts among the attendees: nothing leaves this machine, the outbox keeps who would get one."""
    for attendee in record["_attendees"]:
        if attendee["attendee_type"] == "Contact" and call.behaviour.attendee_invitations:
            mail = {"id": attendee["id"], "appointment_id": record["id"], "contact_id": attendee["attendee_id"]}
            call.account.put("outbox", mail)


def _shown(record: Json) -> Json:
    return {**shown_child(record), "appointment_attendee_ids": [attendee["id"] for attendee in record["_attendees"]]}


def _answer(call: Call, record: Json) -> Json:
    notes = call.account["notes"].by("_target", f"Appointment/{record['id']}")
    return {
        "appointment": _shown(record),
        "appointment_attendees": record["_attendees"],
        "conferences": [],
        "notes": [shown_child(note) for note in notes],
    }


OPERATIONS = (
    Operation("POST", "/appointments", create),
    Operation("GET", "/appointments", listed),
    Operation("GET", "/appointments/{id}", view),
    Operation("PUT", "/appointments/{id}", update),
    Operation("DELETE", "/appointments/{id}", delete),
    *of_record("appointments"),
)
