"""Opening the account, look-ups and custom fields."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from perio_pipeline.crm.highlevel import open_account
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.protocol import (
    AccountInfo,
    AccountSettings,
    CreatedField,
    FieldSpec,
    FieldType,
    KeptField,
)
from perio_pipeline.errors import DestinationError, SettingsError
from perio_pipeline_tests.crm.scripted import CreationNotes
from perio_pipeline_tests.crm.support import LOCATION, PLAN_MARK, FakeHighLevel, run

WHERE = f"/locations/{LOCATION}"
FIELDS = f"{WHERE}/customFields"
STAGE = FieldSpec("contact", "Perio_Stage__c", FieldType.CHOICE, "Stage", ("I", "II"))


def connect(fake: FakeHighLevel, **settings: Any) -> AccountInfo:
    return run(fake, lambda adapter: adapter.connect(), ready=False, **settings)


def test_the_account_is_described() -> None:
    fake = FakeHighLevel()
    account = connect(fake, expected_name="Gum Care")
    capabilities = {
        "allow_duplicate_contact": False,
        "allow_duplicate_opportunity": True,
        "company_name_updatable": False,
        "date_form": "date",
        "note_characters": 5_000,
        "past_appointments": True,
        "file_values_replace": True,
        "download_files": True,
    }
    lookups = {
        **dict.fromkeys(("assignedTo", "assignedUserId", "userId"), ("Doc@Gum.example",)),
        "pipelineId": ("Perio Treatment", "Recall"),
        "pipelineStageId": ("Diagnosis", "Done", "Due", "Done"),
        "calendarId": ("Perio Visits",),
    }
    lengths = {"notes": {"body": 5_000}, "yearly_notes": {"body": 5_000}}
    assert account == AccountInfo(LOCATION, "Gum Care", "US", "America/Chicago", capabilities, lookups, lengths)
    assert len(fake.requests) == 4
    headers = fake.requests[0].headers
    assert headers["Authorization"] == "Bearer pit-1"
    assert headers["Version"] == "2021-07-28"
    assert "perio-pipeline" in headers["User-Agent"]


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        (WHERE, httpx.ConnectError("x"), "cannot be reached"),
        (WHERE, (401, {"message": "Invalid Private Integration token"}), "does not accept the token"),
        (WHERE, (403, {"message": "The token does not have access to this location."}), "does not open the location"),
        (WHERE, (400, {"message": "Location with id loc123 not found"}), "no location loc123"),
        (WHERE, (200, {"location": {"id": "other", "name": "Gum Care"}}), "opens the location other"),
        (WHERE, (200, {"location": {"id": LOCATION, "name": "Test"}}), "named 'Test'"),
        ("/opportunities/pipelines", (401, {"message": "not authorized for this scope."}), "opportunities.readonly"),
        ("/users/", (401, {"message": "The token is not authorized for this scope."}), "users.readonly"),
        ("/calendars/", (401, {"message": "The token is not authorized for this scope."}), "calendars.readonly"),
        ("/users/", (404, {"message": "Not Found"}), "answered 404"),
    ],
)
def test_each_obstacle_has_its_own_words(path: str, answer: Any, words: str) -> None:
    fake = FakeHighLevel()
    fake.on("GET", path, answer)
    with pytest.raises(DestinationError, match=words):
        connect(fake, expected_name="Gum Care")


def test_look_ups_are_checked_all_at_once() -> None:
    async def go(adapter: Any) -> None:
        adapter.require_lookups({"pipelineId": ["Perio Treatment"], "pipelineStageId": ["diagnosis", "Done"]})
        wanted = {
            "pipelineId": ["Perio Treatment"],
            "pipelineStageId": ["Due"],
            "calendarId": ["Elsewhere", "Perio Visits"],
            "assignedTo": ["gone@gum.example"],
        }
        with pytest.raises(DestinationError, match=r"user: gone@.*calendar: Elsewhere; pipeline stage: Due"):
            adapter.require_lookups(wanted)
        with pytest.raises(ValueError, match="not look-up fields: color"):
            adapter.require_lookups({"color": ["red"]})

    run(FakeHighLevel(), go)


def test_lacking_fields_are_created_with_their_choices() -> None:
    fake = FakeHighLevel()
    fake.on("POST", FIELDS, (201, {"customField": {"id": "new1"}}))

    async def go(adapter: Any) -> list[CreatedField]:
        missing = await adapter.missing_fields([STAGE])
        assert missing == [STAGE]
        created: list[CreatedField] = await adapter.create_fields(missing)
        return created

    assert run(fake, go) == [CreatedField("contact", STAGE.name, "new1")]
    assert fake.requests[0].url.params["model"] == "all"
    assert fake.sent("POST", FIELDS) == [
        {
            "name": "Perio_Stage__c",
            "dataType": "SINGLE_OPTIONS",
            "placeholder": "Stage",
            "model": "contact",
            "options": ["I", "II"],
        }
    ]


def record(**changes: Any) -> dict[str, Any]:
    found = {
        "id": "f1",
        "name": STAGE.name,
        "model": "contact",
        "dataType": "SINGLE_OPTIONS",
        "picklistOptions": ["I", "II"],
    }
    return {**found, **changes}


@pytest.mark.parametrize(
    ("present", "words"),
    [
        ([record(dataType="TEXT")], "has the type TEXT; it should be SINGLE_OPTIONS"),
        ([record(picklistOptions=["I"])], "lacks the options II"),
        ([record(), record(id="f2")], "exists 2 times"),
    ],
)
def test_fields_that_do_not_fit_are_named(present: list[dict[str, Any]], words: str) -> None:
    fake = FakeHighLevel()

    async def go(adapter: Any) -> None:
        fake.on("GET", FIELDS, (200, {"customFields": present}))
        with pytest.raises(DestinationError, match=words):
            await adapter.missing_fields([STAGE])

    run(fake, go)


def test_a_field_of_another_model_is_another_field() -> None:
    fake = FakeHighLevel()

    async def go(adapter: Any) -> None:
        fake.on("GET", FIELDS, (200, {"customFields": [record(model="opportunity")]}))
        assert await adapter.missing_fields([STAGE]) == [STAGE]
        with pytest.raises(ValueError, match="none on business"):
            await adapter.missing_fields([FieldSpec("business", "x", FieldType.TEXT, "x")])
        with pytest.raises(ValueError, match="no fields of type lookup"):
            await adapter.missing_fields([FieldSpec("contact", "x", FieldType.LOOKUP, "x", target="business")])

    run(fake, go)


def test_a_field_whose_answer_was_lost_is_looked_for() -> None:
    fake = FakeHighLevel()
    fake.on("POST", FIELDS, httpx.ReadTimeout("x"))

    async def go(adapter: Any) -> list[CreatedField]:
        with pytest.raises(DestinationError, match="not known whether"):
            await adapter.create_fields([STAGE])
        fake.on("GET", FIELDS, (200, {"customFields": [record()]}))
        created: list[CreatedField] = await adapter.create_fields([STAGE])
        return created

    assert run(fake, go) == [CreatedField("contact", STAGE.name, "f1")]


def test_a_refused_field_is_named() -> None:
    fake = FakeHighLevel()
    fake.on("POST", FIELDS, (422, {"message": ["property options should not exist"]}))
    with pytest.raises(DestinationError, match="Perio_Stage__c: property options should not exist"):
        run(fake, lambda adapter: adapter.create_fields([STAGE]))


def test_what_was_created_before_a_refusal_is_told() -> None:
    fake = FakeHighLevel()
    made = (201, {"customField": {"id": "new1"}})
    fake.on("POST", FIELDS, made, (422, {"message": ["property options should not exist"]}))
    log = CreationNotes()
    with pytest.raises(DestinationError, match="property options should not exist"):
        run(fake, lambda adapter: adapter.create_fields([PLAN_MARK, STAGE], log))
    assert log.lines == [
        ("begun", PLAN_MARK.name),
        ("done", CreatedField("opportunity", PLAN_MARK.name, "new1")),
        ("begun", STAGE.name),
        ("refused", STAGE.name),
    ]


CREATED = CreatedField("contact", STAGE.name, "f1")


@pytest.mark.parametrize(
    ("answer", "left", "kept"),
    [
        ((200, {"succeded": True}), [], []),
        ((404, {"message": "not found"}), [], []),
        (httpx.ReadTimeout("x"), [], []),
        (httpx.ReadTimeout("x"), [{"id": "f1"}], [CREATED]),
        ((422, {"message": "the field is in use"}), [{"id": "f1"}], [CREATED]),
    ],
)
def test_created_fields_are_removed_and_what_stays_is_named(answer: Any, left: list[Any], kept: list[Any]) -> None:
    fake = FakeHighLevel()
    fake.on("DELETE", f"{FIELDS}/f1", answer)

    async def go(adapter: Any) -> list[KeptField]:
        fake.on("GET", FIELDS, (200, {"customFields": left}))
        found: list[KeptField] = await adapter.remove_fields([CREATED])
        return found

    found = run(fake, go)
    assert [each.created for each in found] == kept
    assert all("delete it in Settings" in each.reason for each in found)


@pytest.mark.parametrize(
    "wrong", [{"base_url": "services.example"}, {"location_id": ""}, {"token": ""}, {"token": "pit 1\n"}]
)
def test_settings_are_checked_at_once(wrong: dict[str, str]) -> None:
    right = {"base_url": "https://x.example", "location_id": "l", "token": "pit-1"}
    with pytest.raises(SettingsError) as caught:
        HighLevelSettings(**{**right, **wrong})  # type: ignore[arg-type]
    assert "pit 1" not in str(caught.value)
    assert "pit-1" not in repr(HighLevelSettings(**right))  # type: ignore[arg-type]


def test_any_crm_is_opened_alike() -> None:
    adapter = open_account(AccountSettings("https://x.example", "l", "pit-1", time_scale=10))
    assert (adapter.stats.requests, adapter.batch_size("company_links")) == (0, 50)
