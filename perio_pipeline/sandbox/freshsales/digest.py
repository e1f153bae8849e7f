"""One hash over everything a Freshsales sandbox holds."""

from collections.abc import Mapping
from typing import Any

from perio_pipeline.sandbox.common.digest import Labels, canonical, described, sha256
from perio_pipeline.sandbox.common.state import BaseLocation
from perio_pipeline.sandbox.common.store import Json, Key
from perio_pipeline.sandbox.freshsales.ids import FIRST

VOLATILE = frozenset(
    {
        "id",
        "mcr_id",
        "coll_id",
        "form_id",
        "position",
        "created_at",
        "updated_at",
        "completed_date",
        "stage_updated_time",
        "appointment_attendee_ids",
        "_target",
        "_until",
        "_email",
        "_name",
    }
)
# In the order in which labels become known: a record may point at any kind before its own.
KINDS = ("users", "selectors", "pipelines", "fields", "modules", "products", "sales_accounts", "contacts", "deals")
DEPENDENT = ("appointments", "notes", "tasks", "sales_activities", "phone_calls", "documents")


def state_digest(accounts: Mapping[str, BaseLocation]) -> str:
    """SHA-256 over the business data of all accounts."""
    return sha256(canonical({alias: _content(account) for alias, account in accounts.items()}))


def _content(account: BaseLocation) -> dict[str, list[str]]:
    labels: Labels = {}
    content: dict[str, list[str]] = {}
    custom = sorted(str(module["entity_name"]) for module in account["modules"])
    for kind in (*KINDS, *custom, *DEPENDENT):
        content[kind] = described((_blurred(record, labels) for record in account[kind]), labels, VOLATILE)
        for pipeline in account["pipelines"] if kind == "pipelines" else ():
            labels |= {stage["id"]: f"{labels[pipeline['id']]}/{stage['name']}" for stage in pipeline["deal_stages"]}
    return content


def _blurred(record: Json, labels: Mapping[Key, str]) -> Json:
    """The record without ids that nothing known has, such as those of its own kind."""
    return {name: value if name == "id" else _without_unknown(value, labels) for name, value in record.items()}


def _without_unknown(value: Any, labels: Mapping[Key, str]) -> Any:
    if isinstance(value, list):
        return [_without_unknown(item, labels) for item in value]
    if isinstance(value, dict):
        return {name: _without_unknown(item, labels) for name, item in value.items()}
    unknown = isinstance(value, int) and value >= FIRST and value not in labels
    return "(record)" if unknown else value
