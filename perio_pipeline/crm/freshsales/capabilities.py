"""How this account behaves where the published sources leave it open: one name each, a safe default, and what it means.

The numbers in brackets are the sections of the API facts (`reference/freshsales-api.md`) that leave the point open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.protocol import Behaviour
from perio_pipeline.crm.stated import check_values, from_stated, wrong

CHOICES: Mapping[str, tuple[str, ...]] = {
    "bulk_cost": ("call", "rows"),
    "bulk_key": ("external_id", "emails", "id"),
    "upsert_key": ("external_id", "emails", "none"),
    "names_as_keys": ("marked", "any"),
    "read_back": ("filtered_search", "lookup", "upsert"),
    "filter_values": ("list", "comma"),
    "view_lists": ("all", "standard", "none"),
    "contact_needs": ("unique_field", "email", "email_or_mobile"),
    "module_fields": ("forms", "fields"),
    "note_html": ("keep", "strip"),
}
LEAST: Mapping[str, int] = {"minute_requests": 0, "bulk_rows": 2}
"""The least that a number may be, where that is not 1."""
SHAPING = (
    "upsert_key",
    "names_as_keys",
    "contact_needs",
    "last_name_required",
    "created_at_writable",
    "multi_select_array",
    "past_appointments",
    "note_on_appointment",
    "note_characters",
    "note_html",
    "rails_time_zones",
    "key_user",
    "inactive_owners",
    "file_megabytes",
)
"""Those by which other records are sent or taken over; by the rest only the way differs on which they travel."""


@dataclass(frozen=True)
class Capabilities:
    """One account's behaviours.

    Attributes:
        minute_requests: requests per minute at most, published for the older plans only; 0 for no such limit (1.2,
            18.3).
        bulk_upsert: contacts, accounts and deals may be written by bulk jobs (2.4).
        bulk_cost: whether a bulk job takes one request of the quota or one per row (1.2).
        bulk_rows: rows of a bulk job at most. A job that is refused for its size is halved, and later ones are as
            small (2.4, 18.2).
        bulk_jobs: bulk jobs that run side by side (2.4, 16.6).
        bulk_key: what names a contact in a bulk job (2.4, 18.1). With `id` a job can only change what exists, so that
            contacts are created one by one.
        upsert_key: what names a contact in a single upsert (2.3, 18.1). `emails` takes over a contact that already has
            the address; with `none` contacts are created by a plain POST, which the CRM's own uniqueness guards.
        names_as_keys: accounts and deals have no external id and are upserted by name (3, 4). `marked` does so only
            where the name holds the record's mark, so that no other record can be taken over; `any` trusts the names.
        read_back: how ids are learned after a bulk job, which is not known to return them (2.4, 2.5, 18.2): by one
            filtered search per hundred records, one look-up each, or one upsert each. Those that the first does not
            show are looked for among the newest records of a list; what is left is upserted in any case.
        filter_values: how a filtered search states several values: as a list, or joined by commas (2.5).
        view_lists: records are read back through view lists where that costs fewer requests: `all`, also those of the
            custom module (18.11), `standard`, without them, or `none`. Whatever a list leaves out is read alone, and
            every walk through lists is proven by single reads (2.5).
        scroll_lists: lists are walked by `/scroll/`, which goes from record to record, not by pages (2, 18.10).
        contact_needs: what a contact must have besides its name (2.2, 18.1): any field that is unique, which the
            external id is, or an e-mail address, or one of address and mobile number. A contact that lacks it is given
            an address at `no-email.invalid`, which nobody can send to and which reads back as none.
        last_name_required: a contact must have a last name (2.2). One without is given `-`, which reads back as none.
        lifecycle_reads_null: lifecycle stage and contact status read as null though they are stored (2.1, 16.12). Then
            a null is left out of what is read, since it says nothing.
        created_at_writable: `created_at` may be set (14, 18.7). If not, a record that states it is refused.
        lookup_external_id: `/lookup` takes `f=external_id` (2.5, 18.10); if not, a filtered search is used.
        create_fields_standard: custom fields of contacts, accounts and deals can be created over the API (6.1, 18.4).
        create_fields_module: the custom module and its fields can be created over the API (5, 6.1).
        module_fields: where the custom module's fields are listed: with its `forms`, or as `fields` (6.1).
        module_prefix: the entity name is sent with `cm_` when the module is created (5, 18.11).
        delete_fields: custom fields can be deleted over the API (6.1). The custom module can in any case.
        field_type_codes: numeric codes of field types for creation, such as `text:1,dropdown:3`; a type without one is
            sent by its name (6.1, 18.4).
        multi_select_array: several choices are sent as an array rather than joined by `;` (6.4, 18.5).
        past_appointments: appointments may lie in the past (7, 18.6).
        note_on_appointment: a note may be attached to an appointment (8, 18.7); if not, it goes to the contact.
        note_characters: characters of a note at most, elements of rich text and all (8, 18.7).
        note_html: the elements of rich text in notes are kept, or stripped but for the simplest (8, 18.7).
        download_files: files are downloaded once they are loaded, so that their content is proven by its hash (9). If
            not, only their names and sizes are compared. Downloads from the API's own host count in its quota.
        rails_time_zones: time zones go by Freshsales' own names rather than IANA's (2.1, 7, 18.6).
        key_user: e-mail of the user whose key is used, best one who is nobody else. Freshsales gives this user what has
            no owner, so that it reads back as none; while this is empty it reads back as that user (11).
        inactive_owners: users who are switched off may own records (11); if not, nobody is named as the owner.
        file_megabytes: size of a file at most (9, 18.8).
        delete_documents: files can be deleted over the API (9, 18.8). If not, they go with their contact.
        forget_deleted: deleted records are removed for good, so that they hold no unique values in the recycle bin
            (15, 18.9). If not, a person can restore them there for 90 days.
    """

    minute_requests: int = 400
    bulk_upsert: bool = True
    bulk_cost: str = "call"
    bulk_rows: int = 100
    bulk_jobs: int = 8
    bulk_key: str = "external_id"
    upsert_key: str = "external_id"
    names_as_keys: str = "marked"
    read_back: str = "filtered_search"
    filter_values: str = "list"
    view_lists: str = "all"
    scroll_lists: bool = False
    contact_needs: str = "unique_field"
    last_name_required: bool = False
    lifecycle_reads_null: bool = False
    created_at_writable: bool = False
    lookup_external_id: bool = True
    create_fields_standard: bool = False
    create_fields_module: bool = True
    module_fields: str = "forms"
    module_prefix: bool = True
    delete_fields: bool = False
    field_type_codes: str = ""
    multi_select_array: bool = False
    past_appointments: bool = True
    note_on_appointment: bool = False
    note_characters: int = 10_000
    note_html: str = "keep"
    download_files: bool = True
    rails_time_zones: bool = True
    key_user: str = ""
    inactive_owners: bool = False
    file_megabytes: int = 25
    delete_documents: bool = False
    forget_deleted: bool = True

    def __post_init__(self) -> None:
        """Check names and values.

        Raises:
            SettingsError: a value that the capability does not have.
        """
        check_values(constants.NAME, self, CHOICES, LEAST)
        if self.field_type_codes and not all(_is_code(part) for part in self.field_type_codes.split(",")):
            raise wrong(constants.NAME, "field_type_codes", "a list such as text:1,dropdown:3")

    @property
    def type_codes(self) -> dict[str, int]:
        """Field type → its numeric code."""
        parts = (part.split(":") for part in self.field_type_codes.split(",") if part)
        return {name.strip(): int(code) for name, code in parts}

    def as_mapping(self) -> dict[str, Behaviour]:
        """All of them by name."""
        return asdict(self)


def capabilities_from(stated: Mapping[str, Behaviour]) -> Capabilities:
    """The defaults with what the practice's file states in their place.

    Raises:
        SettingsError: a name that is none, or a value that it does not have.
    """
    return from_stated(constants.NAME, Capabilities, stated)


def _is_code(part: str) -> bool:
    name, _, code = part.partition(":")
    return bool(name.strip()) and code.strip().isdecimal()
