"""The objects as data: their routes, white-lists, links and shapes. Bodies are built from these lists only.

Freshsales drops keys it does not know without a word, so a field outside its white-list is a fault of the mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.routes import RouteSet


class LinkStyle(StrEnum):
    """How a body carries a link."""

    PRIMARY_ACCOUNT = "primary_account"  # one of a list of accounts, the primary one
    ADDED_CONTACT = "added_contact"  # added to a deal's contacts
    FIELD = "field"  # a field of the same name
    TARGET = "target"  # the record that an activity belongs to


@dataclass(frozen=True)
class Target:
    """A record that activities belong to.

    Attributes:
        type: as bodies name it.
        module: as paths name it.
    """

    type: str
    module: str


TARGETS: Mapping[str, Target] = {
    "appointment_id": Target("Appointment", constants.APPOINTMENTS),
    "contact_id": Target("Contact", constants.CONTACTS),
    "deal_id": Target("Deal", constants.DEALS),
    "sales_account_id": Target("SalesAccount", constants.SALES_ACCOUNTS),
}
"""Link → what it points to. Where a payload has several, the first one that the object may have counts."""


@dataclass(frozen=True)
class ObjectSpec:
    """One object.

    Attributes:
        name: as in `Payload.object`.
        routes: its operations.
        entity: key of a record in bodies and answers, and its name in searches.
        plural: key of the records in lists and bulk bodies.
        fields: what a create may set.
        model: whose custom fields it carries, if any.
        links: link → how a body carries it. Links by custom look-up fields come on top.
        include: what a read asks for besides the record.
        children: the list of a parent that holds the records, for objects that belong to one.
        lengths: characters per field, where that is not the length of a text field.
        numbers: fields that come back as text and are numbers.
        dates: fields that hold a day without a time.
        bulk_name: the field that names a record in upserts, where it is not the external id.
    """

    name: str
    routes: RouteSet
    entity: str
    plural: str
    fields: frozenset[str]
    model: str = ""
    links: Mapping[str, LinkStyle] = field(default_factory=dict)
    include: str = ""
    children: str = ""
    lengths: Mapping[str, int] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    dates: frozenset[str] = frozenset()
    bulk_name: str = ""


_CONTACT_FIELDS = (
    "first_name last_name email emails mobile_number work_number work_email external_id job_title address city state "
    "zipcode country time_zone owner_id lead_source_id medium keyword contact_status_id lifecycle_stage_id "
    "subscription_status subscription_types facebook twitter linkedin tags created_at"
)
_ACCOUNT_FIELDS = (
    "name website phone address city state zipcode country number_of_employees annual_revenue owner_id facebook "
    "twitter linkedin tags created_at"
)
_DEAL_FIELDS = (
    "name amount deal_pipeline_id deal_stage_id deal_type_id currency_id probability expected_close closed_date "
    "owner_id lead_source_id tags created_at"
)
_APPOINTMENT_FIELDS = (
    "title description from_date end_date time_zone location is_allday outcome_id creater_id latitude longitude "
    "created_at"
)
_TARGET_LINKS = dict.fromkeys(("contact_id", "deal_id", "sales_account_id"), LinkStyle.TARGET)

_CONTACTS = ObjectSpec(
    name=constants.CONTACTS,
    routes=routes.module_routes("contacts"),
    entity="contact",
    plural="contacts",
    fields=frozenset(_CONTACT_FIELDS.split()),
    model="contact",
    links={"sales_account_id": LinkStyle.PRIMARY_ACCOUNT},
    include="owner,sales_accounts",
    lengths={"mobile_number": constants.PHONE_LENGTH, "work_number": constants.PHONE_LENGTH},
)

_NOTES = ObjectSpec(
    name=constants.NOTES,
    routes=replace(routes.plain_routes("notes"), get=None),
    entity="note",
    plural="notes",
    fields=frozenset({"description", "created_at"}),
    links=_TARGET_LINKS | {"appointment_id": LinkStyle.TARGET},
    children="notes",
)

_FILES = ObjectSpec(
    name=constants.LETTERS,
    routes=RouteSet(create=routes.DOCUMENT_CREATE, delete=routes.DOCUMENT_DELETE),
    entity=constants.DOCUMENT,
    plural="documents",
    fields=frozenset({"file_name", "is_shared"}),
    links=_TARGET_LINKS,
    children="document_associations",
)

SPECS: Mapping[str, ObjectSpec] = {
    spec.name: spec
    for spec in (
        ObjectSpec(
            name=constants.SALES_ACCOUNTS,
            routes=routes.module_routes("sales_accounts"),
            entity="sales_account",
            plural="sales_accounts",
            fields=frozenset(_ACCOUNT_FIELDS.split()),
            model="sales_account",
            include="owner",
            numbers=frozenset({"number_of_employees", "annual_revenue"}),
            bulk_name="name",
        ),
        _CONTACTS,
        replace(_CONTACTS, name=constants.PROVIDERS),
        replace(_CONTACTS, name=constants.REFERRING_DENTISTS),
        ObjectSpec(
            name=constants.DEALS,
            routes=routes.module_routes("deals"),
            entity="deal",
            plural="deals",
            fields=frozenset(_DEAL_FIELDS.split()),
            model="deal",
            links={"contact_id": LinkStyle.ADDED_CONTACT, "sales_account_id": LinkStyle.FIELD},
            include="owner,sales_account,contacts",
            numbers=frozenset({"amount", "probability"}),
            dates=frozenset({"expected_close", "closed_date"}),
            bulk_name="name",
        ),
        ObjectSpec(
            name=constants.PLAN_LINES,
            routes=routes.custom_module_routes(f"custom_module/{constants.PLAN_LINE_ENTITY}"),
            entity=constants.PLAN_LINE_ENTITY,
            plural=constants.PLAN_LINE_ENTITY,
            fields=frozenset({"name", "owner_id", "created_at"}),
            model=constants.PLAN_LINE_ENTITY,
        ),
        ObjectSpec(
            name=constants.APPOINTMENTS,
            routes=routes.plain_routes("appointments"),
            entity="appointment",
            plural="appointments",
            fields=frozenset(_APPOINTMENT_FIELDS.split()),
            links=_TARGET_LINKS,
            include="creater,targetable",
            children="appointments",
            lengths={"description": constants.LONG_TEXT_LENGTH},
        ),
        _NOTES,
        replace(_NOTES, name=constants.PLAN_NOTES),
        replace(_NOTES, name=constants.YEARLY_NOTES),
        _FILES,
        replace(_FILES, name=constants.RADIOGRAPHS),
        replace(_FILES, name=constants.VISIT_HISTORIES),
        replace(_FILES, name=constants.CHARTS),
    )
}
