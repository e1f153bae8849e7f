"""`perio map review`: the latest proposal beside what is bound, as a page to decide on and a list of what is open."""

from __future__ import annotations

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline import settings
from perio_pipeline.cli.common import PracticeOption, clear_errors, shown
from perio_pipeline.cli.proposing import COLOURS, read_proposal
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.signoff.reviewing import REPORT, Field, fields_of, review_page, words_of


def register(app: typer.Typer) -> None:
    """Add the command of this module to the group."""
    app.command()(review)


def review(practice: PracticeOption) -> None:
    """Write the page on which a person decides field by field, and list what is open."""
    console = Console(soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        made = read_proposal(practice)
        file = rooms.practice(practice).source.bindings
        bindings = load_bindings(rooms.mappings / file)
        command = f"perio map accept --practice {practice} --decisions decisions-{practice}.json --by NAME"
        path = rooms.write_report(review_page(made, bindings, file, command), practice, *REPORT)
        fields = [field for table in made.tables for field in fields_of(table, bindings)]
        _show([field for field in fields if field.open], console)
        console.print(f"{sum(field.open for field in fields)} of {len(fields)} fields are for a person to look at.")
        console.print(f"Wrote {escape(shown(path))}. What is decided there is taken over by `{escape(command)}`.")


def _show(fields: list[Field], console: Console) -> None:
    table = Table("field", "bound", "proposed", "", "or", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for field in fields:
        colour = COLOURS[field.proposal.confidence]
        bound = next((each.words for each in field.choices if field.bound), "")
        others = [each.words for each in field.choices if each.origin == "alternative"]
        table.add_row(
            field.entry + ("*" if field.proposal.required else ""),
            escape(bound),
            escape(words_of(field.proposal.binding)),
            f"[{colour}]{field.proposal.confidence}[/]",
            escape("; ".join(others)),
        )
    console.print(table)
