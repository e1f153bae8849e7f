"""`perio map set`, `unset` and `accept`: a person changes the practice's own bindings, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from perio_pipeline import settings
from perio_pipeline.cli.common import PracticeOption, clear_errors, shown
from perio_pipeline.cli.proposing import read_proposal
from perio_pipeline.errors import SettingsError
from perio_pipeline.mapping.editing import (
    Decisions,
    apply,
    completed,
    declare,
    declared,
    keep_decisions,
    named,
    own_bindings,
    parsed,
    read_decisions,
)
from perio_pipeline.mapping.entries import changes
from perio_pipeline.mapping.own_findings import field_name
from perio_pipeline.mapping.practice import practice_path
from perio_pipeline.mapping.proposing.model import Binding, Confidence, Proposal
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.wording import things

EntryArgument = Annotated[str, typer.Argument(help="Such as patient.sex, patient.table or patient.status.codes.A.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the group."""
    app.command("set")(set_binding)
    app.command("unset")(unset)
    app.command()(accept)


def set_binding(
    practice: PracticeOption,
    entry: EntryArgument,
    value: Annotated[str, typer.Argument(help="A column, a code's meaning, or a mapping such as {column: Sex}.")],
) -> None:
    """Change one entry of the practice's own bindings; comments and all other lines stay."""
    with clear_errors():
        _change(practice, {entry: parsed(value)})


def unset(practice: PracticeOption, entry: EntryArgument) -> None:
    """Take one entry out of the practice's own bindings."""
    with clear_errors():
        _change(practice, {entry: None})


def accept(
    practice: PracticeOption,
    by: Annotated[str, typer.Option(help="The name of the person who decides.")],
    entries: Annotated[
        list[str] | None,
        typer.Argument(help="Fields, or own columns such as patient.findings.Pacemaker."),
    ] = None,
    strong: Annotated[bool, typer.Option("--strong", help="All fields that are proposed as strong.")] = False,
    decisions: Annotated[Path | None, typer.Option(help="The file that the review page made.")] = None,
) -> None:
    """Take over what the machine proposes, or what a person chose on the review page, into the practice's bindings."""
    with clear_errors():
        name = named(by)
        if decisions is not None:
            said = read_decisions(decisions, practice)
        else:
            said = Decisions(practice=practice, decisions=_proposed(practice, entries or [], strong=strong))
        _change(practice, said.decisions, read_proposal(practice))
        kept = keep_decisions(settings.workplace().mappings, said, name, datetime.now(UTC))
        Console(soft_wrap=True, highlight=False).print(f"Who decided what is kept in {escape(shown(kept))}.")


def _proposed(practice: str, entries: list[str], *, strong: bool) -> dict[str, Binding | None]:
    made: Proposal = read_proposal(practice)
    fields = {f"{table.canonical}.{field.field}": field for table in made.tables for field in table.fields}
    own = {each.entry: each.destination.binding for each in made.leftover_columns if each.destination}
    bindings = {**own, **{name: field.binding for name, field in fields.items()}}
    wanted = [*entries, *(name for name, field in fields.items() if strong and field.confidence is Confidence.STRONG)]
    if not wanted:
        raise SettingsError("Nothing is said to be accepted.", "Name fields, or give `--strong` or `--decisions FILE`.")
    empty = [name for name in wanted if bindings.get(name) is None]
    if empty:
        raise SettingsError(
            f"Nothing is proposed for {', '.join(empty)}.", "Bind it yourself: `perio map set ENTRY COLUMN`."
        )
    return {name: bindings[name] for name in wanted}


def _change(practice: str, decisions: Mapping[str, Any], made: Proposal | None = None) -> None:
    console = Console(soft_wrap=True, highlight=False)
    rooms = settings.workplace()
    path = own_bindings(rooms.mappings, rooms.practice(practice))
    bindings = load_bindings(path)
    before = bindings.model_dump(mode="json", exclude_defaults=True)
    findings = declared(decisions, made) if made else {}
    whole = completed(decisions, made, bindings) if made else decisions
    if findings:
        declare(practice_path(rooms.mappings, practice), findings, lambda: apply(path, whole))
    else:
        apply(path, whole)
    after = load_bindings(path).model_dump(mode="json", exclude_defaults=True)
    found = changes({path.name: before}, {path.name: after})
    for each in found:
        console.print(escape(str(each)))
    entries = things(len(found), "entry", "entries")
    console.print(f"{entries} of {escape(shown(path))} changed." if found else "It says so already.")
    if findings:
        file = shown(practice_path(rooms.mappings, practice))
        console.print(f"Fields that {escape(file)} declares now: {escape(', '.join(map(field_name, findings)))}.")
