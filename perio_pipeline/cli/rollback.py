"""`perio rollback`: says what it would take back, asks, and takes it back."""

from __future__ import annotations

from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline import settings
from perio_pipeline.cli import runs, sandboxes
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors, shown
from perio_pipeline.defs import rollback as job
from perio_pipeline.errors import PerioError
from perio_pipeline.loading.history import ALL_PASSES
from perio_pipeline.loading.undone import Fate
from perio_pipeline.signoff import rollback as lists

REASONS_SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(rollback)


def rollback(
    practice: PracticeOption,
    to: CrmOption,
    load_pass: Annotated[
        str, typer.Option("--pass", help="Take back this pass and everything after it; `all` for everything.")
    ] = ALL_PASSES,
    schema: Annotated[
        bool, typer.Option("--schema", help="Also remove the custom fields and modules that the migration made.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take back what was loaded: the CRM is as it was before, except what people have edited since."""
    runs.prepare_environment()
    console = Console(soft_wrap=True, highlight=False)
    with clear_errors():
        chosen = settings.workplace().practice(practice)
        sandboxes.give_tokens(chosen, to)
        with sandboxes.at_hand(chosen, to):
            if dry_run or not yes:
                _run(practice, to, load_pass, schema, console, dry_run=True)
            if dry_run or not (yes or typer.confirm("Take this back now?")):
                return
            failed = _run(practice, to, load_pass, schema, console, dry_run=False)
        if failed:
            raise PerioError(
                f"{failed} records could not be taken back.", "See why above; run the rollback again once it is mended."
            )


def _run(practice: str, crm: str, load_pass: str, schema: bool, console: Console, *, dry_run: bool) -> int:
    """Run the job and show its lists; returns how many records failed."""
    choices = {"load_pass": load_pass, "dry_run": dry_run, "remove_schema": schema}
    config = {"ops": {job.op_name(crm): {"config": choices}}}
    report = runs.launch(job.job_name(crm), config, practice, crm, console)
    rooms = settings.workplace()
    frame = rooms.store().frame(practice, [crm, lists.FRAME]).read()
    table = Table(
        title=f"{'Would be taken' if dry_run else 'Taken'} back from {crm}", title_justify="left", box=box.SIMPLE_HEAD
    )
    table.add_column("object")
    for fate in Fate:
        table.add_column(fate.value, justify="right")
    counted = lists.rollback_counts(frame)
    for row in counted.itertuples(index=False):
        table.add_row(str(row.object), *(str(getattr(row, fate.value)) for fate in Fate))
    table.add_section()
    table.add_row("all", *(str(int(counted[fate.value].sum())) for fate in Fate))
    console.print(table)
    reasons = lists.rollback_reasons(frame)
    for row in reasons.head(REASONS_SHOWN).itertuples(index=False):
        console.print(f"  {row.fate} · {row.object} · {row.records} · {escape(str(row.reason))}")
    if len(reasons) > REASONS_SHOWN:
        console.print(f"  ... and {len(reasons) - REASONS_SHOWN} more reasons")
    page = shown(rooms.report_file(practice, crm, f"{lists.REPORT}.html"))
    console.print(f"All records, one by one: {escape(page)}. Run {report.run_id}.")
    return int(counted[Fate.FAILED.value].sum())
