"""Cases about the account as a whole: its limits, its errors, its custom fields and its custom module."""

from __future__ import annotations

from typing import Any

import pytest

from perio_pipeline.crm.protocol import CreatedField, FieldSpec, FieldType, Made, Status
from perio_pipeline.errors import DestinationError
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline_tests.crm.freshsales_support import FIELDS, LINE, LINE_ID
from perio_pipeline_tests.crm.freshsales_world import World
from perio_pipeline_tests.crm.uncertain.cases import Case, arrives, contacts, moved, upload

RECALL = FieldSpec("contact", "Recall_Months__c", FieldType.NUMBER, "Recall (months)")
TEETH = FieldSpec(LINE, "Teeth__c", FieldType.TEXT, "Teeth")
CODES = "text:1,decimal:3,dropdown:4"
OTHER_CODES = {"text": 41, "number": 43, "dropdown": 44}


def within_limits(world: World) -> None:
    """Nothing is lost, and no request is ever refused."""
    arrives(world)
    assert world.sandbox.stats()["throttled"] == 0


def patient_with_refusals(world: World) -> None:
    """Requests that are refused for the limit are sent again later; nothing is lost."""
    moved(world, contacts(40))
    assert world.sandbox.stats()["throttled"] > 0


def wrong_key(world: World) -> None:
    world.settings["token"] = "another-key"
    with pytest.raises(DestinationError, match=r"does not accept the API key.*Profile Settings"):
        world.run(lambda adapter: adapter.connect())


def no_room(world: World) -> None:
    with pytest.raises(DestinationError, match=r"may not do POST /documents.*check that the plan has it"):
        upload(world, 20)


def created(*specs: FieldSpec) -> Any:
    """Missing fields are created; a load may use them at once."""

    def check(world: World) -> None:
        async def work(adapter: Any) -> None:
            made = await adapter.create_fields(await adapter.missing_fields(specs))
            assert [each.name for each in made if each.kind is Made.FIELD] == [spec.name for spec in specs]
            assert await adapter.missing_fields(specs) == []

        world.run(work)

    return check


def not_created(spec: FieldSpec, words: str) -> Any:
    """The field is not there afterwards, and it is said why and what to do."""

    def check(world: World) -> None:
        async def work(adapter: Any) -> None:
            with pytest.raises(DestinationError, match=words):
                await adapter.create_fields([spec])
            assert await adapter.missing_fields([spec]) == [spec]

        world.run(work)

    return check


def with_new_module(then: Any) -> Any:
    """The same, in an account whose custom module has to be made first."""

    def check(world: World) -> None:
        module = world.held("modules")[0]["id"]
        gone = world.run(lambda adapter: adapter.remove_fields([CreatedField(LINE, LINE, str(module), Made.MODULE)]))
        assert gone == []
        standard = [spec for spec in FIELDS if spec.model != LINE]
        run = world.run
        world.run = lambda work, fields=standard: run(work, fields)  # type: ignore[method-assign, assignment]
        then(world)

    return check


def removed(stay: bool) -> Any:
    """Created fields are removed, or named."""

    def check(world: World) -> None:
        async def work(adapter: Any) -> None:
            made = await adapter.create_fields([RECALL])
            kept = await adapter.remove_fields(made)
            assert [each.created for each in kept] == (made if stay else [])
            assert all("delete it in Admin Settings" in each.reason for each in kept)

        world.run(work)
        assert any(item["label"] == RECALL.label for item in world.held("fields")) is stay

    return check


def key_user(name: str | None) -> Any:
    """Who has a record that nobody owns."""

    def check(world: World) -> None:
        (outcome,) = world.create([contacts(1, owner_id=None)[0]])
        assert outcome.status is Status.DONE
        assert outcome.ref is not None
        assert world.read([outcome.ref])[outcome.ref].fields["owner_id"] == name

    return check


STANDARD = {"create_fields_standard": True, "field_type_codes": CODES}
BY_HAND = r"does not create these custom fields over the API.*Create them in Admin Settings"
LIMIT = {"per_minute_limit": 30}
SINGLY = {"bulk_upsert": False, "view_lists": "none"}
"""Many requests in a short time."""

