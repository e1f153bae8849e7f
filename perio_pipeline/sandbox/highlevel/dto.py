"""Whitelists as data: for each operation with a body, its properties and their types.

Anything not named is refused with 422. A type ending in `?` may be null. Names and types follow the official
specification; deviations known from live accounts are noted where they stand.
"""

from dataclasses import dataclass

from perio_pipeline.sandbox.highlevel.config import Behaviour

Types = dict[str, str | tuple[str, ...]]

OPPORTUNITY_STATUS = ("open", "won", "lost", "abandoned", "all")
APPOINTMENT_STATUS = ("new", "confirmed", "cancelled", "showed", "noshow", "invalid")
MEETING_LOCATION_TYPE = ("custom", "zoom", "gmeet", "phone", "address", "ms_teams", "google")
CALENDAR_TYPE = ("round_robin", "event", "class_booking", "collective", "service_booking", "personal")


@dataclass(frozen=True)
class Dto:
    """The properties of one body. An `open` body may hold others too, its schema being unpublished."""

    properties: Types
    required: tuple[str, ...] = ()
    open: bool = False


CONTACT: Types = {
    "firstName": "string?",
    "lastName": "string?",
    "name": "string?",
    "email": "string?",
    "phone": "string?",
    "address1": "string?",
    "city": "string?",
    "state": "string?",
    "postalCode": "string",
    "website": "string?",
    "timezone": "string?",
    "dnd": "boolean",
    "dndSettings": "object",
    "inboundDndSettings": "object",
    "tags": "string[]",
    "customFields": "object[]",
    "dateOfBirth": "string?",
    "country": "string",
}
CREATE_CONTACT: Types = CONTACT | {
    "locationId": "string",
    "gender": "string",
    "source": "string",
    "companyName": "string?",
    "assignedTo": "string",
}
NOTE: Types = {"userId": "string", "body": "string", "title": "string", "color": "string", "pinned": "boolean"}
TASK: Types = {
    "title": "string",
    "body": "string",
    "dueDate": "string",
    "completed": "boolean",
    "assignedTo": "string",
}
OPPORTUNITY: Types = {
    "pipelineId": "string",
    "name": "string",
    "pipelineStageId": "string",
    "status": OPPORTUNITY_STATUS,
    "monetaryValue": "number",
    "assignedTo": "string",
    "customFields": "object[]",
}
BUSINESS: Types = dict.fromkeys(
    (
        "name",
        "phone",
        "email",
        "postalCode",
        "website",
        "address",
        "state",
        "city",
        "country",
        "description",
    ),
    "string",
)
# `options`, `parentId`, `fieldKey` and `description` are accepted by live accounts though not in the specification.
CUSTOM_FIELD: Types = {
    "name": "string",
    "placeholder": "string",
    "acceptedFormat": "string[]",
    "isMultipleFile": "boolean",
    "maxNumberOfFiles": "number",
    "textBoxListOptions": "array",
    "position": "number",
    "model": ("contact", "opportunity"),
    "options": "string[]",
    "description": "string",
}
PIPELINE: Types = {
    "name": "string",
    "stages": "object[]",
    "showInFunnel": "boolean",
    "showInPieChart": "boolean",
    "useOpportunityProbability": "boolean",
    "colorRenderMode": ("dot", "bg-tint", "none"),
}
APPOINTMENT: Types = {
    "title": "string",
    "meetingLocationType": MEETING_LOCATION_TYPE,
    "meetingLocationId": "string",
    "overrideLocationConfig": "boolean",
    "appointmentStatus": APPOINTMENT_STATUS,
    "assignedUserId": "string",
    "description": "string",
    "address": "string",
    "ignoreDateRange": "boolean",
    "toNotify": "boolean",
    "ignoreFreeSlotValidation": "boolean",
    "rrule": "string",
    "calendarId": "string",
    "startTime": "string",
    "endTime": "string",
}
CALENDAR_PROPERTIES = {
    "string": """groupId eventType name description slug widgetSlug widgetType eventTitle eventColor meetingLocation
        slotDurationUnit preBufferUnit slotIntervalUnit allowBookingAfterUnit allowBookingForUnit formId alertEmail
        notes pixelId formSubmitType formSubmitRedirectURL formSubmitThanksMessage guestType consentLabel
        calendarCoverImage""",
    "number": """slotDuration slotInterval slotBuffer preBuffer appoinmentPerSlot appoinmentPerDay allowBookingAfter
        allowBookingFor availabilityType""",
    "boolean": """enableRecurring stickyContact isLivePaymentMode autoConfirm shouldSendAlertEmailsToAssignedMember
        googleInvitationEmails allowReschedule allowCancellation shouldAssignContactToTeamMember
        shouldSkipAssigningContactForExisting isActive""",
    "object[]": "notifications teamMembers locationConfigurations openHours availabilities",
    "object": "recurring lookBusyConfig",
}
CALENDAR: Types = {name: kind for kind, names in CALENDAR_PROPERTIES.items() for name in names.split()}
LOCATION_ID: Types = {"locationId": "string"}

