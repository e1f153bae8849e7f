"""Launches Dagster jobs in this process, on the same instance as the UI, and shows how far they have come."""

from __future__ import annotations

import getpass
import os
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from perio_pipeline import progress, settings
from perio_pipeline.cutover.window import Batch
from perio_pipeline.definitions import defs
from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.defs.earlier_runs import end_dead_runs, process_tags
from perio_pipeline.defs.jobs import ASSESS_JOB, job_name, load_config, plan_config, plan_job_name
from perio_pipeline.defs.sensors import run_request
from perio_pipeline.errors import PerioError
from perio_pipeline.loading import lock
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.redaction import SWITCH, error_log

IN_THE_UI = {".dagster/repository": "__repository__@perio_pipeline"}
"""What Dagster's own launches are tagged with; by it the UI finds a job's runs (its name is that of workspace.yaml)."""

REPORTS_URL = "http://127.0.0.1:3001"
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunReport:
    """How a run ended: its id, whether it succeeded, what failed (step → what to do), and which checks are red."""

    run_id: str
    success: bool
    failures: dict[str, str]
    red_checks: list[str]


class StoppedError(PerioError):
    """Somebody stopped the run; what it wrote is in the journal."""


class RunFailedError(PerioError):
    """A run ended with an error; the text is that of the first failed step."""


