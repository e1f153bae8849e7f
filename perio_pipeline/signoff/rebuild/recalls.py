"""The workflow reference: every recall rule of PANDA as the workflow that rebuilds it in the CRM (H11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from perio_pipeline.files.document import Block, Document, Rule
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.model import FieldMap
from perio_pipeline.signoff.rebuild.homes import PATIENTS, Homes, columns_of, first_home
from perio_pipeline.signoff.rebuild.knowledge import Place
from perio_pipeline.signoff.rebuild.parts import BOX, bold, heading, items, table, text

EXAM = ("clinical/patient_summary.last_exam_date", "clinical/patient_summary.exam_date_1")
DIAGNOSIS = "clinical/patient_summary.classification_recorded"
STATUS, SILENCE = "validated/patient.status", "validated/patient.do_not_contact"
BOOKED = ("scheduled", "confirmed")
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
        patients: active patients with this diagnosis who may be contacted.
        booked: those of them with a visit ahead, who are not recalled.
        overdue: those of the others whose interval has passed.
        first: those of the others who come due in the first days.
        undated: those of the others without an exam.
    """

    key: str
    name: str
    classification: str | None
    months: int
    visit: str
    active: bool
    patients: int
    booked: int
    overdue: int
    first: int
    undated: int

    @property
    def days(self) -> int:
        """The interval as days, as CRMs count them."""
        return round(self.months * 365.25 / 12)


def recalls(
    rules: pd.DataFrame,
    summaries: pd.DataFrame,
    patients: pd.DataFrame,
    identity: pd.DataFrame,
    visits: pd.DataFrame,
    today: date,
) -> list[Recall]:
    """Return the rules with how many patients each concerns: those in use first, the shortest interval first.

    Args:
        rules: validated `recall_rule`.
        summaries: `clinical/patient_summary`: patient_id, last_exam_date, classification_recorded.
        patients: validated `patient`: patient_id, status, do_not_contact.
        identity: validated `patient_identity`: patient_id, survivor_id, disposition.
        visits: validated `appointment`: patient_id, starts_at, status; those of a merged record are its survivor's.
        today: the day from which it is counted.
    """
    silent = patients["do_not_contact"].fillna(False).astype(bool)
    reachable = patients.loc[(patients["status"] == "active") & ~silent, "patient_id"]
    loaded = identity.loc[identity["disposition"] == "load", "patient_id"]
    people = summaries[summaries["patient_id"].isin(reachable) & summaries["patient_id"].isin(loaded)]
    ahead = visits[visits["status"].isin(BOOKED) & (visits["starts_at"] >= pd.Timestamp(today))]
    booked = ahead["patient_id"].map(identity.set_index("patient_id")["survivor_id"])
    made = []
    for row in rules.astype(object).where(rules.notna(), None).to_dict("records"):
        theirs = people
        if row["classification"] is not None:
            theirs = people[people["classification_recorded"] == row["classification"]]
        free = theirs[~theirs["patient_id"].isin(booked)]
        seen = free["last_exam_date"].dropna()
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
                booked=len(theirs) - len(free),
                overdue=int((due < pd.Timestamp(today)).sum()),
                first=int(((due >= pd.Timestamp(today)) & (due <= soon)).sum()),
                undated=len(free) - len(seen),
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
            ". Counts are of active patients who may be contacted; those with a visit ahead are not recalled.",
        ),
        text(bold("While records are loaded: "), place.paused),
        table(
            ("Rule", "Diagnosis", "Every", "Patients", "Visit ahead", "Overdue", "Due in the first week", "No exam"),
            [
                (each.name + ("" if each.active else " (not in use)"), _named(each), f"{each.months} months",
                 f"{each.patients:,}", f"{each.booked:,}", f"{each.overdue:,}", f"{each.first:,}", f"{each.undated:,}")
                for each in rules
            ],
            (3, 2, 1.6, 1.4, 1.5, 1.4, 2, 1.3),
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
    exam, conditions = first_home(homes, EXAM), _conditions(rule, mapping)
    if exam is None or conditions is None:
        missing = "the date of the last exam" if exam is None else "this diagnosis"
        return [*blocks, text(bold("Cannot be built: "), f"the mapping does not send {missing}.")]
    names = {"date": exam.label, "days": f"{rule.days}", "grace": f"{GRACE_DAYS}"}
    used = [f"{exam}", *(f"{field.label} ({name})" if field.label else name for name, field, _ in conditions)]
    steps = [
        ("Trigger", place.trigger.format_map(names)),
        ("Wait", place.wait.format_map(names)),
        *(
            ("Condition", place.condition.format(field=field.label or name, choice=said))
            for name, field, said in conditions
        ),
        ("Then", f"{place.messages.format_map(names)}: “{rule.visit}”"),
        ("Ends when", f"{place.stops.format_map(names)}; also when a condition no longer holds"),
        ("Uses", "; ".join(used)),
    ]
    blocks.append(table(("Part", "What to build"), steps, (1.3, 8)))
    blocks.append(
        text(
            f"It concerns {rule.patients:,} patients, {rule.booked:,} of them with a visit ahead. Switched on today, "
            f"{rule.overdue:,} of the others are overdue, and {rule.first:,} more come due within {FIRST_DAYS} days: "
            "decide first what becomes of the overdue."
        )
    )
    return blocks


def _named(rule: Recall) -> str:
    return (rule.classification or "any").replace("_", " ").capitalize()


def _conditions(rule: Recall, mapping: EffectiveMapping) -> list[tuple[str, FieldMap, str]] | None:
    """The fields of the patient's contact that a workflow looks at, and what each must say; None: no field tells.

    A recall must not reach the deceased, and a diagnosis without a label is one that leaves its field empty: that of a
    periodontitis without a stage would else also be that of every stage.
    """
    held = {
        column: [
            (name, field)
            for obj in mapping.present().values()
            if obj.rows == PATIENTS
            for name, field in obj.all_fields()
            if column in columns_of(obj, field) and field.source
        ]
        for column in (DIAGNOSIS, STATUS, SILENCE)
    }
    made = []
    if rule.classification:
        choices = [(name, field, field.choices.get(rule.classification)) for name, field in held[DIAGNOSIS]]
        if not any(choice for _, _, choice in choices):
            return None
        made += [(name, field, f"is “{choice}”" if choice else "is empty") for name, field, choice in choices]
    made += [(name, field, f"is “{field.choices.get('active', 'active')}”") for name, field in held[STATUS]]
    return [*made, *((name, field, "is not set") for name, field in held[SILENCE])]
