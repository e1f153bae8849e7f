"""Fields that were created can be removed again, and what the CRM keeps is named: both adapters, over real HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from perio_pipeline.crm.freshsales.adapter import FreshsalesAdapter
from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.protocol import CreatedField, FieldSpec, FieldType, KeptField, Made, Payload
from perio_pipeline.sandbox.highlevel.seed import LOCATION_ID, TOKEN
from perio_pipeline.sandbox.highlevel.seed import demo_config as highlevel_config
from perio_pipeline.sandbox.highlevel.server import running as running_highlevel
from perio_pipeline_tests.crm.freshsales_support import LINE, LINE_ID, line, patient
from perio_pipeline_tests.crm.freshsales_world import World, account

RECALL = FieldSpec("contact", "Recall_Months__c", FieldType.NUMBER, "Recall (months)")
SMOKER = FieldSpec("contact", "Smoker__c", FieldType.CHOICE, "Smoker", ("Yes", "No"))
CODES = "text:1,paragraph:2,decimal:3,dropdown:4"
STANDARD = {"create_fields_standard": True, "field_type_codes": CODES}


def made_and_removed(world: World, specs: list[FieldSpec]) -> tuple[list[CreatedField], list[KeptField]]:
    async def work(adapter: FreshsalesAdapter) -> tuple[list[CreatedField], list[KeptField]]:
        created = await adapter.create_fields(await adapter.missing_fields(specs))
        assert await adapter.missing_fields(specs) == []
        return created, await adapter.remove_fields(created)

    return world.run(work, fields=())


def labels(world: World, entity: str = "contacts") -> set[str]:
    return {item["label"] for item in world.held("fields") if item["entity"] == entity}


def test_highlevel_fields_go_with_their_values_and_nothing_else_does() -> None:
    specs = [FieldSpec("contact", "Recall__c", FieldType.TEXT, "Recall"), replace(SMOKER, model="opportunity")]
    with running_highlevel(highlevel_config()) as sandbox:
        settings = HighLevelSettings(sandbox.base_url, LOCATION_ID, TOKEN)

        async def work() -> None:
            async with HighLevelAdapter(settings) as adapter:
                await adapter.connect()
                before = sandbox.state_digest()
                created = await adapter.create_fields(await adapter.missing_fields(specs))
                assert [(each.model, each.name, each.kind) for each in created] == [
                    ("contact", "Recall__c", Made.FIELD),
                    ("opportunity", "Smoker__c", Made.FIELD),
                ]
                assert await adapter.missing_fields(specs) == []
                assert await adapter.remove_fields(created) == []
                assert await adapter.missing_fields(specs) == specs
                assert sandbox.state_digest() == before
                assert await adapter.remove_fields(created) == [], "what is gone already is removed"

        asyncio.run(work())


def test_freshsales_fields_stay_unless_the_account_deletes_them_and_are_named() -> None:
    with account({"standard_field_creation": "on"}, STANDARD) as world:
        created, kept = made_and_removed(world, [RECALL, SMOKER])
        assert [(each.model, each.name) for each in created] == [(s.model, s.name) for s in (RECALL, SMOKER)]
        assert [each.created for each in kept] == created
        assert "the field Smoker__c of contacts (the API does not delete fields)" in kept[1].reason
        assert {RECALL.label, SMOKER.label} <= labels(world)
        assert world.asked("DELETE", "/settings/{entity}/forms/{form}/fields/{id}") == 0


@pytest.mark.parametrize("deletes", [True, False])
def test_freshsales_fields_are_deleted_where_that_is_allowed_and_the_account_can(deletes: bool) -> None:
    behaviour = {"standard_field_creation": "on", "field_deletion": deletes}
    with account(behaviour, STANDARD | {"delete_fields": True}) as world:
        before = labels(world)
        _, kept = made_and_removed(world, [RECALL, SMOKER])
        # The account answers "not found" to a route that it does not have: that must not count as gone.
        assert [each.created.name for each in kept] == ([] if deletes else [RECALL.name, SMOKER.name])
        assert labels(world) == (before if deletes else before | {RECALL.label, SMOKER.label})


def test_a_field_that_somebody_deleted_meanwhile_is_not_named() -> None:
    with account({"standard_field_creation": "on"}, STANDARD) as world:
        _, kept = made_and_removed(world, [RECALL])
        gone = replace(kept[0].created, crm_id="12345")
        assert world.run(lambda adapter: adapter.remove_fields([gone])) == []


def without_module(world: World) -> None:
    module = world.held("modules")[0]["id"]
    world.run(lambda adapter: adapter.remove_fields([CreatedField(LINE, LINE, str(module), Made.MODULE)]))
    assert world.held("modules") == []


@pytest.mark.parametrize("prefix", [True, False])
def test_the_custom_module_goes_with_its_fields(prefix: bool) -> None:
    behaviour = {"module_prefix": "prefixed" if prefix else "bare"}
    with account(behaviour, {"field_type_codes": CODES, "module_prefix": prefix}) as world:
        without_module(world)
        created, kept = made_and_removed(world, [LINE_ID])
        assert [each.kind for each in created] == [Made.MODULE, Made.FIELD]
        assert kept == []
        assert world.held("modules") == []
        assert labels(world, LINE) == set()


@pytest.mark.parametrize(
    ("lists", "words"), [(True, "holds 1 records"), (False, "not known whether people keep records in it")]
)
def test_a_module_with_records_that_people_keep_stays_and_is_named(lists: bool, words: str) -> None:
    with account({"custom_module_filters": lists}) as world:
        fields = [item["id"] for item in world.held("fields") if item["label"] == LINE_ID.label]
        module = CreatedField(LINE, LINE, str(world.held("modules")[0]["id"]), Made.MODULE)
        created = [module, CreatedField(LINE, LINE_ID.name, str(fields[0]))]
        world.load([Payload(**{**vars(line()), "links": {}})])
        kept = world.run(lambda adapter: adapter.remove_fields(created))
        assert [each.created for each in kept] == created
        assert words in kept[0].reason
        assert len(world.held(LINE)) == 1


@pytest.mark.parametrize("codes", [CODES, ""])
def test_types_go_by_their_codes_and_a_refusal_says_what_to_do(codes: str) -> None:
    with account({"standard_field_creation": "on"}, STANDARD | {"field_type_codes": codes}) as world:
        if codes:
            created, _ = made_and_removed(world, [SMOKER])
            assert [each.name for each in created] == [SMOKER.name]
        else:
            with pytest.raises(Exception, match=r"refuses the custom field Smoker__c.*by hand in Admin Settings"):
                made_and_removed(world, [SMOKER])


def test_values_of_a_deleted_field_are_gone_and_the_records_stay() -> None:
    behaviour = {"standard_field_creation": "on", "field_deletion": True}
    with account(behaviour, STANDARD | {"delete_fields": True}) as world:

        async def work(adapter: FreshsalesAdapter) -> Any:
            created = await adapter.create_fields([RECALL])
            await adapter.create([replace(patient(), custom={RECALL.name: 6})])
            before = world.held("contacts")[0]["custom_field"]
            await adapter.remove_fields(created)
            return before

        assert list(world.run(work).values()) == [6]
        assert [record["custom_field"] for record in world.held("contacts")] == [{}]
