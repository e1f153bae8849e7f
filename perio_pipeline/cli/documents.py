"""`perio checklist`, `perio staff`, `perio duplicates`: what people at the practice set up, invite and decide."""

from __future__ import annotations

import pandas as pd
import typer
from rich.console import Console
from rich.markup import escape

from perio_pipeline import settings
from perio_pipeline.cli.common import CrmOption, PracticeOption, clear_errors, shown
from perio_pipeline.crm.packages import crm_package
from perio_pipeline.errors import PerioError
from perio_pipeline.signoff import checklist as checklists
from perio_pipeline.signoff import staff as staff_lists
from perio_pipeline.validation.frames import LIKELY_DUPLICATE
from perio_pipeline.wording import things
from perio_pipeline.workplace import Workplace

CHECKLIST = "checklist"
STAFF = "staff-invitations"


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the application."""
    app.command()(checklist)
    app.command()(staff)
    app.command()(duplicates)


def checklist(practice: PracticeOption, to: CrmOption) -> None:
    """Write what an admin sets up in the CRM first: custom fields, modules, pipelines and calendars."""
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        made = checklists.checklist(chosen.name, rooms.mapping(to), chosen.destination(to), crm_package(to))
        write_documents(rooms, practice, to, CHECKLIST, checklists.documents(made))
    fields = made.totals[checklists.What.FIELD]
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"{fields} custom fields and {len(made.rows) - fields} other things to set up.")
    for heading, sentences in (("By declared policy:", made.hints), ("[red]Limits of the plan:[/]", made.said)):
        if sentences:
            console.print(f"[bold]{heading}[/]")
        for sentence in sentences:
            console.print(f"  {escape(sentence)}")


def duplicates(practice: PracticeOption) -> None:
    """List the patients that may be one person twice, for somebody to decide; none is merged by itself."""
    with clear_errors():
        chosen = settings.workplace().practice(practice)
        frame = settings.workplace().store().frame(chosen.practice, ["validated", LIKELY_DUPLICATE.name])
        if not frame.exists():
            raise PerioError(f"Practice {practice} was not read yet.", f"Run `perio plan --practice {practice}`.")
        pairs = frame.read()
    console = Console(soft_wrap=True, highlight=False)
    for one, other, reason in pairs.itertuples(index=False, name=None):
        console.print(f"{one}  {other}  {reason.replace('_', ' ')}")
    console.print(f"{things(len(pairs), 'pair')} to decide on.")
    if len(pairs):
        console.print("In the practice's file, under policies: `same_patients: [[A, B]]` merges two records,")
        console.print("`different_patients: [[A, B]]` says that they are two people.")


def staff(practice: PracticeOption, to: CrmOption) -> None:
    """Write which of the practice's staff the admin invites as users of the CRM."""
    with clear_errors():
        rooms = settings.workplace()
        chosen = rooms.practice(practice)
        accounts = [account.name for account in chosen.destination(to).accounts]
        members = staff_lists.staff_list(
            _validated(rooms, practice, to, "staff_user", staff_lists.STAFF_COLUMNS),
            _validated(rooms, practice, to, "provider", staff_lists.PROVIDER_COLUMNS),
            chosen.locale,
        )
        texts = {
            "csv": staff_lists.to_csv(members),
            "html": staff_lists.to_html(members, chosen.name, to, accounts),
        }
        write_documents(rooms, practice, to, STAFF, texts)
    apart = sum(bool(member.reason) for member in members)
    Console(soft_wrap=True, highlight=False).print(f"{len(members) - apart} to invite, {apart} not.")


def _validated(rooms: Workplace, practice: str, crm: str, table: str, columns: tuple[str, ...]) -> pd.DataFrame:
    frame = rooms.store().frame(practice, ["validated", table])
    if not frame.exists():
        raise PerioError(
            f"Practice {practice} has not been read from PANDA yet: there is no validated {table}.",
            f"Run the sample migration first: perio migrate --practice {practice} --to {crm} --pass sample",
        )
    return frame.read(columns)


def write_documents(rooms: Workplace, practice: str, crm: str, name: str, texts: dict[str, str]) -> None:
    """Write one document in several forms, for its owner only, and say where."""
    console = Console(soft_wrap=True, highlight=False)
    for form, text in texts.items():
        path = rooms.write_report(text, practice, crm, f"{name}.{form}")
        console.print(f"Wrote {escape(shown(path))}")
