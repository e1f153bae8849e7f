"""The fields each module has before anybody adds one (sections 2.1, 3, 4, 5 and 10). Data only."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text", "mobile", "paragraph", "number", "amount", "percent", "checkbox", "date", "date_time", "choice", "tags",
    "list", "zone", "special",
]  # fmt: skip


@dataclass(frozen=True)
class Native:
    """A native field: API name, label, what it takes; for choices the selector; `hidden` ones are not in answers."""

    name: str
    label: str
    kind: Kind = "text"
    selector: str = ""
    required: bool = False
    unique: bool = False
    hidden: bool = False


def _texts(*names: str) -> tuple[Native, ...]:
    return tuple(Native(name, name.replace("_", " ").capitalize()) for name in names)


OWNERSHIP = (
    Native("owner_id", "Sales owner", "choice", "owners"),
    Native("territory_id", "Territory", "choice", "territories"),
)
SOCIAL = _texts("facebook", "twitter", "linkedin")
PLACE = _texts("address", "city", "state", "zipcode", "country")
CONTACT = (
    *_texts("first_name", "last_name", "job_title", "department", "work_email", "medium", "keyword"),
    Native("email", "Email", "special", unique=True),
    Native("emails", "Emails", "special"),
    Native("external_id", "External ID", unique=True),
    Native("mobile_number", "Mobile", "mobile"),
    Native("work_number", "Work", "mobile"),
    *PLACE,
    *SOCIAL,
    *OWNERSHIP,
    Native("time_zone", "Time zone", "zone"),
    Native("lead_source_id", "Source", "choice", "lead_sources"),
    Native("campaign_id", "Campaign", "choice", "campaigns"),
    Native("contact_status_id", "Status", "choice", "contact_statuses"),
    Native("lifecycle_stage_id", "Lifecycle stage", "choice", "lifecycle_stages"),
    Native("subscription_status", "Subscription status", "number"),
    Native("subscription_types", "Subscription types"),
    Native("tags", "Tags", "tags"),
    Native("phone_numbers", "Other phone numbers", "list"),
    Native("sales_accounts", "Accounts", "special", hidden=True),
    Native("sales_account_id", "Account", "special", hidden=True),
)
SALES_ACCOUNT = (
    Native("name", "Name", required=True, unique=True),
    *_texts("website", "phone"),
    *PLACE,
    *SOCIAL,
    *OWNERSHIP,
    Native("number_of_employees", "Employees", "number"),
    Native("annual_revenue", "Annual revenue", "amount"),
    Native("industry_type_id", "Industry type", "choice", "industry_types"),
    Native("business_type_id", "Business type", "choice", "business_types"),
    Native("parent_sales_account_id", "Parent account", "special"),
    Native("tags", "Tags", "tags"),
)
DEAL = (
    Native("name", "Name", required=True),
    Native("amount", "Deal value", "amount", required=True),
    Native("base_currency_amount", "Deal value in base currency", "amount"),
    Native("sales_account_id", "Account", "special"),
    Native("sales_account", "Account", "special", hidden=True),
    Native("deal_pipeline_id", "Deal pipeline", "special"),
    Native("deal_stage_id", "Deal stage", "special"),
    Native("deal_type_id", "Type", "choice", "deal_types"),
    Native("deal_reason_id", "Lost reason", "choice", "deal_reasons"),
    Native("deal_payment_status_id", "Payment status", "choice", "deal_payment_statuses"),
    Native("deal_product_id", "Product", "choice", "deal_products"),
    Native("currency_id", "Currency", "choice", "currencies"),
    Native("probability", "Probability (%)", "percent"),
    Native("expected_close", "Expected close date", "date"),
    Native("closed_date", "Closed date", "date"),
    Native("lead_source_id", "Source", "choice", "lead_sources"),
    Native("campaign_id", "Campaign", "choice", "campaigns"),
    *OWNERSHIP,
    Native("contacts_added_list", "Related contacts", "special", hidden=True),
    Native("contacts_removed_list", "Related contacts", "special", hidden=True),
    Native("tags", "Tags", "tags"),
)
SALES_ACTIVITY = (
    Native("title", "Title", required=True),
    Native("owner_id", "Owner", "choice", "owners", required=True),
    Native("sales_activity_type_id", "Activity type", "choice", "sales_activity_types", required=True),
    Native("sales_activity_outcome_id", "Outcome", "choice", "sales_activity_outcomes"),
    Native("start_date", "Start date", "date_time"),
    Native("end_date", "End date", "date_time"),
    Native("notes", "Notes", "paragraph"),
    Native("location", "Location"),
)
CUSTOM_MODULE = (Native("name", "Name", required=True), Native("owner_id", "Owner", "choice", "owners"))

NATIVES: dict[str, tuple[Native, ...]] = {
    "contacts": CONTACT,
    "sales_accounts": SALES_ACCOUNT,
    "deals": DEAL,
    "sales_activities": SALES_ACTIVITY,
}
SELECTORS: dict[str, tuple[str, ...]] = {
    "territories": ("Main office",),
    "lead_sources": ("Web", "Referral", "Email campaign", "Walk-in", "Import"),
    "campaigns": ("Recall",),
    "contact_statuses": ("New", "Contacted", "Qualified", "Won", "Lost"),
    "lifecycle_stages": ("Lead", "Sales Qualified Lead", "Customer"),
    "industry_types": ("Health care", "Education", "Other"),
    "business_types": ("Partner", "Customer", "Other"),
    "deal_types": ("New business", "Existing business"),
    "deal_reasons": ("Price", "No response"),
    "deal_payment_statuses": ("Open", "Paid"),
    "deal_products": (),
    "sales_activity_types": ("Phone", "Email", "Letter", "Visit"),
    "sales_activity_entity_types": ("Contact", "SalesAccount", "Deal"),
    "sales_activity_outcomes": ("Interested", "Left message", "No response", "Completed", "Cancelled", "No show"),
    "designations": ("Account manager", "Hygienist", "Office manager"),
}


def natives_of(entity: str) -> tuple[Native, ...]:
    """The native fields of a module; all custom modules have the same."""
    return NATIVES.get(entity, CUSTOM_MODULE)
