"""What the plans allow: features that follow from limits, hours that follow from rates, and counts against limits."""

from __future__ import annotations

import pytest

from perio_pipeline.crm.freshsales.plans import FEATURES, KINDS, LIMITS, NAMES
from perio_pipeline.crm.packages import crm_package, is_crm
from perio_pipeline.crm.plans import MODULE_TOTAL, MODULES, TOTAL, Need, needs_of
from perio_pipeline.crm.protocol import FieldSpec, FieldType
from perio_pipeline.errors import SettingsError

FRESHSALES, HIGHLEVEL = crm_package("freshsales").PLANS, crm_package("highlevel").PLANS


def test_g8_features_per_plan() -> None:
    assert {plan.name: sorted(plan.features) for plan in FRESHSALES.all} == {
        "free": [],
        "growth": [],
        "pro": ["lookup_fields", "several_pipelines"],
        "enterprise": ["custom_modules", "lookup_fields", "several_pipelines"],
    }
    assert {name for plan in FRESHSALES.all for name in plan.features} == set(FEATURES)


def test_g7_storage_grows_with_plan_and_users() -> None:
    assert [plan.storage_gb_per_user for plan in FRESHSALES.all] == [0, 2, 5, 100]


def test_every_type_of_field_has_a_limit_and_every_limit_a_number_per_plan() -> None:
    assert set(KINDS) == set(FieldType) - {FieldType.FILE}, "Freshsales keeps files on records"
    assert set(KINDS.values()) <= set(LIMITS)
    assert {len(numbers) for numbers in LIMITS.values()} == {len(NAMES)}


def test_a_crm_without_plans_says_so() -> None:
    assert HIGHLEVEL.names == ()
    assert HIGHLEVEL.plan("").features == frozenset()
    with pytest.raises(SettingsError, match="Leave `plan` out"):
        HIGHLEVEL.plan("pro")


def test_a_plan_that_is_none_is_named_with_those_there_are() -> None:
    assert FRESHSALES.plan("").name == "growth"
    with pytest.raises(SettingsError, match=r"no plan 'gold'.*free, growth, pro, enterprise"):
        FRESHSALES.plan("gold")


@pytest.mark.parametrize(
    ("plan", "requests", "minutes"),
    [
        ("growth", 0, 0),
        ("growth", 400, 1),
        ("growth", 401, 1 + 1 / 400),
        ("growth", 1000, 2.5),
        ("growth", 1001, 60 + 1 / 400),
        ("growth", 3000, 120 + 2.5),
        ("enterprise", 12_000, 120 + 5),
    ],
)
def test_hours_are_what_the_rates_leave(plan: str, requests: int, minutes: float) -> None:
    assert FRESHSALES.plan(plan).hours(requests) * 60 == pytest.approx(minutes)


def test_g10_highlevel_takes_36_000_an_hour_until_the_day_s_quota_is_spent() -> None:
    plan = HIGHLEVEL.plan("")
    assert plan.hours(36_000) == pytest.approx(1.0)
    assert plan.hours(199_000 + 36_000) == pytest.approx(25.0)


def spec(model: str, number: int, kind: FieldType = FieldType.TEXT) -> FieldSpec:
    return FieldSpec(model, f"F{number}__c", kind, f"Field {number}")


def test_g8_fields_count_per_module_and_type_and_modules_for_themselves() -> None:
    specs = [
        spec("contact", 1),
        spec("contact", 2, FieldType.PHONE),
        spec("contact", 3, FieldType.DATE),
        spec("cm_x", 4),
    ]
    assert {(need.model, need.kind): len(need.labels) for need in needs_of(specs, FRESHSALES)} == {
        ("contact", "text"): 2,
        ("contact", "date picker"): 1,
        ("contact", TOTAL): 3,
        ("cm_x", "text"): 1,
        ("cm_x", MODULE_TOTAL): 1,
        ("", MODULES): 1,
    }
    assert needs_of(specs, HIGHLEVEL) == []


@pytest.mark.parametrize(("plan", "excess"), [("growth", 11), ("pro", 1), ("enterprise", 0)])
def test_g8_what_is_too_many_depends_on_the_plan(plan: str, excess: int) -> None:
    assert Need("contact", "text", tuple(str(n) for n in range(31))).excess(FRESHSALES.plan(plan)) == excess


def test_only_folders_with_an_adapter_are_crms() -> None:
    assert is_crm("freshsales")
    assert not is_crm("plans")
    assert not is_crm("my-panda")
    with pytest.raises(SettingsError, match="salesforce"):
        crm_package("salesforce")
