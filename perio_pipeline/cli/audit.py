"""`perio audit`: exports the audit log to a file, and verifies that nobody changed it, in a file or in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from perio_pipeline import settings
from perio_pipeline.cli.common import PracticeOption, clear_errors, shown
from perio_pipeline.errors import PerioError
from perio_pipeline.loading import audit
from perio_pipeline.loading.auditfile import Format
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.sealing import Seal, given_key
from perio_pipeline.wording import things

app = typer.Typer(help="The audit log: who did what to which record, and when.", no_args_is_help=True)
console = Console(soft_wrap=True, highlight=False)


@app.command()
def export(
    practice: PracticeOption,
    to: Annotated[str | None, typer.Option("--to", help="Show this destination's entries only.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; by default that of the reports.")] = None,
    form: Annotated[Format, typer.Option("--format", help="jsonl for programs, csv for spreadsheets.")] = Format.JSONL,
) -> None:
    """Write the audit log to a new file that can be verified anywhere."""
    with clear_errors(), _journal() as journal:
        rooms = settings.workplace()
        name = rooms.practice(practice).practice
        if to is not None:
            rooms.practice(practice).destination(to)
        folder = out or rooms.report_file(name, "audit", "log").parent
        path = audit.export(journal, name, to, folder, form)
        console.print(f"Wrote {escape(shown(path.absolute()))}")
        _tell(audit.verify_file(path, journal.seal), "line")


@app.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="An exported audit log.")] = None,
    practice: Annotated[str | None, typer.Option("--practice", "-p", help="Verify the journal's own log.")] = None,
) -> None:
    """Verify an exported log from the file alone, the journal's log, or that one continues the other."""
    with clear_errors():
        if practice is None:
            key = given_key()
            _tell(audit.verify_file(_named(file), Seal(key) if key else None), "line")
            return
        name = settings.workplace().practice(practice).practice
        with _journal() as journal:
            head = None
            if file is not None:
                found = audit.verify_file(file, journal.seal)
                _tell(found, "line")
                head = found.head
            _tell(audit.verify_journal(journal, name, head), "entry")


def _named(file: Path | None) -> Path:
    if file is None:
        raise PerioError("There is nothing to verify.", "Name an exported audit log, or a --practice, or both.")
    return file


@contextmanager
def _journal() -> Iterator[Journal]:
    journal = settings.workplace().journal()
    try:
        yield journal
    finally:
        journal.close()


def _tell(found: audit.Verified, place: str) -> None:
    """Say what was found.

    Raises:
        PerioError: something is not as it was written.
    """
    for problem in found.problems:
        where = f"{place.capitalize()} {problem.place}" if problem.place else "The log:"
        console.print(f"{where} {problem.what}.")
    if found.problems:
        raise PerioError(
            f"The audit log of practice {found.practice} is not as it was written: {len(found.problems)} problems.",
            "Look who changed it, and put it back from its backup or from an earlier export.",
        )
    whose = f"of practice {found.practice}"
    said = things(found.entries, f"entry {whose} is as it was", f"entries {whose} are as they were")
    console.print(f"{said} written.")
    if found.erased:
        console.print(f"The values of {found.erased} of them were erased since; what stays is as it was written.")
    if found.taken_over:
        console.print(
            f"The first {found.taken_over} were there when the journal began to keep a sealed head. If this program "
            "was not updated then, somebody took the earlier head away."
        )
    if not found.sealed:
        console.print("No key was at hand: a file written anew as a whole would not be told from this one.")
