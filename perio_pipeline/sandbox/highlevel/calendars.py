"""Calendars (section 7.4)."""

from perio_pipeline.sandbox.common.exchange import Reply
from perio_pipeline.sandbox.common.store import Json
from perio_pipeline.sandbox.highlevel.exchange import Call, Operation
from perio_pipeline.sandbox.highlevel.ids import IdSource
from perio_pipeline.sandbox.highlevel.state import LocationState

DEFAULTS: Json = {
    "isActive": True,
    "calendarType": "event",
    "slotDuration": 30,
    "slotInterval": 30,
    "autoConfirm": True,
    "allowReschedule": True,
    "allowCancellation": True,
    "teamMembers": [],
}


def new_calendar(location: LocationState, ids: IdSource, body: Json) -> Json:
    """Make a calendar of a create body and store it."""
    return location.put("calendar", {**DEFAULTS, **body, "id": ids.short(), "locationId": location.config.id})


def create(call: Call) -> Reply:
    """POST /calendars/."""
    return Reply({"calendar": new_calendar(call.location, call.sandbox.ids, call.body)})


def listed(call: Call) -> Reply:
    """GET /calendars/."""
    return Reply({"calendars": list(call.location["calendar"])})


def read(call: Call) -> Reply:
    """GET /calendars/{calendarId}."""
    return Reply({"calendar": call.find("calendar", call.params["calendarId"])})


def update(call: Call) -> Reply:
    """PUT /calendars/{calendarId}."""
    calendar = call.find("calendar", call.params["calendarId"])
    return Reply({"calendar": call.location.put("calendar", {**calendar, **call.body})})


def delete(call: Call) -> Reply:
    """DELETE /calendars/{calendarId}, with its appointments."""
    calendar = call.find("calendar", call.params["calendarId"], deleting=True)
    for appointment in call.location["appointment"].by("calendarId", calendar["id"]):
        call.location.delete("appointment", appointment["id"])
    call.location.delete("calendar", calendar["id"])
    return Reply({"success": True})


READ, WRITE = "calendars.readonly", "calendars.write"
OPERATIONS = (
    Operation("POST", "/calendars/", WRITE, create, dto="create-calendar"),
    Operation("GET", "/calendars/", READ, listed, required_query=("locationId",)),
    Operation("GET", "/calendars/{calendarId}", READ, read),
    Operation("PUT", "/calendars/{calendarId}", WRITE, update, dto="update-calendar"),
    Operation("DELETE", "/calendars/{calendarId}", WRITE, delete),
)
