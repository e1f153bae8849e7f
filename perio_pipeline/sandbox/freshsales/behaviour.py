"""How the server behaves where public sources leave it open: one setting per question, each with a safe default.

Descriptions name the section of the API notes; P marks a probe of section 18. A safe default is the behaviour under
which a client that works also works under the other one, as far as there is such a position.
"""

from typing import Literal

from pydantic import Field

from perio_pipeline.sandbox.common.config import Frozen

MEGABYTE = 1024 * 1024
Success = Literal[200, 201]
Choice = Literal["refuse", "drop"]


class Behaviour(Frozen):
    """All open questions."""

    # Limits and errors
    per_minute_limit: int | None = Field(400, description="1.2, P3: cap per minute, published for Classic plans only")
    retry_after: bool = Field(False, description="1.2, P3: whether a 429 carries Retry-After")
    throttled_body: Literal["errors", "text"] = Field("errors", description="1.2, P3: body of a 429")
    refused_requests_count: bool = Field(False, description="1.2: whether requests answered 429 use up the quota")
    bulk_cost: Literal["call", "rows"] = Field("call", description="1.2: what a bulk upsert takes from the quota")
    unauthorized_body: Literal["errors", "empty", "login"] = Field(
        "errors", description="1.3: body of a 401; `login` as one client noted it"
    )
    error_message: Literal["list", "string"] = Field("list", description="1.3: errors.message as array or string")
    create_status: Success = Field(200, description="1.3, P12: success of a create, where no other setting says")
    appointment_create_status: Success = Field(201, description="1.3, P12: seen 201")
    upsert_create_status: Success = Field(201, description="2.3: upsert that creates")

    # Values
    unknown_custom_field: Choice = Field("drop", description="1.4, P5: a cf_ name that is not declared")
    unusable_value: Choice = Field("refuse", description="17: a value of the wrong type or above its length")
    invalid_choice: Choice = Field("refuse", description="6.4, P5: a label that is no option of its field")
    multi_select_array: Literal["accept", "refuse"] = Field(
        "refuse", description="6.4, P5: multi-select given as an array instead of one string joined by ;"
    )
    date_reads_as: Literal["midnight", "date"] = Field(
        "midnight", description="14: a date field read back as local midnight, or as the date"
    )
    timestamp_zone: Literal["utc", "account"] = Field("utc", description="14: moments with Z or the account's offset")
    created_at: Literal["server", "client"] = Field("server", description="14, P7: whether created_at can be written")
    contact_time_zone: Literal["drop", "refuse", "store"] = Field(
        "drop", description="2.1: a contact's time_zone that is not one of Freshsales' own names"
    )
    lifecycle_reads_null: bool = Field(False, description="2.1: lifecycle_stage_id and contact_status_id read as null")

    # Identity and uniqueness
    contact_identity: Literal["unique_field", "email", "email_or_mobile", "none"] = Field(
        "unique_field", description="2.2, P1: what a contact must at least have"
    )
    last_name_required: bool = Field(False, description="2.2: last_name is required on contacts, as in Classic")
    email_unique: bool = Field(True, description="2.2: an admin can switch the uniqueness of email off")
    mobile_unique: bool = Field(False, description="2.2: mobile_number of accounts older than 25 May 2021")
    account_name_unique: bool = Field(True, description="3: an admin can relax the uniqueness of account names")
    deleted_rows_block: bool = Field(False, description="15, P9: records in the recycle bin hold their unique values")
    inactive_owner: Literal["refuse", "accept"] = Field(
        "refuse", description="11: a user who is switched off is named as an owner"
    )
    upsert_by_external_id: Literal["works", "refused"] = Field("works", description="2.3, P1: unique_identifier key")
    sales_accounts_without_primary: Literal["first", "refuse"] = Field(
        "first", description="2.1: a sales_accounts list in which no entry is_primary"
    )

    # Bulk jobs
    bulk_by_external_id: Literal["works", "rows_fail"] = Field("works", description="2.4, P1: key beside data")
    bulk_most_rows: int = Field(100, ge=1, description="2.4, P2: rows of a bulk upsert at most")
    bulk_over_limit_status: Literal[400, 413, 422] = Field(400, description="2.4, P2: more rows than that")
    bulk_open_jobs: int | None = Field(8, description="2.4, 16.6: open jobs above which a bulk upsert answers 405")
    bulk_rows_apply: Literal["at_once", "on_success"] = Field("at_once", description="2.4: when rows are written")
    job_polls: int = Field(2, ge=0, description="2.4: polls answered with a pending status at most, before SUCCESS")
    job_seconds: float = Field(1.0, ge=0, description="2.4: simulated seconds that a job takes, unless polls end it")
    job_row_seconds: float = Field(0.05, ge=0, description="2.4: the same for each of its rows")
    job_pending_statuses: tuple[str, ...] = Field(
        ("QUEUED", "IN_PROGRESS"), min_length=1, description="2.4, P2: names before SUCCESS; the last one repeats"
    )
    failure_report: Literal["keyed", "indexed", "counts"] = Field(
        "keyed", description="2.4, P2: elements carry the row's identifier, its position in the call, or are missing"
    )
    job_ids: bool = Field(False, description="2.4, P2: whether the report tells the ids of the rows that were written")
    bulk_destroy_max: int = Field(100, ge=1, description="15, P9: most ids of a bulk_destroy")
    bulk_destroy_status: Literal[200, 202] = Field(200, description="15, P9: success of a bulk_destroy")
    bulk_destroy_seconds: float = Field(0.0, ge=0, description="15, P9: simulated seconds until it takes effect")

    # Reading
    lookup_by_external_id: Literal["works", "finds_nothing"] = Field("works", description="2.5, P10: f=external_id")
    lookup_by_mobile_number: Literal["works", "finds_nothing"] = Field("works", description="2.5, P10: f=mobile_number")
    filter_by_external_id: Literal["works", "finds_nothing", "refused"] = Field(
        "works", description="2.5: attribute external_id in a filtered search; only the e-mail's is evidenced"
    )
    filter_values: Literal["both", "list", "comma"] = Field(
        "both", description="2.5: several values of is_in as a list, or joined by commas; one value is evidenced"
    )
    lookup_lags: bool = Field(True, description="2.5, P10: whether lookup is as late as search")
    views_lag: bool = Field(False, description="2.5: whether view lists are as late as search")
    view_custom_field: bool = Field(True, description="2.5: whether view lists show custom_field")
    view_includes: Literal["honoured", "ignored", "refused"] = Field(
        "honoured", description="2, 2.5: include on a view list; seen to work on contacts and deals"
    )
    view_leaves_out: tuple[str, ...] = Field((), description="2.5: native fields that view lists do not show")
    owner_needs_include: bool = Field(
        False, description="2, 4: owner_id is shown only with include=owner; one client noted it for deals"
    )
    scroll_route: bool = Field(False, description="2, P10: GET /{module}/scroll/{view_id}")
    all_deals_view: bool = Field(False, description="2.5: whether deals have an all-records view")
    outcome_deals_views: bool = Field(
        False, description="2.5: whether deals have views of the open, won and lost ones; a public connector names them"
    )
    deleted_record_view: Literal["missing", "shown"] = Field("missing", description="15: GET of a soft-deleted record")

    # Deleting
    forget_needs_delete: bool = Field(False, description="15, P9: whether only deleted records can be forgotten")
    forget_frees_storage: bool = Field(False, description="9, P8: whether forgetting a contact frees its files' room")
    delete_associated: Literal["ignore", "honour"] = Field(
        "ignore", description="3: delete_associated_contacts_deals=true on DELETE of an account"
    )

    # Fields and modules
    standard_field_creation: Literal["404", "403", "on"] = Field(
        "404", description="6.1, P4: settings/{contacts|sales_accounts|deals}/forms and POST of a field"
    )
    field_type_codes: dict[str, int] = Field(
        {
            "text": 1,
            "paragraph": 2,
            "number": 3,
            "dropdown": 4,
            "radio": 5,
            "checkbox": 6,
            "date": 7,
            "date_time": 8,
            "multi_select_dropdown": 9,
            "auto_complete": 10,
        },
        description="6.1, P4: numbers of field_type; no source has them, so these are the sandbox's own",
    )
    field_deletion: bool = Field(False, description="6.1: DELETE of a field; no source has such a route")
    custom_module_field_limit: int = Field(310, description="5: fields of one custom module, 310 or the plan's 630")
    module_fields: Literal["both", "forms", "fields"] = Field(
        "both", description="6.1, 6.2: where the fields of a custom module are listed: with its forms, or as fields"
    )
    module_prefix: Literal["either", "bare", "prefixed"] = Field(
        "either", description="5, P11: entity_name on create with or without cm_"
    )
    custom_module_filters: bool = Field(True, description="P11: GET /custom_module/{cm_x}/filters")

    # Activities and files
    past_appointments: Literal["allow", "refuse"] = Field("allow", description="7, P6: from_date in the past")
    appointment_time_zone: Literal["store", "refuse"] = Field("store", description="7, P6: IANA name in time_zone")
    attendee_invitations: bool = Field(True, description="7, P6: contact attendees are mailed (kept in the outbox)")
    note_limit: int | None = Field(None, description="8, P7: characters above which a note is refused")
    note_html: Literal["keep", "strip"] = Field("keep", description="8, P7: tags outside the allow-list")
    note_on_appointment: Literal["refuse", "accept"] = Field("refuse", description="8, P7: targetable Appointment")
    phone_calls_json: Literal["loses_target", "works"] = Field("loses_target", description="10: JSON call log")
    file_limit_bytes: int = Field(25 * MEGABYTE, description="9, P8: largest file; 150 MB in the UI")
    file_over_limit_status: Literal[400, 409, 413, 422] = Field(422, description="9, P8: a file above the limit")
    storage_full_status: Literal[400, 403, 409, 422] = Field(409, description="9: no room left in the pooled storage")
    file_names: Literal["keep", "restrict"] = Field(
        "keep", description="9: whether characters that upload services dislike become underscores in a file's name"
    )
    file_delete: bool = Field(False, description="9, P8: DELETE /documents/{id}")
