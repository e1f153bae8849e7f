"""Exam figures against charts worked out by hand, and against a naive count of random charts."""

from __future__ import annotations

import tempfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.clinical.exams import exam_summary
from perio_pipeline.clinical.frames import EXAM_SUMMARY
from perio_pipeline.clinical.teeth import INTERDENTAL_SITES, SEXTANTS
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import PERIO_EXAM, PERIO_SITE, PERIO_TOOTH, SITES
from perio_pipeline_tests.clinical.charts import Chart, at, frame, frames


def summary(*charts: Chart) -> pd.Series:
    return exam_summary(*frames(*charts)).iloc[0]


def test_the_frame_has_exactly_the_types_of_its_definition():
    expected = typed_frame(table_kinds(EXAM_SUMMARY)).dtypes
    pd.testing.assert_series_equal(exam_summary(*frames(Chart())).dtypes, expected)
    pd.testing.assert_series_equal(exam_summary(*frames()).dtypes, expected)


def test_a_hand_computed_asymmetric_mouth():
    """Three upper right teeth, two lower left, an implant; every figure worked out by hand."""
    blank = {"depth_mm": None}
    chart = Chart(
        everywhere=blank,
        probed=(2, 3, 5, 19, 20, 30),
        sites={
            (2, "MB"): {"depth_mm": 6, "recession_mm": 1, "bleeding": True, "suppuration": True},
            (2, "L"): {"depth_mm": 4, "recession_mm": -2},
            (3, "DB"): {"depth_mm": 3, "bleeding": False},
            (19, "ML"): {"depth_mm": 5, "recession_mm": 3, "bleeding": True},
            (19, "B"): {"depth_mm": 1, "recession_mm": 4},
            (20, "DL"): {"depth_mm": 2, "recession_mm": -3},
            (30, "B"): {"depth_mm": 7, "recession_mm": 5, "bleeding": True},
        },
        teeth={
            2: {"furcation_distal": 2, "mobility": "0.5"},
            3: {"furcation_buccal": 0},
            8: {"furcation_buccal": 3},
            19: {"furcation_lingual": 1, "mobility": "1.5"},
            1: {"status": "missing"},
            32: {"status": "missing"},
            30: {"status": "implant", "mobility": "3", "furcation_buccal": 3},
        },
    )
    row = summary(chart)
    assert row["sites_probed"] == 7
    assert row["bop_percent"] == Decimal("42.9")
    assert row["mean_depth_mm"] == Decimal("4.00")
    assert (row["max_depth_mm"], row["sites_4mm_up"], row["sites_6mm_up"]) == (7, 4, 2)
    assert row["mean_recession_mm"] == Decimal("1.60")
    assert row["max_recession_mm"] == 4
    assert row["cal_sites"] == 5
    assert row["mean_cal_mm"] == Decimal("4.40")
    assert (row["max_cal_mm"], row["max_interdental_cal_mm"]) == (8, 8)
    assert row["suppuration_sites"] == 1
    assert (row["teeth_present"], row["teeth_missing"], row["implants"]) == (29, 2, 1)
    assert (row["max_furcation"], row["teeth_with_furcation"]) == (2, 2)
    assert row["max_mobility"] == Decimal("1.5")
    assert row["probing_summary"] == "S1 6 | S2 - | S3 - | S4 5 | S5 - | S6 -"


@pytest.mark.parametrize("sextant", SEXTANTS)
def test_each_sextant_reports_its_own_teeth(sextant):
    first, last = SEXTANTS[sextant][0], SEXTANTS[sextant][-1]
    row = summary(
        Chart(probed=range(1, 33), teeth={}, sites={**at([first], "DL", depth_mm=8), **at([last], "MB", depth_mm=9)})
    )
    assert [row[f"s{other}_max_mm"] for other in SEXTANTS] == [9 if other == sextant else 2 for other in SEXTANTS]


def test_a_sextant_with_one_probed_tooth_is_not_scored():
    row = summary(Chart(probed=(3, 14, 15)))
    assert row["probing_summary"] == "S1 - | S2 - | S3 2 | S4 - | S5 - | S6 -"


