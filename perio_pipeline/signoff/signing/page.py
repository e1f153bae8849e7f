"""The sign-off report as one page for the practice manager; without patients' values unless asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from perio_pipeline.loading.signatures import Signature
from perio_pipeline.signoff.causes import CAUSES, WHOLE_RECORD, Cause
from perio_pipeline.signoff.crm_words import words_of
from perio_pipeline.signoff.leftovers import FILES_SHOWN
from perio_pipeline.signoff.report import EXAMPLES, PASSES, examples_of, fields_of, population_of
from perio_pipeline.signoff.signing.facts import Facts, ObjectFacts
from perio_pipeline.signoff.templates import render

PARTS = (
    ("loaded", "in the CRM"),
    ("elsewhere", "arrives as part of something else"),
    ("skipped", "left out by policy"),
    ("removed", "deleted by a person in the CRM, which stays"),
    ("quarantined", "held back: not sound in PANDA"),
    ("waiting", "not in the sample, or not loaded yet"),
    ("failed", "did not arrive"),
)
"""Of what the bar of an object consists → what it means."""

SHOWN = frozenset({"loaded", "quarantined", "failed"})
"""Parts that are shown even where no row is in them."""


@dataclass(frozen=True)
class Bar:
    """One object as a picture: part → rows."""

    name: str
    rows: dict[str, int]


def render_signoff(facts: Facts, signed: Sequence[Signature], made_at: datetime, *, with_values: bool = False) -> str:
    """Render the report.

    Args:
        facts: what it says.
        signed: who signed so far, the latest last.
        made_at: when, with its zone.
        with_values: show the differing values of the examples; the page is then patients' data.
    """
    cells = sum(diff.cells for diff in facts.diffs.values())
    bars = [_bar(each) for each in facts.objects]
    return render(
        "signoff.html",
        facts=facts,
        words=words_of(facts.crm),
        load_pass=PASSES.get(facts.load_pass, facts.load_pass or "nothing loaded"),
        made_at=made_at.strftime("%Y-%m-%d %H:%M %Z"),
        points=facts.open_points,
        to_decide=facts.to_decide,
        verdict="bad" if facts.open_points else "care" if facts.to_decide else "good",
        cells=cells,
        records=sum(each.loaded for each in facts.objects),
        unexplained=sum(diff.unexplained for diff in facts.diffs.values()),
        bars=bars,
        parts=[part for part in PARTS if part[0] in SHOWN or any(bar.rows[part[0]] for bar in bars)],
        conflicts=facts.caused(Cause.CONFLICT),
        edits=facts.caused(Cause.EDITED),
        removed=facts.caused(Cause.REMOVED),
        deleted=facts.caused(Cause.DELETED),
        signed=list(reversed(signed)),
        causes=CAUSES,
        fields=fields_of(facts.diffs),
        population=population_of(facts.diffs),
        examples=examples_of(facts.diffs),
        examples_shown=EXAMPLES,
        whole_record=WHOLE_RECORD,
        with_values=with_values,
        left_out=facts.left_out,
        files=facts.files[:FILES_SHOWN],
        files_more=max(0, len(facts.files) - FILES_SHOWN),
    )


def _bar(each: ObjectFacts) -> Bar:
    arrived, left = each.arrived, each.left_out
    return Bar(
        each.name,
        {
            "loaded": arrived.loaded,
            "elsewhere": left["elsewhere"] + left["merged"],
            "skipped": left["skipped"] + left["unavailable"],
            "removed": arrived.removed,
            "quarantined": each.status.quarantined,
            "waiting": arrived.waiting,
            "failed": arrived.failed,
        },
    )


def plain(facts: Facts) -> dict[str, Any]:
    """What the report says, for programs."""
    return {
        "practice": facts.practice,
        "destination": facts.crm,
        "pass": facts.load_pass,
        "open_points": facts.open_points,
        "records": sum(each.loaded for each in facts.objects),
        "cells": sum(diff.cells for diff in facts.diffs.values()),
        "requests": facts.requests,
    }
