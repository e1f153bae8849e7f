"""Freshsales' look-up fields: which list of the account holds the entries of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perio_pipeline.crm.answers import records
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.lookups import LookupField, Lookups

PIPELINE = "deal_pipeline_id"
STAGE = "deal_stage_id"
_USER = LookupField("users", "user", optional=True)


@dataclass(frozen=True)
class Selector:
    """A list of `GET /selector/...`.

    Attributes:
        name: in the path.
        key: of the entries in the answer, and their kind.
        speaks: key of what an entry goes by.
        essential: without it nothing can be loaded; others may be closed to the plan.
        switch: key that is false for entries that are switched off, if there is one.
    """

    name: str
    key: str
    speaks: str = "name"
    essential: bool = False
    switch: str = ""


SELECTORS = (
    Selector("owners", "users", "email", essential=True, switch="is_active"),
    Selector("deal_pipelines", "deal_pipelines", essential=True),
    Selector("currencies", "currencies", "currency_code"),
    Selector("contact_statuses", "contact_statuses"),
    Selector("lifecycle_stages", "lifecycle_stages"),
    Selector("lead_sources", "lead_sources"),
    Selector("deal_types", "deal_types"),
    Selector("sales_activity_outcomes", "sales_activity_outcomes"),
)

FIELDS: Mapping[str, LookupField] = {
    "owner_id": _USER,
    "creater_id": _USER,
    PIPELINE: LookupField("deal_pipelines", "deal pipeline"),
    STAGE: LookupField("deal_stages", "deal stage", within=PIPELINE),
    "currency_id": LookupField("currencies", "currency"),
    "contact_status_id": LookupField("contact_statuses", "contact status"),
    "lifecycle_stage_id": LookupField("lifecycle_stages", "lifecycle stage"),
    "lead_source_id": LookupField("lead_sources", "lead source"),
    "deal_type_id": LookupField("deal_types", "deal type"),
    "outcome_id": LookupField("sales_activity_outcomes", "outcome"),
}


def no_lookups() -> Lookups:
    """The look-ups before the account's lists are read."""
    return Lookups(constants.NAME, FIELDS)


def take_list(lookups: Lookups, selector: Selector, answer: JsonObject | None, *, all_usable: bool = False) -> None:
    """Take over one of the account's lists in place of what was known of it.

    `all_usable`: entries that are switched off may be named as well.
    """
    found = records(answer, selector.key)
    lookups.entries[selector.key] = []
    lookups.add(selector.key, found, selector.speaks, switch="" if all_usable else selector.switch)
    if selector.name == "deal_pipelines":
        lookups.entries["deal_stages"] = []
        for pipeline in found:
            lookups.add("deal_stages", records(pipeline, "deal_stages"), parent=str(pipeline.get("id") or ""))
