"""The checklist for the CRM's admin: every custom field, module, pipeline and calendar a mapping needs (P4, G8).

It is derived from the mapping that holds on the practice's plan, so that it can be worked through before an account
exists. How each CRM names things is a table in `crm_words.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from perio_pipeline.crm.packages import CrmPackage
from perio_pipeline.crm.plans import PIPELINES, Plan, Plans
from perio_pipeline.crm.protocol import FieldSpec
from perio_pipeline.mapping import model
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.practice import Destination, effective_mapping
from perio_pipeline.signoff.crm_words import Setting, Words, words_of
from perio_pipeline.signoff.room import Room, room_of, rooms_of
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
        entity: the CRM entity that it belongs to.
        lookup: of a setting: the look-up field that names it.
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
    entity: str = ""
    lookup: str = ""


@dataclass(frozen=True)
class Checklist:
    """What an admin sets up for one practice.

    Attributes:
        practice: its name, for people.
        words: the CRM's.
        rows: what is set up.
        rooms: plan → its room for what the practice would need on it; the smallest plan first.
        plan: the practice's plan; empty where the CRM makes no difference between plans.
        hints: what the admin must know about this plan, and what arrives in another form because of it.
    """

    practice: str
    words: Words
    rows: tuple[ChecklistRow, ...]
    rooms: Mapping[str, Room]
    plan: str
    hints: tuple[str, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """What does not fit into the plan, one sentence each."""
        return self.rooms[self.plan].said

    @property
    def fitting(self) -> list[str]:
        """The plans that have room, the smallest first."""
        return [name for name, room in self.rooms.items() if not room.said]

    @property
    def groups(self) -> dict[str, list[ChecklistRow]]:
        """The rows of each module."""
        groups: dict[str, list[ChecklistRow]] = {}
        for row in self.rows:
            groups.setdefault(row.module, []).append(row)
        return groups

    @property
    def totals(self) -> dict[What, int]:
        """How many of each there are."""
        return {what: sum(row.what is what for row in self.rows) for what in What}

    @property
    def limited(self) -> list[tuple[str, str]]:
        """Module and kind of everything that counts against some plan's limit."""
        found = dict.fromkeys((need.model, need.kind) for room in self.rooms.values() for need in room.needs)
        modules = list(dict.fromkeys(module for module, _ in found))
        return sorted(found, key=lambda each: modules.index(each[0]))


def checklist(practice: str, mapping: model.Mapping, destination: Destination, package: CrmPackage) -> Checklist:
    """Derive the checklist of one practice.

    Args:
        practice: its name, for people.
        mapping: the CRM's mapping file.
        destination: the practice's destination.
        package: the CRM's folder.

    Raises:
        SettingsError: the CRM has no such plan.
    """
    plans, effective = package.PLANS, effective_mapping(mapping, destination, package)
    plan = plans.plan(destination.plan)
    return Checklist(
        practice,
        words_of(mapping.destination),
        tuple(checklist_rows(effective, plans)),
        rooms_of(mapping, destination, package),
        plan.name,
        (*_hints(effective, destination, plans, plan), *effective.fallbacks),
    )


def checklist_rows(mapping: model.Mapping, plans: Plans) -> list[ChecklistRow]:
    """Everything the mapping needs, per module: the module itself, its settings, its fields."""
    words = words_of(mapping.destination)
    rows: list[ChecklistRow] = []
    for entity in dict.fromkeys(obj.model for obj in mapping.present().values()):
        objects = [obj for obj in mapping.present().values() if obj.model == entity]
        if plans.is_module(entity):
            rows.append(_module_row(words, plans, entity, objects))
        rows += _setting_rows(words, plans, mapping, entity)
        rows += [_field_row(words, plans, mapping, spec) for spec in mapping.field_specs() if spec.model == entity]
    return rows


def to_csv(rows: Sequence[ChecklistRow], done: Collection[ChecklistRow] = ()) -> str:
    """The checklist for a spreadsheet, with a column to note what is done; what is `done` by now is marked."""
    return csv_text(
        HEADER,
        [
            ("x" if row in done else "",
             row.module, row.what, row.label, row.name, row.type, CHOICE_SEPARATOR.join(row.choices), row.target,
             row.why, ", ".join(row.requirements))
            for row in rows
        ],
    )  # fmt: skip