def prepare_environment() -> None:
    """Point Dagster at the instance of the data folder, and keep values out of its logs."""
    data = settings.data_folder()
    dagster_home = data / "dagster"
    for folder in (data, dagster_home, data / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    os.environ[settings.DATA] = str(data)
    os.environ.setdefault("PERIO_DAGSTER", str(dagster_home))
    if "DAGSTER_HOME" not in os.environ:  # the set-up of one machine, where `perio ui` serves the reports
        os.environ.setdefault(settings.REPORTS, REPORTS_URL)
        os.environ["DAGSTER_HOME"] = str(settings.PROJECT)
    os.environ.setdefault(SWITCH, "1")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")


def migrate(practice: str, crm: str, load_pass: LoadPass, console: Console, *, anyway: bool) -> RunReport:
    """Run a migration job for a practice; raises what `launch` does.

    A full pass that takes longer than its window is refused without `anyway`.
    """
    config = load_config(load_pass, crm, anyway=anyway)
    return launch(job_name(load_pass, crm), config, practice, crm, console)


def plan(practice: str, crm: str, load_pass: LoadPass, console: Console) -> RunReport:
    """Read a practice and plan its load, without a request to the CRM; raises what `launch` does."""
    return launch(plan_job_name(crm), plan_config(load_pass, crm), practice, crm, console)


def assess(practice: Practice, console: Console) -> RunReport:
    """Read a practice and plan its load into each of its destinations, in one run; raises what `launch` does."""
    crms = list(practice.destinations)
    others = set(settings.workplace().destinations()) - set(crms)
    needed = dg.AssetSelection.assets(["assessment"]).upstream().resolve(_graph())
    plans = {name: step for crm in crms for name, step in plan_config(LoadPass.FULL, crm)["ops"].items()}
    only = sorted(key for key in needed if key.path[0] not in others)
    return launch(ASSESS_JOB, {"ops": plans}, practice.practice, crms[0], console, only=only)


def load_batch(practice: str, crm: str, batch: Batch, run_key: str, console: Console) -> RunReport:
    """Run what the cutover's sensor would ask for, to load a batch of changes; raises what `launch` does."""
    request = run_request(practice, crm, settings.workplace().mapping(crm), _graph(), batch, run_key)
    job, config = job_name(LoadPass.DELTA, crm), dict(request.run_config)
    return launch(job, config, practice, crm, console, only=request.asset_selection, tags=request.tags)


def launch(
    job: str,
    config: dict[str, Any],
    practice: str,
    crm: str,
    console: Console,
    *,
    only: Sequence[dg.AssetKey] | None = None,
    tags: Mapping[str, str] = MappingProxyType({}),
) -> RunReport:
    """Run a job for a practice in this process, or `only` some of its assets.

    Raises:
        LockedError: another run works on the practice's destination, and none is to wait.
        RunFailedError: a step failed; the message says what to do.
        StoppedError: Ctrl-C, SIGTERM, or the run was cancelled.
    """
    definition = defs().resolve_job_def(job)
    with dg.DagsterInstance.get() as instance:
        for dead in end_dead_runs(instance):
            console.print(f"Run {dead} had died; this one goes on from where it stopped.")
        _refuse_second_run(practice, crm)
        with _bars(console) as bars, progress.listening(_Listener(bars)), _stopping_well():
            result = definition.execute_in_process(
                run_config={**config, **SILENT},
                instance=instance,
                partition_key=practice,
                asset_selection=only,
                tags={"dagster/user": getpass.getuser(), **IN_THE_UI, **process_tags(), **tags},
                raise_on_error=False,
            )
        report = _report(result)
    if not report.success:
        step, text = next(iter(report.failures.items()), ("run", "It ended before a step failed."))
        raise RunFailedError(f"{step}: {text}", f"Run {report.run_id} in the Dagster UI shows the rest.")
    return report


def _graph() -> list[dg.AssetsDefinition]:
    return [asset for asset in defs().assets or () if isinstance(asset, dg.AssetsDefinition)]


def _refuse_second_run(practice: str, crm: str) -> None:
    """Say at once what the first step that opens the destination would say."""
    if settings.wait_minutes():
        return
    with closing(settings.workplace().journal()) as journal:
        holder = lock.holder(journal.engine, practice, crm)
    if holder:
        raise lock.LockedError(holder)


@contextmanager
def _stopping_well() -> Iterator[None]:
    """Tell a run that was stopped by Ctrl-C or SIGTERM from one that failed.

    Dagster has handlers of its own while a run lasts: they end the step under way, close the run and free its slots,
    and the step looks as if it had failed. So the signals themselves are noted, whoever handles them.

    Raises:
        StoppedError: one of them came.
    """
    told, noted = socket.socketpair()
    told.setblocking(False)
    noted.setblocking(False)
    earlier_fd = signal.set_wakeup_fd(noted.fileno(), warn_on_full_buffer=False)
    earlier = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except (KeyboardInterrupt, DagsterExecutionInterruptedError):
        noted.send(bytes([signal.SIGINT]))
    finally:
        signal.signal(signal.SIGTERM, earlier)
        signal.set_wakeup_fd(earlier_fd)
        noted.close()
        with told:
            stops = set(told.recv(4096)) & {signal.SIGINT, signal.SIGTERM}
    if stops:
        raise StoppedError(
            "The run was stopped.",
            "Nothing is lost: the journal knows what was written. Run the same command again; it goes on from there.",
        )


def _report(result: dg.ExecuteInProcessResult) -> RunReport:
    failures = {}
    for event in result.filter_events(lambda event: event.is_step_failure):
        data = event.step_failure_data
        user = data.user_failure_data
        unforeseen = f"An unforeseen error; its full text is in {error_log(settings.data_folder())}."
        text = (user.description if user else None) or unforeseen
        failures[(event.step_key or "run").replace("__", "/")] = text
    red = [
        f"{'/'.join(check.asset_key.path)}: {check.check_name}"
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
    ]
    return RunReport(result.run_id, result.success, failures, red)


def _bars(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", table_column=None),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
    )


class _Listener:
    """Turns progress reports into bars: one per load and read-back, and one line for the frames in between."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, report: progress.Report) -> None:
        if isinstance(report, progress.Notice):
            self.bars.console.print(report.text, soft_wrap=True, highlight=False, markup=False)
            return
        if isinstance(report, progress.Waiting):
            until = report.until.astimezone()
            self.bars.console.print(f"The CRM's limit is reached; going on by itself at {until:%H:%M:%S}.")
            return
        if report.step not in self.tasks:
            self.tasks[report.step] = self.bars.add_task(report.step, total=report.total, rate="")
        task = self.bars.tasks[self.bars.task_ids.index(self.tasks[report.step])]
        records_per_second = task.finished_speed or task.speed
        speed = f"{records_per_second:,.0f}/s" if records_per_second else ""
        self.bars.update(task.id, completed=report.done, total=report.total, rate=speed)
