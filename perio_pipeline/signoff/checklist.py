"""The checklist for the CRM's admin: every custom field, module, pipeline and calendar a mapping needs (P4, G8).

It is derived from the mapping alone, so that it can be worked through before an account exists. What each CRM calls
things and what its plans allow are tables in this module; a CRM without a table is described in plain words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from perio_pipeline.crm.protocol import FieldType
from perio_pipeline.mapping import model
from perio_pipeline.signoff.templates import csv_text, render_page

REQUIREMENT = re.compile(r"\b[A-Z]\d{1,2}\b")
LEADING_REQUIREMENTS = re.compile(r"^(?:[A-Z]\d{1,2}\b[\s,;:]*)+")
MARKDOWN = re.compile(r"([\\`*_<>\[\]|])")
CHOICE_SEPARATOR = " | "
HEADER = (
    "done", "module", "what", "label", "stable_name", "type", "choices", "look_up_target", "why", "requirements",
)  # fmt: skip


class What(StrEnum):
    """What an admin sets up."""

    MODULE = "custom module"
    SETTING = "setting"
    FIELD = "custom field"


@dataclass(frozen=True)
class Words:
    """How a CRM's settings name things.

    Attributes:
        name: the CRM, for people.
        advice: what an admin must know before the first field.
        types: what an admin picks as the type of a custom field.
        models: the CRM entities in people's words.
        settings: look-up field → what its names are, and whether they are set up together, in order.
        quotas: the type of field whose plan limit a custom field counts against.
        module_prefix: how the names of custom modules begin.
    """

    name: str = ""
    advice: str = "Type label and choices exactly as they stand here."
    types: Mapping[FieldType, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    quotas: Mapping[FieldType, str] = field(default_factory=dict)
    module_prefix: str = ""


TEXT, CHOICES, NUMBER, DATE = "text", "dropdown or radio", "number", "date picker"
LONG_TEXT, MULTI, CHECKBOX, LOOKUP = "text area", "multi-select", "checkbox", "look-up"
TOTAL, MODULES = "custom fields in all", "custom modules"

CRMS: Mapping[str, Words] = {
    "highlevel": Words(
        name="HighLevel",
        advice="Type the stable name (such as Sex__c) as the field's name: fields are found by it, to the letter. The "
        "label goes into the placeholder. Once the practice's file approves it (schema_plan), missing fields are "
        "created over the API; pipelines, stages and calendars are always set up by hand.",
        types={
            FieldType.TEXT: "Single line (TEXT)",
            FieldType.LONG_TEXT: "Multi line (LARGE_TEXT)",
            FieldType.NUMBER: "Number (NUMERICAL)",
            FieldType.DATE: "Date picker (DATE)",
            FieldType.CHOICE: "Dropdown, single (SINGLE_OPTIONS)",
            FieldType.MULTI_CHOICE: "Dropdown, multiple (MULTIPLE_OPTIONS)",
            FieldType.PHONE: "Phone (PHONE)",
        },
        models={"business": "Company"},
        settings={
            "pipelineId": ("Pipeline", False),
            "pipelineStageId": ("Pipeline stages", True),
            "calendarId": ("Calendar", False),
        },
    ),
    "freshsales": Words(
        name="Freshsales",
        advice="Type the label exactly as it stands here: fields are found by it, since Freshsales makes up their API "
        "names itself. A type cannot be changed later. Set up the custom module before its fields.",
        types={
            FieldType.TEXT: "Text field",
            FieldType.PHONE: "Text field",
            FieldType.LONG_TEXT: "Text area",
            FieldType.NUMBER: "Number",
            FieldType.DATE: "Date picker",
            FieldType.DATE_TIME: "Date picker, with time where the form offers it",
            FieldType.CHOICE: "Dropdown",
            FieldType.MULTI_CHOICE: "Multi-select",
            FieldType.CHECKBOX: "Checkbox",
            FieldType.LOOKUP: "Lookup",
        },
        models={"sales_account": "Account"},
        settings={"deal_pipeline_id": ("Pipeline", False), "deal_stage_id": ("Pipeline stages", True)},
        quotas={
            FieldType.TEXT: TEXT,
            FieldType.PHONE: TEXT,
            FieldType.LONG_TEXT: LONG_TEXT,
            FieldType.NUMBER: NUMBER,
            FieldType.DATE: DATE,
            FieldType.DATE_TIME: DATE,
            FieldType.CHOICE: CHOICES,
            FieldType.MULTI_CHOICE: MULTI,
            FieldType.CHECKBOX: CHECKBOX,
            FieldType.LOOKUP: LOOKUP,
        },
        module_prefix="cm_",
    ),
}

PLANS = ("free", "growth", "pro", "enterprise")
LIMITS: Mapping[str, tuple[int | None, ...]] = {
    TEXT: (0, 20, 30, 70),
    CHOICES: (0, 30, 40, 250),
    LONG_TEXT: (0, 5, 10, 20),
    MULTI: (0, 5, 10, 30),
    NUMBER: (0, 30, 50, 70),
    CHECKBOX: (0, 30, 50, 70),
    DATE: (0, 30, 50, 70),
    LOOKUP: (0, 0, 10, 50),
    TOTAL: (0, 150, 250, 630),
    MODULES: (0, 0, 0, None),
}
"""What Freshsales' plans allow per module, in the order of `PLANS`; None where no number is published.

