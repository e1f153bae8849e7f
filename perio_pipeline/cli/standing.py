"""`perio status` and `perio reconcile`: where each object of a practice stands, as counted last or as looked at now."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from perio_pipeline import interrupts, settings
from perio_pipeline.cli import runs, sandboxes
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors, object_table, shown
from perio_pipeline.defs.jobs import reconcile_job_name
from perio_pipeline.errors import PerioError, SettingsError
from perio_pipeline.loading.accounts import check_accounts
from perio_pipeline.signoff.accounting import ObjectStatus, destination_status
from perio_pipeline.signoff.objects import REPORT

SHOWN = {
    "source": "src",
    "quarantined": "quar",
    "left_out": "left",
    "created": "new",
    "updated": "upd",
    "unchanged": "same",
    "failed": "fail",
    "cells_compared": "cells",
    "differences_unexplained": "diff",
    "requests": "req",
    "rate_limited": "429",
}
"""What the table on the terminal shows, with headers short enough for 80 columns; `--json` has all of it."""

console = Console()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(status)
    app.command()(reconcile)


def status(
    practice: PracticeOption = "harbor",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say where each object of a practice stands in each destination."""
    with clear_errors():
        destinations = settings.workplace().practice(practice).destinations
        statuses = {crm: _status(practice, crm) for crm in destinations}
    if as_json:
        counts = {crm: {name: asdict(item) for name, item in objects.items()} for crm, objects in statuses.items()}
        typer.echo(json.dumps({"practice": practice, "destinations": counts}, indent=2))
        return
    for crm, objects in statuses.items():
        _show(crm, objects, console)


def reconcile(practice: PracticeOption, to: CrmOption) -> None:
    """Read everything that was loaded back from the CRM and compare every cell; loads nothing."""
    runs.prepare_environment()
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        sandboxes.give_tokens(chosen, to)
        missing = [name for name in rooms.mapping(to).objects if not _loaded(practice, to, name)]
        if missing:
            raise SettingsError(
                f"Nothing to reconcile: {', '.join(missing)} of practice {practice} were not loaded into {to} yet.",
                "Migrate first: `perio migrate`.",
            )
        with sandboxes.at_hand(chosen, to):
            interrupts.run(check_accounts(rooms.adapters(chosen, to)))
            report = runs.launch(reconcile_job_name(to), {}, practice, to, console)
        show(practice, to, console)
        judge(report, practice, to, console)


def show(practice: str, crm: str, where: Console) -> None:
    """Print the table of one destination."""
    _show(crm, _status(practice, crm), where)


def judge(report: runs.RunReport, practice: str, crm: str, where: Console) -> None:
    """Name the run.

    Raises:
        PerioError: checks are red.
    """
    where.print(f"Run {report.run_id}.")
    if report.red_checks:
        raise PerioError(
            f"{len(report.red_checks)} checks are red: {'; '.join(report.red_checks)}.",
            f"See {shown(settings.workplace().report_file(practice, crm, REPORT))}, or the checks in the Dagster UI.",
        )


def _loaded(practice: str, crm: str, name: str) -> bool:
    return settings.workplace().store().frame(practice, [crm, "loaded", name]).exists()


def _status(name: str, crm: str) -> dict[str, ObjectStatus]:
    rooms = settings.workplace()
    with closing(rooms.journal()) as journal:
        return destination_status(
            rooms.store(),
            name,
            crm,
            rooms.effective(rooms.practice(name), crm),
            journal.traffic(name, crm),
            journal.costs(name, crm),
        )


def _show(crm: str, objects: dict[str, ObjectStatus], where: Console) -> None:
    table = object_table(crm, list(SHOWN.values()))
    counts = {name: asdict(item) for name, item in objects.items()}
    for name, row in counts.items():
        table.add_row(name, *(str(row[column]) for column in SHOWN))
    table.add_section()
    table.add_row("all", *(str(sum(row[column] for row in counts.values())) for column in SHOWN))
    where.print(table)
