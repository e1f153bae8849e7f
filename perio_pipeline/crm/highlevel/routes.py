"""The HighLevel requests the adapter makes, as data: method, path, scope and version."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from perio_pipeline.crm.highlevel.constants import API_VERSION, CALENDAR_VERSION


@dataclass(frozen=True)
class Route:
    """One operation.

    Attributes:
        method: of HTTP.
        path: with the names of its ids in braces.
        scope: what the token needs for it.
        version: the API version it belongs to.
        reads: it changes nothing, whatever its method.
        about_record: it asks about one record that may be gone, though its path does not name it.
    """

    method: str
    path: str
    scope: str
    version: str = API_VERSION
    reads: bool = False
    about_record: bool = False

    @property
    def may_miss(self) -> bool:
        """Whether "not found" is an answer; for a list of the whole account it is a fault."""
        return "{" in self.path or self.about_record

    def at(self, **ids: str) -> str:
        """The path with its ids filled in."""
        return self.path.format(**{name: quote(value, safe="") for name, value in ids.items()})


def _get(path: str, scope: str, version: str = API_VERSION) -> Route:
    return Route("GET", path, scope, version, reads=True)


LOCATION = _get("/locations/{location}", "locations.readonly")
PIPELINES = _get("/opportunities/pipelines", "opportunities.readonly")
USERS = _get("/users/", "users.readonly")
CALENDARS = _get("/calendars/", "calendars.readonly", CALENDAR_VERSION)

FIELD_LIST = _get("/locations/{location}/customFields", "locations/customFields.readonly")
FIELD_CREATE = Route("POST", "/locations/{location}/customFields", "locations/customFields.write")
FIELD_DELETE = Route("DELETE", "/locations/{location}/customFields/{id}", "locations/customFields.write")

COMPANY_LIST = _get("/businesses/", "businesses.readonly")
COMPANY_GET = _get("/businesses/{id}", "businesses.readonly")
COMPANY_CREATE = Route("POST", "/businesses/", "businesses.write")
COMPANY_UPDATE = Route("PUT", "/businesses/{id}", "businesses.write")
COMPANY_DELETE = Route("DELETE", "/businesses/{id}", "businesses.write")

FILE_UPLOAD = Route("POST", "/forms/upload-custom-files", "forms.write")

CONTACT_GET = _get("/contacts/{id}", "contacts.readonly")
CONTACT_CREATE = Route("POST", "/contacts/", "contacts.write")
CONTACT_UPDATE = Route("PUT", "/contacts/{id}", "contacts.write")
CONTACT_DELETE = Route("DELETE", "/contacts/{id}", "contacts.write")
CONTACT_SEARCH = Route("POST", "/contacts/search", "contacts.readonly", reads=True)
CONTACT_DUPLICATE = Route("GET", "/contacts/search/duplicate", "contacts.readonly", reads=True, about_record=True)

LINK_SET = Route("POST", "/contacts/bulk/business", "contacts.write")
LINK_LIST = _get("/contacts/business/{business}", "contacts.readonly")

OPPORTUNITY_GET = _get("/opportunities/{id}", "opportunities.readonly")
OPPORTUNITY_CREATE = Route("POST", "/opportunities/", "opportunities.write")
OPPORTUNITY_UPDATE = Route("PUT", "/opportunities/{id}", "opportunities.write")
OPPORTUNITY_DELETE = Route("DELETE", "/opportunities/{id}", "opportunities.write")
OPPORTUNITY_SEARCH = Route("GET", "/opportunities/search", "opportunities.readonly", reads=True, about_record=True)

TASK_LIST = _get("/contacts/{contact}/tasks", "contacts.readonly")
TASK_CREATE = Route("POST", "/contacts/{contact}/tasks", "contacts.write")
TASK_UPDATE = Route("PUT", "/contacts/{contact}/tasks/{id}", "contacts.write")
TASK_DELETE = Route("DELETE", "/contacts/{contact}/tasks/{id}", "contacts.write")

NOTE_LIST = _get("/contacts/{contact}/notes", "contacts.readonly")
NOTE_CREATE = Route("POST", "/contacts/{contact}/notes", "contacts.write")
NOTE_UPDATE = Route("PUT", "/contacts/{contact}/notes/{id}", "contacts.write")
NOTE_DELETE = Route("DELETE", "/contacts/{contact}/notes/{id}", "contacts.write")

EVENT_LIST = _get("/contacts/{contact}/appointments", "contacts.readonly")
EVENT_GET = _get("/calendars/events/appointments/{id}", "calendars/events.readonly", CALENDAR_VERSION)
EVENT_CREATE = Route("POST", "/calendars/events/appointments", "calendars/events.write", CALENDAR_VERSION)
EVENT_UPDATE = Route("PUT", "/calendars/events/appointments/{id}", "calendars/events.write", CALENDAR_VERSION)
EVENT_DELETE = Route("DELETE", "/calendars/events/{id}", "calendars/events.write", CALENDAR_VERSION)