Fields: Freshworks support article 50000002390. Custom modules: 50000002402.
"""
MODULE_FIELDS = 310
"""Fields of a custom module by article 50000002402; the newer 50000002390 allows more, and the smaller number is safe."""
MOST_CHOICES = 300
"""Choices of one Freshsales field, by article 50000002390."""


@dataclass(frozen=True)
class ChecklistRow:
    """One thing to set up.

    Attributes:
        what: a custom field, a custom module, or a setting such as a pipeline.
        module: where, in people's words.
        label: what people read.
        name: the migration's stable name of a field, or the API name of a module; settings go by their label.
        type: what an admin picks.
        choices: in order.
        target: the module a look-up points to.
        why: what it is for; several objects may use one field.
        requirements: ids of the rows of the requirements.
        quota: the plan limit it counts against; empty where the CRM has none.
    """

    what: What
    module: str
    label: str
    name: str
    type: str
    choices: tuple[str, ...]
    target: str
    why: str
    requirements: tuple[str, ...]
    quota: str = ""


@dataclass(frozen=True)
class Count:
    """What one module needs of one kind: the labels in order, and how many each of `PLANS` allows."""

    module: str
    quota: str
    labels: tuple[str, ...]
    limits: tuple[int | None, ...]

    def fits(self, place: int) -> bool:
        """Whether the plan at this place of `PLANS` has room."""
        limit = self.limits[place]
        return limit is None or len(self.labels) <= limit


def words_of(crm: str) -> Words:
    """The CRM's words; plain ones where it has no table."""
    return CRMS.get(crm, Words(name=crm))


def checklist_rows(mapping: model.Mapping) -> list[ChecklistRow]:
    """Everything the mapping needs, per module: the module itself, its settings, its fields."""
    words = words_of(mapping.destination)
    rows: list[ChecklistRow] = []
    for entity in dict.fromkeys(obj.model for obj in mapping.objects.values()):
        objects = [obj for obj in mapping.objects.values() if obj.model == entity]
        if words.module_prefix and entity.startswith(words.module_prefix):
            rows.append(_module_row(words, entity, objects))
        rows += _setting_rows(words, entity, objects)
        rows += [_field_row(words, mapping, spec) for spec in mapping.field_specs() if spec.model == entity]
    return rows


def counts(rows: Sequence[ChecklistRow]) -> list[Count]:
    """What counts against the plan's limits, per module and type."""
    labels: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.quota:
            labels.setdefault((row.module, row.quota), []).append(row.label)
        if row.quota and row.what is What.FIELD:
            labels.setdefault((row.module, TOTAL), []).append(row.label)
    custom = {row.module for row in rows if row.what is What.MODULE}
    order = {module: place for place, module in enumerate(dict.fromkeys(row.module for row in rows))}
    kinds = list(LIMITS)
    found = []
    for module, quota in sorted(labels, key=lambda key: (order[key[0]], kinds.index(key[1]))):
        limits = LIMITS[quota]
        if quota == TOTAL and module in custom:
            limits = tuple(min(limit or 0, MODULE_FIELDS) for limit in limits)
        found.append(Count(module, quota, tuple(labels[module, quota]), limits))
    return found


def over_limits(rows: Sequence[ChecklistRow], plan: str) -> list[str]:
    """Say what does not fit into the plan, one sentence each; nothing where the CRM has no such limits."""
    counted = counts(rows)
    if counted and plan not in PLANS:
        return [f"The plan is {plan or 'not stated'}; limits are known for {', '.join(PLANS)}, so none was checked."]
    place = PLANS.index(plan) if counted else 0
    said = []
    for count in counted:
        if not count.fits(place):
            limit = count.limits[place] or 0
            beyond = "" if count.quota == TOTAL else f" Beyond that: {', '.join(count.labels[limit:])}."
            said.append(f"{count.module}: {len(count.labels)} {count.quota} needed, {plan} has {limit}.{beyond}")
    for row in rows:
        if row.quota and len(row.choices) > MOST_CHOICES:
            said.append(f"{row.module}: {row.label} has {len(row.choices)} choices, {MOST_CHOICES} are allowed.")
    return said


def to_csv(rows: Sequence[ChecklistRow]) -> str:
    """The checklist for a spreadsheet, with an empty column to note what is done."""
    return csv_text(
        HEADER,
        [
            ("", row.module, row.what, row.label, row.name, row.type, CHOICE_SEPARATOR.join(row.choices), row.target,
             row.why, ", ".join(row.requirements))
            for row in rows
        ],
    )  # fmt: skip


def to_markdown(rows: Sequence[ChecklistRow], practice: str, crm: str, plan: str = "") -> str:
    """The checklist as a Markdown task list, one section per module."""
    words = words_of(crm)
    lines = [f"# {_plain(practice)}: what {words.name} needs before the migration", "", _plain(words.advice)]
    if said := over_limits(rows, plan):
        lines += ["", "**Does not fit:**", "", *(f"- {_plain(sentence)}" for sentence in said)]
    for module, group in _groups(rows).items():
        lines += ["", f"## {_plain(module)}", "", *(_markdown_line(row) for row in group)]
    return "\n".join([*lines, ""])


def to_html(rows: Sequence[ChecklistRow], practice: str, crm: str, plan: str = "") -> str:
    """The checklist as a page that needs no network: boxes to tick, groups per module, limits of all plans."""
    return render_page(
        "checklist.html",
        practice=practice,
        words=words_of(crm),
        plan=plan,
        plans=PLANS,
        groups=_groups(rows),
        totals={what: sum(row.what is what for row in rows) for what in What},
        counts=counts(rows),
        said=over_limits(rows, plan),
        fitting=[name for name in PLANS if not over_limits(rows, name)],
    )
