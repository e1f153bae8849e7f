"""`perio match`: what was found and decided about records that the CRM held before, and taking a person's decisions."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from perio_pipeline import settings
from perio_pipeline.cli.common import shown
from perio_pipeline.errors import PerioError
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.matching.decisions import DecisionError, decide, decided, rows_of, waiting
from perio_pipeline.loading.objects import Target
from perio_pipeline.signoff.match_review import LEVELS, REVIEW, read_decisions
from perio_pipeline.wording import things

MATCH_PASS = "match"
MOST_SHOWN = 200
HEADERS = ("match", "level", "object", "PANDA", "CRM", "reasons", "decision", "by")
IDS = ("PANDA", "CRM")
"""Shown whole however narrow the terminal is: people copy them."""


def take_decisions(practice: str, crm: str, file: Path, by: str, console: Console) -> None:
    """Journal the decisions of an edited list.

    Raises:
        DecisionError: lines that cannot be taken; nothing is journaled then.
    """
    rows = _found(practice, crm)
    try:
        said = read_decisions(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        raise DecisionError(f"{file} cannot be read.", "Give the edited matches.csv.") from None
    unknown = sorted(said.keys() - set(rows.loc[rows["offered"], "match"]))
    if unknown:
        raise DecisionError(
            f"The latest list has no {', '.join(unknown[:5])}{' and others' if len(unknown) > 5 else ''}.",
            f"Run `perio match --practice {practice} --to {crm}` again and decide in the new list.",
        )
    with _opened(practice, crm, by) as target, target.journal.locked(practice, crm, target.run):
        counts = decide(target, rows, said)
        left = _waiting(target, rows)
    taken = ", ".join(f"{count} {word}" for word, count in counts.items())
    waits = things(left, "record still waits", "records still wait")
    console.print(f"Decided by {by}: {taken}. {waits}.", markup=False)


def show(practice: str, crm: str, console: Console) -> None:
    """Show the pairs of the latest list and what was decided about them: ids, no values."""
    offered = _found(practice, crm).query("offered")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for header in HEADERS:
        table.add_column(header, overflow="fold", no_wrap=header in IDS)
    with _opened(practice, crm) as target:
        places = set(zip(offered["account"], offered["object"], strict=True))
        states = {place: decided(target, *place) for place in places}
    for row in rows_of(offered.head(MOST_SHOWN)):
        state, pair = states[row["account"], row["object"]], (row["source_key"], row["crm_id"])
        word = "link" if state.linked(*pair) else "separate" if state.separate(*pair) else ""
        entry = state.entries.get(pair) if word else None
        said = (word or "-", entry.actor if entry else "")
        table.add_row(row["match"], row["level"], row["object"], *pair, row["reasons"], *said)
    console.print(table)
    if len(offered) > MOST_SHOWN:
        console.print(f"{len(offered) - MOST_SHOWN} more are in the list.")


def summary(practice: str, crm: str, console: Console) -> None:
    """Say how many pairs wait for a decision and where the list is."""
    rows = _found(practice, crm)
    asked = rows[rows["offered"] & rows["decision"].isna()]
    with _opened(practice, crm) as target:
        left = _waiting(target, rows)
    if asked.empty and not left:
        console.print(f"Nothing of {crm} waits for a decision.")
        return
    counts = asked["level"].value_counts()
    found = ", ".join(f"{counts.get(level, 0)} {level}" for level in LEVELS)
    held = things(left, "record is", "records are")
    said = f"{crm} may hold records already: {found}. {held} not loaded before a person decides:"
    console.print(said, soft_wrap=True)
    for form in ("html", "csv"):
        path = settings.workplace().report_file(practice, crm, f"{REVIEW}.{form}")
        console.print(f"  {shown(path)}", soft_wrap=True, highlight=False, markup=False)


def _waiting(target: Target, rows: pd.DataFrame) -> int:
    return sum(len(waiting(target, name, rows)) for name in target.mapping.matched())


def _found(practice: str, crm: str) -> pd.DataFrame:
    frame = settings.workplace().store().frame(practice, [crm, "matches"])
    if not frame.exists():
        raise PerioError(
            f"Nobody has looked yet at what {crm} holds of practice {practice}.",
            f"Run `perio match --practice {practice} --to {crm}` first.",
        )
    return frame.read()


@contextmanager
def _opened(practice: str, crm: str, by: str = "") -> Iterator[Target]:
    rooms = settings.workplace()
    journal = rooms.journal()
    try:
        run = RunInfo(f"{MATCH_PASS}-{uuid.uuid4()}", MATCH_PASS, by)
        yield rooms.target(rooms.practice(practice), crm, journal, run)
    finally:
        journal.close()
