"""Appointments and the events of a calendar (section 7.4)."""

from datetime import UTC, datetime, timedelta

from perio_pipeline.sandbox.common.clock import parse_timestamp
from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.errors import bad_request, unprocessable
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation

FREE = frozenset({"cancelled", "noshow", "invalid"})
INSTRUCTIONS = frozenset({"ignoreDateRange", "ignoreFreeSlotValidation", "toNotify", "overrideLocationConfig"})
TAKEN = "The slot you have selected is no longer available."


def create(call: Call) -> Reply:
    """POST /calendars/events/appointments; the answer is flat."""
    call.find("contact", call.body["contactId"])
    calendar = call.find("calendar", call.body["calendarId"])
    now = call.now()
    blank = {
        "id": call.sandbox.ids.short(),
        "appointmentStatus": "confirmed" if calendar["autoConfirm"] else "new",
        "title": calendar["name"],
        "dateAdded": now,
    }
    appointment = _changed(call, blank)
    return Reply(_flat(call.location.put("appointment", appointment)), call.behaviour.appointment_create_status)


def update(call: Call) -> Reply:
    """PUT /calendars/events/appointments/{eventId}."""
    appointment = _changed(call, call.find("appointment", call.params["eventId"]))
    return Reply(_flat(call.location.put("appointment", appointment)))


def read(call: Call) -> Reply:
    """GET /calendars/events/appointments/{eventId}."""
    return Reply({"event": _event(call.find("appointment", call.params["eventId"]))})


def delete(call: Call) -> Reply:
    """DELETE /calendars/events/{eventId}, with a body."""
    if call.behaviour.event_delete_needs_body and not call.has_body:
        raise bad_request("Body must be an object")
    call.location.delete("appointment", call.find("appointment", call.params["eventId"], deleting=True)["id"])
    return Reply({"succeeded": True}, call.behaviour.event_delete_status)


def of_contact(call: Call) -> Reply:
    """GET /contacts/{contactId}/appointments."""
    contact = call.find("contact", call.params["contactId"])
    return Reply({"events": [_event(item) for item in call.location["appointment"].by("contactId", contact["id"])]})


def events(call: Call) -> Reply:
    """GET /calendars/events: those that start between two moments, of a calendar, a user or a group."""
    query = call.query
    if not any(query.get(name) for name in ("userId", "calendarId", "groupId")):
        raise unprocessable("Either of userId, calendarId or groupId is required")
    if not (query["startTime"].isdigit() and query["endTime"].isdigit()):
        raise unprocessable("startTime and endTime must be epoch milliseconds")
    start, end = (datetime.fromtimestamp(int(query[name]) / 1000, UTC) for name in ("startTime", "endTime"))
    wanted = {"assignedUserId": query.get("userId"), "calendarId": query.get("calendarId")}
    found = [
        _event(item)
        for item in call.location["appointment"]
        if start <= _moment(item["startTime"]) < end
        and all(value is None or item.get(name) == value for name, value in wanted.items())
        and (not query.get("groupId") or _group(call, item) == query["groupId"])
    ]
    return Reply({"events": found})


def _changed(call: Call, appointment: Json) -> Json:
    written = {name: value for name, value in call.body.items() if name not in INSTRUCTIONS}
    changed = {**appointment, **written, "locationId": call.location.config.id, "dateUpdated": call.now()}
    calendar = call.find("calendar", changed["calendarId"])
    start = parse_timestamp(str(changed.get("startTime", "")))
    if start is None:
        raise unprocessable("startTime must be a valid ISO 8601 date string")
    length = timedelta(minutes=float(calendar["slotDuration"]))
    end = parse_timestamp(changed["endTime"]) if changed.get("endTime") else start + length
    if end is None or end < start:
        raise unprocessable("endTime must be a valid ISO 8601 date string after startTime")
    if calendar["teamMembers"] and not changed.get("assignedUserId"):
        raise unprocessable("A team member needs to be selected")
    if "startTime" in written or "endTime" in written:
        _check_slot(call, changed, start, end)
    return {**changed, "endTime": end.isoformat()}


def _check_slot(call: Call, appointment: Json, start: datetime, end: datetime) -> None:
    ignores_all = bool(call.body.get("ignoreFreeSlotValidation"))
    past = start.timestamp() < call.sandbox.clock.now()
    if past and ignores_all and call.behaviour.past_appointment == "accept":
        return
    if past and (call.behaviour.past_appointment == "refuse" or not call.body.get("ignoreDateRange")):
        raise bad_request(TAKEN)
    if ignores_all:
        return
    for other in call.location["appointment"].by("calendarId", appointment["calendarId"]):
        if other["id"] == appointment["id"] or other["appointmentStatus"] in FREE:
            continue
        same_person = other.get("assignedUserId") == appointment.get("assignedUserId")
        if same_person and _moment(other["startTime"]) < end and start < _moment(other["endTime"]):
            raise bad_request(TAKEN)


def _moment(text: str) -> datetime:
    return parse_timestamp(text) or datetime.fromtimestamp(0, UTC)


def _group(call: Call, appointment: Json) -> str | None:
    calendar = call.location["calendar"].get(appointment["calendarId"])
    return calendar.get("groupId") if calendar else None


def _flat(appointment: Json) -> Json:
    return {name: value for name, value in appointment.items() if name not in ("dateAdded", "dateUpdated")}


def _event(appointment: Json) -> Json:
    user = appointment.get("assignedUserId", "")
    groundwork = {"groupId": "", "assignedUserId": user, "users": [user] if user else [], "assignedResources": []}
    return {**groundwork, **appointment, "createdBy": {"source": "third_party"}}


READ, WRITE = "calendars/events.readonly", "calendars/events.write"
ROOT = "/calendars/events/appointments"
OPERATIONS = (
    Operation("POST", ROOT, WRITE, create, dto="create-appointment"),
    Operation("PUT", f"{ROOT}/{{eventId}}", WRITE, update, dto="update-appointment"),
    Operation("GET", f"{ROOT}/{{eventId}}", READ, read),
    Operation("DELETE", "/calendars/events/{eventId}", WRITE, delete),
    Operation("GET", "/calendars/events", READ, events, required_query=("locationId", "startTime", "endTime")),
    Operation("GET", "/contacts/{contactId}/appointments", "contacts.readonly", of_contact),
)
