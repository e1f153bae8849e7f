"""What a load costs: requests and hours per object, on the practice's plan and on others, against its window (P12).

The hours are the CRM's limits alone: what the network and the CRM take on top is small beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

import pandas as pd

from perio_pipeline.crm.budget import Budget, Work
from perio_pipeline.crm.plans import Plan
from perio_pipeline.errors import GateError
from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.wording import duration, things

ALL, OPENING = "all", "opening the account"
"""Stand in place of an object."""

REQUEST_PLAN = Table(
    "request_plan",
    ("plan", "object"),
    (
        c.identifier("plan", "a plan of the CRM; the practice's own stands first"),
        c.identifier("object", f"the destination object, `{OPENING}`, or `{ALL}`"),
        c.integer("records", "records that are to be in the CRM", phi=False),
        c.integer("to_write", "of these, the ones that are new or changed", phi=False),
        c.integer("write_requests", "requests to write them", phi=False),
        c.integer("read_requests", "requests to read all of them back", phi=False),
        c.decimal("hours", "their share of the hours that all requests take", phi=False),
    ),
    "What a load costs before it begins.",
)
REQUEST_PLAN_KINDS = table_kinds(REQUEST_PLAN)
PLANNED_LOAD = "planned_load"
"""Name of the note that keeps the plan of the latest load of a whole pass, with the run that loaded it."""

Works = Mapping[str, Mapping[str, Work]]
"""Account → object → what is to be done."""


@dataclass(frozen=True)
class ObjectCost:
    """What one object costs, in all accounts together; `hours` is its share of those that all requests take."""

    object: str
    records: int
    to_write: int
    write_requests: int
    read_requests: int
    hours: float = 0.0

    @property
    def requests(self) -> int:
        """Requests in all."""
        return self.write_requests + self.read_requests


@dataclass(frozen=True)
class Cost:
    """What a whole load costs.

    Attributes:
        plan: the CRM's plan; empty where it makes no difference between plans.
        objects: in the order in which they are loaded; opening the accounts stands last.
        requests: in all.
        hours: of the CRM's clock.
    """

    plan: str
    objects: tuple[ObjectCost, ...]
    requests: int
    hours: float


@dataclass(frozen=True)
class Option:
    """Something that would make a load shorter.

    Attributes:
        setting: what to write into the practice's file.
        words: what it means.
        cost: what the load would cost then.
    """

    setting: str
    words: str
    cost: Cost

    @property
    def told(self) -> str:
        """One line for people."""
        return f"{self.words}: {told(self.cost)}"


@dataclass(frozen=True)
class RequestPlan:
    """What a load costs, before it begins.

    Attributes:
        load_pass: sample or full.
        cost: on the practice's plan and policies.
        window_hours: how long the load may take.
        others: the same load on the CRM's other plans that have room for it.
        options: what would make it shorter; only where it does not fit its window.
        fallbacks: what arrives in another form, in plain words.
        left_behind: object → records of an earlier load that stay in the CRM though they now arrive in another form.
    """

    load_pass: str
    cost: Cost
    window_hours: float
    others: tuple[Cost, ...] = ()
    options: tuple[Option, ...] = ()
    fallbacks: tuple[str, ...] = ()
    left_behind: Mapping[str, int] | None = None

    @property
    def fits(self) -> bool:
        """Whether the load ends within its window."""
        return self.cost.hours <= self.window_hours

    @property
    def summary(self) -> str:
        """One line for people."""
        return f"The {self.load_pass} pass takes {told(self.cost)}; its window is {self.window_hours:g} h."

    def frame(self) -> pd.DataFrame:
        """`REQUEST_PLAN`: every object on every plan."""
        return typed_frame(REQUEST_PLAN_KINDS, (row for cost in (self.cost, *self.others) for row in _rows(cost)))

    def note(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {**asdict(self), "fits": self.fits, "summary": self.summary}


def told(cost: Cost) -> str:
    """Requests and hours in words."""
    plan = f" on the plan {cost.plan}" if cost.plan else ""
    return f"{things(cost.requests, 'request')} in {duration(cost.hours)}{plan}"


def refuse_too_long(plan: RequestPlan) -> None:
    """Refuse a load that takes longer than its window.

    Raises:
        GateError: names what would make it shorter, each with its requests and hours.
    """
    if plan.fits:
        return
    options = [f"\n  {option.setting}: {option.told}" for option in plan.options]
    shrink = "Write one of the following into the practice's file, widen" if options else "Widen"
    raise GateError(
        f"{plan.summary} Nothing was loaded.",
        f"{shrink} `window_hours`, or start it with --anyway (`anyway: true` in Dagster).{''.join(options)}",
    )


def cost_of(works: Works, budget: Budget, plan: Plan, checks: int) -> Cost:
    """Turn work into requests and hours.

    Args:
        works: what is to be done.
        budget: what an account's requests cost.
        plan: what limits them. Each account has limits of its own; they are loaded one after the other.
        checks: how often each account is opened besides for loading and reading back.
    """
    opening, hours = 0, 0.0
    for account in works.values():
        own = sum(budget.writing(work) + budget.reading(work) for work in account.values())
        opened = budget.opening(checks + 2 * sum(work.held > 0 for work in account.values()), plan.hours(own))
        opening += opened
        hours += plan.hours(own + opened)
    names = dict.fromkeys(name for account in works.values() for name in account)
    objects = [*(_object_cost(name, works, budget) for name in names), ObjectCost(OPENING, 0, 0, 0, opening)]
    requests = sum(each.requests for each in objects)
    shares = (replace(each, hours=hours * each.requests / (requests or 1)) for each in objects)
    return Cost(plan.name, tuple(shares), requests, hours)


def _object_cost(name: str, works: Works, budget: Budget) -> ObjectCost:
    mine = [account[name] for account in works.values() if name in account]
    return ObjectCost(
        name,
        sum(work.held for work in mine),
        sum(work.created + work.updated for work in mine),
        sum(budget.writing(work) for work in mine),
        sum(budget.reading(work) for work in mine),
    )


def _rows(cost: Cost) -> Iterable[dict[str, object]]:
    for each in (*cost.objects, _total(cost)):
        yield {"plan": cost.plan, **asdict(each), "hours": Decimal(f"{each.hours:.4f}")}


def _total(cost: Cost) -> ObjectCost:
    records = sum(each.records for each in cost.objects)
    to_write = sum(each.to_write for each in cost.objects)
    writes = sum(each.write_requests for each in cost.objects)
    return ObjectCost(ALL, records, to_write, writes, cost.requests - writes, cost.hours)
