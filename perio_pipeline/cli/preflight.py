"""`perio preflight`: what stands in the way of a load, found before it begins."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline import settings
from perio_pipeline.cli import runs, sandboxes
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors, shown
from perio_pipeline.errors import GateError
from perio_pipeline.preflight.checks import Check, Verdict, counted
from perio_pipeline.preflight.run import Preflight, run_preflight

REPORT = "preflight.json"
COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.REFUSED: "bold red", Verdict.UNKNOWN: "magenta"}


def register(app: typer.Typer) -> None:
    """Add the command of this module to the application."""
    app.command()(preflight)


def preflight(
    practice: PracticeOption,
    to: CrmOption,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check everything that is known to go wrong, before a load. Ends with exit code 1 where something is refused."""
    runs.prepare_environment()
    console = Console(stderr=as_json, soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        sandboxes.give_tokens(chosen, to)
        with sandboxes.at_hand(chosen, to):
            made = run_preflight(rooms, chosen, to, date.today())
        text = json.dumps(made.plain(), indent=2)
        path = rooms.write_report(text, practice, to, REPORT)
        if as_json:
            typer.echo(text)
        else:
            _show(made, console)
            console.print(f"Wrote {escape(shown(path))}.")
        if made.refused:
            raise GateError(f"{len(made.refused)} checks are refused: {', '.join(made.refused)}.", "See each of them.")


def _show(made: Preflight, console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("row", "check", "", "found, and what to do"):
        table.add_column(name, no_wrap=name in ("row", ""), overflow="fold")
    for check in made.checks:
        colour = COLOURS[check.verdict]
        table.add_row(check.requirement, check.name, f"[{colour}]{check.verdict}[/]", _told(check))
    console.print(table)
    numbers = ", ".join(f"{number} {verdict}" for verdict, number in counted(made.checks).items())
    console.print(f"{numbers}; {made.requests} requests to {made.crm}.")


def _told(check: Check) -> str:
    return escape(check.found) + (f"\n[bold]→[/] {escape(check.to_do)}" if check.to_do else "")
