"""`perio schema`: what the CRM must be set up with, creating what is missing, and removing what was created."""

from __future__ import annotations

import getpass
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, TypeVar
from uuid import uuid4

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline import interrupts, settings
from perio_pipeline.cli import runs, sandboxes
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors
from perio_pipeline.cli.documents import write_documents
from perio_pipeline.crm.packages import crm_package
from perio_pipeline.crm.protocol import Adapter
from perio_pipeline.errors import PerioError, SettingsError
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.objects import Target
from perio_pipeline.loading.schema import AccountSchema, compare, create_missing, created, remove_created, settle
from perio_pipeline.loading.undone import Fate, Undone
from perio_pipeline.signoff.checklist import checklist, documents
from perio_pipeline.signoff.schema_plan import SchemaPlan, State, schema_plan

app = typer.Typer(help="What the CRM must be set up with: fields, modules, pipelines.", no_args_is_help=True)

PLAN = "schema-plan"
STEP = "schema"
"""Under which the journal counts the requests."""

Result = TypeVar("Result")
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def plan(practice: PracticeOption, to: CrmOption, as_json: JsonOption = False) -> None:
    """Compare the accounts with what the mapping needs: what is there, missing, or in another form. Writes nothing."""
    with _target(practice, to) as target:
        _show(_planned(target), target, as_json=as_json)


@app.command()
def apply(
    practice: PracticeOption,
    to: CrmOption,
    approved_by: Annotated[str, typer.Option("--approved-by", help="Who allowed that the CRM is changed.")],
    as_json: JsonOption = False,
) -> None:
    """Create what is missing, where the API does, and say what an admin must do by hand."""
    with _target(practice, to) as target, target.journal.locked(practice, to, target.run):
        if not approved_by.strip():
            raise SettingsError("Nobody has approved that the CRM is changed.", "Name who did: --approved-by NAME.")
        settings.workplace().check_room(settings.workplace().practice(practice), to)

        async def create(account: str, adapter: Adapter) -> tuple[list[str], int]:
            found = await compare(target.mapping, adapter)
            adopted = settle(target, account, found.standings)
            missing = found.creatable
            return adopted, await create_missing(target, account, adapter, missing, approved_by) if missing else 0

        console = Console(stderr=as_json, soft_wrap=True, highlight=False)
        for account, (adopted, made) in _in_each(target, create).items():
            console.print(f"Account {account}: {made} created.")
            for each in adopted:
                console.print(f"  {escape(each)} was made before an interruption, and is taken over.")
        _show(_planned(target), target, as_json=as_json)


@app.command()
def revert(
    practice: PracticeOption,
    to: CrmOption,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without this it is only said what would be done.")] = False,
) -> None:
    """Remove what this project created in the accounts, but for what holds values. A dry run without --yes."""
    with _target(practice, to) as target, target.journal.locked(practice, to, target.run):

        async def remove(account: str, adapter: Adapter) -> list[Undone]:
            return await remove_created(target, account, adapter, dry_run=not yes)

        lines = [line for found in _in_each(target, remove).values() for line in found]
        console = Console(soft_wrap=True, highlight=False)
        words = {Fate.REVERSED: "removed" if yes else "would be removed", Fate.KEPT: "kept", Fate.FAILED: "failed"}
        for line in lines:
            reason = f": {line.reason}" if line.reason else ""
            console.print(f"  {words[line.fate]}  {line.account}  {escape(line.source_key + reason)}")
        counts = ", ".join(f"{sum(line.fate is fate for line in lines)} {word}" for fate, word in words.items())
        console.print(f"{counts}.{'' if yes or not lines else ' Nothing was changed; add --yes to do it.'}")
        failed = sum(line.fate is Fate.FAILED for line in lines)
        if yes and failed:
            raise PerioError(f"{failed} could not be removed.", "See why above.")


@contextmanager
def _target(practice: str, crm: str) -> Iterator[Target]:
    """The practice's destination, with its sandbox at hand where it is one."""
    runs.prepare_environment()
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        sandboxes.give_tokens(chosen, crm)
        journal = rooms.journal()
        try:
            run = RunInfo(f"schema-{uuid4()}", STEP, getpass.getuser())
            with sandboxes.at_hand(chosen, crm):
                yield rooms.target(chosen, crm, journal, run)
        finally:
            journal.close()


def _in_each(target: Target, work: Callable[[str, Adapter], Awaitable[Result]]) -> dict[str, Result]:
    """Do something in every account; returns account → what came of it."""

    async def one(account: str) -> Result:
        async with target.adapters[account]() as adapter:
            try:
                await adapter.connect()
                return await work(account, adapter)
            finally:
                target.journal.record_traffic(target.scope(account, STEP), target.run, STEP, adapter.stats)

    async def each() -> dict[str, Result]:
        return {account: await one(account) for account in target.adapters}

    return interrupts.run(each())


def _planned(target: Target) -> SchemaPlan:
    rooms = settings.workplace()
    chosen = rooms.practice(target.practice)
    crm = target.destination
    needed = checklist(chosen.name, rooms.mapping(crm), chosen.destination(crm), crm_package(crm))

    async def compared(_: str, adapter: Adapter) -> AccountSchema:
        return await compare(target.mapping, adapter)

    accounts = _in_each(target, compared)
    return schema_plan(needed, accounts, {account: created(target, account) for account in accounts})


def _show(made: SchemaPlan, target: Target, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(made.plain(), indent=2))
        return
    console = Console(soft_wrap=True, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("account", "", "module", "what", "type", "note"):
        table.add_column(name, overflow="fold")
    for account in made.accounts:
        for row, found in made.rows(account):
            if found.state is not State.THERE or found.note:
                name = f"{escape(row.label)} [dim]{row.name}[/]" if row.name else escape(row.label)
                table.add_row(account, found.state, row.module, name, row.type, escape(found.note))
    if table.row_count:
        console.print(table)
    for account in made.accounts:
        counts = ", ".join(f"{number} {state}" for state, number in made.counts(account).items())
        console.print(f"Account {account}: {counts}.")
    for sentence in made.checklist.said:
        console.print(f"[red]Limits of the plan:[/] {escape(sentence)}")
    rooms = settings.workplace()
    texts = {**documents(made.checklist, made.done()), "json": json.dumps(made.plain(), indent=2)}
    write_documents(rooms, target.practice, target.destination, PLAN, texts)
