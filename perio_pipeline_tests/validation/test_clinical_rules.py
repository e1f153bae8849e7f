"""Teeth, sites, areas and exams, by the numbers of the known data-quality problems."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest

from perio_pipeline.panda.tables import SITES
from perio_pipeline.validation.carried_forward import carried_forward, site_fingerprints
from perio_pipeline.validation.missing_teeth import MissingTeeth

from .rows import CONTEXT, cell, failures, outcome, records, treatments, valid


@pytest.mark.parametrize(
    ("text", "teeth"),
    [
        ("3-5, 8", "3,4,5,8"),
        ("3 to 5", "3,4,5"),
        ("#3 #4", "3,4"),
        ("30;31;30", "30,31"),
        ("#18 thru #20 & 2", "2,18,19,20"),
        ("03", "3"),
        ("3,4,5", "3,4,5"),
        ("A", "A"),
        ("51", "51"),
        ("a-c, 3, 53, BS", "3,53,A,B,C,BS"),
    ],
)
def test_07_09_teeth_become_a_sorted_list_with_primary_and_supernumerary_teeth_kept(text: str, teeth: str) -> None:
    found = outcome("treatment_item", {"teeth": text})
    assert records(found.valid, ["teeth"]) == [(teeth,)]
    assert treatments(found) == ([] if text == teeth else [("teeth", "tooth_list")])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5-3", "the range runs backwards"),
        ("3, C-A", "the range runs backwards"),
        ("48", "not a list of teeth"),
        ("51-53", "not a list of teeth"),
        ("full mouth", "not a list of teeth"),
        ("#", "not a list of teeth"),
        ("3-", "not a list of teeth"),
    ],
)
def test_07_what_is_no_list_of_teeth_is_quarantined(text: str, reason: str) -> None:
    for table in ("treatment_item", "image_reference"):
        found = outcome(table, {"teeth": text})
        assert records(found.quarantine, ["column", "rule", "reason"]) == [("teeth", "tooth_range", reason)]


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("UR", "UR"),
        ("ur quad", "UR"),
        ("Lower Left", "LL"),
        ("L.R.", "LR"),
        ("Quadrant 2", "UL"),
        ("Q3", "LL"),
        ("10", "UR"),
        ("40", "LR"),
        ("01", "UA"),
        ("U", "UA"),
        ("Lower arch", "LA"),
        ("mandible", "LA"),
        ("Sextant 5", "S5"),
        ("6", "S6"),
        ("08", "S6"),
        ("Full Mouth", "FM"),
        ("00", "FM"),
    ],
)
def test_08_quadrants_sextants_and_arches_get_one_spelling(text: str, area: str) -> None:
    assert cell("treatment_item", "area", text) == area


def test_08_an_area_nobody_can_place_stays_and_is_reported() -> None:
    found = outcome("treatment_item", {"area": "MOD"})
    assert records(found.valid, ["area"]) == [("MOD",)]
    assert treatments(found) == [("area", "unknown_area")]


@pytest.mark.parametrize(("tooth", "rule"), [("A", "type"), ("51", "range"), ("0", "range"), ("33", "range")])
def test_09_perio_charts_take_permanent_teeth_only(tooth: str, rule: str) -> None:
    for table in ("perio_tooth", "perio_site"):
        assert (0, "tooth", rule) in failures(outcome(table, {"tooth": tooth}))


def test_10_every_row_of_an_exam_in_fdi_is_quarantined_and_other_exams_stay() -> None:
    found = outcome(
        "perio_tooth",
        {"tooth": "11"},
        {"tooth": "36"},
        {"exam_id": "P1", "tooth": "11"},
        {"tooth": "12", "status": "?"},
    )
    assert records(found.valid, ["exam_id", "tooth"]) == [("P1", 11)]
    assert [row for row, _, rule in failures(found) if rule == "fdi_numbering"] == [0, 1, 3]


def test_11_12_a_depth_on_a_tooth_recorded_missing_is_quarantined() -> None:
    teeth = valid(
        "perio_tooth",
        {"exam_id": "1", "tooth": 3, "status": "missing"},
        {"exam_id": "1", "tooth": 4, "status": "implant"},
        {"exam_id": "P1", "tooth": 5, "status": "missing"},
    )
    rows: list[dict[str, str | None]] = [
        {"tooth": "3"},
        {"tooth": "3", "site": "B", "depth_state": "not_recorded", "depth_mm": None},
        {"tooth": "4"},
        {"tooth": "5"},
        {"exam_id": "P1", "tooth": "5"},
    ]
    found = outcome("perio_site", *rows, context=replace(CONTEXT, missing_teeth=MissingTeeth.of([teeth])))
    assert failures(found) == [(0, "depth_mm", "tooth_missing"), (4, "depth_mm", "tooth_missing")]
    assert outcome("perio_site", *rows).quarantine.empty


def test_13_a_depth_and_its_state_must_agree_and_zero_is_a_depth() -> None:
    found = outcome(
        "perio_site",
        {"depth_mm": "0"},
        {"site": "B", "depth_mm": None},
        {"site": "L", "depth_state": "not_recorded", "depth_mm": "0"},
        {"site": "ML", "depth_state": "not_assessable", "depth_mm": None},
        {"site": "DB", "depth_state": "not_recorded", "depth_mm": None},
    )
    assert failures(found) == [(1, "depth_mm", "depth_state"), (2, "depth_mm", "depth_state")]
    assert records(found.valid, ["depth_state", "depth_mm"]) == [
        ("measured", 0),
        ("not_assessable", None),
        ("not_recorded", None),
    ]


@pytest.mark.parametrize(
    ("text", "grade"),
    [("+", "0.5"), ("1+", "1.5"), ("+2", "2.5"), ("1", "1"), ("1.5", "1.5"), ("F", None), ("1,1", None), ("3+", None)],
)
def test_17_half_grades_become_numbers_and_junk_is_cleared(text: str, grade: str | None) -> None:
    expected = None if grade is None else Decimal(grade)
    assert cell("perio_tooth", "mobility", text) == expected


def test_17_half_grades_and_junk_are_recorded_apart() -> None:
    found = outcome("perio_tooth", {"mobility": "1+"}, {"tooth": "4", "mobility": "F"}, {"tooth": "5", "mobility": "2"})
    assert treatments(found) == [("mobility", "half_grade"), ("mobility", "not_a_grade")]


def test_furcation_is_cleared_where_the_tooth_has_no_entrance() -> None:
    sides = {f"furcation_{side}": "2" for side in ("buccal", "lingual", "mesial", "distal")}
    found = outcome("perio_tooth", *({"tooth": tooth, **sides} for tooth in ("3", "5", "8", "19")))
    assert records(found.valid, list(sides)) == [(2, None, 2, 2), (None, None, 2, 2), (None,) * 4, (2, 2, None, None)]
    assert set(found.treatments["rule"]) == {"no_furcation_entrance"}
    assert len(found.treatments) == 1 + 2 + 4 + 2


def test_furcation_degree_zero_is_true_of_every_tooth() -> None:
    assert treatments(outcome("perio_tooth", {"tooth": "8", "furcation_buccal": "0"})) == []


def _chart(exam_id: str, teeth: int, depth: int = 3) -> list[dict[str, object]]:
    return [
        {"exam_id": exam_id, "tooth": tooth, "site": site, "depth_state": "measured", "depth_mm": depth + tooth % 3}
        for tooth in range(1, teeth + 1)
        for site in SITES
    ]


def _exam(exam_id: str, day: str, patient_id: str = "P1") -> dict[str, object]:
    return {"exam_id": exam_id, "patient_id": patient_id, "exam_date": pd.Timestamp(day)}


EXAMS = [_exam("1", "2024-01-05"), _exam("2", "2024-07-05"), _exam("3", "2025-01-05"), _exam("4", "2025-02-01", "P2")]


def copied(exams: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    return carried_forward(exams, site_fingerprints(sites))


def test_30_an_exam_equal_to_an_earlier_one_of_the_patient_is_reported() -> None:
    sites = valid("perio_site", *_chart("1", 6), *reversed(_chart("2", 6)), *_chart("3", 6, depth=4), *_chart("4", 6))
    found = copied(valid("perio_exam", *EXAMS), sites)
    assert records(found, ["exam_id", "copied_from_exam_id"]) == [("2", "1")]


def test_30_one_other_site_makes_another_exam() -> None:
    changed = _chart("2", 6)
    changed[10] = {**changed[10], "bleeding": True}
    sites = valid("perio_site", *_chart("1", 6), *changed)
    assert copied(valid("perio_exam", *EXAMS), sites).empty


def test_30_small_exams_and_exams_of_one_day_are_not_reported() -> None:
    same_day = [_exam("1", "2024-01-05"), _exam("2", "2024-01-05")]
    assert copied(valid("perio_exam", *same_day), valid("perio_site", *_chart("1", 6), *_chart("2", 6))).empty
    assert copied(valid("perio_exam", *EXAMS), valid("perio_site", *_chart("1", 2), *_chart("2", 2))).empty
    assert copied(valid("perio_exam"), valid("perio_site")).empty


def test_30_chunks_of_whole_exams_give_the_same_report() -> None:
    exams = valid("perio_exam", *EXAMS)
    charts = [valid("perio_site", *_chart("1", 6)), valid("perio_site", *_chart("2", 6))]
    in_chunks = carried_forward(exams, pd.concat([site_fingerprints(chart) for chart in charts]))
    pd.testing.assert_frame_equal(in_chunks, copied(exams, pd.concat(charts)))