def test_an_implant_neither_scores_a_sextant_nor_is_its_deepest_site():
    chart = Chart(probed=(3, 4, 5), teeth={5: {"status": "implant"}}, sites=at([5], "B", depth_mm=9))
    row = summary(chart)
    assert (row["s1_max_mm"], row["max_depth_mm"]) == (2, 9)
    assert pd.isna(summary(Chart(probed=(4, 5), teeth={5: {"status": "implant"}}))["s1_max_mm"])


def test_sites_of_a_missing_tooth_count_nowhere():
    chart = Chart(probed=(3, 4), teeth={4: {"status": "missing"}}, sites=at([4], "B", depth_mm=9, bleeding=True))
    row = summary(chart)
    assert (row["sites_probed"], row["max_depth_mm"], row["bop_percent"]) == (6, 2, Decimal(0))


def test_a_site_that_could_not_be_assessed_is_not_probed():
    chart = Chart(probed=(3,), sites=at([3], "B", depth_state="not_assessable", depth_mm=9, bleeding=True))
    row = summary(chart)
    assert (row["sites_probed"], row["max_depth_mm"], row["bop_percent"]) == (5, 2, Decimal(0))


def test_bleeding_nobody_recorded_is_unknown_and_an_empty_flag_beside_others_is_dry():
    assert pd.isna(summary(Chart(everywhere={"depth_mm": 3}))["bop_percent"])
    chart = Chart(everywhere={"depth_mm": 3}, probed=(3,), sites=at([3], "B", depth_mm=3, bleeding=True))
    assert summary(chart)["bop_percent"] == Decimal("16.7")


def test_an_unprobed_exam_has_counts_of_zero_and_no_figures():
    row = exam_summary(frame(PERIO_SITE), frame(PERIO_TOOTH), frame(PERIO_EXAM, [Chart().exam_row()])).iloc[0]
    assert (row["sites_probed"], row["cal_sites"]) == (0, 0)
    known = {"exam_id", "patient_id", "exam_date", "sites_probed", "cal_sites"}
    assert row.drop(labels=list(known)).isna().all()


def test_without_margins_attachment_loss_is_unknown():
    row = summary(Chart(everywhere={"depth_mm": 5}))
    assert row["cal_sites"] == 0
    assert (
        row[["mean_cal_mm", "max_cal_mm", "max_interdental_cal_mm", "mean_recession_mm", "max_recession_mm"]]
        .isna()
        .all()
    )


def test_coronal_margins_are_no_recession_and_attachment_loss_is_never_negative():
    row = summary(Chart(everywhere={"depth_mm": 2, "recession_mm": -5}))
    assert (row["max_recession_mm"], row["max_cal_mm"], row["mean_cal_mm"]) == (0, 0, Decimal(0))


def test_a_folder_of_parquet_files_reads_as_one_table(tmp_path):
    charts = [Chart(exam_id="E1"), Chart(exam_id="E2", sites=at([3], "B", depth_mm=7))]
    for number, chart in enumerate(charts):
        chart_sites, _, _ = frames(chart)
        chart_sites.to_parquet(tmp_path / f"part-{number}.parquet")
    _, teeth, exams = frames(*charts)
    assert list(exam_summary(tmp_path, teeth, exams)["max_depth_mm"]) == [2, 7]
    assert list(exam_summary(f"{tmp_path}/*.parquet", teeth, exams)["max_depth_mm"]) == [2, 7]


depths = st.one_of(st.none(), st.integers(0, 15))
flags = st.sampled_from([None, False, True])
readings = st.fixed_dictionaries(
    {"depth_mm": depths, "recession_mm": st.one_of(st.none(), st.integers(-12, 15)), "bleeding": flags}
)
places = st.tuples(st.integers(1, 32), st.sampled_from(SITES))
statuses = st.fixed_dictionaries({"status": st.sampled_from(["present", "present", "missing", "implant"])})
charts = st.builds(
    Chart,
    everywhere=st.just({"depth_mm": None}),
    probed=st.just(range(1, 33)),
    sites=st.dictionaries(places, readings, max_size=40),
    teeth=st.dictionaries(st.integers(1, 32), statuses, max_size=8),
    charts_teeth=st.booleans(),
)


