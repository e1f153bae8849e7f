"""`perio source describe`: how a practice's exports are written, as found out, and what proves it."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline import settings
from perio_pipeline.cli.common import PracticeOption, clear_errors, shown
from perio_pipeline.panda.exports.report import REPORT, DateReport, FileReport, Report

app = typer.Typer(help="The practice's data as it was handed over.", no_args_is_help=True)

WORDS = {
    "iso": "ISO",
    "named": "with the month by name",
    "day_first": "only with the day first",
    "month_first": "only with the month first",
    "either": "either way",
    "same": "the same either way",
    "year_first": "with a year of two digits first",
    "not_year_first": "with a year of two digits last",
    "unread": "no date, left as they are",
    "short_years": "with two digits of the year",
    "half_days": "with 12 hours",
    "fractions": "with a fraction",
}
"""What the evidence of dates is called."""


@app.callback()
def group() -> None:
    """Keep `describe` a command of its own name while it is the only one."""


@app.command()
def describe(
    practice: PracticeOption,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Stage a practice's exports and say how each file is written, and what proves it."""
    console = Console(stderr=as_json, soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        staged, made = rooms.stage(rooms.practice(practice))
        if as_json:
            typer.echo(json.dumps(made.plain(), indent=2))
        else:
            _show(made, console)
            console.print(f"Wrote {escape(shown(rooms.report_file(practice, REPORT)))}.")
        staged.check()


def _show(made: Report, console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("file", "rows", "broken", "encoding", "delimiter", "quotes"):
        table.add_column(name, justify="right" if name in ("rows", "broken") else "left", overflow="fold")
    for file in made.files:
        table.add_row(
            escape(file.file), f"{file.rows:,}", f"{file.broken_rows:,}", file.encoding, file.delimiter, file.quoting
        )
    console.print(table)
    for file in made.files:
        _show_columns(file, console)
    for word, values in made.null_words.items():
        console.print(f"{escape(word)} is no value, in the whole export: {values:,} times.")


def _show_columns(file: FileReport, console: Console) -> None:
    for dates in file.dates:
        if dates.evidence:
            console.print(f"  {escape(file.file)} [bold]{escape(dates.column)}[/]: {_told(dates)}")
    for column, what in file.conversions.items():
        console.print(f"  {escape(file.file)} [bold]{escape(column)}[/]: {escape(what)}")


def _told(dates: DateReport) -> str:
    seen = ", ".join(
        f"{each.values:,} {WORDS[name]} (line {each.line})" for name, each in dates.evidence.items() if each.values
    )
    doubt = " although its own values contradict each other" if dates.contradictory else ""
    return f"{dates.style or 'no date'}, decided by {dates.decided_by}{doubt}: {seen}"
