"""What each plan includes (sections 1.2, 6.3 and 13). Data only."""

from dataclasses import dataclass
from typing import Literal

PlanName = Literal["free", "growth", "pro", "enterprise"]

# Field types by the group whose limit they count against (section 6.3).
LIMIT_GROUPS = {
    "text": "text",
    "dropdown": "choice",
    "radio": "choice",
    "paragraph": "paragraph",
    "multi_select_dropdown": "multi_select",
    "number": "number",
    "checkbox": "checkbox",
    "date": "date",
    "date_time": "date",
    "auto_complete": "lookup",
}
GIGABYTE = 1024**3
ACTIVITY_FIELDS_PER_TYPE = 5
UNIQUE_FIELDS = {"contacts": 4, "sales_accounts": 2, "deals": 2}
CUSTOM_MODULE_UNIQUE_FIELDS = 2


@dataclass(frozen=True)
class Plan:
    """The limits of one plan."""

    calls_per_hour: int
    storage_per_user: int
    fields: dict[str, int]
    fields_total: int
    custom_modules: bool = False
    several_pipelines: bool = False
    custom_activity_types: bool = False
    product_catalogue: bool = False


def _fields(*limits: int) -> dict[str, int]:
    groups = ("text", "choice", "paragraph", "multi_select", "number", "checkbox", "date", "lookup")
    return dict(zip(groups, limits, strict=True))


PLANS: dict[PlanName, Plan] = {
    "free": Plan(1000, 0, _fields(0, 0, 0, 0, 0, 0, 0, 0), 0),
    "growth": Plan(1000, 2 * GIGABYTE, _fields(20, 30, 5, 5, 30, 30, 30, 0), 150),
    "pro": Plan(
        2000, 5 * GIGABYTE, _fields(30, 40, 10, 10, 50, 50, 50, 10), 250, several_pipelines=True, product_catalogue=True
    ),
    "enterprise": Plan(
        5000,
        100 * GIGABYTE,
        _fields(70, 250, 20, 30, 70, 70, 70, 50),
        630,
        custom_modules=True,
        several_pipelines=True,
        custom_activity_types=True,
        product_catalogue=True,
    ),
}