def half_up(part: int, total: int, places_after: int) -> Decimal | None:
    if not total:
        return None
    return (Decimal(part) / Decimal(total)).quantize(Decimal(1).scaleb(-places_after), ROUND_HALF_UP)


def plain(value: object) -> object:
    return None if pd.isna(value) else value


@settings(max_examples=40, deadline=None)
@given(charts)
def test_every_figure_agrees_with_counting_site_by_site(chart):
    row = summary(chart)
    status = {tooth["tooth"]: tooth["status"] for tooth in chart.tooth_rows()}
    counted = [site for site in chart.site_rows() if status.get(site["tooth"]) != "missing"]
    probed = [site for site in counted if site["depth_mm"] is not None]
    natural = [site for site in counted if status.get(site["tooth"]) != "implant"]
    margins = [max(site["recession_mm"], 0) for site in natural if site.get("recession_mm") is not None]
    losses = {
        (site["tooth"], site["site"]): max(site["depth_mm"] + site["recession_mm"], 0)
        for site in natural
        if site["depth_mm"] is not None and site.get("recession_mm") is not None
    }
    deep = [site["depth_mm"] for site in probed]
    bleeding = half_up(100 * sum(bool(site["bleeding"]) for site in probed), len(probed), 1)
    is_recorded = any(site.get("bleeding") is not None for site in counted)
    assert row["sites_probed"] == len(probed)
    assert plain(row["bop_percent"]) == (bleeding if is_recorded else None)
    assert plain(row["mean_depth_mm"]) == half_up(sum(deep), len(deep), 2)
    assert plain(row["max_depth_mm"]) == max(deep, default=None)
    assert plain(row["mean_recession_mm"]) == half_up(sum(margins), len(margins), 2)
    assert plain(row["max_recession_mm"]) == max(margins, default=None)
    assert row["cal_sites"] == len(losses)
    assert plain(row["mean_cal_mm"]) == half_up(sum(losses.values()), len(losses), 2)
    assert plain(row["max_cal_mm"]) == max(losses.values(), default=None)
    interdental = [loss for (_, site), loss in losses.items() if site in INTERDENTAL_SITES]
    assert plain(row["max_interdental_cal_mm"]) == max(interdental, default=None)
    for sextant, teeth in SEXTANTS.items():
        there = [site for site in natural if site["depth_mm"] is not None and site["tooth"] in teeth]
        is_scored = len({site["tooth"] for site in there}) >= 2
        assert plain(row[f"s{sextant}_max_mm"]) == (max(site["depth_mm"] for site in there) if is_scored else None)


@settings(max_examples=20, deadline=None)
@given(charts)
def test_figures_keep_their_bounds_whatever_the_chart(chart):
    row = summary(chart)
    assert pd.isna(row["bop_percent"]) or 0 <= row["bop_percent"] <= 100
    for figure in ("depth", "recession", "cal"):
        mean, largest = row[f"mean_{figure}_mm"], row[f"max_{figure}_mm"]
        assert pd.isna(mean) == pd.isna(largest)
        assert pd.isna(mean) or 0 <= mean <= int(largest)
    scored = [row[f"s{sextant}_max_mm"] for sextant in SEXTANTS if pd.notna(row[f"s{sextant}_max_mm"])]
    assert all(depth <= row["max_depth_mm"] for depth in scored)
    assert pd.isna(row["sites_6mm_up"]) or row["sites_6mm_up"] <= row["sites_4mm_up"] <= row["sites_probed"]


@settings(max_examples=8, deadline=None)
@given(charts)
def test_a_frame_and_its_parquet_file_give_the_same_summary(chart):
    sites, teeth, exams = frames(chart)
    with tempfile.TemporaryDirectory() as folder:
        site_file, tooth_file = Path(folder, "sites.parquet"), Path(folder, "teeth.parquet")
        sites.to_parquet(site_file)
        teeth.to_parquet(tooth_file)
        from_files = exam_summary(site_file, tooth_file, exams)
    pd.testing.assert_frame_equal(exam_summary(sites, teeth, exams), from_files)
