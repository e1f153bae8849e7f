"""Whatever the API facts leave open is a setting on both sides, tried in each of its positions over real HTTP.

A setting of the sandbox or a capability of the adapter without a case in one of its positions fails here.
"""

from __future__ import annotations

import pytest

from perio_pipeline_tests.crm.freshsales_world import account
from perio_pipeline_tests.crm.uncertain.cases import Case
from perio_pipeline_tests.crm.uncertain.table import CASES, NOT_USED, covered, measures, positions


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    with account(
        dict(case.behaviour), dict(case.capabilities), case.faults, lag=case.lag, holds=dict(case.holds)
    ) as world:
        case.check(world)


def test_every_position_of_every_setting_and_capability_has_a_case() -> None:
    assert sorted(positions() - covered(), key=str) == []


def test_every_number_and_text_has_cases_with_two_values() -> None:
    counts = {name: len({value for whose, which, value in covered() if (whose, which) == name}) for name in measures()}
    assert {name: count for name, count in counts.items() if count < 2} == {}


def test_the_table_names_only_what_there_is() -> None:
    known = {(whose, name) for whose, name, _ in positions()} | measures()
    assert {(whose, name) for whose, name, _ in covered()} <= known
    assert len({str(case) for case in CASES}) > 0.9 * len(CASES)
    assert all(NOT_USED.values())
