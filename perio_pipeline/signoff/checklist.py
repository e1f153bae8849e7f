"""The checklist for the CRM's admin: every custom field, module, pipeline and calendar a mapping needs (P4, G8).

It is derived from the mapping alone, so that it can be worked through before an account exists. What the
plans allow is a table in this module, how each CRM names things one in `crm_words.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from perio_pipeline.crm.protocol import FieldSpec, FieldType
from perio_pipeline.mapping import model
from perio_pipeline.signoff.crm_words import Setting, Words, words_of
from perio_pipeline.signoff.templates import csv_text, render

REQUIREMENT = re.compile(r"\b[A-Z]\d{1,2}\b")
LEADING_REQUIREMENTS = re.compile(r"^(?:[A-Z]\d{1,2}\b[\s,;:]*)+")
CHOICE_SEPARATOR = " | "
HEADER = (
    "done", "module", "what", "label", "stable_name", "type", "choices", "look_up_target", "why", "requirements",
)  # fmt: skip


class What(StrEnum):
    """What an admin sets up."""

    MODULE = "custom module"
    SETTING = "setting"
    FIELD = "custom field"


TEXT, CHOICES, NUMBER, DATE = "text", "dropdown or radio", "number", "date picker"
LONG_TEXT, MULTI, CHECKBOX, LOOKUP = "text area", "multi-select", "checkbox", "look-up"
TOTAL, MODULES = "custom fields in all", "custom modules"

QUOTAS: Mapping[str, Mapping[FieldType, str]] = {
    "freshsales": {
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
}
"""CRM → the limit that a custom field of a type counts against; CRMs without limits are not listed."""

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
"""Fields of a custom module by article 50000002402; the newer 50000002390 allows more, so the smaller one is safe."""
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


def checklist_rows(mapping: model.Mapping) -> list[ChecklistRow]:
    """Everything the mapping needs, per module: the module itself, its settings, its fields."""
    words = words_of(mapping.destination)
    rows: list[ChecklistRow] = []
    for entity in dict.fromkeys(obj.model for obj in mapping.objects.values()):
        objects = [obj for obj in mapping.objects.values() if obj.model == entity]
        if words.module_prefix and entity.startswith(words.module_prefix):
            rows.append(_module_row(words, entity, objects))
        rows += _setting_rows(words, mapping, entity)
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
            beyond = "" if count.quota == TOTAL else f" No room for: {', '.join(count.labels[limit:])}."
            said.append(f"{count.module}: needs {len(count.labels)} × {count.quota}, {plan} allows {limit}.{beyond}")
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
    said = over_limits(rows, plan)
    return render("checklist.md", practice=practice, words=words_of(crm), groups=_groups(rows), said=said)


def to_html(rows: Sequence[ChecklistRow], practice: str, crm: str, plan: str = "") -> str:
    """The checklist as a page that needs no network: boxes to tick, groups per module, limits of all plans."""
    return render(
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


def _module_row(words: Words, entity: str, objects: Sequence[model.ObjectMap]) -> ChecklistRow:
    name = _model_name(words, entity)
    why = _distinct(obj.description for obj in objects)
    requirements = _distinct(row for obj in objects for row in obj.requirement)
    return ChecklistRow(What.MODULE, name, name, entity, "Custom module", (), "", "; ".join(why), requirements, MODULES)


def _setting_rows(words: Words, mapping: model.Mapping, entity: str) -> list[ChecklistRow]:
    """What look-up fields will name, as `Mapping.lookups` finds it, here in the mapping's order."""
    found: dict[str, list[tuple[str, model.FieldMap]]] = {}
    for owner, obj in mapping.objects.items():
        for name, field in obj.all_fields():
            if obj.model == entity and field.lookup and (field.value or field.choices):
                found.setdefault(name, []).append((owner, field))
    rows: list[ChecklistRow] = []
    for name, uses in found.items():
        setting = words.settings.get(name, Setting(_spaced(name)))
        names = _distinct(each for _, field in uses for each in (field.choices.values() or [str(field.value)]))
        why, requirements = _reasons(mapping, [(owner, field.why) for owner, field in uses])
        module = _model_name(words, entity)
        for label, choices in [(setting.together, names)] if setting.together else [(each, ()) for each in names]:
            rows.append(ChecklistRow(What.SETTING, module, label, "", setting.kind, choices, "", why, requirements))
    return rows


def _field_row(words: Words, mapping: model.Mapping, spec: FieldSpec) -> ChecklistRow:
    why, requirements = _reasons(mapping, list(_uses(mapping, spec)))
    return ChecklistRow(
        What.FIELD,
        _model_name(words, spec.model),
        spec.label or spec.name,
        spec.name,
        words.types.get(spec.type, _spaced(spec.type)),
        spec.options,
        _model_name(words, spec.target) if spec.target else "",
        why,
        requirements,
        QUOTAS.get(mapping.destination, {}).get(spec.type, ""),
    )


def _uses(mapping: model.Mapping, spec: FieldSpec) -> Iterator[tuple[str, str]]:
    """Each object that uses a field, and why."""
    for owner, obj in mapping.objects.items():
        if obj.model == spec.model and spec.name in obj.custom:
            yield owner, obj.custom[spec.name].why
        if obj.model == spec.model and spec.name in obj.links and obj.links[spec.name].label:
            yield owner, f"links {_spaced(owner)} to {_spaced(obj.links[spec.name].object)}"


def _reasons(mapping: model.Mapping, uses: Sequence[tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    """The reasons without the ids they begin with, and the ids; those of the object where a reason names none."""
    texts = _distinct(LEADING_REQUIREMENTS.sub("", why) or f"for {_spaced(owner)}" for owner, why in uses)
    ids = [each for owner, why in uses for each in REQUIREMENT.findall(why) or mapping.objects[owner].requirement]
    return "; ".join(texts), _distinct(ids)


def _groups(rows: Sequence[ChecklistRow]) -> dict[str, list[ChecklistRow]]:
    groups: dict[str, list[ChecklistRow]] = {}
    for row in rows:
        groups.setdefault(row.module, []).append(row)
    return groups


def _model_name(words: Words, entity: str) -> str:
    return words.models.get(entity) or _spaced(entity.removeprefix(words.module_prefix)).title()


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
