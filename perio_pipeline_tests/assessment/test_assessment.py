"""P12: a practice is graded by its figures, and told when to move, before anything is bought."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.assessment.calendar import cutover_calendar, working_days
from perio_pipeline.assessment.facts import Assessment, Move, Volume
from perio_pipeline.assessment.grading import factors
from perio_pipeline.assessment.page import costs, render_assessment
from perio_pipeline.crm.packages import crm_package
from perio_pipeline.preflight.checks import warning
from perio_pipeline.signoff.room import room_of
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.end_to_end.world import PRACTICE, PROJECT

TODAY = date(2026, 11, 27)
FIGURES = st.fixed_dictionaries({name: st.floats(0, 2 * each.steps[-1]) for name, each in factors().factors.items()})


def test_p12_a_practice_without_anything_special_is_an_a_and_one_with_everything_a_d() -> None:
    table = factors()
    assert table.grade(dict.fromkeys(table.factors, 0.0)).letter == "A"
    assert table.grade({name: each.steps[-1] for name, each in table.factors.items()}).letter == "D"


@settings(max_examples=60, deadline=None)
@given(FIGURES, st.sampled_from(sorted(factors().factors)), st.floats(1, 10))
def test_p12_no_figure_makes_a_practice_simpler_by_growing(figures: dict[str, float], name: str, more: float) -> None:
    table = factors()
    before, after = table.grade(figures), table.grade({**figures, name: figures[name] * more})
    assert after.mean >= before.mean
    assert after.letter >= before.letter


@settings(max_examples=60, deadline=None)
@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    st.floats(0, 200, allow_subnormal=False),
    st.dates(date(2026, 1, 1), date(2030, 1, 1)),
)
def test_p12_the_calendar_goes_forward_and_people_are_asked_only_on_working_days(
    days: frozenset[int], hours: float, today: date
) -> None:
    calendar = cutover_calendar(days, hours, today)
    rehearsal, sample, load, read, opens, closes, signed = (each.on for each in calendar)
    assert today < rehearsal <= sample <= load < read + timedelta(days=1) <= opens + timedelta(days=1)
    assert opens < closes < signed
    assert {each.weekday() for each in (rehearsal, sample, load, opens, signed)} <= days
    assert (read - load).days * 24 >= hours


def test_p12_days_without_visits_are_closed_days() -> None:
    visits = pd.Series(pd.date_range("2026-01-05", "2026-11-20", freq="D"))
    assert working_days(visits[visits.dt.day_of_week < 4], TODAY) == frozenset({0, 1, 2, 3})
    assert working_days(visits[:0], TODAY) == frozenset(range(5))


@pytest.fixture
def assessment() -> Assessment:
    rooms = Workplace(PROJECT / "data", PROJECT / "mappings")
    mapping, plans = rooms.effective(rooms.practice(PRACTICE), "freshsales"), crm_package("freshsales").PLANS
    cost = {"plan": "pro", "requests": 1234, "hours": 60.0, "objects": []}
    option = {"setting": "history.notes: yearly", "words": "one note a year", "cost": {**cost, "hours": 20.0}}
    plan = {
        "cost": cost,
        "others": [{**cost, "plan": "enterprise", "hours": 12.0}],
        "options": [option],
        "window_hours": 48,
    }
    table = factors()
    return Assessment(
        practice="Bayview",
        made_on=TODAY,
        grade=table.grade({name: each.steps[0] for name, each in table.factors.items()}),
        server="SQL Server Express, 1.20 GB of data of 10 GB at most",
        volumes=(Volume("patient", 1000, 3, 5_000_000, date(2011, 1, 3), TODAY),),
        quarantined={"patient.status: choice": 3},
        treated={},
        duplicates=4,
        images=(10, 2_000_000_000),
        checks=(warning("G3", "bridge_only", "7", "Look."),),
        moves=(
            Move(
                "freshsales",
                plan,
                room_of(mapping, plans, plans.plan("pro")),
                (warning("G7", "storage_main", "9 GB", "Choose."),),
            ),
        ),
        days=frozenset({0, 1, 2, 3}),
        calendar=tuple(cutover_calendar(frozenset({0, 1, 2, 3}), 60, TODAY)),
    )


def test_p12_the_page_shows_grade_hours_per_plan_and_what_would_shrink_them(assessment: Assessment) -> None:
    page = render_assessment(assessment)
    assert f"<b>{assessment.grade.letter}</b>" in page
    assert [(line["name"], line["own"], line["hours"]) for line in costs(assessment)] == [
        ("Freshsales pro", True, 60.0),
        ("Freshsales enterprise", False, 12.0),
    ]
    assert page.count("✗ 60.0") == 1, "longer than the window"
    assert "history.notes: yearly" in page
    assert page.index("The database") < page.index("G3 bridge only") < page.index("G7 storage main")
    assert "http" not in page


def test_p12_everything_is_there_for_programs(assessment: Assessment) -> None:
    plain = assessment.plain()
    assert set(plain["factors"]) == set(factors().factors)
    assert [check["requirement"] for check in plain["checks"]] == ["G3"]
    assert [check["requirement"] for check in plain["destinations"]["freshsales"]["checks"]] == ["G7"]
    assert len(plain["calendar"]) == 7
