"""The assessment as one page."""

from __future__ import annotations

from typing import Any

from perio_pipeline.assessment.facts import Assessment
from perio_pipeline.signoff.crm_words import words_of
from perio_pipeline.signoff.templates import render

REPORT, SUMMARY = "assessment.html", "assessment.json"
SHOWN = 15
"""Rules that the page lists; the file for programs has all."""
GRADES = {
    "A": "Simple",
    "B": "Usual",
    "C": "Demanding: plan time for decisions",
    "D": "Complex: rehearse more than once",
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def costs(made: Assessment) -> list[dict[str, Any]]:
    """Return CRM and plan, requests and hours of each: the stated plan of a CRM first."""
    return [
        {
            "name": f"{words_of(move.crm).name} {cost['plan'] or ''}".strip(),
            "own": number == 0 and bool(cost["plan"]),
            "requests": cost["requests"],
            "hours": cost["hours"],
        }
        for move in made.moves
        for number, cost in enumerate([move.plan["cost"], *move.plan["others"]])
    ]


def render_assessment(made: Assessment) -> str:
    """Render the page."""
    lines = costs(made)
    counts = {each.table: each.rows for each in made.volumes}
    return render(
        "assessment.html",
        made=made,
        grade_words=GRADES[made.grade.letter],
        patients=counts["patient"],
        rows=sum(counts.values()),
        costs=lines,
        crm_name=lambda crm: words_of(crm).name,
        scale=max(line["hours"] for line in lines) or 1,
        window=max(float(move.plan["window_hours"]) for move in made.moves),
        longest=max(float(move.plan["cost"]["hours"]) for move in made.moves),
        quarantined=list(made.quarantined.items())[:SHOWN],
        treated=list(made.treated.items())[:SHOWN],
        weekdays=[WEEKDAYS[day] for day in sorted(made.days)],
    )
