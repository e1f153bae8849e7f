"""The probes of section 17 find what the sandbox was set to, and leave it exactly as it was, interrupted or not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from perio_pipeline.crm.highlevel.probes import PROBES, probe_account, probe_plan
from perio_pipeline.crm.highlevel.probes import workshop as workshops
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.probing import Probe, ProbeReport
from perio_pipeline.sandbox.highlevel.config import Behaviour, CalendarConfig
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline.sandbox.highlevel.seed import LOCATION_ID, TOKEN, USER_EMAILS, demo_config
from perio_pipeline.sandbox.highlevel.server import running

FACTOR = 500.0
USUAL = {
    "company_name_updatable": False,
    "date_form": "date",
    "note_characters": 65_000,
    "past_appointments": True,
    "file_values_replace": True,
    "download_files": True,
}
OTHER: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
    "P2 the company's name may be changed": (
        {"put_company_name": "accept"},
        {"company_name_updatable": True},
        {"company_name": "PUT companyName: 200, changed"},
    ),
    "P3 a date is shown in the sub-account's zone": (
        {"date_time_shift": "on"},
        {"date_form": "noon"},
        {"date_form": "a DATE field as date: 200, another day; as noon: 200, the same day"},
    ),
    "P3 a date needs a time": (
        {"date_form": "datetime"},
        {"date_form": "noon"},
        {"date_form": "a DATE field as date: 200, nothing; as noon: 200, the same day"},
    ),
    "P4 notes are short": ({"note_limit": 2_500}, {"note_characters": 2_000}, {}),
    "P4 notes are long": ({"note_limit": 40_000}, {"note_characters": 32_000}, {}),
    "P6 nothing is booked in the past": (
        {"past_appointment": "refuse"},
        {"past_appointments": False},
        {"past_appointment": "POST of an appointment in 2019: 400, 2019 with a user: 400, 2035: 200"},
    ),
    "P18 files stay in their field": (
        {"file_value_put": "merge"},
        {"file_values_replace": False},
        {"file_field": "download: 200, content as sent"},
    ),
    "P18 files are for people who logged in": (
        {"download_with_token": False},
        {"download_files": False},
        {"file_field": "download: 401, content other"},
    ),
    "P5 P9 P12 P14 P16 what settles no capability is told": (
        {
            "unlisted_option": "refuse",
            "invalid_phone": "refuse",
            "contact_not_found_status": 404,
            "repeated_field_key": "refuse",
            "text_limit": 256,
        },
        {},
        {
            "unlisted_option": "a choice that is not listed: 400, not kept",
            "invalid_phone": "POST with an impossible phone: 422, not kept",
            "after_delete": "GET of a contact whose deletion was confirmed: 404",
            "repeated_name": "a second field of one name is refused",
            "text_length": "a TEXT of 1,000 characters: 200, 256 read back",
        },
    ),
}


@dataclass
class Location:
    """A sub-account that is being served."""

    sandbox: Any

    def probe(self, seconds: float | None = None) -> ProbeReport:
        settings = HighLevelSettings(self.sandbox.base_url, LOCATION_ID, TOKEN, time_scale=FACTOR)
        return asyncio.run(asyncio.wait_for(probe_account(settings), seconds))


@contextmanager
def location(behaviour: dict[str, Any] | None = None, **settings: Any) -> Iterator[Location]:
    own = {name: settings.pop(name) for name in ("calendars", "allow_duplicate_contact") if name in settings}
    config = demo_config(behaviour=Behaviour(**(behaviour or {})), clock_factor=FACTOR, **settings)
    first = config.locations[0].model_copy(update=own)
    with running(config.model_copy(update={"locations": (first,)})) as sandbox:
        yield Location(sandbox)


def found_in(report: ProbeReport) -> dict[str, Any]:
    return {name: seen.finding.value for name, seen in report.capabilities.items()}


def evidence(report: ProbeReport) -> dict[str, str]:
    return {seen.probe: seen.finding.evidence for seen in report.seen}


def test_17_everything_is_found_in_a_location_as_the_defaults_have_it_and_nothing_stays() -> None:
    with location() as place:
        before = place.sandbox.state_digest()
        report = place.probe()
        assert place.sandbox.state_digest() == before
        assert found_in(report) == USUAL
        assert (report.failed, report.kept, report.earlier) == ({}, [], 0)
        assert report.requests <= probe_plan().requests


@pytest.mark.parametrize("name", OTHER)
def test_17_what_the_location_does_otherwise_is_found_too(name: str) -> None:
    behaviour, wanted, told = OTHER[name]
    with location(behaviour) as place:
        before = place.sandbox.state_digest()
        report = place.probe()
        assert place.sandbox.state_digest() == before
        assert found_in(report) == USUAL | wanted
        assert {probe: evidence(report)[probe] for probe in told} == told
        assert (report.failed, report.kept) == ({}, [])
        assert report.requests <= probe_plan().requests


@pytest.mark.parametrize(("allowed", "second"), [(True, 201), (False, 400)])
def test_17_p17_a_shared_phone(allowed: bool, second: int) -> None:
    with location(allow_duplicate_contact=allowed) as place:
        assert evidence(place.probe())["shared_phone"] == f"two contacts with one phone: 201, then {second}"


def test_17_p6_a_calendar_with_a_team_is_booked_for_one_of_it() -> None:
    team = (CalendarConfig(name="Perio Visits", team_emails=USER_EMAILS[:1]),)
    with location(calendars=team) as place:
        report = place.probe()
        assert found_in(report)["past_appointments"] is True
        assert "with a user" in evidence(report)["past_appointment"]


def test_17_p6_without_a_calendar_it_stays_open() -> None:
    with location(calendars=()) as place:
        assert "past_appointments" not in found_in(place.probe())


@pytest.mark.parametrize("at", range(0, len(PROBES), 3))
def test_a_probe_that_breaks_off_leaves_nothing(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(shop: workshops.Workshop) -> Any:
        await PROBES[at].run(shop)
        raise KeyboardInterrupt

    broken = (*PROBES[:at], Probe("broken", "0", 0, interrupted))
    monkeypatch.setattr("perio_pipeline.crm.highlevel.probes.PROBES", broken)
    with location() as place:
        before = place.sandbox.state_digest()
        with pytest.raises(KeyboardInterrupt):
            place.probe()
        assert place.sandbox.state_digest() == before


def test_what_a_killed_run_left_is_removed_by_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def killed(*_: Any) -> None:
        return None

    with location(search_lag_seconds=1) as place:
        before = place.sandbox.state_digest()
        with monkeypatch.context() as patched:
            patched.setattr("perio_pipeline.crm.throwaways.Throwaways.clear", killed)
            place.probe()
        assert place.sandbox.state_digest() != before
        report = place.probe()
        assert report.earlier >= 5
        assert place.sandbox.state_digest() == before


def test_a_lost_answer_to_a_creation_leaves_nothing() -> None:
    lost = Fault(kind="lost_response", method="POST", path="/contacts/$", nth=1)
    with location(faults=(lost,), search_lag_seconds=1) as place:
        before = place.sandbox.state_digest()
        assert place.probe().failed
        assert place.sandbox.state_digest() == before


def test_a_run_that_is_stopped_in_the_middle_of_a_creation_leaves_nothing() -> None:
    slow = Fault(kind="slow", method="POST", path="/contacts/$", nth=2, seconds=3 * FACTOR)
    with location(faults=(slow,), search_lag_seconds=1) as place:
        before = place.sandbox.state_digest()
        with pytest.raises(TimeoutError):
            place.probe(1)
        assert place.sandbox.state_digest() == before
