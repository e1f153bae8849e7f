"""Everything that can be set about a sandbox: its locations, its limits and how it behaves where sources disagree.

Only data belongs here; what the settings do is in the module of the resource they touch.
"""

from typing import Literal

from pydantic import Field

from perio_pipeline.sandbox.common.config import Frozen, ServerConfig
from perio_pipeline.sandbox.highlevel.faults import Fault

NotFoundStatus = Literal[400, 404]
Model = Literal["contact", "opportunity"]


class Behaviour(Frozen):
    """One field per behaviour that public sources do not settle; numbers are sections of the API notes (P = probe)."""

    contact_not_found_status: NotFoundStatus = Field(400, description="2, P12: a contact id that leads nowhere")
    record_not_found_status: NotFoundStatus = Field(400, description="0.4: any other id that leads nowhere")
    delete_again_status: NotFoundStatus = Field(400, description="16.14: deleting what is gone")
    retry_after: bool = Field(False, description="10, P1: whether a 429 carries Retry-After")
    upload_over_limit_status: Literal[400, 413] = Field(400, description="16.11, P11: a file above the size limit")
    upload_wrong_type_status: Literal[400, 415] = Field(400, description="16.11, P11: a file of a type not listed")
    upload_limit_bytes: int = Field(50 * 1024 * 1024, description="8 A: largest file")
    download_with_token: bool = Field(True, description="8, P18: whether a document's address answers to a token")
    file_value_put: Literal["replace", "merge"] = Field("replace", description="8: a FILE_UPLOAD value written by PUT")
    invalid_phone: Literal["drop", "refuse"] = Field("drop", description="2, P9: a number that cannot be one")
    invalid_email: Literal["refuse", "store"] = Field("refuse", description="2: an address without the form of one")
    invalid_date_of_birth: Literal["refuse", "drop"] = Field("refuse", description="2, P15: none of the eight forms")
    date_of_birth_on_create: Literal["datetime", "date"] = Field(
        "datetime", description="2, P15: form in POST's answer"
    )
    gender_on_read: bool = Field(False, description="2: gender is writable on create but in no published read shape")
    put_company_name: Literal["refuse", "accept"] = Field("refuse", description="2, P2: companyName in PUT contact")
    search_phone_eq: Literal["works", "finds_nothing"] = Field("works", description="2, #289: eq on phone in search")
    duplicate_lookup_lags: bool = Field(False, description="2: whether the duplicate lookup lags like the search")
    unlisted_option: Literal["store", "refuse"] = Field("store", description="6.3, P5: a choice not on the list")
    unusable_value: Literal["drop", "refuse"] = Field(
        "drop", description="6.3: a value of the wrong kind for its field"
    )
    text_limit: int | None = Field(None, description="6.1, P16: characters after which a TEXT value is cut")
    date_form: Literal["either", "date", "datetime"] = Field("either", description="6.3, P3: accepted DATE forms")
    date_time_shift: Literal["off", "on"] = Field("off", description="P3: DATE read as UTC midnight, shown locally")
    repeated_field_key: Literal["suffix", "same", "refuse"] = Field("suffix", description="6.1, P14: a repeated name")
    note_limit: int | None = Field(None, description="7.1, P4: characters above which a note is refused with 422")
    source_on_opportunity: Literal["refuse", "accept"] = Field("refuse", description="4, P13: source in a create")
    closed_opportunity_counts_as_duplicate: bool = Field(True, description="4, P10: duplicate rule on closed ones")
    contact_id_on_opportunity_upsert: Literal["refuse", "accept"] = Field(
        "accept", description="4: contactId in upsert"
    )
    opportunity_date_shape: Literal["date", "epoch_ms"] = Field("date", description="4, #87: value of fieldValueDate")
    past_appointment: Literal["accept", "refuse"] = Field("accept", description="7.4, P6: past start, checks ignored")
    appointment_create_status: Literal[200, 201] = Field(200, description="7.4: docs 200, seen 201")
    event_delete_status: Literal[200, 201] = Field(201, description="7.4: docs 201, seen 200")
    event_delete_needs_body: bool = Field(True, description="15.20: DELETE event wants a JSON body")
    pipeline_create_status: Literal[200, 201] = Field(201, description="5: docs 200, observed 201")
    upsert_new_status: Literal[200, 201] = Field(200, description="2: docs 200, 201 seen when a contact is new")


class RateLimit(Frozen):
    """The two windows of section 10, in simulated seconds."""

    interval_max: int = 100
    interval_seconds: float = 10.0
    daily_max: int = 200_000


class TokenConfig(Frozen):
    """A private integration token and the scopes ticked for it."""

    token: str
    scopes: frozenset[str]


class UserConfig(Frozen):
    """A person with a login in the location."""

    name: str
    email: str


class PipelineConfig(Frozen):
    """A pipeline and its stages, in order."""

    name: str
    stages: tuple[str, ...]


class FieldConfig(Frozen):
    """A custom field that exists before anyone calls the API."""

    name: str
    dataType: str  # noqa: N815 - the API's own name
    model: Model = "contact"
    options: tuple[str, ...] = ()


class CalendarConfig(Frozen):
    """A calendar; with team members, its appointments need an assigned user."""

    name: str
    team_emails: tuple[str, ...] = ()


class LocationConfig(Frozen):
    """One sub-account: its identity, settings, tokens and what it holds at first start."""

    id: str = Field(pattern=r"^[A-Za-z0-9]{20}$")
    name: str
    company_id: str = Field(pattern=r"^[A-Za-z0-9]{20}$")
    timezone: str = "America/New_York"
    country: str = "US"
    allow_duplicate_contact: bool = False
    allow_duplicate_opportunity: bool = False
    dedupe_order: tuple[Literal["email", "phone"], ...] = ("email", "phone")
    rate_limit: RateLimit = RateLimit()
    tokens: tuple[TokenConfig, ...] = ()
    users: tuple[UserConfig, ...] = ()
    pipelines: tuple[PipelineConfig, ...] = ()
    custom_fields: tuple[FieldConfig, ...] = ()
    calendars: tuple[CalendarConfig, ...] = ()


class SandboxConfig(ServerConfig):
    """A whole sandbox."""

    locations: tuple[LocationConfig, ...]
    behaviour: Behaviour = Behaviour()
    faults: tuple[Fault, ...] = ()
