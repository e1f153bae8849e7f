"""H3: which charts stand side by side, how each is written, and what counts as a change between them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perio_pipeline.clinical.charts import exam_charts
from perio_pipeline.clinical.comparison import CHANGE_MM, MOST_SHOWN, changes
from perio_pipeline.clinical.frames import EXAM_CHART
from perio_pipeline.panda import chartcode
from perio_pipeline.panda.chartcode import NONE, NUMBERS, PLACES, SIDES, written
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import SITES
from perio_pipeline_tests.clinical.charted import charted, compared, yearly
from perio_pipeline_tests.clinical.charts import Chart

MILLIMETRES = st.one_of(st.just(NONE), st.integers(0, 15))


def at(line: str, tooth: int, site: str) -> str:
    return line[(tooth - 1) * len(SITES) + SITES.index(site)]


@pytest.mark.parametrize(
    ("exams", "shown"), [(1, [1]), (2, [1, 2]), (5, [1, 2, 3, 4, 5]), (6, [1, 3, 4, 5, 6]), (9, [1, 6, 7, 8, 9])]
)
def test_the_first_and_the_latest_charts_are_shown_in_their_order(exams: int, shown: list[int]) -> None:
    found = compared(*(yearly(number, probed=(3,), teeth={}) for number in reversed(range(1, exams + 1))))
    assert found["exam_id"].tolist() == [f"E{number}" for number in shown]
    assert found["place"].tolist() == list(range(1, len(shown) + 1))
    assert set(found["exams"]) == {exams}
    assert len(shown) <= MOST_SHOWN


def test_an_exam_counts_when_something_was_charted_in_it() -> None:
    nothing = yearly(1, probed=(), charts_teeth=False)
    toothless = yearly(2, probed=(), teeth={tooth: {"status": "missing"} for tooth in range(1, 33)})
    probed = yearly(3, probed=(3,), charts_teeth=False)
    found = compared(nothing, toothless, probed)
    assert found["exam_id"].tolist() == ["E2", "E3"]
    assert found["teeth"].tolist() == ["M" * 32, "." * 32]


def test_the_charts_of_merged_records_are_those_of_one_patient() -> None:
    found = compared(
        yearly(2, patient_id="P1"),
        yearly(1, patient_id="P2"),
        yearly(3, patient_id="P3"),
        survivors={"P2": "P1"},
    )
    assert found[["patient_id", "exam_id"]].to_numpy().tolist() == [["P1", "E1"], ["P1", "E2"], ["P3", "E3"]]


def test_every_place_says_what_was_charted_there() -> None:
    chart = Chart(
        probed=(2, 3, 14, 30),
        sites={
            (2, "MB"): {"depth_mm": 12, "recession_mm": -3, "bleeding": True, "suppuration": True},
            (2, "DL"): {"depth_mm": 0, "recession_mm": 2, "bleeding": False, "suppuration": True},
            (3, "B"): {"depth_mm": None, "depth_state": "not_assessable", "bleeding": None, "recession_mm": None},
            (3, "L"): {"depth_mm": None, "bleeding": None, "recession_mm": None},
            (30, "B"): {"depth_mm": 5, "recession_mm": 3},
        },
        teeth={
            2: {"mobility": "1.5", "furcation_buccal": 0, "furcation_distal": 3},
            14: {"status": "missing"},
            30: {"status": "implant", "mobility": "2", "furcation_buccal": 1},
        },
    )
    row = compared(chart).iloc[0]
    assert {len(row[name]) for name in ("depths", "margins", "losses", "marks", "depth_changes")} == {PLACES}
    depths, margins, losses, marks = row["depths"], row["margins"], row["losses"], row["marks"]
    assert [at(depths, *place) for place in ((2, "MB"), (2, "DL"), (3, "B"), (3, "L"))] == ["C", "0", "-", "."]
    assert [at(margins, *place) for place in ((2, "MB"), (2, "DL"), (3, "B"))] == ["c", "2", "."]
    assert [at(losses, *place) for place in ((2, "MB"), (2, "DL"), (3, "L"))] == ["9", "2", "."]
    assert [at(marks, *place) for place in ((2, "MB"), (2, "DL"), (3, "L"), (2, "B"))] == ["3", "2", ".", "0"]
    assert set(depths[13 * 6 : 14 * 6]) == {"."}, "a missing tooth has no depths"
    assert (at(depths, 30, "B"), at(margins, 30, "B"), at(losses, 30, "B")) == ("5", ".", "."), "an implant"
    assert (row["teeth"][1], row["teeth"][13], row["teeth"][29]) == ("P", "M", "I")
    assert (row["mobilities"][1], row["mobilities"][29], row["mobilities"][2]) == ("3", ".", ".")
    assert row["furcations"][len(SIDES) : 2 * len(SIDES)] == "0..3"
    assert set(row["furcations"][29 * len(SIDES) : 30 * len(SIDES)]) == {"."}


def test_changes_are_since_the_chart_before_and_since_the_first() -> None:
    depths = [3, 5, 6, 4]
    found = compared(
        *(
            yearly(number, probed=(3,), sites={(3, "B"): {"depth_mm": depth, "recession_mm": 0}})
            for number, depth in enumerate(depths, start=1)
        )
    )
    assert [at(line, 3, "B") for line in found["depth_changes"]] == [".", "2", ".", "b"]
    assert [at(line, 3, "B") for line in found["depth_changes_overall"]] == [".", "2", "3", "."]
    assert [at(line, 3, "B") for line in found["loss_changes"]] == [".", "2", ".", "b"]


def test_an_implant_is_not_measured_against_the_tooth_before_it() -> None:
    tooth, implant = {3: {"status": "present"}}, {3: {"status": "implant"}}
    deep, shallow = ({"depth_mm": depth, "recession_mm": 0} for depth in (8, 3))
    found = compared(
        yearly(1, probed=(3,), everywhere=deep, teeth=tooth),
        yearly(2, probed=(3,), everywhere=shallow, teeth=implant),
        yearly(3, probed=(3,), everywhere=deep, teeth=implant),
    )
    assert [at(line, 3, "B") for line in found["depth_changes"]] == [".", ".", "5"]
    assert set(found["depth_changes_overall"].iloc[2]) == {"."}


@given(st.lists(st.tuples(MILLIMETRES, MILLIMETRES, st.booleans()), min_size=1, max_size=20))
def test_changes_are_symmetric_and_never_without_two_measurements(sites: list[tuple[int, int, bool]]) -> None:
    earlier, later = (np.array([site[which] for site in sites], dtype=np.int16) for which in (0, 1))
    comparable = np.array([site[2] for site in sites])
    forth, back = changes(earlier, later, comparable), changes(later, earlier, comparable)
    found = forth != NONE
    assert np.array_equal(found, back != NONE)
    assert np.array_equal(forth[found], -back[found])
    assert np.all(np.abs(forth[found]) >= CHANGE_MM)
    assert np.all(comparable[found] & (earlier[found] != NONE) & (later[found] != NONE))


def test_a_classification_is_what_was_recorded_by_that_day_and_the_exam_s_own_comes_first() -> None:
    def diagnosis(number: int, day: str, stage: str, exam: str | None = None) -> dict[str, object]:
        return {
            "diagnosis_id": f"D{number}",
            "patient_id": "P2" if number == 1 else "P1",
            "exam_id": exam,
            "diagnosed_at": pd.Timestamp(day),
            "classification": stage,
            "grade": "B",
        }

    found = compared(
        *(yearly(number) for number in (1, 2, 3)),
        survivors={"P2": "P1"},
        diagnoses=[
            diagnosis(1, "2002-05-06 17:00", "stage_2"),
            diagnosis(2, "2002-12-01", "stage_4"),
            diagnosis(3, "2003-09-09", "stage_3", "E3"),
        ],
    )
    assert found["classification_recorded"].astype(object).where(found["classification_recorded"].notna()).tolist() == [
        pytest.approx(float("nan"), nan_ok=True),
        "stage_2",
        "stage_3",
    ]
    assert found["classification_suggested"].tolist() == ["healthy"] * 3


def test_the_pieces_are_the_same_charts_whatever_their_size() -> None:
    made = charted([yearly(number, patient_id=f"P{number % 3}", probed=(number + 1,)) for number in range(1, 8)])
    whole = pd.concat(exam_charts(made), ignore_index=True)
    pieces = list(exam_charts(made, piece=1))
    assert len(pieces) == 3
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), whole)


def test_without_charts_there_is_one_empty_piece_with_all_columns() -> None:
    (piece,) = exam_charts(charted([]))
    pd.testing.assert_series_equal(piece.dtypes, typed_frame(table_kinds(EXAM_CHART)).dtypes)


@given(st.lists(st.one_of(st.just(NONE), st.integers(-chartcode.MOST, chartcode.MOST)), min_size=1, max_size=30))
def test_numbers_are_read_as_they_were_written(numbers: list[int]) -> None:
    (line,) = written(np.array([numbers], dtype=np.int16))
    assert [NUMBERS.get(character, NONE) for character in line] == numbers
    assert len(line) == len(numbers)
