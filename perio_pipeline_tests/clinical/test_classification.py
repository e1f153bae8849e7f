"""Staging, grading and extent at their boundaries, one rule per test, on mouths that differ from side to side."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.clinical.classification import recorded, suggest
from perio_pipeline.clinical.frames import RECORDED, SUGGESTION
from perio_pipeline.clinical.staging import RANKS
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import PERIO_DIAGNOSIS, SITES
from perio_pipeline_tests.clinical.charts import (
    HEALTHY,
    NO_WISDOM_TEETH,
    THIRD_MOLARS_ABSENT,
    Chart,
    at,
    frame,
    frames,
    patients,
)


def suggestion(chart: Chart, **known: object) -> pd.Series:
    return suggest(*frames(chart), patients(**known)).iloc[0]


def course(*charts: Chart, **known: object) -> pd.DataFrame:
    return suggest(*frames(*charts), patients(**known)).set_index("exam_id")


def loss(millimetres: int, teeth: tuple[int, ...] = (3, 14, 20)) -> dict:
    """Interdental attachment loss by recession, over shallow pockets, so that nothing else raises the stage."""
    return at(teeth, "DB", depth_mm=3, recession_mm=millimetres - 3)


def missing(*teeth: int) -> dict:
    return {**THIRD_MOLARS_ABSENT, **{tooth: {"status": "missing"} for tooth in teeth}}


def codes(row: pd.Series) -> set[str]:
    return set(row["basis"].split("+"))


def test_the_frame_has_exactly_the_types_of_its_definition():
    expected = typed_frame(table_kinds(SUGGESTION))
    pd.testing.assert_frame_equal(suggest(*frames(), patients()), expected)
    pd.testing.assert_series_equal(suggest(*frames(Chart()), patients()).dtypes, expected.dtypes)


def test_a_dry_shallow_mouth_without_loss_is_healthy_and_has_no_grade_or_extent():
    row = suggestion(Chart())
    assert (row["stage_suggested"], row["confidence"]) == ("healthy", "high")
    assert row[["grade_suggested", "grade_basis", "extent_suggested", "basis"]].isna().all()


@pytest.mark.parametrize(
    ("bleeding", "diagnosis", "extent"),
    [
        (5, "healthy", None),
        (6, "gingivitis", "localized"),
        (18, "gingivitis", "localized"),
        (19, "gingivitis", "generalized"),
    ],
)
def test_gingivitis_begins_at_ten_percent_and_is_generalised_above_thirty(bleeding, diagnosis, extent):
    """Ten teeth have 60 sites: 6 are 10 %, 18 are 30 %."""
    probed = NO_WISDOM_TEETH[:10]
    sites = {place: {"bleeding": True} for place in [(tooth, site) for tooth in probed for site in SITES][:bleeding]}
    row = suggestion(Chart(probed=probed, sites=sites))
    assert (row["stage_suggested"], "partial_chart" in codes(row)) == (diagnosis, True)
    assert row["extent_suggested"] == extent or (extent is None and pd.isna(row["extent_suggested"]))


@pytest.mark.parametrize(
    ("millimetres", "diagnosis"),
    [(1, "stage_1"), (2, "stage_1"), (3, "stage_2"), (4, "stage_2"), (5, "stage_3"), (9, "stage_3")],
)
def test_the_worst_interdental_attachment_loss_sets_the_stage(millimetres, diagnosis):
    row = suggestion(Chart(sites=loss(millimetres)))
    assert (row["stage_suggested"], row["confidence"], row["basis"]) == (diagnosis, "high", "interdental_cal")


@pytest.mark.parametrize(("teeth", "is_case"), [((3,), False), ((3, 4), False), ((3, 5), True), ((8, 9), False)])
def test_a_case_needs_interdental_loss_on_teeth_that_are_not_neighbours(teeth, is_case):
    row = suggestion(Chart(sites=loss(4, teeth)))
    assert row["stage_suggested"] == ("stage_2" if is_case else "healthy")


def test_a_case_that_rests_on_two_teeth_is_less_certain():
    row = suggestion(Chart(sites=loss(4, (3, 19))))
    assert (row["confidence"], "two_teeth" in codes(row)) == ("medium", True)


@pytest.mark.parametrize(
    ("depth", "recession", "teeth", "diagnosis"),
    [
        (4, -1, (4, 5), "stage_2"),
        (4, 1, (4, 5), "stage_3"),
        (4, -2, (4, 5), "healthy"),
        (3, 3, (4, 5), "healthy"),
        (4, 0, (4,), "healthy"),
    ],
)
def test_oral_loss_of_three_millimetres_under_a_pocket_on_two_teeth_is_a_case(depth, recession, teeth, diagnosis):
    row = suggestion(Chart(sites=at(teeth, "B", depth_mm=depth, recession_mm=recession)))
    assert row["stage_suggested"] == diagnosis
    assert ("oral_cal" in str(row["basis"])) == (diagnosis != "healthy")


@pytest.mark.parametrize(
    ("depth", "diagnosis", "code"),
    [(4, "stage_1", None), (5, "stage_2", "depth_5mm"), (6, "stage_3", "depth_6mm")],
)
def test_pockets_raise_the_stage(depth, diagnosis, code):
    pocket = at([30], "L", depth_mm=depth, recession_mm=-depth)
    row = suggestion(Chart(sites={**loss(1), **pocket}))
    assert row["stage_suggested"] == diagnosis
    assert codes(row) == {"interdental_cal", code} - {None}
    assert row["confidence"] == ("medium" if code else "high")


@pytest.mark.parametrize(("degree", "diagnosis"), [(1, "stage_1"), (2, "stage_3"), (3, "stage_3")])
def test_a_deep_furcation_makes_stage_three_and_one_on_an_incisor_is_no_furcation(degree, diagnosis):
    molar = Chart(sites=loss(2), teeth={**THIRD_MOLARS_ABSENT, 14: {"furcation_mesial": degree}})
    incisor = Chart(sites=loss(2), teeth={**THIRD_MOLARS_ABSENT, 8: {"furcation_mesial": degree}})
    assert suggestion(molar)["stage_suggested"] == diagnosis
    assert suggestion(incisor)["stage_suggested"] == "stage_1"


@pytest.mark.parametrize(
    ("millimetres", "mobility", "diagnosis"), [(5, "2", "stage_4"), (5, "1.5", "stage_3"), (4, "2", "stage_2")]
)
def test_mobility_of_grade_two_makes_severe_periodontitis_stage_four(millimetres, mobility, diagnosis):
    chart = Chart(sites=loss(millimetres), teeth={**THIRD_MOLARS_ABSENT, 24: {"mobility": mobility}})
    assert suggestion(chart)["stage_suggested"] == diagnosis


@pytest.mark.parametrize(("others", "diagnosis"), [(8, "stage_3"), (9, "stage_4")])
def test_fewer_than_twenty_remaining_teeth_make_severe_periodontitis_stage_four(others, diagnosis):
    """With the four third molars, eight others missing leave exactly 20 teeth."""
    gone = (2, 4, 5, 12, 13, 15, 18, 21, 28)[:others]
    probed = [tooth for tooth in NO_WISDOM_TEETH if tooth not in gone]
    row = suggestion(Chart(probed=probed, sites=loss(5), teeth=missing(*gone)))
    assert row["stage_suggested"] == diagnosis
    assert row["confidence"] == "medium"


def test_a_chart_of_a_few_teeth_is_not_a_mouth_of_a_few_teeth():
    row = suggestion(Chart(probed=(3, 14, 20, 21), sites=loss(5), charts_teeth=False))
    assert row["stage_suggested"] == "stage_3"
    assert "partial_chart" in codes(row)


@pytest.mark.parametrize(
    ("millimetres", "gone", "is_unsure"), [(2, 0, False), (2, 1, True), (5, 4, False), (5, 5, True)]
)
def test_lost_teeth_leave_the_stage_and_lower_the_confidence(millimetres, gone, is_unsure):
    lost = (2, 5, 12, 18, 31)[:gone]
    probed = [tooth for tooth in NO_WISDOM_TEETH if tooth not in lost]
    row = suggestion(Chart(probed=probed, sites=loss(millimetres), teeth=missing(*lost)))
    assert row["stage_suggested"] == ("stage_1" if millimetres == 2 else "stage_3")
    assert ("tooth_loss_cause_unknown" in codes(row)) == is_unsure
    assert row["confidence"] == ("medium" if is_unsure else "high")


def test_implants_and_third_molars_do_not_make_a_case():
    implants = {tooth: {"status": "implant"} for tooth in (3, 14, 20)}
    chart = Chart(
        probed=range(1, 33),
        sites={**loss(8), **loss(8, (1, 16, 32)), **at([3], "B", depth_mm=9)},
        teeth=implants,
    )
    row = suggestion(chart)
    assert (row["stage_suggested"], row["basis"]) == ("healthy", "implants_excluded")


@pytest.mark.parametrize(("depth", "diagnosis"), [(4, "stage_1"), (5, "stage_2"), (6, "stage_3")])
def test_without_margins_depth_alone_gives_a_hint(depth, diagnosis):
    chart = Chart(everywhere={"depth_mm": 2, "bleeding": False}, sites=at((3, 14), "MB", depth_mm=depth, bleeding=True))
    row = suggestion(chart)
    assert (row["stage_suggested"], row["confidence"]) == (diagnosis, "low")
    assert {"depth_only", "no_margins"} <= codes(row)


def test_margins_of_zero_over_a_shallow_sulcus_are_no_loss_where_no_margin_is_ever_coronal():
    flat = {"depth_mm": 3, "recession_mm": 0, "bleeding": False}
    row = suggestion(Chart(everywhere=flat))
    assert (row["stage_suggested"], row["confidence"], row["basis"]) == ("healthy", "medium", "zero_margins")
    measured = suggestion(Chart(everywhere=flat, sites=at([24], "B", depth_mm=2, recession_mm=-1)))
    assert (measured["stage_suggested"], measured["confidence"]) == ("stage_2", "high")


@pytest.mark.parametrize(("uncharted", "confidence"), [(2, "high"), (3, "medium"), (14, "medium"), (15, "low")])
def test_margins_charted_in_part_lower_the_confidence(uncharted, confidence):
    """Interdental margins missing on 2, 3, 14 and 15 of 28 teeth: 93, 89, 50 and 46 % are charted."""
    blind = [tooth for tooth in NO_WISDOM_TEETH if tooth not in (3, 14, 20)][:uncharted]
    gaps = {(tooth, site): {"recession_mm": None} for tooth in blind for site in SITES}
    assert suggestion(Chart(sites={**loss(2), **gaps}))["confidence"] == confidence
    assert suggestion(Chart(sites={**loss(5), **gaps}))["confidence"] == "high"


def test_without_bleeding_records_health_is_unknown_but_periodontitis_is_not():
    quiet = {"depth_mm": 2, "recession_mm": -2}
    row = suggestion(Chart(everywhere=quiet))
    assert pd.isna(row["stage_suggested"])
    assert pd.isna(row["confidence"])
    assert row["basis"] == "bleeding_not_recorded"
    assert suggestion(Chart(everywhere=quiet, sites=loss(4)))["stage_suggested"] == "stage_2"


def test_an_unprobed_exam_gets_no_suggestion():
    row = suggestion(Chart(probed=()))
    assert pd.isna(row["stage_suggested"])
    assert row["basis"] == "not_probed"


@pytest.mark.parametrize(
    ("depth", "is_bleeding", "diagnosis"), [(4, False, "healthy"), (4, True, "gingivitis"), (5, False, "gingivitis")]
)
def test_isolated_pockets_without_a_case_give_a_hint(depth, is_bleeding, diagnosis):
    row = suggestion(Chart(sites=at([8], "B", depth_mm=depth, recession_mm=-depth, bleeding=is_bleeding)))
    assert (row["stage_suggested"], row["confidence"], row["basis"]) == (diagnosis, "low", "isolated_pockets")


@pytest.mark.parametrize(
    ("teeth", "extent"),
    [
        ((2, 4, 6, 8, 12, 14, 18, 20), "localized"),
        ((2, 4, 6, 8, 12, 14, 18, 20, 22), "generalized"),
        ((3, 8, 14, 24), "molar_incisor"),
        ((3, 8, 9), "localized"),
        ((3, 14, 19, 30), "localized"),
        ((3, 8, 13, 14), "localized"),
    ],
)
def test_extent_is_the_share_of_teeth_at_the_severity_of_the_stage(teeth, extent):
    """8 of 28 teeth are 28.6 %, 9 are 32.1 %; milder loss everywhere else does not widen it."""
    mild = loss(1, NO_WISDOM_TEETH)
    assert suggestion(Chart(sites={**mild, **loss(3, teeth)}))["extent_suggested"] == extent


@pytest.mark.parametrize(
    ("known", "grade", "basis"),
    [
        ({}, "B", "default"),
        ({"smoking": "current", "cigarettes_per_day": 9}, "B", "default"),
        ({"smoking": "current", "cigarettes_per_day": 10}, "C", "smoking"),
        ({"smoking": "unknown", "cigarettes_per_day": 20}, "C", "smoking"),
        ({"smoking": "former", "cigarettes_per_day": 20}, "B", "default"),
        ({"diabetes": True, "hba1c": "6.9"}, "B", "default"),
        ({"diabetes": True, "hba1c": "7.0"}, "C", "hba1c"),
        ({"diabetes": False, "hba1c": "8.0"}, "B", "default"),
        ({"smoking": "current", "cigarettes_per_day": 15, "diabetes": True, "hba1c": "9"}, "C", "smoking+hba1c"),
    ],
)
def test_smoking_and_diabetes_can_only_raise_the_grade(known, grade, basis):
    row = suggestion(Chart(sites=loss(4)), **known)
    assert (row["grade_suggested"], row["grade_basis"]) == (grade, basis)


def test_a_patient_who_is_not_in_the_frame_is_graded_by_default():
    assert suggestion(Chart(patient_id="P9", sites=loss(4)))["grade_basis"] == "default"


@pytest.mark.parametrize(
    ("first", "last", "later", "grade", "basis"),
    [
        ("2019-05-06", "2024-05-06", 6, "C", "progression"),
        ("2019-05-06", "2024-05-06", 5, "B", "default"),
        ("2019-05-06", "2024-05-06", 4, "A", "progression"),
        ("2019-05-07", "2024-05-06", 4, "B", "default"),
        ("2019-05-05", "2024-05-06", 6, "B", "default"),
    ],
)
def test_the_patients_own_exams_grade_progression_over_five_years(first, last, later, grade, basis):
    charts = (
        Chart(exam_id="E1", exam_date=first, sites=loss(4)),
        Chart(exam_id="E2", exam_date=last, sites=loss(later)),
    )
    row = course(*charts, smoking="never", diabetes=False).loc["E2"]
    assert (row["grade_suggested"], row["grade_basis"]) == (grade, basis)


@pytest.mark.parametrize(
    "known", [{}, {"smoking": "current"}, {"smoking": "never"}, {"smoking": "never", "diabetes": True}]
)
def test_grade_a_needs_a_known_non_smoker_without_diabetes(known):
    charts = (
        Chart(exam_id="E1", exam_date="2015-01-01", sites=loss(4)),
        Chart(exam_id="E2", exam_date="2024-01-01", sites=loss(4)),
    )
    assert course(*charts, **known).loc["E2", "grade_suggested"] == "B"


def test_an_exam_without_margins_is_no_evidence_of_progression_either_way():
    pockets = {"depth_mm": 5, "bleeding": True}
    charts = (
        Chart(exam_id="E1", exam_date="2014-01-01", sites=loss(4)),
        Chart(exam_id="E2", exam_date="2020-01-01", everywhere=pockets),
        Chart(exam_id="E3", exam_date="2021-01-01", sites=loss(5)),
    )
    found = course(*charts, smoking="never", diabetes=False)
    assert found["grade_suggested"].tolist() == ["B", "B", "B"]
    assert set(found["grade_basis"]) == {"default"}


def test_a_stage_is_kept_after_therapy_and_never_lent_to_another_patient_or_an_earlier_exam():
    charts = (
        Chart(exam_id="E3", exam_date="2021-01-01", sites=loss(2)),
        Chart(exam_id="E1", exam_date="2022-01-01", sites=loss(5)),
        Chart(exam_id="E2", exam_date="2023-01-01"),
        Chart(exam_id="E4", exam_date="2024-01-01", patient_id="P2"),
        Chart(exam_id="E5", exam_date="2024-01-01", probed=()),
    )
    found = course(*charts)
    assert found["stage_suggested"].fillna("-").to_dict() == {
        "E1": "stage_3",
        "E2": "stage_3",
        "E3": "stage_1",
        "E4": "healthy",
        "E5": "-",
    }
    assert found.loc["E2", ["confidence", "basis"]].tolist() == ["medium", "kept_from_earlier_exam"]
    assert found.loc["E2", "grade_suggested"] == "B"


def test_a_hint_is_not_kept():
    pockets = Chart(exam_id="E1", exam_date="2020-01-01", everywhere={"depth_mm": 5, "bleeding": True})
    assert course(pockets, Chart(exam_id="E2")).loc["E2", "stage_suggested"] == "healthy"


def test_the_latest_recorded_diagnosis_counts_by_time_and_then_id():
    rows = [
        {"diagnosis_id": "D1", "patient_id": "P1", "diagnosed_at": "2024-01-02 10:00", "classification": "stage_2"},
        {"diagnosis_id": "D3", "patient_id": "P1", "diagnosed_at": "2024-01-02 10:00", "classification": "stage_3"},
        {"diagnosis_id": "D4", "patient_id": "P1", "diagnosed_at": "2023-01-02 10:00", "classification": "healthy"},
        {"diagnosis_id": "D2", "patient_id": "P0", "diagnosed_at": "2020-01-02 10:00", "classification": "gingivitis"},
    ]
    latest = recorded(frame(PERIO_DIAGNOSIS, rows))
    assert latest[["patient_id", "classification"]].values.tolist() == [["P0", "gingivitis"], ["P1", "stage_3"]]
    pd.testing.assert_frame_equal(recorded(frame(PERIO_DIAGNOSIS)), typed_frame(table_kinds(RECORDED)))


losses = st.dictionaries(
    st.tuples(st.sampled_from(NO_WISDOM_TEETH), st.sampled_from(SITES)),
    st.fixed_dictionaries(
        {"depth_mm": st.integers(1, 9), "recession_mm": st.integers(-3, 5), "bleeding": st.booleans()}
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(losses, st.sampled_from(NO_WISDOM_TEETH))
def test_more_attachment_loss_never_lowers_the_stage(sites, tooth):
    before = suggestion(Chart(everywhere=HEALTHY, sites=sites))["stage_suggested"]
    worse = {**sites, (tooth, "MB"): {"depth_mm": 9, "recession_mm": 5, "bleeding": True}}
    after = suggestion(Chart(everywhere=HEALTHY, sites=worse))["stage_suggested"]
    assert RANKS.index(after) >= RANKS.index(before)
