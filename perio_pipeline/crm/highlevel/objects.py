"""The objects that are plain records, as data: their routes, white-lists and shapes.

HighLevel answers 422 to any property it does not list, so a body is built from these lists and from nothing else.
Links between companies and contacts are no records of their own; see `links`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from perio_pipeline.crm.highlevel import constants, routes
from perio_pipeline.crm.highlevel.routes import Route
from perio_pipeline.crm.protocol import Value


@dataclass(frozen=True)
class ObjectSpec:
    """One object.

    Attributes:
        name: as in `Payload.object`.
        create, update, delete: its writes.
        get: reads one record by id, where there is such a call.
        listing: the list that `read` and `find` go by instead: of a contact's records, or of the whole account.
        envelope: keys under which an answer may hold the record; an answer without them is the record itself.
        list_key: key of the records in a list.
        fields: what a create may set.
        fixed: those of `fields` that an update may not set.
        derived: those of `fields` that other records change as well, so that they say nothing about this one.
        body_links: links that a create sends in its body.
        of_contact: the record lives in a contact's path; its id alone does not lead to it.
        located: a create names the location.
        model: whose custom fields it carries, if any.
        defaults: sent with every write unless the payload says otherwise.
        aliases: names under which a read returns a field.
        delete_body: a body that the delete call insists on.
        nullable: fields that null clears; of the others, a text is cleared by an empty one and a yes by a no
            (the specification's types).
    """

    name: str
    create: Route
    update: Route
    delete: Route
    envelope: tuple[str, ...]
    fields: frozenset[str]
    get: Route | None = None
    listing: Route | None = None
    list_key: str = ""
    fixed: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    body_links: tuple[str, ...] = ()
    of_contact: bool = False
    located: bool = True
    model: str = ""
    defaults: Mapping[str, Value] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    delete_body: bool = False
    nullable: frozenset[str] = frozenset()


_COMPANY_FIELDS = "name phone email website address city postalCode state country description"
_CONTACT_FIELDS = (
    "firstName lastName name email gender phone address1 city state postalCode website timezone dnd tags source "
    "dateOfBirth country companyName assignedTo"
)
_OPPORTUNITY_FIELDS = "pipelineId name pipelineStageId status monetaryValue assignedTo"
_TASK_FIELDS = "title body dueDate completed assignedTo"
_NOTE_FIELDS = "body userId title color pinned"
_EVENT_FIELDS = (
    "calendarId startTime endTime title appointmentStatus assignedUserId address description meetingLocationType "
    "meetingLocationId overrideLocationConfig ignoreDateRange ignoreFreeSlotValidation toNotify"
)

FLAGS = frozenset(
    ["dnd", "completed", "pinned", "overrideLocationConfig", "ignoreDateRange", "ignoreFreeSlotValidation", "toNotify"]
)
NUMBERS = frozenset({"monetaryValue"})

_NOTES = ObjectSpec(
    name=constants.NOTES,
    create=routes.NOTE_CREATE,
    update=routes.NOTE_UPDATE,
    delete=routes.NOTE_DELETE,
    listing=routes.NOTE_LIST,
    list_key="notes",
    envelope=("note",),
    fields=frozenset(_NOTE_FIELDS.split()),
    of_contact=True,
    located=False,
)

SPECS: Mapping[str, ObjectSpec] = {
    spec.name: spec
    for spec in (
        ObjectSpec(
            name=constants.COMPANIES,
            create=routes.COMPANY_CREATE,
            update=routes.COMPANY_UPDATE,
            delete=routes.COMPANY_DELETE,
            get=routes.COMPANY_GET,
            listing=routes.COMPANY_LIST,
            list_key="businesses",
            envelope=("buiseness", "business"),  # the first spelling is the API's own
            fields=frozenset(_COMPANY_FIELDS.split()),
        ),
        ObjectSpec(
            name=constants.CONTACTS,
            create=routes.CONTACT_CREATE,
            update=routes.CONTACT_UPDATE,
            delete=routes.CONTACT_DELETE,
            get=routes.CONTACT_GET,
            envelope=("contact",),
            fields=frozenset(_CONTACT_FIELDS.split()),
            fixed=frozenset({"gender", "companyName"}),
            nullable=frozenset(_CONTACT_FIELDS.split()) - {"postalCode", "country", "dnd", "tags"},
            derived=frozenset({"companyName"}),  # follows the company that the contact is linked to
            model="contact",
        ),
        ObjectSpec(
            name=constants.OPPORTUNITIES,
            create=routes.OPPORTUNITY_CREATE,
            update=routes.OPPORTUNITY_UPDATE,
            delete=routes.OPPORTUNITY_DELETE,
            get=routes.OPPORTUNITY_GET,
            envelope=("opportunity",),
            fields=frozenset(_OPPORTUNITY_FIELDS.split()),
            body_links=("contactId",),
            model="opportunity",
        ),
        ObjectSpec(
            name=constants.TASKS,
            create=routes.TASK_CREATE,
            update=routes.TASK_UPDATE,
            delete=routes.TASK_DELETE,
            listing=routes.TASK_LIST,
            list_key="tasks",
            envelope=("task",),
            fields=frozenset(_TASK_FIELDS.split()),
            of_contact=True,
            located=False,
        ),
        ObjectSpec(
            name=constants.APPOINTMENTS,
            create=routes.EVENT_CREATE,
            update=routes.EVENT_UPDATE,
            delete=routes.EVENT_DELETE,
            get=routes.EVENT_GET,
            listing=routes.EVENT_LIST,
            list_key="events",
            envelope=("event", "appointment"),
            fields=frozenset(_EVENT_FIELDS.split()),
            body_links=("contactId",),
            of_contact=True,
            # A migrated appointment is a record, not a booking: nobody is notified and no free slot is asked for.
            defaults={"toNotify": False, "ignoreDateRange": True, "ignoreFreeSlotValidation": True},
            aliases={"description": "notes"},
            delete_body=True,
        ),
        _NOTES,
        replace(_NOTES, name=constants.YEARLY_NOTES),
    )
}