DTOS: dict[str, Dto] = {
    "create-contact": Dto(CREATE_CONTACT, ("locationId",)),
    "update-contact": Dto(CONTACT | {"source": "string?", "assignedTo": "string?"}),
    "upsert-contact": Dto(CREATE_CONTACT | {"createNewIfDuplicateAllowed": "boolean"}, ("locationId",)),
    "search-contacts": Dto(
        {
            "locationId": "string",
            "pageLimit": "number",
            "page": "number",
            "searchAfter": "array",
            "query": "string",
            "filters": "object[]",
            "sort": "object[]",
        },
        ("locationId", "pageLimit"),
        open=True,
    ),
    "bulk-business": Dto(
        {"locationId": "string", "ids": "string[]", "businessId": "string?"}, ("locationId", "ids", "businessId")
    ),
    "contact-tags": Dto({"tags": "string[]"}, ("tags",)),
    "bulk-tags": Dto(
        {"contacts": "string[]", "tags": "string[]", "locationId": "string", "removeAllTags": "boolean"},
        ("contacts", "tags", "locationId"),
    ),
    "create-note": Dto(NOTE, ("body",)),
    "update-note": Dto(NOTE),
    "create-task": Dto(TASK, ("title", "dueDate", "completed")),
    "update-task": Dto(TASK),
    "complete-task": Dto({"completed": "boolean"}, ("completed",)),
    "search-tasks": Dto(
        {
            "contactId": "string[]",
            "completed": "boolean",
            "assignedTo": "string[]",
            "query": "string",
            "limit": "number",
            "skip": "number",
            "businessId": "string",
        }
    ),
    "create-opportunity": Dto(
        OPPORTUNITY | LOCATION_ID | {"contactId": "string"},
        ("pipelineId", "locationId", "name", "status", "contactId"),
    ),
    "update-opportunity": Dto(OPPORTUNITY),
    "opportunity-status": Dto({"status": OPPORTUNITY_STATUS, "lostReasonId": "string"}, ("status",)),
    "upsert-opportunity": Dto(
        {name: kind for name, kind in OPPORTUNITY.items() if name != "customFields"}
        | LOCATION_ID
        | {
            "id": "string",
            "followers": "string[]",
            "isRemoveAllFollowers": "boolean",
            "followersActionType": ("add", "remove"),
            "lostReasonId": "string",
        },
        ("pipelineId", "locationId", "followers", "isRemoveAllFollowers", "followersActionType"),
    ),
    "search-opportunities": Dto(
        {
            "locationId": "string",
            "query": "string",
            "limit": "number",
            "page": "number",
            "searchAfter": "array",
            "additionalDetails": "object",
            "filters": "object[]",
            "sort": "object[]",
        },
        ("locationId", "query", "limit", "page", "searchAfter", "additionalDetails"),
        open=True,
    ),
    "create-pipeline": Dto(PIPELINE | LOCATION_ID, ("name", "locationId", "stages")),
    "update-pipeline": Dto(PIPELINE),
    "create-business": Dto(BUSINESS | LOCATION_ID, ("name", "locationId")),
    "update-business": Dto(BUSINESS),
    "create-custom-field": Dto(
        CUSTOM_FIELD | {"dataType": "string", "parentId": "string", "fieldKey": "string"}, ("name", "dataType")
    ),
    "update-custom-field": Dto(CUSTOM_FIELD, ("name",)),
    "tag": Dto({"name": "string"}, ("name",)),
    "create-calendar": Dto(CALENDAR | LOCATION_ID | {"calendarType": CALENDAR_TYPE}, ("locationId", "name")),
    "update-calendar": Dto(CALENDAR),
    "create-appointment": Dto(
        APPOINTMENT | LOCATION_ID | {"contactId": "string"}, ("calendarId", "locationId", "contactId", "startTime")
    ),
    "update-appointment": Dto(APPOINTMENT),
}


def dtos_for(behaviour: Behaviour) -> dict[str, Dto]:
    """The whitelists of an account that behaves this way."""
    extra: dict[str, Types] = {}
    if behaviour.put_company_name == "accept":
        extra["update-contact"] = {"companyName": "string?"}
    if behaviour.source_on_opportunity == "accept":
        extra["create-opportunity"] = {"source": "string"}
    if behaviour.contact_id_on_opportunity_upsert == "accept":
        extra["upsert-opportunity"] = {"contactId": "string"}
    return {name: Dto(dto.properties | extra.get(name, {}), dto.required, dto.open) for name, dto in DTOS.items()}
