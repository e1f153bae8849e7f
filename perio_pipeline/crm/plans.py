"""What a CRM's plans allow, in words that name no CRM: features, requests, storage and custom fields per plan.

Each adapter's package states its plans once, as `PLANS`; checklist, planner, preflight and the adapter itself read them
there. A CRM that makes no difference between plans has a single one, without a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from perio_pipeline.crm.protocol import FieldSpec, FieldType
from perio_pipeline.errors import SettingsError

TOTAL = "custom fields in all"
MODULES = "custom modules"
MODULE_TOTAL = "custom fields of a custom module in all"
PIPELINES = "pipelines"
"""Kinds of limits besides those of `Plans.kinds`; all but `MODULES` and `PIPELINES` hold per module."""

HOUR = 3600.0


@dataclass(frozen=True)
class Rate:
    """An account may send so many requests in so many seconds."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """One plan.

    Attributes:
        name: as the practice's file states it; empty where the CRM makes no difference between plans.
        rates: how many requests may be sent, the longest time first.
        features: those of `Plans.features` that it has.
        storage_gb_per_user: room for files, GB per user and shared by all; None where no figure is published.
        limits: kind → how many of it; kinds that are not listed are not limited, or no figure is published.
    """

    name: str
    rates: tuple[Rate, ...]
    features: frozenset[str] = frozenset()
    storage_gb_per_user: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)

    def hours(self, requests: int) -> float:
        """How long so many requests take at least.

        Each time's worth goes at its beginning, as fast as the shorter times allow; the last burst counts with the
        share of its time that its requests use up.
        """
        seconds, rest = 0.0, requests
        for rate in self.rates:
            whole = max(0, rest - 1) // rate.requests
            seconds += whole * rate.seconds
            rest -= whole * rate.requests
        shortest = self.rates[-1]
        return (seconds + rest * shortest.seconds / shortest.requests) / HOUR


@dataclass(frozen=True)
class Plans:
    """All plans of a CRM.

    Attributes:
        crm: its name, for people.
        all: the plans, the smallest first.
        assumed: the one that is meant where a practice's file states none.
        features: what some plans have and others lack: name, as mapping files use it → what people call it.
        kinds: the limit that a custom field of a type counts against; types that are not listed have none.
        module_prefix: how the names of custom modules begin; empty where there are none.
        max_choices: choices of one field; None where no figure is published.
    """

    crm: str
    all: tuple[Plan, ...]
    assumed: str = ""
    features: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[FieldType, str] = field(default_factory=dict)
    module_prefix: str = ""
    max_choices: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the plans, the smallest first; empty where the CRM makes no difference between plans."""
        return tuple(plan.name for plan in self.all if plan.name)

    def plan(self, stated: str) -> Plan:
        """Return the plan that a practice's file states.

        Raises:
            SettingsError: the CRM has no such plan.
        """
        wanted = stated or self.assumed
        for plan in self.all:
            if plan.name == wanted:
                return plan
        remedy = f"Use one of: {', '.join(self.names)}." if self.names else "Leave `plan` out of the practice's file."
        raise SettingsError(f"{self.crm} has no plan {stated!r}.", remedy)

    def is_module(self, model: str) -> bool:
        """Whether a model is a custom module."""
        return bool(self.module_prefix) and model.startswith(self.module_prefix)


@dataclass(frozen=True)
class Need:
    """What counts against one limit of a plan.

    Attributes:
        model: the module; empty for what counts in the account as a whole.
        kind: the limit.
        labels: what counts, in order.
    """

    model: str
    kind: str
    labels: tuple[str, ...]

    def excess(self, plan: Plan) -> int:
        """How many are too many for a plan."""
        return max(0, len(self.labels) - plan.limits.get(self.kind, len(self.labels)))


def exceeded(needs: Iterable[Need], plan: Plan) -> list[str]:
    """Say what a plan has no room for, one sentence each: module, kind, how many, and the limit."""
    said = []
    for need in needs:
        if need.excess(plan):
            limit = plan.limits[need.kind]
            named = "" if need.kind in (TOTAL, MODULE_TOTAL) else f" No room for: {', '.join(need.labels[limit:])}."
            where = f"{need.model}: " if need.model else ""
            said.append(f"{where}needs {len(need.labels)} × {need.kind}, {plan.name} allows {limit}.{named}")
    return said


def needs_of(specs: Sequence[FieldSpec], plans: Plans) -> list[Need]:
    """Count custom fields and modules against the limits; nothing where the CRM has none."""
    labels: dict[tuple[str, str], list[str]] = {}
    limited = [spec for spec in specs if spec.type in plans.kinds]
    for spec in limited:
        labels.setdefault((spec.model, plans.kinds[spec.type]), []).append(spec.label)
    for spec in limited:
        total = MODULE_TOTAL if plans.is_module(spec.model) else TOTAL
        labels.setdefault((spec.model, total), []).append(spec.label)
        if total == MODULE_TOTAL and spec.model not in labels.setdefault(("", MODULES), []):
            labels["", MODULES].append(spec.model)
    return [Need(model, kind, tuple(each)) for (model, kind), each in labels.items()]
