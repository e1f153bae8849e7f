"""Switches: what holds for one practice and not for another. Mapping files name them with `needs` and `unless`.

They come from three sources: features of the plan that the practice has with its CRM, how its account behaves, and
what the practice decided about its history. Every switch says in words what is so, since reasons and checklists are
made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from perio_pipeline.crm.packages import CrmPackage
from perio_pipeline.crm.plans import Plan, Plans
from perio_pipeline.yamlfile import Entry

YEARLY_NOTES, EVENTS_SINCE, CHARTS = "yearly_notes", "events_since", "charts"
POLICIES = (YEARLY_NOTES, EVENTS_SINCE, CHARTS)
DATED = (EVENTS_SINCE,)
"""Switches that have a date, for `since` and `before`."""


@dataclass(frozen=True)
class Switch:
    """One switch of one practice.

    Attributes:
        on: whether it holds.
        words: what is so, for people.
        usual: what it is in the fullest migration.
        since: the date of a dated switch that is on.
    """

    on: bool
    words: str
    usual: bool
    since: date | None = None

    @property
    def departs(self) -> bool:
        """Whether something arrives in another form because of it."""
        return self.on is not self.usual


Switches = Mapping[str, Switch]


class History(Entry):
    """What the practice decided about its history, where a load of every single record would take too long.

    Attributes:
        notes: `each` clinical note arrives as one of its own, or one note per patient and year holds them all.
        events_since: visits from this day on arrive as events, the older ones as a document.
        charts: each patient's charts are `attached` side by side as a PDF, or `left` in PANDA.
    """

    notes: Literal["each", "yearly"] = "each"
    events_since: date | None = None
    charts: Literal["attached", "left"] = "attached"

    def switches(self) -> Switches:
        """The policies as switches."""
        since = self.events_since
        return {
            YEARLY_NOTES: Switch(self.notes == "yearly", f"history.notes is {self.notes}", usual=False),
            EVENTS_SINCE: Switch(
                since is not None, f"history.events_since is {since or 'not set'}", usual=False, since=since
            ),
            CHARTS: Switch(self.charts == "attached", f"history.charts is {self.charts}", usual=True),
        }


def plan_switches(plans: Plans, plan: Plan) -> Switches:
    """The features of a plan as switches."""
    return {
        name: Switch(
            name in plan.features,
            f"the plan {plan.name} has {'' if name in plan.features else 'no '}{label}",
            usual=True,
        )
        for name, label in plans.features.items()
    }


def behaviour_switches(behaviours: Mapping[str, bool]) -> Switches:
    """How an account behaves, as switches."""
    return {
        name: Switch(on, f"the account's capability {name} is {'on' if on else 'off'}", usual=True)
        for name, on in behaviours.items()
    }


def known_switches(package: CrmPackage) -> tuple[str, ...]:
    """Every name that a mapping file of this CRM may use."""
    return (*package.PLANS.features, *package.behaviours({}), *POLICIES)
