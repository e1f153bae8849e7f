"""The schema plan: the checklist beside what each account has now (P4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from perio_pipeline.crm.protocol import CreatedField, Fit, Made
from perio_pipeline.loading.schema import AccountSchema
from perio_pipeline.signoff.checklist import Checklist, ChecklistRow, What

KINDS = {What.FIELD: Made.FIELD, What.MODULE: Made.MODULE}
NO_API = "the CRM's API does not create it"


class State(StrEnum):
    """How an account stands to one thing of the plan."""

    THERE = "there"
    TO_CREATE = "to create"  # missing, and the API creates it
    BY_HAND = "by hand"  # missing, and only an admin can create it
    DIFFERS = "differs"  # there in another form, which only an admin can correct


@dataclass(frozen=True)
class Found:
    """One thing of the plan in one account.

    Attributes:
        state: how the account stands to it.
        note: how it differs, or why only an admin can create it.
        crm_id: the CRM's id of what is there.
        ours: the migration created it, so that a revert removes it.
    """

    state: State
    note: str = ""
    crm_id: str = ""
    ours: bool = False


@dataclass(frozen=True)
class SchemaPlan:
    """What a practice's destination needs, and what its accounts have of it.

    Attributes:
        checklist: everything that is needed.
        accounts: account → what was found of each row, in the checklist's order.
    """

    checklist: Checklist
    accounts: Mapping[str, tuple[Found, ...]]

    def rows(self, account: str) -> list[tuple[ChecklistRow, Found]]:
        """Each thing that is needed, with what the account has of it."""
        return list(zip(self.checklist.rows, self.accounts[account], strict=True))

    def counts(self, account: str) -> dict[State, int]:
        """How many things stand how in an account."""
        return {state: sum(each.state is state for each in self.accounts[account]) for state in State}

    def done(self) -> frozenset[ChecklistRow]:
        """What every account has, so that nothing is left to do about it."""
        found = zip(self.checklist.rows, zip(*self.accounts.values(), strict=True), strict=True)
        return frozenset(row for row, each in found if all(one.state is State.THERE for one in each))

    def plain(self) -> dict[str, Any]:
        """Everything, for programs."""
        items = [
            {**asdict(row), "accounts": {name: asdict(found[place]) for name, found in self.accounts.items()}}
            for place, row in enumerate(self.checklist.rows)
        ]
        return {
            "practice": self.checklist.practice,
            "crm": self.checklist.words.name,
            "plan": self.checklist.plan,
            "counts": {name: self.counts(name) for name in self.accounts},
            "does_not_fit": self.checklist.said,
            "hints": self.checklist.hints,
            "items": items,
        }


def schema_plan(
    checklist: Checklist,
    accounts: Mapping[str, AccountSchema],
    ours: Mapping[str, Mapping[tuple[Made, str, str], CreatedField]],
) -> SchemaPlan:
    """Set the checklist beside what the accounts have.

    Args:
        checklist: of the practice.
        accounts: account → how it stands to the mapping.
        ours: account → what the migration created in it.
    """
    return SchemaPlan(
        checklist,
        {name: tuple(_found(row, schema, ours[name]) for row in checklist.rows) for name, schema in accounts.items()},
    )


def _found(row: ChecklistRow, schema: AccountSchema, ours: Mapping[tuple[Made, str, str], CreatedField]) -> Found:
    if row.what is What.SETTING:
        return _setting(row, schema)
    place = (KINDS[row.what], row.entity, row.name)
    standing = next(each for each in schema.standings if (each.kind, each.model, each.name) == place)
    made = ours.get(place)
    if standing.fit is Fit.MISSING:
        gone = "the migration created it, and the account has it no longer" if made else ""
        state = State.BY_HAND if standing.by_hand else State.TO_CREATE
        return Found(state, "; ".join(filter(None, (standing.by_hand, gone))))
    is_ours = made is not None and made.crm_id == standing.crm_id
    if standing.fit is Fit.DIFFERS:
        return Found(State.DIFFERS, standing.problem, standing.crm_id, is_ours)
    replaced = "it is not the one that the migration created" if made and not is_ours else ""
    return Found(State.THERE, replaced, standing.crm_id, is_ours)


def _setting(row: ChecklistRow, schema: AccountSchema) -> Found:
    """A pipeline, its stages or a calendar: they are named, so that what lacks is."""
    wanted = row.choices or (row.label,)
    lacking = [name for name in schema.lookups.get(row.lookup, ()) if name in wanted]
    if not lacking:
        return Found(State.THERE)
    if len(lacking) == len(wanted):
        return Found(State.BY_HAND, NO_API)
    return Found(State.DIFFERS, f"lacks {', '.join(lacking)}")