def to_markdown(checklist: Checklist, done: Collection[ChecklistRow] = ()) -> str:
    """The checklist as a Markdown task list, one section per module; what is `done` by now is ticked."""
    return render("checklist.md", checklist=checklist, done=done)


def to_html(checklist: Checklist, done: Collection[ChecklistRow] = ()) -> str:
    """The checklist as a page that needs no network: boxes to tick, groups per module, limits of all plans."""
    return render("checklist.html", checklist=checklist, done=done)


def documents(checklist: Checklist, done: Collection[ChecklistRow] = ()) -> dict[str, str]:
    """Ending of a file → the checklist in that form."""
    return {
        "md": to_markdown(checklist, done),
        "csv": to_csv(checklist.rows, done),
        "html": to_html(checklist, done),
    }


def _hints(mapping: EffectiveMapping, destination: Destination, plans: Plans, plan: Plan) -> Iterator[str]:
    if plans.names and not destination.plan:
        yield f"The practice's file states no plan, so {plan.name} is assumed."
    pipelines = room_of(mapping, plans, plan).of("", PIPELINES).labels
    if plan.limits.get(PIPELINES) == len(pipelines) == 1:
        name = pipelines[0]
        yield f"The plan {plan.name} has one pipeline only: give the one that is there the name {name} and its stages."


def _module_row(words: Words, plans: Plans, entity: str, objects: Sequence[model.ObjectMap]) -> ChecklistRow:
    name = words.called(entity, plans)
    why = _distinct(obj.description for obj in objects)
    requirements = _distinct(row for obj in objects for row in obj.requirement)
    return ChecklistRow(What.MODULE, name, name, entity, "Custom module", (), "", "; ".join(why), requirements, entity)


def _setting_rows(words: Words, plans: Plans, mapping: model.Mapping, entity: str) -> list[ChecklistRow]:
    """What look-up fields will name, as `Mapping.lookups` finds it, here in the mapping's order."""
    found: dict[str, list[tuple[str, model.FieldMap]]] = {}
    for owner, obj in mapping.present().items():
        for name, field in obj.all_fields():
            if obj.model == entity and field.lookup and (field.value or field.choices):
                found.setdefault(name, []).append((owner, field))
    rows: list[ChecklistRow] = []
    for name, uses in found.items():
        setting = words.settings.get(name, Setting(_spaced(name)))
        names = _distinct(each for _, field in uses for each in (field.choices.values() or [str(field.value)]))
        why, requirements = _reasons(mapping, [(owner, field.why) for owner, field in uses])
        module = words.called(entity, plans)
        for label, choices in [(setting.together, names)] if setting.together else [(each, ()) for each in names]:
            row = ChecklistRow(
                What.SETTING, module, label, "", setting.kind, choices, "", why, requirements, entity, name
            )
            rows.append(row)
    return rows


def _field_row(words: Words, plans: Plans, mapping: model.Mapping, spec: FieldSpec) -> ChecklistRow:
    why, requirements = _reasons(mapping, list(_uses(mapping, spec)))
    return ChecklistRow(
        What.FIELD,
        words.called(spec.model, plans),
        spec.label or spec.name,
        spec.name,
        words.types.get(spec.type, _spaced(spec.type)),
        spec.options,
        words.called(spec.target, plans) if spec.target else "",
        why,
        requirements,
        spec.model,
    )


def _uses(mapping: model.Mapping, spec: FieldSpec) -> Iterator[tuple[str, str]]:
    """Each object that uses a field, and why."""
    for owner, obj in mapping.present().items():
        if obj.model == spec.model and spec.name in obj.custom:
            yield owner, obj.custom[spec.name].why
        if obj.model == spec.model and obj.file and obj.file.field == spec.name:
            yield owner, f"holds the {_spaced(owner)}"
        if obj.model == spec.model and spec.name in obj.links and obj.links[spec.name].label:
            yield owner, f"links {_spaced(owner)} to {_spaced(obj.links[spec.name].object)}"


def _reasons(mapping: model.Mapping, uses: Sequence[tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    """The reasons without the ids they begin with, and the ids; those of the object where a reason names none."""
    texts = _distinct(LEADING_REQUIREMENTS.sub("", why) or f"for {_spaced(owner)}" for owner, why in uses)
    ids = [each for owner, why in uses for each in REQUIREMENT.findall(why) or mapping.objects[owner].requirement]
    return "; ".join(texts), _distinct(ids)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
