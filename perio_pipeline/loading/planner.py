"""Plans a load before it begins: what is to be written, what that costs, and what would make it shorter (P12).

It counts the very records that the loader would send, by shaped frames and the journal; nothing is asked of the CRM.
Other plans and policies are counted by shaping anew what they would change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import pandas as pd

from perio_pipeline.crm.budget import Work
from perio_pipeline.crm.packages import CrmPackage
from perio_pipeline.crm.plans import Plan, exceeded, needs_of
from perio_pipeline.loading.costs import Cost, Option, RequestPlan, Works, cost_of
from perio_pipeline.loading.entries import Known, State
from perio_pipeline.loading.payloads import LINK, Draft, drafts
from perio_pipeline.loading.sending import Due, due
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.model import Mapping as MappingFile
from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline.mapping.practice import Destination, effective_mapping
from perio_pipeline.mapping.rows import Router, frames_of
from perio_pipeline.mapping.shape import shape
from perio_pipeline.mapping.switches import EVENTS_SINCE, YEARLY_NOTES, History
from perio_pipeline.mapping.transforms import Locale
from perio_pipeline.yamlfile import digest

FULL = "full"

CHECKS = 2
"""How often an account is opened besides for loading and reading back: by the command, and to make it ready."""

YEARS = (5, 3, 1)
"""For how many last years visits may arrive as events, when options are looked for."""


@dataclass(frozen=True)
class Planner:
    """One practice's destination.

    Attributes:
        mapping: the CRM's mapping file.
        package: the CRM's folder.
        destination: the practice's entry.
        shaped: object → its shaped frame, as it is stored.
        frames: asset key → canonical frame, to shape anew what another plan or policy would change.
        known: (account, object) → what the journal knows.
        router, locale: of the practice.
        load_pass: `full`, or another one, for which neither other plans nor options are looked at.
        only: object → the source keys that the pass is about; None for every record.
        whole: whether records that need nothing are read back, too.
    """

    mapping: MappingFile
    package: CrmPackage
    destination: Destination
    shaped: Callable[[str], pd.DataFrame]
    frames: Callable[[str], pd.DataFrame]
    known: Callable[[str, str], Mapping[str, Known]]
    router: Router
    locale: Locale
    load_pass: str = FULL
    only: Mapping[str, set[str]] | None = None
    whole: bool = True
    _counted: dict[str, dict[str, Work]] = field(default_factory=dict, compare=False)

    def plan(self, today: date) -> RequestPlan:
        """Plan the load."""
        cost = self.cost(self.destination)
        plan = RequestPlan(
            self.load_pass,
            cost,
            self.destination.window_hours,
            fallbacks=self._effective.fallbacks,
            left_behind=self._left_behind(),
        )
        if self.load_pass != FULL:
            return plan
        others = tuple(self.cost(self._on(other)) for other in self._other_plans())
        plan = replace(plan, others=others)
        return plan if plan.fits else replace(plan, options=tuple(self._options(cost, others, today)))

    def cost(self, destination: Destination) -> Cost:
        """What the load would cost with another plan or other policies."""
        effective = effective_mapping(self.mapping, destination, self.package)
        budget = self.package.budget_of(destination.plan, destination.capabilities)
        return cost_of(self._works(effective), budget, self.package.PLANS.plan(destination.plan), CHECKS)

    @cached_property
    def _effective(self) -> EffectiveMapping:
        return effective_mapping(self.mapping, self.destination, self.package)

    @cached_property
    def _known(self) -> dict[tuple[str, str], Mapping[str, Known]]:
        return {
            (account.name, name): self.known(account.name, name)
            for account in self.destination.accounts
            for name in self.mapping.objects
        }

    def _works(self, effective: EffectiveMapping) -> Works:
        works: dict[str, dict[str, Work]] = {}
        for name, obj in effective.present().items():
            key = f"{name} {digest(obj)}"
            if key not in self._counted:  # most objects are the same on every plan and by every policy
                self._counted[key] = self._object(name, effective)
            for account, work in self._counted[key].items():
                works.setdefault(account, {})[name] = work
        return {account: _beside_others(effective, mine) for account, mine in works.items()}

    def _object(self, name: str, effective: EffectiveMapping) -> dict[str, Work]:
        obj = effective.objects[name]
        stored = name in self._effective.present() and obj == self._effective.objects[name]
        frame = self.shaped(name) if stored else self._shape(name, effective)
        if self.only is not None:
            frame = frame[frame["source_key"].isin(self.only.get(name, set()))]
        return {
            str(account): self._account(name, obj, str(account), group) for account, group in frame.groupby("account")
        }

    def _shape(self, name: str, effective: EffectiveMapping) -> pd.DataFrame:
        needed = {frame: self.frames(frame) for frame in frames_of(name, effective)}
        return shape(name, effective, needed, self.router, self.locale).frame

    def _account(self, name: str, obj: ObjectMap, account: str, group: pd.DataFrame) -> Work:
        sent = group[group["problem"].isna()]
        known = self._known[account, name]
        needs = [Due.CREATION] * len(sent)
        if known:
            needs = [self._due(draft, known.get(draft.source_key), account) for draft in drafts(obj, sent)]
        need = pd.Series(needs, index=sent.index, dtype=object)
        new, held = need == Due.CREATION, (need != Due.NOTHING) | self.whole
        links = {link: sent[LINK + link] for link in obj.links}
        return Work(
            name,
            created=int(new.sum()),
            updated=needs.count(Due.CHANGE),
            held=int(held.sum()),
            created_by={link: _sizes(column[new]) for link, column in links.items()},
            held_by={link: _sizes(column[held]) for link, column in links.items()},
        )

    def _due(self, draft: Draft, before: Known | None, account: str) -> Due:
        ids = {}
        for link, (obj, key) in draft.links.items():
            parent = self._known[account, obj].get(key)
            if parent is None or parent.crm_id is None:
                return due(before, "")  # its parent is still to come, so that it says something else than before
            ids[link] = parent.crm_id
        return due(before, draft.fingerprint(ids))

    def _left_behind(self) -> dict[str, int]:
        counts = {
            name: sum(
                each.state == State.DONE
                for account in self.destination.accounts
                for each in self._known[account.name, name].values()
            )
            for name in self._effective.absent
        }
        return {name: count for name, count in counts.items() if count}

    def _on(self, plan: Plan) -> Destination:
        return self.destination.model_copy(update={"plan": plan.name})

    def _other_plans(self) -> Iterator[Plan]:
        """The other plans that have room for what the practice would need there."""
        plans = self.package.PLANS
        for plan in plans.all:
            if plan != plans.plan(self.destination.plan):
                specs = effective_mapping(self.mapping, self._on(plan), self.package).field_specs()
                if not exceeded(needs_of(specs, plans), plan):
                    yield plan

    def _options(self, cost: Cost, others: tuple[Cost, ...], today: date) -> Iterator[Option]:
        """What would take fewer hours."""
        found = [
            Option(setting, words, self.cost(self.destination.model_copy(update={"history": history})))
            for setting, words, history in self._histories(today)
        ]
        found += [Option(f"plan: {other.plan}", "once the account is there", other) for other in others]
        return (option for option in found if option.cost.hours < cost.hours)

    def _histories(self, today: date) -> Iterator[tuple[str, str, History]]:
        history = self.destination.history
        yearly, dated = (name in self.mapping.switches() for name in (YEARLY_NOTES, EVENTS_SINCE))
        yearly = yearly and history.notes != "yearly"
        if yearly:
            words = "one note per patient and year"
            yield "history: {notes: yearly}", words, history.model_copy(update={"notes": "yearly"})
        for years in YEARS if dated else ():
            since = date(today.year - years, today.month, 1)
            if history.events_since is None or history.events_since < since:
                last = "year" if years == 1 else f"{years} years"
                words = f"visits of the last {last} as events, the older ones as a PDF per patient"
                fewer = history.model_copy(update={"events_since": since})
                yield f"history: {{events_since: {since}}}", words, fewer
                if yearly:
                    both = fewer.model_copy(update={"notes": "yearly"})
                    yield f"history: {{notes: yearly, events_since: {since}}}", f"{words}, and yearly notes", both


def _sizes(links: pd.Series[str]) -> tuple[int, ...]:
    return tuple(links.value_counts().tolist())


def _beside_others(effective: EffectiveMapping, works: Mapping[str, Work]) -> dict[str, Work]:
    """Tell each object how many records of later ones lie in its module."""
    later: Counter[str] = Counter()
    told: dict[str, Work] = {}
    for name in reversed(effective.objects):
        if name in works:
            model = effective.objects[name].model
            told[name] = replace(works[name], others=later[model])
            later[model] += works[name].held
    return {name: told[name] for name in works}
