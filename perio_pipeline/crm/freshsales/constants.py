"""Facts of Freshsales' published API that more than one module needs."""

from __future__ import annotations

NAME = "Freshsales"
USER_AGENT = "perio-pipeline/0.1 (practice migration)"
API_PATH = "/crm/sales/api"
HOSTS = (".myfreshworks.com", ".freshworks.com")

HOUR, MINUTE = 3600.0, 60.0
REQUESTS_PER_MINUTE = 400
"""Published for the older plans only; kept for all, since nothing says that the newer ones allow more."""

PAGE = 100
FEW_ROWS = 3
"""As many rows are upserted one by one: a bulk job costs three requests."""
WORTH_A_LIST = 5
"""Fewer records are read one by one: a walk through lists costs a page and the single reads that prove it."""

TEXT_LENGTH = 256
LONG_TEXT_LENGTH = 10_000
PHONE_LENGTH = 30
INTEGER_DIGITS, DECIMALS = 11, 4
MAX_OPTIONS = 300

SALES_ACCOUNTS = "sales_accounts"
CONTACTS = "contacts"
PROVIDERS = "providers"
REFERRING_DENTISTS = "referring_dentists"
DEALS = "deals"
PLAN_LINES = "treatment_plan_lines"
PLAN_NOTES = "treatment_plan_notes"
APPOINTMENTS = "appointments"
NOTES = "notes"
YEARLY_NOTES = "yearly_notes"
LETTERS = "letters"
RADIOGRAPHS = "radiographs"
VISIT_HISTORIES = "visit_histories"
CHARTS = "charts"

DOCUMENT = "document"
"""Entity of all objects that are files."""
MEGABYTE = 1_000_000
GIGABYTE = 1_000_000_000

PLAN_LINE_ENTITY = "cm_dental_treatment_plan"
ENTITY_PREFIX = "cm_"
CUSTOM_PREFIX = "cf_"
EXTERNAL_ID = "external_id"
EMAILS = "emails"
CREATED_AT = "created_at"
