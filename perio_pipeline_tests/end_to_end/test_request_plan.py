"""P12: the plan made before a load is true: a clean full load takes as many requests as it says."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.defs.jobs import plan_config, plan_job_name
from perio_pipeline_tests.end_to_end.world import PRACTICE, QUIET, World, checks, failures, world

pytestmark = pytest.mark.slow


def plan_of(made: World) -> dict[str, Any]:
    return made.rooms.store().frame(PRACTICE, [made.crm, "request_plan"]).note()


def plan(made: World) -> dg.ExecuteInProcessResult:
    """Make the plan of a full load, and nothing else."""
    job = made.definitions().resolve_job_def(plan_job_name(made.crm))
    config = {**plan_config(LoadPass.FULL, made.crm), **QUIET}
    return job.execute_in_process(config, instance=made.instance, partition_key=PRACTICE, raise_on_error=False)


@pytest.mark.parametrize(
    ("crm", "changes"),
    [
        ("highlevel", {}),
        # On a faster clock the account's set-up would count as old, and be read again, all the time.
        ("freshsales", {"plan": "enterprise", "time_scale": 30}),
        (
            "freshsales",
            {"plan": "pro", "time_scale": 30, "history": {"notes": "yearly", "events_since": date(2025, 1, 1)}},
        ),
    ],
)
def test_p12_the_estimate_is_within_a_tenth_of_what_the_crm_counts(
    tmp_path: Path, sample_60: Path, crm: str, changes: dict[str, Any]
) -> None:
    with world(tmp_path, sample_60, changes, crm=crm) as made:
        assert failures(plan(made)) == {}
        assert made.sandbox.stats()["total"] == 0, "planning asks nothing of the CRM"
        before = plan_of(made)
        result = made.migrate()
        assert failures(result) == {}
        assert [name for name, check in checks(result).items() if not check.passed] == []
        counted = made.sandbox.stats()["total"]
        assert before["cost"]["requests"] == pytest.approx(counted, rel=0.1)
        assert plan_of(made)["cost"] == before["cost"]
        status = made.status()
        spent = {each["object"]: each["write_requests"] for each in before["cost"]["objects"]}
        for name in ("contacts", "notes", "yearly_notes", "appointments", "visit_histories"):
            if name in status and status[name].shaped:
                assert status[name].writes == pytest.approx(spent[name], rel=0.2, abs=5), name
        # Once all of it is there, it costs nothing to write.
        assert failures(plan(made)) == {}
        after = plan_of(made)
        assert sum(each["to_write"] for each in after["cost"]["objects"]) == 0
        assert after["cost"]["requests"] < before["cost"]["requests"]


def test_a_load_that_does_not_fit_its_window_warns_in_dagster_and_says_what_would_shrink_it(
    tmp_path: Path, sample_60: Path
) -> None:
    with world(tmp_path, sample_60, {"plan": "growth", "window_hours": 1}, crm="freshsales") as made:
        result = plan(made)
        (check,) = [each for name, each in checks(result).items() if name == "freshsales/request_plan:fits_window"]
        assert not check.passed
        assert check.severity is dg.AssetCheckSeverity.WARN
        plan_made = plan_of(made)
        options = {option["setting"]: option["cost"]["requests"] for option in plan_made["options"]}
        kinds = [re.sub(r"\d{4}-\d\d-\d\d", "DAY", setting) for setting in options]
        dated = ["history: {events_since: DAY}", "history: {notes: yearly, events_since: DAY}"]
        assert kinds == ["history: {notes: yearly}", *dated * 3, "plan: pro", "plan: enterprise"]
        # The fewer years arrive as events, the fewer requests; each patient's older visits cost one for their PDF.
        fewer = [requests for setting, requests in options.items() if setting.startswith("history: {events_since")]
        assert plan_made["cost"]["requests"] > fewer[0] > fewer[1] > fewer[2]
