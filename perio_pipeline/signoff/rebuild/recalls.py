"""The workflow reference: every recall rule of PANDA as the workflow that rebuilds it in the CRM (H11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from perio_pipeline.files.document import Block, Document, Rule
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.signoff.rebuild.homes import Homes, first_home
from perio_pipeline.signoff.rebuild.knowledge import Place
from perio_pipeline.signoff.rebuild.parts import BOX, bold, heading, items, table, text

EXAM = ("clinical/patient_summary.last_exam_date", "clinical/patient_summary.exam_date_1")
DIAGNOSIS = "classification_recorded"
GRACE_DAYS = 14
"""After which the front desk calls."""
FIRST_DAYS = 7
"""The days after switching on, for which it is said how many patients would be written to."""

OPEN_QUESTIONS = (
    "Is the interval counted from the last perio exam (as here) or from the last maintenance visit?",
    "Who is written to where the diagnosis is “Periodontitis” without a stage, or where there is none?",
    "By text message or by e-mail, at which hours, and in whose name? Who may not be written to?",
    "How many reminders, how many days apart, and when does somebody call instead?",
    "What happens to patients who are overdue already: all at once, some each day, or by hand?",
    "Does a booked visit with the referring dentist count, where maintenance alternates?",
    "Which calendar and which appointment types end the workflow?",
)


@dataclass(frozen=True)
class Recall:
    """One rule and whom it concerns.

    Attributes:
        key, name: in PANDA.
        classification: the diagnosis it is for, in PANDA's code; None for every one.
        months: between visits.
        visit: the kind of visit it books.
        active: in use.
        patients: active patients with this diagnosis.
        overdue: those of them whose interval has passed.
        first: those who come due in the first days.
        undated: those without an exam.
    """

    key: str
    name: str
    classification: str | None
    months: int
    visit: str
    active: bool
    patients: int
    overdue: int
    first: int
    undated: int

    @property
    def days(self) -> int:
        """The interval as days, as CRMs count them."""
        return round(self.months * 365.25 / 12)


def recalls(rules: pd.DataFrame, summaries: pd.DataFrame, patients: pd.DataFrame, today: date) -> list[Recall]:
    """Return the rules with how many patients each concerns: those in use first, the shortest interval first.

    Args:
        rules: validated `recall_rule`.
        summaries: `clinical/patient_summary`: patient_id, last_exam_date, classification_recorded.
        patients: validated `patient`: patient_id, status.
        today: the day from which it is counted.
    """
    active = patients.loc[patients["status"] == "active", "patient_id"]
    people = summaries[summaries["patient_id"].isin(active)]
    made = []
    for row in rules.astype(object).where(rules.notna(), None).to_dict("records"):
        theirs = people
        if row["classification"] is not None:
            theirs = people[people["classification_recorded"] == row["classification"]]
        seen = theirs["last_exam_date"].dropna()
        due = seen + pd.DateOffset(months=int(row["interval_months"]))
        soon = pd.Timestamp(today + timedelta(days=FIRST_DAYS))
        made.append(
            Recall(
                key=str(row["rule_id"]),
                name=str(row["name"]),
                classification=row["classification"],
                months=int(row["interval_months"]),
                visit=str(row["visit_type"] or "visit"),
                active=row["active"] is not False,
                patients=len(theirs),
                overdue=int((due < pd.Timestamp(today)).sum()),
                first=int(((due >= pd.Timestamp(today)) & (due <= soon)).sum()),
                undated=len(theirs) - len(seen),
            )
        )
    return sorted(made, key=lambda each: (not each.active, each.months, each.name))


def workflow_reference(
    practice: str,
    crm: str,
    rules: Sequence[Recall],
    mapping: EffectiveMapping,
    homes: Homes,
    place: Place,
) -> Document:
    """Write the reference: a summary, each rule as a workflow, and the questions that the practice has to answer."""
    blocks: list[Block] = [
        heading(1, f"Recall workflows of {practice} for {crm}"),
        text(
            "PANDA recalls patients by rules. They cannot be migrated: each one is built as a workflow in ",
            bold(place.workflows),
            ". Counts are of active patients.",
        ),
        text(bold("While records are loaded: "), place.paused),
        table(
            ("Rule", "Diagnosis", "Every", "Patients", "Overdue", "Due in the first week", "No exam"),
            [
                (each.name + ("" if each.active else " (not in use)"), _named(each), f"{each.months} months",
                 f"{each.patients:,}", f"{each.overdue:,}", f"{each.first:,}", f"{each.undated:,}")
                for each in rules
            ],
            (3, 2, 1.6, 1.4, 1.4, 2, 1.3),
        ),
    ]  # fmt: skip
    for rule in rules:
        blocks += _rule(rule, mapping, homes, place)
    blocks += [
        Rule(),
        heading(2, "Open questions"),
        text("For the practice, before anything is switched on:"),
    ]
    return Document((*blocks, *items(OPEN_QUESTIONS, BOX)))


def _rule(rule: Recall, mapping: EffectiveMapping, homes: Homes, place: Place) -> list[Block]:
    blocks: list[Block] = [Rule(), heading(2, f"{rule.name}: every {rule.months} months")]
    if not rule.active:
        return [*blocks, text("PANDA has switched it off. Build it only if the practice wants it back.")]
    exam, (diagnosis, choice) = first_home(homes, EXAM), _diagnosis(mapping, rule)
    if exam is None or (rule.classification and not choice):
        missing = "the date of the last exam" if exam is None else "this diagnosis"
        return [*blocks, text(bold("Cannot be built: "), f"the mapping does not send {missing}.")]
    names = {
        "date": exam.label,
        "classification": diagnosis.partition(" (")[0],
        "choice": choice,
        "days": f"{rule.days}",
        "grace": f"{GRACE_DAYS}",
    }
    steps = [
        ("Trigger", place.trigger.format_map(names)),
        ("Wait", place.wait.format_map(names)),
        *([("Condition", place.condition.format_map(names))] if rule.classification else []),
        ("Then", f"{place.messages.format_map(names)}: “{rule.visit}”"),
        ("Ends when", place.stops.format_map(names)),
        ("Uses", "; ".join(map(str, [exam, *([diagnosis] if rule.classification else [])]))),
    ]
    blocks.append(table(("", "What to build"), steps, (1.3, 8)))
    blocks.append(
        text(
            f"It concerns {rule.patients:,} patients. Switched on today, {rule.overdue:,} of them are overdue, "
            f"and {rule.first:,} more come due within {FIRST_DAYS} days: decide first what becomes of the overdue."
        )
    )
    return blocks


def _named(rule: Recall) -> str:
    return (rule.classification or "any").replace("_", " ").capitalize()


def _diagnosis(mapping: EffectiveMapping, rule: Recall) -> tuple[str, str]:
    """The CRM's field that tells the diagnosis, with its label, and what it says there; empty where none tells it."""
    for obj in mapping.present().values():
        for name, field in obj.all_fields():
            choice = field.choices.get(rule.classification or "")
            if (field.source or "").rpartition(".")[2] == DIAGNOSIS and choice:
                return f"{field.label} ({name})", choice
    return "", ""
