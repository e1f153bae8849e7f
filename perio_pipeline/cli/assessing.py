"""`perio assess`: how complex a practice is, what moving costs, and when, before anything is bought."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from perio_pipeline import settings
from perio_pipeline.assessment.facts import assess as assess_practice
from perio_pipeline.assessment.page import GRADES, REPORT, costs
from perio_pipeline.cli import runs
from perio_pipeline.cli.common import PracticeOption, clear_errors, shown
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.wording import duration, things


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(assess)


def assess(
    practice: PracticeOption,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Assess a practice: grade, volumes, quality, requests and hours per plan, a calendar. Asks no CRM."""
    runs.prepare_environment()
    console = Console(stderr=as_json, soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        rooms.source(chosen).check(TABLES.values())
        runs.assess(chosen, console)
        made = assess_practice(rooms, chosen, date.today())
    if as_json:
        typer.echo(json.dumps(made.plain(), indent=2, default=str))
        return
    console.print(f"[bold]Grade {made.grade.letter}[/]: {GRADES[made.grade.letter]}.")
    for each in made.grade.factors:
        if each.points:
            console.print(f"  {'●' * each.points:<3}  {each.figure:,.1f} {each.factor.words}")
    for line in costs(made):
        console.print(f"  {line['name']}: {things(line['requests'], 'request')} in {duration(line['hours'])}")
    console.print(f"Wrote {shown(rooms.report_file(practice, REPORT))}.")
