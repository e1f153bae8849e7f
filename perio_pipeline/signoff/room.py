"""How much room each plan of a CRM has for what a mapping needs there, in people's words (requirement G8)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from perio_pipeline.crm.packages import CrmPackage
from perio_pipeline.crm.plans import MODULES, Need, Plan, Plans, exceeded, needs_of
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.practice import Destination, effective_mapping
from perio_pipeline.signoff.crm_words import Words, words_of


@dataclass(frozen=True)
class Room:
    """One plan, and what a practice on it would need.

    Attributes:
        plan: what it allows.
        needs: what counts against its limits.
        said: what does not fit, one sentence each.
    """

    plan: Plan
    needs: tuple[Need, ...]
    said: tuple[str, ...]

    def of(self, module: str, kind: str) -> Need:
        """What is needed of a kind in a module."""
        return next((need for need in self.needs if (need.model, need.kind) == (module, kind)), Need(module, kind, ()))


def rooms_of(mapping: Mapping, destination: Destination, package: CrmPackage) -> dict[str, Room]:
    """Return plan → its room, the smallest plan first; each by the mapping that would hold on it."""
    plans = package.PLANS
    on = {plan.name: destination.model_copy(update={"plan": plan.name}) for plan in plans.all}
    return {plan.name: room_of(effective_mapping(mapping, on[plan.name], package), plans, plan) for plan in plans.all}


def room_of(mapping: EffectiveMapping, plans: Plans, plan: Plan) -> Room:
    """Return the room a plan has for a mapping."""
    words = words_of(mapping.destination)
    specs = mapping.field_specs()
    needs = [_in_words(need, words, plans) for need in needs_of(specs, plans)]
    needs += _settings(mapping, words)
    said = exceeded(needs, plan)
    said += [
        f"{words.called(spec.model, plans)}: {spec.label} has {len(spec.options)} choices, "
        f"{plans.max_choices} are allowed."
        for spec in specs
        if plans.max_choices is not None and len(spec.options) > plans.max_choices
    ]
    return Room(plan, tuple(needs), tuple(said))


def _in_words(need: Need, words: Words, plans: Plans) -> Need:
    labels = tuple(words.called(each, plans) for each in need.labels) if need.kind == MODULES else need.labels
    return replace(need, model=words.called(need.model, plans) if need.model else "", labels=labels)


def _settings(mapping: Mapping, words: Words) -> list[Need]:
    return [
        Need("", words.settings[field].limit, tuple(sorted(names)))
        for field, names in mapping.lookups().items()
        if field in words.settings and words.settings[field].limit
    ]
