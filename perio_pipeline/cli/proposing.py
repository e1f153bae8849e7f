"""`perio map propose`: how a practice's database is bound, as the machine proposes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline import settings
from perio_pipeline.cli.common import PracticeOption, clear_errors, shown
from perio_pipeline.errors import SettingsError
from perio_pipeline.mapping.proposing.model import (
    REPORT,
    Binding,
    Confidence,
    LeftoverColumn,
    Proposal,
    TableProposal,
)
from perio_pipeline.mapping.proposing.propose import propose as propose_bindings
from perio_pipeline.mapping.proposing.written import bindings_text
from perio_pipeline.panda.bindings import load_bindings

COLOURS = {
    Confidence.STRONG: "green",
    Confidence.LIKELY: "cyan",
    Confidence.WEAK: "yellow",
    Confidence.NONE: "red",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module to the group."""
    app.command()(propose)


def propose(
    practice: PracticeOption,
    write: Annotated[str, typer.Option(help="A bindings file to write in mappings/, such as smith.yaml.")] = "",
) -> None:
    """Look at a practice's database and propose how it is bound. Names, shapes and codes are told; nothing leaves."""
    console = Console(soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        target = _target(rooms.mappings, write) if write else None
        with rooms.unbound_source(rooms.practice(practice)).connect() as connection:
            made = propose_bindings(practice, connection)
        for table in made.tables:
            _show(table, console)
        _show_rest(made, console)
        path = rooms.write_report(made.model_dump_json(indent=2), practice, *REPORT)
        console.print(f"Wrote {escape(shown(path))}.")
        if target is not None:
            target.write_text(bindings_text(made), encoding="utf-8")
            console.print(f"Wrote {escape(shown(target))}.")
            load_bindings(target)


def read_proposal(practice: str) -> Proposal:
    """Return the latest proposal for a practice.

    Raises:
        SettingsError: there is none, or it is of another version of this program.
    """
    path = settings.workplace().report_file(practice, *REPORT)
    remedy = f"Make one: `perio map propose --practice {practice}`."
    if not path.is_file():
        raise SettingsError(f"There is no proposal for practice {practice}.", remedy)
    try:
        return Proposal.model_validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError):
        raise SettingsError(f"{shown(path)} is not a proposal as this version writes it.", remedy) from None


def _target(folder: Path, name: str) -> Path:
    path = folder / name
    if path.parent != folder or path.suffix != ".yaml":
        raise SettingsError(
            f"{name} is no name for a bindings file.", "Name a file such as smith.yaml, without a folder."
        )
    if path.exists():
        raise SettingsError(
            f"{name} is there already.", "Name another file; the proposal never replaces what people wrote."
        )
    return path


def _show(table: TableProposal, console: Console) -> None:
    colour = COLOURS[table.confidence]
    where = escape(table.table or "nothing found")
    console.print(f"[bold]{table.canonical}[/] ← {where}  [{colour}]{table.confidence}[/] {table.score:.2f}")
    shown_fields = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    for _ in range(4):
        shown_fields.add_column(no_wrap=False, overflow="fold")
    for field in table.fields:
        colour = COLOURS[field.confidence]
        required = "*" if field.required else ""
        shown_fields.add_row(
            f"{field.field}{required}",
            escape(_column(field.binding)),
            f"[{colour}]{field.confidence}[/]",
            f"{field.score:.2f}" if field.binding is not None else "",
        )
    console.print(shown_fields)


def _column(binding: Binding | None) -> str:
    if binding is None:
        return "–"
    if isinstance(binding, str):
        return binding
    steps = [name for name in binding if name not in ("column", "text")]
    return f"{binding.get('column', binding.get('text'))} ({', '.join(steps)})"


def _show_rest(made: Proposal, console: Console) -> None:
    """What is left over on both sides."""
    fields = [field for table in made.tables for field in table.fields]
    counted = {level: sum(field.confidence == level for field in fields) for level in Confidence}
    console.print(
        f"{len(fields)} fields: " + ", ".join(f"{many} {level}" for level, many in counted.items()) + "; * is required."
    )
    if made.leftover_tables:
        names = ", ".join(f"{each.table} ({each.rows:,})" for each in made.leftover_tables)
        console.print(f"Tables that nothing is read from: {escape(names)}.")
    if made.leftover_columns:
        _show_left(made.leftover_columns, console)


def _show_left(columns: Sequence[LeftoverColumn], console: Console) -> None:
    """The columns that could become fields, and why the others are none."""
    left = Table("column", "could become", "", "because", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for column in left.columns:
        column.overflow = "fold"
    for each in columns:
        if each.destination is not None:
            to = each.destination
            left.add_row(
                escape(f"{each.table}.{each.column}"),
                escape(f"{to.field} ({to.entry['type']})"),
                f"[{COLOURS[to.confidence]}]{to.confidence}[/] {to.score:.2f}",
                escape("; ".join(to.reasons)),
            )
    why_not = Counter(reason for each in columns for reason in each.reasons)
    console.print("Columns that nothing is read from:")
    console.print(left)
    if why_not:
        console.print("No fields: " + "; ".join(f"{many} because {why}" for why, many in why_not.most_common()) + ".")
