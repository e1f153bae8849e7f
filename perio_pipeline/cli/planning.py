"""`perio plan`: what a load would cost, before anything is sent or bought."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from perio_pipeline import settings
from perio_pipeline.cli import runs
from perio_pipeline.cli.common import CrmOption, PassOption, PracticeOption, clear_errors, object_table
from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.wording import duration, things

COUNTED = {"records": "records", "to_write": "write", "write_requests": "req", "read_requests": "back"}
"""What is counted per object, with headers short enough for 80 columns; `h` are hours on each plan."""


def register(app: typer.Typer) -> None:
    """Add the command of this module to the application."""
    app.command()(plan)


def plan(
    practice: PracticeOption,
    to: CrmOption,
    load_pass: PassOption = LoadPass.FULL,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how many requests and hours a load takes, on this plan of the CRM and on the others. Sends nothing."""
    runs.prepare_environment()
    console = Console(stderr=as_json)
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        rooms.effective(chosen, to)
        rooms.source(chosen).check(TABLES.values())
        runs.plan(practice, to, load_pass, console)
        made = rooms.store().frame(practice, [to, "request_plan"]).note()
    if as_json:
        typer.echo(json.dumps({"practice": practice, "destination": to, **made}, indent=2))
    else:
        _show(made, to, console)


def _show(made: dict[str, Any], crm: str, console: Console) -> None:
    costs = [made["cost"], *made["others"]]
    own, *others = [{each["object"]: each for each in cost["objects"]} for cost in costs]
    table = object_table(crm, [*COUNTED.values(), *(f"h {cost['plan']}".strip() for cost in costs)])
    for name in dict.fromkeys([*own, *(name for other in others for name in other)]):
        shares = [objects[name]["hours"] if name in objects else 0 for objects in (own, *others)]
        table.add_row(name, *_counts([own[name]] if name in own else []), *(f"{share:.2f}" for share in shares))
    table.add_section()
    table.add_row("all", *_counts(list(own.values())), *(f"{cost['hours']:.2f}" for cost in costs))
    console.print(table)
    _say(made, console)


def _counts(objects: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{sum(each[key] for each in objects):,}" for key in COUNTED]


def _say(made: dict[str, Any], console: Console) -> None:
    """The sentences under the table."""

    def line(text: str) -> None:
        console.print(text, soft_wrap=True, highlight=False)

    for text in made["fallbacks"]:
        line(f"By declared policy: {escape(text)}")
    for name, records in (made["left_behind"] or {}).items():
        line(f"{records:,} {name} of an earlier load stay in the CRM, though they arrive in another form now: "
             "roll them back first.")  # fmt: skip
    if made["fits"]:
        return
    line(f"[bold]It does not fit its window of {made['window_hours']:g} h.[/] What would make it shorter:")
    for option in made["options"]:
        cost = option["cost"]
        line(f"  [bold]{escape(option['setting'])}[/]: {escape(option['words'])}; "
             f"{things(cost['requests'], 'request')} in {duration(cost['hours'])}")  # fmt: skip
