"""Runs whose process died are ended, and no others: on this machine, after it was started anew, and in containers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
import pytest

from perio_pipeline.defs.earlier_runs import HOST_TAG, PROCESS_TAG, end_dead_runs, process_tags


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def under_way(instance: dg.DagsterInstance, tags: dict[str, str]) -> str:
    @dg.job
    def nothing() -> None: ...

    return instance.create_run_for_job(nothing, status=dg.DagsterRunStatus.STARTED, tags=tags).run_id


def ended_number() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def test_a_run_of_a_living_process_goes_on(instance: dg.DagsterInstance) -> None:
    under_way(instance, process_tags())
    assert end_dead_runs(instance) == []


@pytest.mark.parametrize(
    "changed", ["its process ended", "its number is another process", "the machine is another one"]
)
def test_a_run_whose_process_is_gone_is_ended(instance: dg.DagsterInstance, changed: str) -> None:
    tags = process_tags()
    number, started, machine = tags[PROCESS_TAG].split(" ", 2)
    tags[PROCESS_TAG] = {
        "its process ended": f"{ended_number()} {started} {machine}",
        "its number is another process": f"{number} 1 {machine}",
        "the machine is another one": f"{number} {started} an earlier boot",
    }[changed]
    run_id = under_way(instance, tags)
    assert end_dead_runs(instance) == [run_id]
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE


def test_a_run_on_another_host_is_not_looked_at(instance: dg.DagsterInstance) -> None:
    under_way(instance, {**process_tags(), HOST_TAG: "elsewhere", PROCESS_TAG: "1 1 elsewhere"})
    assert end_dead_runs(instance) == []
