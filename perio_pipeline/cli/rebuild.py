"""`perio rebuild`: what cannot be migrated, described so that it can be rebuilt in the CRM."""

from __future__ import annotations

import json

import typer
from rich.console import Console

from perio_pipeline import settings
from perio_pipeline.cli import runs
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors, shown
from perio_pipeline.defs.jobs import rebuild_job_name
from perio_pipeline.signoff.rebuild.documents import SUMMARY


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rebuild)


def rebuild(practice: PracticeOption, to: CrmOption) -> None:
    """Write what is rebuilt by hand: letter templates, recall workflows, and the checklist of all of it."""
    runs.prepare_environment()
    console = Console(soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        rooms.practice(practice).destination(to)
        runs.launch(rebuild_job_name(to), {}, practice, to, console)
        made = json.loads(rooms.report_file(practice, to, SUMMARY).read_text(encoding="utf-8"))
        for name in made["files"]:
            console.print(f"Wrote {shown(rooms.report_file(practice, to, name))}")
    console.print(f"{made['templates']} letter templates, {made['rules']} recall rules, {made['steps']} steps.")
    if made["homeless"]:
        console.print(f"Merge fields without a home in {to}: {', '.join(made['homeless'])}.")
    for name, problems in made["broken"].items():
        console.print(f"[yellow]Template {name}:[/] {'; '.join(problems)}.")
