"""`perio cutover`: opens, shows and ends the window in which changes in PANDA still reach the CRM."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import dagster as dg
import typer
from rich.console import Console

from perio_pipeline import settings
from perio_pipeline.cli import runs, sandboxes
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors, shown
from perio_pipeline.cutover.opening import Cutovers
from perio_pipeline.cutover.report import write_window_report
from perio_pipeline.cutover.watching import Step
from perio_pipeline.cutover.window import Window
from perio_pipeline.defs.sensors import run_state
from perio_pipeline.mapping.practice import Practice

app = typer.Typer(no_args_is_help=True, help="The window in which changes in PANDA still reach the CRM.")
console = Console(highlight=False, soft_wrap=True)

HoursOption = Annotated[
    float | None, typer.Option("--hours", min=0, help="How long it is open; else as the practice's file says.")
]


@app.command()
def start(practice: PracticeOption, to: CrmOption, hours: HoursOption = None) -> None:
    """Open the window now. The sensor of the practice and destination looks for changes until it closes."""
    with clear_errors():
        cutovers = _cutovers(practice, to)
        window = cutovers.start(datetime.now(UTC), hours, getpass.getuser())
        console.print(f"Open until {_at(window.closes_at, cutovers.practice)}.")
        console.print(
            "Changes are picked up while Dagster's daemon runs (`perio ui` starts it), and by `perio cutover look`."
        )


@app.command()
def look(practice: PracticeOption, to: CrmOption) -> None:
    """Look now, and load what has changed. Dagster's daemon does the same by itself, where it runs."""
    runs.prepare_environment()
    with clear_errors():
        cutovers = _cutovers(practice, to)
        cutovers.look_now()
        sandboxes.give_tokens(cutovers.practice, to)
        with sandboxes.at_hand(cutovers.practice, to):
            step = _next_step(cutovers)
            console.print(step.why)
            while step.run is not None:
                runs.load_batch(practice, to, step.run, cutovers.opened().run_key(step.run), console)
                step = _next_step(cutovers)
    status(practice, to)


@app.command()
def status(practice: PracticeOption, to: CrmOption) -> None:
    """Show the window: how long it is open, what was picked up, and what holds it up."""
    with clear_errors():
        cutovers = _cutovers(practice, to)
        window = cutovers.file.read()
        if window is None:
            console.print("There has been no window yet.")
            return
        _show(window, cutovers.practice)
        report = write_window_report(cutovers.rooms, cutovers.practice, to, window)
        console.print(f"Report: {shown(report)}")


@app.command()
def end(practice: PracticeOption, to: CrmOption) -> None:
    """Close the window now, after a last look at everything."""
    with clear_errors():
        _cutovers(practice, to).end(datetime.now(UTC))
        console.print("It closes with the next look, by Dagster's daemon or by `perio cutover look`: a last sweep of")
        console.print("everything, and everything is read back.")


@app.command("trust-deletions")
def trust_deletions(
    practice: PracticeOption,
    to: CrmOption,
    table: Annotated[str, typer.Option("--table", help="The canonical table whose records were deleted on purpose.")],
) -> None:
    """Say that the many records of a table that are gone were deleted on purpose."""
    with clear_errors():
        _cutovers(practice, to).trust_deletions(table)
        console.print(f"The next look takes the deletions in {table} for real.")


def _cutovers(practice: str, crm: str) -> Cutovers:
    rooms = settings.workplace()
    chosen = rooms.practice(practice)
    chosen.destination(crm)
    return Cutovers(rooms, chosen, crm)


def _next_step(cutovers: Cutovers) -> Step:
    with dg.DagsterInstance.get() as instance:
        return cutovers.watcher(partial(run_state, instance)).step(datetime.now(UTC))


def _show(window: Window, practice: Practice) -> None:
    if window.closed_at:
        console.print(f"Closed at {_at(window.closed_at, practice)}.")
    elif window.closes_at <= datetime.now(UTC):
        console.print(f"Open from {_at(window.opened_at, practice)}; it closes with the next look, a last sweep.")
    else:
        console.print(f"Open from {_at(window.opened_at, practice)} until {_at(window.closes_at, practice)}.")
    batches = window.picked_up
    console.print(f"{sum(batch.records for batch in batches):,} changed records in {len(batches)} batches picked up.")
    if window.under_way:
        batch = window.under_way
        console.print(f"Batch {batch.number} is under way: {batch.records} records, attempt {batch.attempt}.")
    if window.problem:
        console.print(f"The last look came to nothing: {window.problem}")


def _at(moment: datetime, practice: Practice) -> str:
    return f"{moment.astimezone(practice.locale.zone):%Y-%m-%d %H:%M %Z}"
