"""P6: a Dagster run keeps other runs from its practice and destination until it ends; it waits or is refused itself."""

# No postponed annotations: Dagster reads the type of a context from the function itself.
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from perio_pipeline import progress, settings
from perio_pipeline.defs import resources
from perio_pipeline.defs.resources import WorkplaceResource, actionable, run_info
from perio_pipeline.errors import DestinationError, SettingsError
from perio_pipeline.loading import lock
from perio_pipeline.loading.entries import Intent, RunInfo, Scope
from perio_pipeline.loading.journal import open_journal

OTHER = RunInfo("run-of-kim", "full", "kim")
HERE = Scope("harbor", "highlevel", "main", "contacts")


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERIO_HARBOR_HIGHLEVEL_TOKEN", "t")
    monkeypatch.setattr(resources, "LOOK_SECONDS", 0.2)


def holder(data: Path) -> str:
    """The run that holds the destination, seen from another journal."""
    with closing(open_journal(data)) as journal:
        found = lock.holder(journal.engine, "harbor", "highlevel")
    return found.run if found else ""


@contextmanager
def held_by_other(data: Path) -> Iterator[None]:
    with closing(open_journal(data)) as journal, journal.locked("harbor", "highlevel", OTHER):
        yield


def run(
    data: Path, *steps: Callable[[Any], None], wait_minutes: float = 0, before: Callable[[], None] = lambda: None
) -> dg.ExecuteInProcessResult:
    """Run steps one after the other, each with the destination open, and something before each opens it."""

    def asset(number: int, step: Callable[[Any], None]) -> dg.AssetsDefinition:
        @dg.asset(name=f"step_{number}", deps=[f"step_{number - 1}"] if number else [])
        def made(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> None:
            before()
            with actionable(), workplace.target("harbor", "highlevel", run_info(context, "full")) as target:
                step(target)

        return made

    resource = WorkplaceResource(data=str(data), mappings=str(settings.PROJECT / "mappings"), wait_minutes=wait_minutes)
    return dg.materialize(
        [asset(number, step) for number, step in enumerate(steps)],
        resources={"workplace": resource},
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = result.filter_events(lambda event: event.is_step_failure)
    return str(event.step_failure_data.user_failure_data.description)


def test_a_run_holds_its_destination_between_its_steps_and_no_longer(tmp_path: Path) -> None:
    seen = []

    def look() -> None:
        seen.append(holder(tmp_path))

    def step(target: Any) -> None:
        target.journal.append(HERE, target.run, [Intent("P1", "create", "f")])
        look()

    result = run(tmp_path, step, step, before=look)
    assert result.success
    assert seen == ["", result.run_id, result.run_id, result.run_id]
    assert holder(tmp_path) == ""


def test_a_run_that_fails_lets_others_in(tmp_path: Path) -> None:
    def step(target: Any) -> None:
        raise DestinationError("The daily quota is spent.", "Run again tomorrow.")

    assert "daily quota" in failure(run(tmp_path, step))
    assert holder(tmp_path) == ""


def test_a_second_run_is_refused_by_its_first_step_and_told_for_whom(tmp_path: Path) -> None:
    seen: list[Any] = []
    with held_by_other(tmp_path):
        text = failure(run(tmp_path, seen.append))
    assert "Run run-of-kim of kim has been working on practice harbor in highlevel since" in text
    assert seen == []
    assert run(tmp_path, seen.append).success


def test_a_run_that_is_to_wait_says_for_whom_and_goes_on_when_that_one_has_ended(tmp_path: Path) -> None:
    seen: list[Any] = []
    told: list[progress.Report] = []
    held, over = threading.Event(), threading.Event()

    def other() -> None:
        with held_by_other(tmp_path):
            held.set()
            over.wait(30)
            time.sleep(0.5)

    def listen(report: progress.Report) -> None:
        told.append(report)
        over.set()

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(30)
    with progress.listening(listen):
        result = run(tmp_path, seen.append, wait_minutes=1)
    thread.join()
    assert result.success
    assert len(seen) == 1
    (notice,) = told
    assert isinstance(notice, progress.Notice)
    assert "run-of-kim" in notice.text
    assert any(event.is_step_up_for_retry for event in result.all_events)


def test_a_run_waits_no_longer_than_it_is_to(tmp_path: Path) -> None:
    with held_by_other(tmp_path):
        result = run(tmp_path, lambda target: None, wait_minutes=0.01)
    assert "run-of-kim" in failure(result)
    assert sum(event.is_step_up_for_retry for event in result.all_events) == 3


def test_how_long_to_wait_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(settings.WAIT, raising=False)
    assert settings.wait_minutes() == 0
    monkeypatch.setenv(settings.WAIT, "2.5")
    assert settings.wait_minutes() == 2.5


@pytest.mark.parametrize("given", ["soon", "-1", "nan", "inf"])
def test_a_wrong_time_to_wait_is_named(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(settings.WAIT, given)
    with pytest.raises(SettingsError, match=settings.WAIT):
        settings.wait_minutes()
