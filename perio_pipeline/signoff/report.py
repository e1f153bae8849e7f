"""The page that a practice signs off: one file, readable anywhere, without patients' values unless asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from perio_pipeline.signoff.causes import CAUSES, WHOLE_RECORD, Cause
from perio_pipeline.signoff.crm_words import words_of
from perio_pipeline.signoff.diff import Diff
from perio_pipeline.signoff.leftovers import FILES_SHOWN
from perio_pipeline.signoff.templates import render

EXAMPLES = 5
"""Records shown per object, field and cause."""

COUNTED = ("source", "quarantined", "left_out", "shaped", "failed")
"""Columns of the accounting that are shown as they are."""

LOADED = ("created", "updated", "adopted", "unchanged")
"""Columns of the accounting that say together how many records are in the CRM."""

PASSES = {"sample": "Sample migration", "full": "Full migration", "delta": "Delta pickup"}


@dataclass(frozen=True)
class _Totals:
    """The verdict."""

    cells: int
    records: int
    explained: int
    unexplained: int


def render_report(
    practice_name: str,
    destination: str,
    load_pass: str,
    diffs: Mapping[str, Diff],
    accounting: pd.DataFrame,
    with_values: bool = False,
    left_out: Sequence[Mapping[str, Any]] = (),
    files: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Render the sign-off report of one practice, destination and pass as HTML.

    Args:
        practice_name: for people.
        destination: the CRM.
        load_pass: sample, full or delta.
        diffs: object → its diff.
        accounting: object, source, quarantined, left_out, shaped, created, updated, unchanged, failed.
        with_values: show the differing values of the examples; the page is then patients' data.
        left_out: `leftovers.left_out_lines`.
        files: `leftovers.file_lines`.
    """
    differences = [diff.differences for diff in diffs.values()]
    rows = sum(len(frame) for frame in differences)
    unexplained = sum(diff.unexplained for diff in diffs.values())
    return render(
        "diff.html",
        practice=practice_name,
        words=words_of(destination),
        load_pass=PASSES.get(load_pass, load_pass),
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        totals=_Totals(
            cells=sum(diff.cells for diff in diffs.values()),
            records=sum(diff.records for diff in diffs.values()),
            explained=rows - unexplained,
            unexplained=unexplained,
        ),
        objects=_objects(diffs, accounting),
        causes=CAUSES,
        fields=fields_of(diffs),
        population=population_of(diffs),
        examples=examples_of(diffs),
        examples_shown=EXAMPLES,
        whole_record=WHOLE_RECORD,
        with_values=with_values,
        left_out=left_out,
        files=files[:FILES_SHOWN],
        files_more=max(0, len(files) - FILES_SHOWN),
    )


def _objects(diffs: Mapping[str, Diff], accounting: pd.DataFrame) -> list[dict[str, Any]]:
    """One line per object of the accounting or the diffs, in their order."""
    counts = {str(line["object"]): line for line in accounting.to_dict("records")}
    lines = []
    for name in dict.fromkeys([*counts, *diffs]):
        counted = counts.get(name, {})
        line: dict[str, Any] = {column: counted.get(column) for column in COUNTED}
        line["loaded"] = sum(counted.get(column, 0) for column in LOADED) if counted else None
        diff = diffs.get(name)
        line |= {"object": name, "cells": None, "explained": None, "unexplained": None}
        if diff is not None:
            explained = len(diff.differences) - diff.unexplained
            line |= {"cells": diff.cells, "explained": explained, "unexplained": diff.unexplained}
        lines.append(line)
    return lines


def fields_of(diffs: Mapping[str, Diff]) -> list[dict[str, Any]]:
    """Differences per object, field and cause; those that nobody agreed to first."""
    lines = [
        {
            "object": name,
            "field": field,
            "cause": cause,
            "count": int(count),
            "explained": CAUSES[Cause(cause)].explained,
        }
        for name, diff in diffs.items()
        for field, cause, count in diff.counts.itertuples(index=False)
    ]
    return sorted(lines, key=lambda line: (line["explained"], -line["count"]))


def population_of(diffs: Mapping[str, Diff]) -> list[dict[str, Any]]:
    """How often each custom field is filled, in the source and in the CRM."""
    return [
        {"object": name, "field": field, "records": diff.records, "expected": int(expected), "found": int(found)}
        for name, diff in diffs.items()
        for field, custom, expected, found in diff.population.itertuples(index=False)
        if custom
    ]


def examples_of(diffs: Mapping[str, Diff]) -> list[dict[str, Any]]:
    """The first records of each object, field and cause; unexplained ones first."""
    frames = [
        diff.differences.groupby(["field", "cause"], sort=False).head(EXAMPLES)
        for diff in diffs.values()
        if len(diff.differences)
    ]
    if not frames:
        return []
    examples = pd.concat(frames).sort_values("explained", kind="stable")
    shown = examples.astype(object).where(examples.notna(), None)
    return [{str(name): value for name, value in line.items()} for line in shown.to_dict("records")]