CASES = (
    Case("1.2 P3 a cap per minute", {"per_minute_limit": 30}, {"minute_requests": 30}, within_limits),
    Case("1.2 P3 a cap per minute", {"per_minute_limit": None}, {"minute_requests": 0}, within_limits),
    Case("1.2 P3 a cap per minute", {"per_minute_limit": 400}, {"minute_requests": 400}, within_limits),
    Case("1.2 P3 a cap per minute", {"per_minute_limit": 4}, {"minute_requests": 0, **SINGLY}, patient_with_refusals),
    *(
        Case(
            "1.2 P3 what a 429 says",
            {"per_minute_limit": 4, name: value},
            {"minute_requests": 0, **SINGLY},
            patient_with_refusals,
        )
        for name, values in (
            ("retry_after", (True, False)),
            ("throttled_body", ("errors", "text")),
            ("refused_requests_count", (True, False)),
        )
        for value in values
    ),
    Case(
        "1.2 what a bulk job costs",
        {**LIMIT, "bulk_cost": "call"},
        {"minute_requests": 30, "bulk_cost": "call"},
        within_limits,
    ),
    Case(
        "1.2 what a bulk job costs",
        {**LIMIT, "bulk_cost": "rows"},
        {"minute_requests": 30, "bulk_cost": "rows"},
        within_limits,
    ),
    Case(
        "1.2 what a bulk job costs",
        {**LIMIT, "bulk_cost": "call"},
        {"minute_requests": 30, "bulk_cost": "rows"},
        within_limits,
    ),
    Case(
        "1.2 what a bulk job costs",
        {"per_minute_limit": 10, "bulk_cost": "rows"},
        {"minute_requests": 10, "bulk_cost": "call"},
        patient_with_refusals,
    ),
    *(Case("1.3 a 401", {"unauthorized_body": shape}, {}, wrong_key) for shape in ("errors", "empty", "login")),
    Case("9 pooled storage", {"storage_full_status": 403}, {}, no_room, holds={"storage_bytes": 10}),
    # Custom fields and the custom module
    Case(
        "6.1 P4 fields of standard modules",
        {"standard_field_creation": "on", "field_type_codes": Behaviour().field_type_codes},
        STANDARD,
        created(RECALL),
    ),
    Case(
        "6.1 P4 fields of standard modules",
        {"standard_field_creation": "on"},
        {"create_fields_standard": False},
        not_created(RECALL, BY_HAND),
    ),
    Case(
        "6.1 P4 fields of standard modules",
        {"standard_field_creation": "404"},
        STANDARD,
        not_created(RECALL, r"shows no form of contacts.*Admin Settings"),
    ),
    Case(
        "6.1 P4 fields of standard modules",
        {"standard_field_creation": "403"},
        STANDARD,
        not_created(RECALL, r"may not do GET /settings/\{module\}/forms"),
    ),
    Case(
        "6.1 P4 codes of field types",
        {"standard_field_creation": "on", "field_type_codes": OTHER_CODES},
        {"create_fields_standard": True, "field_type_codes": "text:41,decimal:43"},
        created(RECALL),
    ),
    Case(
        "6.1 P4 codes of field types",
        {"standard_field_creation": "on", "field_type_codes": OTHER_CODES},
        {"create_fields_standard": True, "field_type_codes": ""},
        not_created(RECALL, r"refuses the custom field Recall_Months__c: .*by hand in Admin Settings"),
    ),
    Case(
        "6.1 deleting fields",
        {"standard_field_creation": "on", "field_deletion": True},
        {**STANDARD, "delete_fields": True},
        removed(stay=False),
    ),
    Case(
        "6.1 deleting fields",
        {"standard_field_creation": "on", "field_deletion": False},
        {**STANDARD, "delete_fields": True},
        removed(stay=True),
    ),
    Case(
        "6.1 deleting fields",
        {"standard_field_creation": "on", "field_deletion": True},
        {**STANDARD, "delete_fields": False},
        removed(stay=True),
    ),
    Case(
        "5 fields of a module",
        {"custom_module_field_limit": 310},
        {"create_fields_module": True, "field_type_codes": CODES},
        created(TEETH),
    ),
    Case("5 fields of a module", {}, {"create_fields_module": False}, not_created(TEETH, BY_HAND)),
    Case(
        "5 fields of a module",
        {"custom_module_field_limit": 2},
        {"create_fields_module": True, "field_type_codes": CODES},
        not_created(TEETH, r"refuses the custom field Teeth__c: You have reached the limit"),
    ),
    *(
        Case(
            "5 P11 a module's name",
            {"module_prefix": rule},
            {"module_prefix": sent, "field_type_codes": CODES},
            with_new_module(created(LINE_ID)),
        )
        for rule, sent in (("either", True), ("either", False), ("bare", False), ("prefixed", True))
    ),
    *(
        Case(
            "5 P11 a module's name",
            {"module_prefix": rule},
            {"module_prefix": sent, "field_type_codes": CODES},
            with_new_module(not_created(LINE_ID, r"refuses the custom module .*by hand in Admin Settings")),
        )
        for rule, sent in (("bare", True), ("prefixed", False))
    ),
    *(
        Case("6.1 where a module lists its fields", {"module_fields": there}, {"module_fields": asked}, arrives)
        for there in ("both", "forms", "fields")
        for asked in ("forms", "fields")
    ),
    Case("11 who owns what has no owner", {}, {"key_user": ""}, key_user("migration@example.com")),
    Case("11 who owns what has no owner", {}, {"key_user": "Migration@example.com"}, key_user(None)),
)
