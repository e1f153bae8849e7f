"""`perio preflight`: what stands in the way of a load, found before it begins."""

from __future__ import annotations

import getpass
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated
from uuid import uuid4

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline import settings
from perio_pipeline.cli import runs, sandboxes
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors, shown
from perio_pipeline.errors import GateError
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.mapping.practice import Practice, is_sandbox
from perio_pipeline.preflight.checks import Check, Verdict, counted
from perio_pipeline.preflight.probing import check_allowed, probe_budget
from perio_pipeline.preflight.run import Preflight, run_preflight, write_report
from perio_pipeline.wording import things

COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.REFUSED: "bold red", Verdict.UNKNOWN: "magenta"}


def register(app: typer.Typer) -> None:
    """Add the command of this module to the application."""
    app.command()(preflight)


def preflight(
    practice: PracticeOption,
    to: CrmOption,
    probe: Annotated[
        bool, typer.Option("--probe", help="Find out how the account behaves, with throwaway records that are removed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before probing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check everything that is known to go wrong, before a load. Ends with exit code 1 where something is refused."""
    runs.prepare_environment()
    console = Console(stderr=as_json, soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        sandboxes.give_tokens(chosen, to)
        if probe and not _agreed(chosen, to, console, yes=yes):
            return
        run = RunInfo(f"preflight-{uuid4()}", "preflight", getpass.getuser()) if probe else None
        with sandboxes.at_hand(chosen, to), _cleaning_up():
            made = run_preflight(rooms, practice, to, date.today(), probing=run)
        path = write_report(rooms, made)
        if as_json:
            typer.echo(json.dumps(made.plain(), indent=2))
        else:
            _show(made, console)
            console.print(f"Wrote {escape(shown(path))}.")
        if made.refused:
            refused = things(len(made.refused), "check is", "checks are")
            raise GateError(f"{refused} refused: {', '.join(made.refused)}.", "See each of them.")


@contextmanager
def _cleaning_up() -> Iterator[None]:
    """Let a program that is told to end remove its throwaways first, as with Ctrl-C."""
    earlier = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _agreed(practice: Practice, crm: str, console: Console, *, yes: bool) -> bool:
    """Say what probing costs and, for a real account, ask."""
    check_allowed(practice, crm)
    console.print(escape(probe_budget(practice, crm).summary))
    return yes or is_sandbox(practice.destination(crm).url) or typer.confirm("Make the throwaway records now?")


def _show(made: Preflight, console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("row", "check", "", "found, and what to do"):
        table.add_column(name, no_wrap=name in ("row", ""), overflow="fold")
    for check in made.checks:
        colour = COLOURS[check.verdict]
        table.add_row(check.requirement, check.name, f"[{colour}]{check.verdict}[/]", _told(check))
    console.print(table)
    if made.probe_requests:
        _show_probes(made, console)
    numbers = ", ".join(f"{number} {verdict}" for verdict, number in counted(made.checks).items())
    console.print(f"{numbers}; {things(made.requests, 'request')} to {made.crm}.")


def _told(check: Check) -> str:
    return escape(check.found) + (f"\n[bold]→[/] {escape(check.to_do)}" if check.to_do else "")


def _show_probes(made: Preflight, console: Console) -> None:
    """What the probes found, what they did not, and what nobody should try."""
    for name, each in made.probed.capabilities.items():
        console.print(f"  [bold]{name}[/]: {escape(str(each.value))} ({escape(each.section)}: {escape(each.evidence)})")
    for heading, lines in {
        "Seen besides": [f"{each.section} {each.probe}: {each.evidence}" for each in made.probed.observed],
        "No result": [f"{probe}: {why}" for probe, why in {**made.probed.failed, **made.probed.undecided}.items()],
        "Not probed": [f"{each.section} {each.what}: {each.why}" for each in made.probed.not_probed],
        "Not deleted by the API": made.probed.kept,
    }.items():
        for line in lines:
            console.print(f"  {heading}: {escape(line)}.")
    console.print(f"The probes took {things(made.probe_requests, 'request')}.")
