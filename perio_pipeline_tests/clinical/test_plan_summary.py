"""Treatment plans in figures: money, phases, lines."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from perio_pipeline.clinical.frames import PLAN_SUMMARY, TREATMENT_STAGES
from perio_pipeline.clinical.plans import STAGE_OF_PHASE, plan_summary
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import PHASES, TREATMENT_ITEM, TREATMENT_PHASE, TREATMENT_PLAN
from perio_pipeline_tests.clinical.charts import frame


def summary(phases=(), items=()) -> pd.Series:
    rows = [{"item_id": str(number), "plan_id": "T1", "status": "planned", **item} for number, item in enumerate(items)]
    steps = [
        {"phase_id": str(number), "plan_id": "T1", "sequence": number, "phase": phase, "status": status}
        for number, (phase, status) in enumerate(phases, start=1)
    ]
    plans = frame(TREATMENT_PLAN, [{"plan_id": "T1", "patient_id": "P1", "name": "Case", "status": "accepted"}])
    return plan_summary(plans, frame(TREATMENT_PHASE, steps), frame(TREATMENT_ITEM, rows)).iloc[0]


def test_the_frame_has_exactly_the_types_of_its_definition():
    empty = plan_summary(frame(TREATMENT_PLAN), frame(TREATMENT_PHASE), frame(TREATMENT_ITEM))
    pd.testing.assert_frame_equal(empty, typed_frame(table_kinds(PLAN_SUMMARY)))


def test_a_plan_is_worth_its_lines_that_are_not_declined_to_the_cent():
    row = summary(
        items=[{"fee": "0.10"}, {"fee": "0.20", "status": "completed"}, {"fee": "500", "status": "declined"}, {}]
    )
    assert row["value"] == Decimal("0.30")
    assert (row["items"], row["items_completed"]) == (4, 1)


def test_a_plan_without_a_fee_has_no_value_rather_than_zero():
    assert pd.isna(summary(items=[{}])["value"])
    assert pd.isna(summary()["value"])
    assert summary()["items"] == 0


def test_lines_are_readable_in_order_and_say_what_is_missing():
    row = summary(
        items=[
            {"sequence": 2, "procedure_code": "D4910", "description": "maintenance"},
            {"sequence": 1, "procedure_code": "D4341", "area": "UR", "description": "scaling", "fee": "1242.5"},
            {"procedure_code": "D4263", "teeth": "3,14", "status": "declined", "fee": "450"},
        ]
    )
    assert row["items_text"].splitlines() == [
        "D4341 UR - scaling - planned - 1242.50",
        "D4910 - maintenance - planned - no fee",
        "D4263 #3,14 - declined - 450.00",
    ]


@pytest.mark.parametrize(
    ("phases", "current"),
    [
        ([], "diagnosis"),
        ([("diagnosis", "completed"), ("initial_therapy", "active"), ("reevaluation", "planned")], "initial_therapy"),
        ([("diagnosis", "planned"), ("maintenance", "active")], "maintenance"),
        ([("diagnosis", "completed"), ("reevaluation", "planned"), ("maintenance", "planned")], "reevaluation"),
        ([("diagnosis", "completed"), ("surgical_therapy", "completed")], "surgical_therapy"),
    ],
)
def test_the_current_phase_is_the_active_one_else_the_next_else_the_last(phases, current):
    row = summary(phases)
    assert (row["current_phase"], row["treatment_stage"]) == (current, STAGE_OF_PHASE[current])


def test_every_phase_has_a_treatment_stage():
    assert set(STAGE_OF_PHASE) == set(PHASES)
    assert set(STAGE_OF_PHASE.values()) == set(TREATMENT_STAGES)


def test_dates_are_the_first_still_wanted_and_the_last_done():
    row = summary(
        items=[
            {"scheduled_date": "2024-01-01", "status": "declined"},
            {"scheduled_date": "2024-03-01", "status": "completed", "completed_date": "2024-03-02"},
            {"scheduled_date": "2024-02-01", "status": "completed", "completed_date": "2024-02-02"},
        ]
    )
    assert (row["first_scheduled"], row["last_completed"]) == (pd.Timestamp("2024-02-01"), pd.Timestamp("2024-03-02"))
