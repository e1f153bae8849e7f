"""What a load costs, end to end through the loader and the journal: requests are the scarcest thing there is.

Two thousand patients with their providers, referrers and plans go into the sandbox over real HTTP and are read back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.freshsales.budget import opening_requests, read_back_requests, requests_for
from perio_pipeline.crm.freshsales.capabilities import capabilities_from
from perio_pipeline.crm.freshsales.settings import FreshsalesSettings
from perio_pipeline.loading.journal import Costs, RunInfo
from perio_pipeline.loading.objects import Target, load_object, read_object
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.sandbox.freshsales.seed import ALIAS, TOKEN
from perio_pipeline_tests.crm.freshsales_world import FACTOR, World, account
from perio_pipeline_tests.loading.small_load import journal_in
from perio_pipeline_tests.loading.test_objects import typed

pytestmark = pytest.mark.slow
COUNTS = {"sales_accounts": 120, "providers": 8, "contacts": 2000, "deals": 1500}
AT_MOST = 0.05


def person(requirement: str, rows: str, links: dict[str, Any]) -> dict[str, Any]:
    return {
        "requirement": requirement,
        "description": "People",
        "model": "contact",
        "rows": rows,
        "key": "id",
        "mark": {"field": "external_id"},
        "links": links,
        "fields": {"external_id": "id", "last_name": "name", "owner_id": {"from": "email", "lookup": True}},
        "custom": {
            "Deepest_Site_MM__c": {"from": "depth", "as": "number", "type": "number", "label": "Deepest site (mm)"}
        },
    }


MAPPING = Mapping.model_validate(
    {
        "destination": "freshsales",
        "objects": {
            "sales_accounts": {
                "requirement": "F6",
                "description": "Practices",
                "model": "sales_account",
                "rows": "validated/referring_practice",
                "key": "id",
                "mark": {"field": "Source_Practice_ID__c"},
                "fields": {"name": "name"},
                "custom": {"Source_Practice_ID__c": {"from": "id", "label": "PANDA practice id"}},
            },
            "providers": person("F4", "validated/provider", {}),
            "contacts": person(
                "F1",
                "validated/patient",
                {"sales_account_id": {"object": "sales_accounts", "by": "practice_id", "required": False}},
            ),
            "deals": {
                "requirement": "F3",
                "description": "Plans",
                "model": "deal",
                "rows": "validated/treatment_plan",
                "key": "id",
                "mark": {"field": "Source_Plan_ID__c"},
                "links": {"contact_id": {"object": "contacts", "by": "patient_id"}},
                "fields": {"name": "name", "amount": {"from": "value", "as": "number"}},
                "custom": {"Source_Plan_ID__c": {"from": "id", "label": "PANDA plan id"}},
            },
        },
    }
)
TYPES = {"amount": "Float64", "Deepest_Site_MM__c": "Float64"}


def shaped(name: str) -> pd.DataFrame:
    mark = {"sales_accounts": "PRACTICE", "providers": "provider", "contacts": "patient", "deals": "PLAN"}[name]
    rows = []
    for number in range(COUNTS[name]):
        key = f"{mark}-{number}"
        row = {"source_key": key, "account": "main", "mark": key, "external_id": key, "name": f"Name ({key})"}
        row |= {"Source_Practice_ID__c": key, "Source_Plan_ID__c": key, "last_name": "Gum", "amount": 10.0 + number}
        row |= {"Deepest_Site_MM__c": 4.0, "owner_id": "avery.stone@example.com"}
        row |= {"link.sales_account_id": f"PRACTICE-{number % 120}" if number % 3 else None}
        rows.append({**row, "link.contact_id": f"patient-{number}"})
    obj = MAPPING.objects[name]
    columns = [*obj.fields, *obj.custom, *(f"link.{link}" for link in obj.links)]
    return typed(rows, {column: TYPES.get(column, "str") for column in columns})


@pytest.fixture(scope="module")
def moved(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[World, dict[str, Costs], dict[str, pd.DataFrame]]]:
    """Everything loaded and read back once."""
    with account({"all_deals_view": True}) as world, journal_in(tmp_path_factory.mktemp("cost")) as journal:

        def adapter() -> FreshsalesAdapter:
            capabilities = capabilities_from(world.capabilities)
            settings = FreshsalesSettings(world.sandbox.base_url, ALIAS, TOKEN, "enterprise", capabilities, FACTOR)
            return FreshsalesAdapter(settings)

        target = Target("harbor", "freshsales", MAPPING, {"main": adapter}, journal, RunInfo("r", "full", "jo"), FACTOR)
        found: dict[str, pd.DataFrame] = {}

        async def move() -> None:
            for name in COUNTS:
                manifest = await load_object(target, name, shaped(name))
                assert set(manifest["action"]) == {"created"}
                found[name] = await read_object(target, name, manifest)

        asyncio.run(move())
        yield world, journal.costs("harbor", "freshsales"), found


def test_every_record_arrives_and_reads_back_as_it_was_sent(moved: Any) -> None:
    _, _, found = moved
    for name, count in COUNTS.items():
        sent = shaped(name).set_index("source_key")
        back = found[name].set_index("source_key").loc[sent.index]
        assert len(found[name]) == count
        for column in (*MAPPING.objects[name].fields, *MAPPING.objects[name].custom):
            assert back[column].tolist() == sent[column].tolist()
        for link in MAPPING.objects[name].links:
            assert back[f"link.{link}"].notna().tolist() == sent[f"link.{link}"].notna().tolist()


@pytest.mark.parametrize("name", ["contacts", "deals"])
def test_contacts_and_deals_cost_at_most_one_request_per_twenty(moved: Any, name: str) -> None:
    """Sending, waiting, ids and opening the account: 0.04. Reading everything back as well: still within the bound."""
    costs = moved[1][name]
    assert costs.written == COUNTS[name]
    assert costs.load / costs.written <= AT_MOST
    assert (costs.load + costs.readback) / costs.written <= AT_MOST


@pytest.mark.parametrize("name", COUNTS)
def test_the_budget_foresees_it(moved: Any, name: str) -> None:
    """The account is opened once in full, then with one request each time."""
    world, costs, _ = moved
    capabilities, count = capabilities_from(world.capabilities), COUNTS[name]
    opening = 1 if name != "sales_accounts" else opening_requests(modules=False)
    assert costs[name].load == opening + requests_for(name, count, capabilities)
    assert costs[name].readback == 1 + read_back_requests(name, count, capabilities)


def test_nothing_was_refused_or_asked_in_vain(moved: Any) -> None:
    world, costs, _ = moved
    stats = world.sandbox.stats()
    assert stats["throttled"] == 0
    assert {entry["status"] for entry in stats["routes"]} <= {"200", "201"}
    assert stats["total"] == sum(each.load + each.readback for each in costs.values())
