"""The job `preflight_<crm>`: the same checks from the Dagster UI."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perio_pipeline.crm.packages import crm_package
from perio_pipeline.crm.protocol import AccountSettings, Adapter
from perio_pipeline.defs.preflight import job_name, op_name
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.lock import LockedError
from perio_pipeline.preflight.probing import probe_budget
from perio_pipeline.preflight.run import run_preflight
from perio_pipeline.preflight.survey import survey_accounts
from perio_pipeline.sandbox.highlevel.seed import practice
from perio_pipeline_tests.end_to_end.world import PRACTICE, QUIET, change_destination, failures, make_sample, world
from perio_pipeline_tests.preflight.test_checks import TODAY

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample"), 20)


def test_the_job_checks_probes_and_tells_it_in_its_metadata(sample: Path, tmp_path: Path) -> None:
    with world(tmp_path, sample) as made:
        before = made.sandbox.state_digest()
        job = made.definitions().resolve_job_def(job_name(made.crm))
        config = {"ops": {op_name(made.crm): {"config": {"probe": True}}}, **QUIET}
        result = job.execute_in_process(run_config=config, instance=made.instance, partition_key=PRACTICE)
        assert result.success
        assert made.sandbox.state_digest() == before
        (step,) = [event for event in result.all_events if event.event_type_value == "STEP_OUTPUT"]
        metadata = step.step_output_data.metadata
        assert metadata["refused"].value == 0
        assert metadata["requests"].value <= 100
        stated = made.rooms.practice(PRACTICE).destination(made.crm).capabilities
        assert stated["note_characters"] == 65_000
        assert (made.rooms.data / "reports" / PRACTICE / made.crm / "preflight.json").is_file()


def test_the_job_fails_where_something_is_refused_and_says_what(sample: Path, tmp_path: Path) -> None:
    with world(tmp_path, sample) as made:
        change_destination(made.rooms, made.crm, {"schema_plan": {"create_fields": False}})
        job = made.definitions().resolve_job_def(job_name(made.crm))
        result = job.execute_in_process(
            run_config=QUIET, instance=made.instance, partition_key=PRACTICE, raise_on_error=False
        )
        assert "G8 fields_main" in failures(result)[op_name(made.crm)]


def test_nothing_is_probed_while_a_load_is_under_way(sample: Path, tmp_path: Path) -> None:
    with world(tmp_path, sample) as made:
        journal = made.rooms.journal()
        run = RunInfo("preflight-1", "preflight", "ann")
        with journal.locked(PRACTICE, made.crm, RunInfo("load-1", "full", "ben")), pytest.raises(LockedError):
            run_preflight(made.rooms, PRACTICE, made.crm, TODAY, probing=run)
        journal.close()
        assert made.sandbox.stats()["routes"] == []


NORTH = "LOCnorth000000000000"
ACCOUNTS = [
    {"name": "main", "id": "LOCharbor0000000000a", "token": "pit-main"},
    {"name": "north", "id": NORTH, "token": "pit-north"},
]


class Master:
    """HighLevel, but every account is opened with the token of the first one, which opens them all."""

    def open_account(self, settings: AccountSettings) -> Adapter:
        own = {each["id"]: each["token"] for each in ACCOUNTS}[settings.account_id]
        return crm_package("highlevel").open_account(replace(settings, token=own))


@pytest.mark.parametrize(
    ("package", "trespasses"), [(crm_package("highlevel"), [(), ()]), (Master(), [("north",), ("main",)])]
)
def test_g9_each_token_is_tried_on_the_other_locations(
    package: Any, trespasses: list[tuple[str, ...]], sample: Path, tmp_path: Path
) -> None:
    locations = tuple(practice(each["id"], f"Harbor: {each['name']}", each["token"]) for each in ACCOUNTS)
    with world(tmp_path, sample, locations=locations) as made:
        change_destination(made.rooms, made.crm, {"accounts": ACCOUNTS})
        chosen = made.rooms.practice(PRACTICE)
        settings, mapping = made.rooms.account_settings(chosen, made.crm), made.rooms.effective(chosen, made.crm)
        surveys = asyncio.run(survey_accounts(package, settings, mapping, cross=True))
        assert [survey.trespasses for survey in surveys] == trespasses
        assert [(survey.opened, survey.tried) for survey in surveys] == [(True, 1)] * 2
        assert probe_budget(chosen, made.crm).requests == 2 * crm_package(made.crm).probe_plan().requests
