"""P12: what a load costs before it begins: counted as the loader would send it, by plan, policy and journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from perio_pipeline.crm.budget import Work
from perio_pipeline.crm.packages import CrmPackage
from perio_pipeline.crm.plans import Plan, Plans, Rate
from perio_pipeline.errors import GateError
from perio_pipeline.loading.costs import ALL, OPENING, cost_of, refuse_too_long
from perio_pipeline.loading.entries import Known, State
from perio_pipeline.loading.payloads import drafts
from perio_pipeline.loading.planner import Planner
from perio_pipeline.mapping.practice import Destination
from perio_pipeline.mapping.shape import shape
from perio_pipeline.mapping.switches import History
from perio_pipeline_tests.mapping.shaping import BOSTON, ONE_ACCOUNT, TWO_ACCOUNTS, contacts, frames, mapping, notes

SMALL = Plan("small", (Rate(10, 3600),))
LARGE = Plan("large", (Rate(1000, 3600),), frozenset({"yearly_reports"}))
PLANS = Plans("Test", (SMALL, LARGE), features={"yearly_reports": "yearly reports"})


@dataclass
class OneEach:
    """One request per record and direction; ten to open an account. Remembers what it was asked."""

    asked: list[Work] = field(default_factory=list)

    def opening(self, times: int, hours: float) -> int:
        return 10 * times

    def writing(self, work: Work) -> int:
        self.asked.append(work)
        return work.created + 2 * work.updated

    def reading(self, work: Work) -> int:
        return work.held


BUDGET = OneEach()
PACKAGE = cast(
    CrmPackage, SimpleNamespace(PLANS=PLANS, behaviours=lambda stated: {}, budget_of=lambda plan, stated: BUDGET)
)
YEARLY = {
    "needs": "yearly_notes",
    "mark": {"field": "body", "text": "[notes {patient_id} {written_at|year}]"},
    "gather": {"by": ["patient_id", "written_at|year"], "order": ["written_at"]},
    "fields": {"body": {"template": "Notes of {written_at|year}", "each": "{body}"}},
}
MAPPING = mapping(contacts=contacts(), notes=notes(unless="yearly_notes"), yearly=notes(**YEARLY))
PRACTICE = frames(
    patient=[{"patient_id": "P1"}, {"patient_id": "P2", "office": "S"}],
    clinical_note=[
        {"note_id": f"N{number}", "patient_id": "P1", "body": "x", "written_at": pd.Timestamp(2020 + number % 2, 1, 1)}
        for number in range(6)
    ],
)
HARBOR = Destination.model_validate(
    {"url": "http://127.0.0.1:1", "plan": "small", "accounts": [{"name": "main", "id": "1", "token": "t"}]}
)
TODAY = date(2026, 11, 25)


def planner(known: Mapping[str, Mapping[str, Known]] | None = None, **changes: Any) -> Planner:
    destination = HARBOR.model_copy(update=changes.pop("destination", {}))
    made = Planner(
        MAPPING,
        PACKAGE,
        destination,
        lambda name: shape(name, made._effective, PRACTICE, made.router, BOSTON).frame,
        lambda key: PRACTICE[key],
        lambda account, name: (known or {}).get(name, {}),
        ONE_ACCOUNT,
        BOSTON,
    )
    return replace(made, **changes)


def done(key: str, crm_id: str, fingerprint: str) -> Known:
    return Known(key, State.DONE, "create", crm_id, None, fingerprint, None, None, None, True, "", "")


def loaded() -> dict[str, dict[str, Known]]:
    """Everything is in the CRM as it is."""
    made = planner()
    known: dict[str, dict[str, Known]] = {}
    for name, obj in made._effective.present().items():
        ids = {link: known[each.object]["P1"].crm_id or "" for link, each in obj.links.items()}
        known[name] = {
            draft.source_key: done(draft.source_key, f"crm {draft.source_key}", draft.fingerprint(ids))
            for draft in drafts(obj, made.shaped(name))
        }
    return known


def counts(made: Planner) -> dict[str, tuple[int, int, int, int]]:
    cost = made.plan(TODAY).cost
    return {
        each.object: (each.records, each.to_write, each.write_requests, each.read_requests) for each in cost.objects
    }


def test_an_empty_crm_gets_every_record_once() -> None:
    assert counts(planner()) == {"contacts": (2, 2, 2, 2), "notes": (6, 6, 6, 6), OPENING: (0, 0, 0, 60)}


def test_unchanged_records_cost_nothing_to_write_but_are_read_back() -> None:
    assert counts(planner(loaded()))["notes"] == (6, 0, 0, 6)


def test_a_changed_record_costs_an_update() -> None:
    known = loaded()
    known["notes"]["N1"] = done("N1", "crm N1", "other")
    assert counts(planner(known))["notes"] == (6, 1, 2, 6)


def test_records_whose_parent_is_still_to_come_are_new_or_changed() -> None:
    known = loaded()
    known["contacts"] = {}
    assert counts(planner(known))["notes"] == (6, 6, 12, 6)


def test_a_record_that_cannot_be_sent_costs_nothing() -> None:
    orphan = frames(
        patient=[{"patient_id": "P1"}], clinical_note=[{"note_id": "N1", "patient_id": "P1"}, {"note_id": "N2"}]
    )
    made = planner()
    made = replace(made, shaped=lambda name: shape(name, made._effective, orphan, ONE_ACCOUNT, BOSTON).frame)
    assert counts(made)["notes"] == (1, 1, 1, 1)


def test_a_sample_counts_its_own_records_only_and_looks_for_no_options() -> None:
    plan = planner(load_pass="sample", only={"contacts": {"P1"}, "notes": {"N1", "N2"}}).plan(TODAY)
    assert [(each.object, each.records) for each in plan.cost.objects] == [("contacts", 1), ("notes", 2), (OPENING, 0)]
    assert (plan.load_pass, plan.others, plan.options) == ("sample", (), ())


def test_p8_a_retry_reads_back_only_what_it_writes() -> None:
    known = loaded()
    known["notes"]["N1"] = done("N1", "crm N1", "other")
    made = planner(known, load_pass="retry", only={"contacts": {"P1"}, "notes": {"N1", "N2"}}, whole=False)
    assert counts(made) == {"contacts": (0, 0, 0, 0), "notes": (1, 1, 2, 1), OPENING: (0, 0, 0, 40)}


def test_the_budget_is_told_whom_records_belong_to_and_what_lies_beside_them() -> None:
    BUDGET.asked.clear()
    planner().plan(TODAY)
    notes_work = next(work for work in BUDGET.asked if work.object == "notes")
    assert notes_work.created_by == notes_work.held_by == {"contactId": (6,)}
    assert notes_work.others == 0


def test_each_account_has_limits_of_its_own_and_is_loaded_after_the_other() -> None:
    works = {name: {"notes": Work("notes", created=5, held=5)} for name in ("north", "south")}
    one = cost_of({"north": works["north"]}, BUDGET, SMALL, 0)
    both = cost_of(works, BUDGET, SMALL, 0)
    assert (both.requests, both.hours) == (2 * one.requests, pytest.approx(2 * one.hours))


def test_two_accounts_share_out_the_practice() -> None:
    accounts = [{"name": name, "id": name, "token": "t"} for name in ("north", "south")]
    two = Destination.model_validate({**HARBOR.model_dump(), "accounts": accounts})
    made = replace(planner(), destination=two, router=TWO_ACCOUNTS)
    made = replace(made, shaped=lambda name: shape(name, made._effective, PRACTICE, TWO_ACCOUNTS, BOSTON).frame)
    cost = made.plan(TODAY).cost
    assert {each.object: each.records for each in cost.objects} == {"contacts": 2, "notes": 6, OPENING: 0}
    assert cost.objects[-1].read_requests == 10 * (2 * 2 + 4 + 2)


def test_hours_are_shared_out_by_requests() -> None:
    cost = planner().plan(TODAY).cost
    assert sum(each.hours for each in cost.objects) == pytest.approx(cost.hours)
    assert cost.hours == SMALL.hours(cost.requests)


def test_the_same_load_is_counted_on_the_other_plans() -> None:
    (other,) = planner().plan(TODAY).others
    assert (other.plan, other.hours) == ("large", LARGE.hours(other.requests))


def test_a_load_that_fits_asks_for_no_options() -> None:
    plan = planner().plan(TODAY)
    assert plan.fits
    assert plan.options == ()
    refuse_too_long(plan)


def test_what_would_shrink_it_is_offered_with_its_cost_where_it_does_not_fit() -> None:
    plan = planner(destination={"window_hours": 5}).plan(TODAY)
    assert not plan.fits
    offered = {option.setting: option.cost for option in plan.options}
    assert list(offered) == ["history: {notes: yearly}", "plan: large"]
    yearly = {each.object: each.records for each in offered["history: {notes: yearly}"].objects}
    assert yearly == {"contacts": 2, "yearly": 2, OPENING: 0}
    with pytest.raises(GateError) as caught:
        refuse_too_long(plan)
    assert "76 requests" in caught.value.problem
    assert "history: {notes: yearly}: one note per patient and year: 68 requests" in caught.value.remedy
    assert "--anyway" in caught.value.remedy


def test_a_policy_that_is_set_already_is_not_offered() -> None:
    plan = planner(destination={"window_hours": 0.1, "history": History(notes="yearly")}).plan(TODAY)
    assert [option.setting for option in plan.options] == ["plan: large"]
    assert plan.fallbacks == ("The notes arrive as yearly, since history.notes is yearly.",)


def test_what_an_earlier_load_left_in_another_form_is_said() -> None:
    plan = planner(loaded(), destination={"history": History(notes="yearly")}).plan(TODAY)
    assert plan.left_behind == {"notes": 6}


def test_the_table_has_every_object_on_every_plan_and_a_total() -> None:
    table = planner().plan(TODAY).frame()
    assert table[["plan", "object"]].to_numpy().tolist() == [
        [plan, name] for plan in ("small", "large") for name in ("contacts", "notes", OPENING, ALL)
    ]
    total = table[table["object"] == ALL].iloc[0]
    assert (total["write_requests"], total["read_requests"]) == (8, 68)


def test_the_note_is_plain_data(tmp_path: Path) -> None:
    note = planner(destination={"window_hours": 1}).plan(TODAY).note()
    assert note["fits"] is False
    assert note["cost"]["objects"][0]["object"] == "contacts"
    assert note["summary"].startswith("The full pass takes 76 requests in")
