"""HighLevel where the published sources leave it open: each capability in both positions, on the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, TypeVar

import pytest

from perio_pipeline.crm.highlevel import behaviours
from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.capabilities import CHOICES, Capabilities, capabilities_from
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.protocol import FieldSpec, FieldType, Payload, Ref, Status
from perio_pipeline.errors import SettingsError
from perio_pipeline.sandbox.highlevel.config import Behaviour, FieldConfig
from perio_pipeline.sandbox.highlevel.seed import LOCATION_ID, TOKEN, demo_config
from perio_pipeline.sandbox.highlevel.server import running

Result = TypeVar("Result")
FACTOR = 500.0
EXAM = FieldSpec("contact", "Last_Exam_Date__c", FieldType.DATE, "Last exam")
PATIENT = Payload(
    "contacts",
    "7",
    {"firstName": "Ann", "lastName": "Lee", "email": "a@b.example", "companyName": "Before"},
    {EXAM.name: "2019-03-05"},
    {},
    "email",
    "a@b.example",
)


class Place:
    """One served location, and an adapter that is opened for each piece of work."""

    def __init__(self, sandbox: Any, capabilities: dict[str, Any]) -> None:
        self.sandbox, self.capabilities = sandbox, capabilities_from(capabilities)

    def run(self, work: Callable[[HighLevelAdapter], Awaitable[Result]]) -> Result:
        settings = HighLevelSettings(
            self.sandbox.base_url, LOCATION_ID, TOKEN, capabilities=self.capabilities, time_scale=FACTOR
        )

        async def main() -> Result:
            async with HighLevelAdapter(settings) as adapter:
                await adapter.connect()
                assert await adapter.missing_fields([EXAM]) == []
                return await work(adapter)

        return asyncio.run(main())

    def patient(self) -> Ref:
        (made,) = self.run(lambda adapter: adapter.create([PATIENT]))
        assert made.ref is not None
        return made.ref

    def held(self, kind: str) -> list[dict[str, Any]]:
        return list(self.sandbox.state()[LOCATION_ID][kind])


@contextmanager
def place(behaviour: dict[str, Any], capabilities: dict[str, Any]) -> Iterator[Place]:
    exam = FieldConfig(name=EXAM.name, dataType="DATE")
    with running(demo_config(custom_fields=[exam], behaviour=Behaviour(**behaviour), clock_factor=FACTOR)) as sandbox:
        yield Place(sandbox, capabilities)


@pytest.mark.parametrize(
    ("accepts", "stated", "kept", "code"),
    [
        ("refuse", False, "Before", "not_updatable"),
        ("accept", False, "Before", "not_updatable"),
        ("accept", True, "After", ""),
    ],
)
def test_p2_a_company_s_name_is_changed_where_that_is_taken(accepts: str, stated: bool, kept: str, code: str) -> None:
    with place({"put_company_name": accepts}, {"company_name_updatable": stated}) as here:
        ref = here.patient()
        changed = Payload("contacts", "7", {"firstName": "Anna", "companyName": "After"}, {}, {}, "email", "")
        outcome = here.run(lambda adapter: adapter.update(ref, changed))
        assert (outcome.status, outcome.code) == (Status.DONE, code)
        (contact,) = here.held("contact")
        assert (contact["firstName"], contact["companyName"]) == ("Anna", kept)


@pytest.mark.parametrize(
    ("behaviour", "form"),
    [
        ({}, "date"),
        ({"date_form": "date"}, "date"),
        ({}, "noon"),
        ({"date_form": "datetime"}, "noon"),
        ({"date_time_shift": "on"}, "noon"),
    ],
)
def test_p3_a_date_stays_the_day_that_it_is(behaviour: dict[str, Any], form: str) -> None:
    with place(behaviour, {"date_form": form}) as here:
        ref = here.patient()
        snapshots = here.run(lambda adapter: adapter.read([ref]))
        assert snapshots[ref].custom[EXAM.name] == "2019-03-05"


@pytest.mark.parametrize(("behaviour", "form"), [({"date_time_shift": "on"}, "date"), ({"date_form": "date"}, "noon")])
def test_p3_the_wrong_form_loses_the_day_which_is_why_it_is_probed(behaviour: dict[str, Any], form: str) -> None:
    with place(behaviour, {"date_form": form}) as here:
        ref = here.patient()
        snapshots = here.run(lambda adapter: adapter.read([ref]))
        assert snapshots[ref].custom.get(EXAM.name) != "2019-03-05"


@pytest.mark.parametrize(("most", "length", "status"), [(2_000, 2_001, Status.REFUSED), (65_000, 20_000, Status.DONE)])
def test_p4_a_note_that_is_too_long_is_refused_before_it_is_sent(most: int, length: int, status: Status) -> None:
    with place({"note_limit": most}, {"note_characters": most}) as here:
        ref = here.patient()
        note = Payload("notes", "1", {"body": "x" * length}, {}, {"contactId": ref.crm_id}, "body", "x")
        (outcome,) = here.run(lambda adapter: adapter.create([note]))
        assert outcome.status is status
        assert outcome.code == ("too_long" if status is Status.REFUSED else "")
        assert len(here.held("note")) == (status is Status.DONE)


def test_p4_the_account_tells_a_mapping_how_long_notes_may_be() -> None:
    with place({}, {"note_characters": 2_000}) as here:
        info = here.run(lambda adapter: adapter.connect())
        assert info.lengths["notes"] == {"body": 2_000}


@pytest.mark.parametrize(("accepts", "stated"), [("accept", True), ("refuse", False)])
def test_p6_a_visit_in_the_past_is_booked_or_refused_before_it_is_sent(accepts: str, stated: bool) -> None:
    with place({"past_appointment": accepts}, {"past_appointments": stated}) as here:
        ref = here.patient()

        def visit(year: int) -> Payload:
            times = {"startTime": f"{year}-03-05T14:00:00-05:00", "endTime": f"{year}-03-05T15:00:00-05:00"}
            given = {"calendarId": "Perio Visits", "title": "Visit", "description": f"[{year}]", **times}
            return Payload("appointments", str(year), given, {}, {"contactId": ref.crm_id}, "description", f"[{year}]")

        past, future = here.run(lambda adapter: adapter.create([visit(2019), visit(2035)]))
        assert future.status is Status.DONE
        assert (past.status, past.code) == ((Status.DONE, "") if stated else (Status.REFUSED, "past_appointment"))
        assert len(here.held("appointment")) == 1 + stated


@pytest.mark.parametrize(
    "stated", [{"date_form": "maybe"}, {"note_characters": 0}, {"past_appointments": "yes"}, {"surprise": True}]
)
def test_a_capability_that_cannot_be_is_refused(stated: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="HighLevel"):
        capabilities_from(stated)


def test_every_capability_is_tested_in_both_positions_and_those_that_are_on_or_off_are_switches_for_mappings() -> None:
    named = {each.name for each in fields(Capabilities)}
    files = {"file_values_replace", "download_files"}  # in test_highlevel_files.py
    assert named == {"company_name_updatable", "date_form", "note_characters", "past_appointments", *files}
    assert set(CHOICES) == {"date_form"}
    assert behaviours({"past_appointments": False}) == {
        "company_name_updatable": False,
        "past_appointments": False,
        **dict.fromkeys(files, True),
    }
