"""The list of records that the CRM may have held before: a page to look at, and a CSV in which a person decides.

Both show patients' values side by side, so they stay in the data folder.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from perio_pipeline.loading.matching.decisions import STATUSES, DecisionError, rows_of
from perio_pipeline.loading.matching.finding import Matches
from perio_pipeline.mapping.model import Match
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.signoff.crm_words import words_of
from perio_pipeline.signoff.templates import csv_text, render
from perio_pipeline.workplace import Workplace

REVIEW = "matches"
"""The reports' name."""

ROLES = tuple(Match.model_fields)
"""What is shown of a record, in this order."""

LEVELS = ("certain", "likely", "possible")
HOUSEHOLD = "household"
MEANINGS = {
    "certain": "The same name and birth date, or the mark of this very record.",
    "likely": "The names fit and so does the birth date; or, where it is missing, a phone or an e-mail.",
    "possible": "Little speaks for it, or another record fits as well. These records are loaded without waiting.",
}
MOST_HOUSEHOLDS = 200
"""Pairs with shared contact data that the page shows."""
FIRST_COLUMNS = ("decision", "match", "level", "reasons", "decided_by", "object", "account", "panda_id", "crm_id")


@dataclass(frozen=True)
class Compared:
    """A pair as people see it: `lines` are what is shown, PANDA's text, the CRM's, and whether they contradict."""

    row: Mapping[str, Any]
    lines: tuple[tuple[str, str, str, bool], ...]


def write_review(rooms: Workplace, practice: Practice, crm: str, matches: Matches) -> Path:
    """Write the list as a page and as CSV, for their owner only; returns where the page is."""
    earlier = rooms.report_file(practice.practice, crm, f"{REVIEW}.csv")
    written = _lines(earlier.read_text(encoding="utf-8", errors="replace")) if earlier.exists() else []
    command = f'perio match --practice {practice.practice} --to {crm} --decide FILE --by "NAME"'
    rooms.write_report(
        to_csv(matches, {name: word for _, name, word in written}), practice.practice, crm, f"{REVIEW}.csv"
    )
    page = to_html(matches, practice.name, crm, command)
    return rooms.write_report(page, practice.practice, crm, f"{REVIEW}.html")


def to_csv(matches: Matches, written: Mapping[str, str] = MappingProxyType({})) -> str:
    """The pairs a person is asked about, one line each, to be filled in under `decision`.

    Args:
        matches: what was found.
        written: pair's name → what somebody wrote into an earlier list and has not given yet; it is not lost.
    """
    header = [*FIRST_COLUMNS, *(f"{side}_{role}" for role in ROLES for side in ("panda", "crm"))]
    lines = []
    for row in _rows(matches, LEVELS):
        panda, crm = matches.texts[row["match"]]
        names = {**row, "panda_id": row["source_key"], "decision": row["decision"] or written.get(row["match"])}
        values = ["; ".join(side.get(role, ())) for role in ROLES for side in (panda, crm)]
        lines.append([*(str(names[column] or "") for column in FIRST_COLUMNS), *values])
    return csv_text(header, lines)


def to_html(matches: Matches, practice: str, crm: str, command: str) -> str:
    """The list as a page that needs no network.

    Args:
        matches: what was found.
        practice: its name, for people.
        crm: the destination.
        command: by which the decisions are given.
    """
    pairs = {level: [_compared(matches, row) for row in _rows(matches, (level,))] for level in LEVELS}
    household = _rows(matches, (HOUSEHOLD,))
    asked = [each for found in pairs.values() for each in found]
    return render(
        "matches.html",
        practice=practice,
        words=words_of(crm),
        command=command,
        pairs=pairs,
        meanings=MEANINGS,
        household=[_compared(matches, row) for row in household[:MOST_HOUSEHOLDS]],
        households=len(household),
        undecided=sum(each.row["decision"] is None for each in asked),
        decided=sum(each.row["decision"] is not None for each in asked),
    )


def read_decisions(text: str) -> dict[str, str]:
    """Read an edited list: pair's name → `link` or `separate`; lines without a decision are passed over.

    Raises:
        DecisionError: there are none, or lines say something else; names them all.
    """
    lines = _lines(text)
    if not lines:
        raise DecisionError("The list has no decisions under match and decision.", "Give the edited matches.csv.")
    said: dict[str, str] = {}
    wrong: list[str] = []
    for number, name, word in lines:
        if word not in STATUSES:
            wrong.append(f"line {number} says neither {' nor '.join(STATUSES)}")
        elif said.setdefault(name, word) != word:
            wrong.append(f"line {number} contradicts an earlier one")
    if wrong:
        raise DecisionError(f"{'; '.join(wrong)}.", f"Write {' or '.join(STATUSES)} under decision, or nothing.")
    return said


def _lines(text: str) -> list[tuple[int, str, str]]:
    """Number, pair's name and decision of the lines that have one, however a spreadsheet saved the list."""
    first, _, _ = text.partition("\n")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    if not {"match", "decision"} <= set(reader.fieldnames or ()):
        return []
    stated = (
        (reader.line_num, (line["match"] or "").strip(), (line["decision"] or "").strip().lower()) for line in reader
    )
    return [line for line in stated if line[2]]


def _rows(matches: Matches, levels: tuple[str, ...]) -> list[dict[str, Any]]:
    """The pairs of some levels that people see, by level."""
    shown = matches.frame["offered"] | (matches.frame["level"] == HOUSEHOLD)
    rows = rows_of(matches.frame[shown & matches.frame["level"].isin(levels)])
    return sorted(rows, key=lambda row: levels.index(row["level"]))


def _compared(matches: Matches, row: Mapping[str, Any]) -> Compared:
    panda, crm = matches.texts[row["match"]]
    lines = [(role, tuple(panda.get(role, ())), tuple(crm.get(role, ()))) for role in ROLES]
    return Compared(
        row,
        tuple(
            (role.replace("_", " "), "; ".join(left), "; ".join(right), bool(left and right) and not _same(left, right))
            for role, left, right in lines
            if left or right
        ),
    )


def _same(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether one of the texts stands on both sides: of several phones one is enough."""
    return not {text.casefold() for text in left}.isdisjoint(text.casefold() for text in right)
