"""`perio map confirm` and `perio map diff`: a named person confirms what is mapped, and sees what has changed since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline import settings
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors, object_table
from perio_pipeline.errors import SettingsError
from perio_pipeline.mapping.confirming import Version, Versions, confirm
from perio_pipeline.mapping.entries import Change, changes
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.mapping.settled import Settled, settle

MOST_SHOWN = 40
"""Changed entries that a person is shown before confirming; `perio map diff` shows all."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the group."""
    app.command("confirm")(confirm_mapping)
    app.command("diff")(diff)


def confirm_mapping(
    practice: PracticeOption,
    to: CrmOption,
    by: Annotated[str, typer.Option(help="The name of the person who confirms.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
) -> None:
    """Confirm the mapping as it is now, by name. Without it nothing is loaded into a real CRM."""
    console = Console(soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        content = settle(rooms.mappings, chosen, to)
        _show_content(chosen, to, content, console)
        _show_since(_last(chosen, to, Versions(rooms.mappings, practice, to)), content, console)
        if not yes and not typer.confirm(f"Does {by} confirm this mapping?"):
            console.print("Nothing was confirmed.")
            raise typer.Exit(1)
        version = confirm(rooms.mappings, chosen, to, content, by, datetime.now(UTC))
        console.print(f"Confirmed: {escape(str(version))}.")
        if chosen.second_person == "required" and not version.second:
            console.print("The practice asks for a second person: run this again with another name.")


def diff(
    practice: PracticeOption,
    to: CrmOption,
    before: Annotated[str, typer.Option("--from", help="The version before; the last confirmed one if not said.")] = "",
    after: Annotated[str, typer.Option("--to-version", help="The version after; what holds now if not said.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show which entries of the mapping differ between two confirmed versions, or from the last one to now."""
    console = Console(stderr=as_json, soft_wrap=True, highlight=False)
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        versions = Versions(rooms.mappings, practice, to)
        old = versions.named(before) if before else _last(chosen, to, versions)
        if old is None:
            raise SettingsError(
                f"No copy of a confirmed mapping of practice {practice} to {to} is kept: there is nothing to compare.",
                f'Confirm it: `perio map confirm --practice {practice} --to {to} --by "NAME"`.',
            )
        new = versions.named(after) if after else None
        content = new.content if new else settle(rooms.mappings, chosen, to)
        found = changes(old.content.files, content.files)
        if as_json:
            _tell_programs(practice, to, old, new, content, found)
            return
        console.print(f"From {escape(str(old))},\nto {escape(str(new)) if new else 'what holds now'}:")
        _show_changes(found, console)


def _last(practice: Practice, crm: str, versions: Versions) -> Version | None:
    """What the practice's file says is confirmed."""
    confirmation = practice.destination(crm).confirmation
    return versions.of(confirmation.digest) if confirmation else None


def _show_content(practice: Practice, crm: str, content: Settled, console: Console) -> None:
    table = object_table(crm, ["fields", "links"])
    for name, numbers in content.counts(crm).items():
        table.add_row(name, *map(str, numbers))
    console.print(table)
    for name, absence in content.absences(crm).items():
        console.print(f"  {name} is not loaded: {escape(absence)}.")
    bound = content.files[practice.source.bindings]["tables"]
    console.print(
        f"{sum(len(table['columns']) for table in bound.values())} fields of {len(bound)} tables of the practice's "
        f"database are bound by {practice.source.bindings}, with {_codes(bound.values())} codes."
    )


def _codes(tables: Iterable[dict[str, dict[str, dict[str, object]]]]) -> int:
    columns = [column for table in tables for column in table["columns"].values()]
    return sum(len(codes) for column in columns if isinstance(codes := column.get("codes"), dict))


def _show_since(last: Version | None, content: Settled, console: Console) -> None:
    if last is None:
        console.print("No copy of an earlier confirmed version is kept.")
        return
    found = changes(last.content.files, content.files)
    if not found:
        console.print(f"Nothing has changed since {escape(str(last))}.")
        return
    console.print(f"Since {escape(str(last))}:")
    _show_changes(found[:MOST_SHOWN], console)
    if len(found) > MOST_SHOWN:
        console.print(f"... and {len(found) - MOST_SHOWN} more entries; `perio map diff` shows all of them.")


def _show_changes(found: Sequence[Change], console: Console) -> None:
    if not found:
        console.print("No entry differs.")
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("", "file", "entry", "before", "after"):
        table.add_column(name, overflow="fold", no_wrap=name == "")
    colours = {"added": "green", "removed": "red", "changed": "yellow"}
    for each in found:
        cells = (each.file, each.entry, each.before or "", each.after or "")
        table.add_row(f"[{colours[each.kind]}]{each.kind}[/]", *map(escape, cells))
    console.print(table)
    numbers = {kind: sum(each.kind == kind for each in found) for kind in colours}
    console.print(", ".join(f"{number} {kind}" for kind, number in numbers.items() if number) + ".")


def _tell_programs(
    practice: str, crm: str, old: Version, new: Version | None, content: Settled, found: Sequence[Change]
) -> None:
    said = {
        "practice": practice,
        "destination": crm,
        "from": {"version": old.number, "digest": old.digest},
        "to": {"version": new.number if new else None, "digest": content.digest},
        "changes": [each.plain() for each in found],
    }
    typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
