"""`perio purge`: says what lies where of a practice's values, and removes it with a proof."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from uuid import uuid4
from zoneinfo import ZoneInfo

import dagster as dg
import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline import settings
from perio_pipeline.cli import runs
from perio_pipeline.cli.common import PracticeOption, clear_errors, shown
from perio_pipeline.cutover.opening import Cutovers
from perio_pipeline.defs.practice_runs import delete_runs, ended_runs
from perio_pipeline.errors import GateError, SettingsError
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.sealing import KEY_VARIABLE, given_key
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.retention.purge import BEYOND, LOST, Found, check_key_can_go, destroy_key, purge, survey
from perio_pipeline.workplace import Workplace


def register(app: typer.Typer) -> None:
    """Add the command of this module to the application."""
    app.command(name="purge")(purge_values)


def purge_values(
    practice: PracticeOption,
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what has not changed since this day.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything of the practice.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it; without this it is only listed.")] = False,
    key: Annotated[
        bool,
        typer.Option(
            "--destroy-key", help="With --all: the journal's key file too, so that its copies are unreadable."
        ),
    ] = False,
    by: Annotated[str, typer.Option(help="Who asks for it; stands in the certificate and in the audit log.")] = "",
) -> None:
    """Remove patients' values from this machine: lists them first, and with --yes --by NAME removes and certifies."""
    runs.prepare_environment()
    console = Console(soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        moment = _moment(chosen, before, everything=everything)
        _refuse_open_window(rooms, chosen)
        if key and moment is not None:
            raise SettingsError("The key seals newer values as well.", "Give --destroy-key with --all only.")
        with closing(rooms.journal()) as journal, dg.DagsterInstance.get() as instance:
            if key:
                check_key_can_go(journal, practice)
            old_runs = ended_runs(instance, practice, moment)
            found = survey(rooms, journal, practice, moment)
            _show(found, len(old_runs), moment, console)
            if not yes:
                console.print("Nothing was removed. To remove it: --yes --by NAME.")
                return
            if not by.strip():
                raise SettingsError("Nobody is named who asks for it.", "Add --by NAME: a person of the practice.")
            run = RunInfo(f"purge-{uuid4()}", "purge", by.strip())
            path, _ = purge(rooms, journal, practice, run, moment)
            delete_runs(instance, old_runs)
        if key:
            _destroy_key(rooms, console)
        console.print("Removed; another look found nothing left.")
        for line in (*LOST, *BEYOND):
            console.print(f"  {line}")
        console.print(f"Certificate: {escape(shown(path))}")


def _destroy_key(rooms: Workplace, console: Console) -> None:
    if destroy_key(rooms):
        console.print(
            "The journal's key is destroyed: nothing more can be written to this journal, or opened in copies."
        )
    if given_key():
        console.print(f"The key in {KEY_VARIABLE} is not the pipeline's to destroy: destroy it where it is kept.")


def _moment(practice: Practice, before: datetime | None, *, everything: bool) -> datetime | None:
    """Up to when; None for everything."""
    if everything and before is not None:
        raise SettingsError("Both --all and --before are given.", "Give one of them.")
    if everything:
        return None
    zone = ZoneInfo(practice.time_zone)
    if before is not None:
        return before.replace(tzinfo=zone)
    if practice.retention is None:
        raise SettingsError(
            f"Practice {practice.practice} states no retention, so that nothing says how old is too old.",
            "Give --before DATE or --all, or write `retention: {days: N}` into the practice's file.",
        )
    today: date = datetime.now(UTC).astimezone(zone).date()
    return datetime.combine(today - timedelta(days=practice.retention.days), time(), zone)


def _refuse_open_window(rooms: Workplace, practice: Practice) -> None:
    for crm in practice.destinations:
        window = Cutovers(rooms, practice, crm).file.read()
        if window is not None and window.closed_at is None:
            raise GateError(
                f"The cutover window of {practice.practice} into {crm} is open, and lives on these values.",
                f"End it: perio cutover end --practice {practice.practice} --to {crm}. It closes with its last look, "
                "by Dagster's daemon or `perio cutover look`.",
            )


def _show(found: list[Found], old_runs: int, moment: datetime | None, console: Console) -> None:
    title = "Everything of the practice" if moment is None else f"What has not changed since {moment:%Y-%m-%d}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("place", no_wrap=True)
    for header in ("count", "bytes"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("holds")
    for each in found:
        table.add_row(each.place, f"{each.count:,}", f"{each.bytes:,}", each.holds)
    table.add_row("Dagster's runs", f"{old_runs:,}", "", "ids, counts and names; no values")
    table.add_section()
    table.add_row("all", f"{sum(each.count for each in found) + old_runs:,}", f"{sum(e.bytes for e in found):,}", "")
    console.print(table)
