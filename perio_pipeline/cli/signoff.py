"""`perio signoff`: the report that the practice signs, and the signature."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console

from perio_pipeline import settings
from perio_pipeline.cli import runs
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors, shown
from perio_pipeline.cutover.opening import Cutovers
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.signoff.signing.signing import Report, sign_off, write_signoff


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(signoff)


def signoff(
    practice: PracticeOption,
    to: CrmOption,
    by: Annotated[str, typer.Option(help="Sign it, as this person.")] = "",
    despite: Annotated[str, typer.Option(help="Why it is signed although points are open.")] = "",
    with_values: Annotated[
        bool, typer.Option("--with-values", help="Show differing values: the file is then patients' data.")
    ] = False,
) -> None:
    """Write the sign-off report of what was migrated; with --by, sign it."""
    runs.prepare_environment()
    console = Console(soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        until = Cutovers(rooms, rooms.practice(practice), to).open_until
        if by:
            run = RunInfo(f"signoff-{uuid4()}", "signoff", by)
            report = sign_off(rooms, practice, to, run, window_until=until, despite=despite)
        else:
            report = write_signoff(rooms, practice, to, window_until=until, with_values=with_values)
        _tell(report, console)


def _tell(report: Report, console: Console) -> None:
    console.print(f"Wrote {shown(report.path)}.")
    for point in report.facts.open_points:
        console.print(f"  [bold red]open:[/] {point}")
    if not report.facts.open_points:
        console.print("Nothing stands against signing it.")
    for each in report.signed:
        since = f"; {each.written_since:,} writes since, so that it no longer holds" if each.written_since else ""
        console.print(f"Signed by {each.by} at {each.at[:16]} UTC, report {each.digest[:12]}{since}.")
