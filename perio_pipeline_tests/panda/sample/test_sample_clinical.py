"""The charts look like charts: arithmetic, anatomy, bleeding, the effect of therapy, and the plans drawn from them."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sample_practices import SamplePractice

SITES = ("MB", "B", "DB", "ML", "L", "DL")
STAGES = ("Stage I", "Stage II", "Stage III", "Stage IV")


def read_sites(database: sqlite3.Connection) -> pd.DataFrame:
    """Every measured site of a natural tooth outside the planted chart problems, decoded here once more."""
    rows = pd.read_sql(
        """SELECT m.*, e.PatID, e.ExamType, e.ExamDate FROM PerioMeas m JOIN PerioExam e USING (ExamNo)
           JOIN PerioTooth t USING (ExamNo, ToothNo) WHERE t.ToothStat = 'P'
           AND ExamNo NOT IN (SELECT ExamNo FROM PerioTooth WHERE ToothNo > 32)""",
        database,
    )
    frames = [
        rows[["ExamNo", "PatID", "ExamType", "ExamDate", "ToothNo"]].assign(
            site=site, depth=rows[f"PD_{site}"], margin=rows[f"GM_{site}"], flags=rows[f"BSPC_{site}"]
        )
        for site in SITES
    ]
    sites = pd.concat(frames, ignore_index=True)
    sites = sites[sites["depth"].between(0, 15)]
    coded = sites["margin"]
    return sites.assign(
        margin=np.where(coded > 100, 100 - coded, np.where(coded == -1, np.nan, coded)),
        bleeding=sites["flags"].astype(int) & 1,
        interdental=~sites["site"].isin(["B", "L"]),
    ).assign(loss=lambda frame: frame["depth"] + frame["margin"])


@pytest.fixture(scope="module")
def sites(sample250: SamplePractice) -> pd.DataFrame:
    return read_sites(sample250.database)


@pytest.fixture(scope="module")
def baseline(sample250: SamplePractice, sites: pd.DataFrame) -> pd.DataFrame:
    """Sites of the first exams, with the recorded diagnosis."""
    diagnoses = pd.read_sql("SELECT ExamNo, AAPClass, AAPGrade FROM PerioDx", sample250.database)
    first = sites.sort_values("ExamDate").groupby("PatID")["ExamNo"].first()
    return sites[sites["ExamNo"].isin(first)].merge(diagnoses, on="ExamNo")


def test_depths_and_margins_stay_within_anatomy(sites: pd.DataFrame) -> None:
    assert sites["depth"].between(0, 12).all()
    assert sites["margin"].dropna().between(-12, 15).all()


def test_attachment_loss_is_never_negative_and_tracks_depth(sites: pd.DataFrame) -> None:
    assert (sites["loss"].dropna() >= 0).all()
    assert np.corrcoef(sites["depth"], sites["margin"].fillna(sites["margin"].mean()))[0, 1] < 0.1
    between = sites[sites["interdental"]]
    assert between["loss"].corr(between["depth"]) > 0.5


def test_approximal_sites_are_deeper_than_mid_sites(baseline: pd.DataFrame) -> None:
    means = baseline.groupby("interdental")["depth"].mean()
    assert 2.8 < means[True] < 4.2
    assert means[True] - means[False] > 0.7


def test_the_mix_of_stages_is_that_of_a_specialist_practice(baseline: pd.DataFrame) -> None:
    stages = baseline.drop_duplicates("ExamNo").query("AAPClass in @STAGES")["AAPClass"].value_counts(normalize=True)
    for stage, share in zip(STAGES, (0.05, 0.20, 0.54, 0.21), strict=True):
        assert stages[stage] == pytest.approx(share, abs=0.08), stage


def test_grades_are_mostly_b_and_c(baseline: pd.DataFrame) -> None:
    grades = baseline.drop_duplicates("ExamNo")["AAPGrade"].value_counts(normalize=True)
    assert grades["A"] < 0.1
    assert 0.3 < grades["C"] < 0.6


def test_deeper_stages_have_deeper_pockets(baseline: pd.DataFrame) -> None:
    deep = baseline.assign(deep=baseline["depth"] >= 5).groupby("AAPClass")["deep"].mean()
    assert deep["Stage IV"] > deep["Stage III"] > deep["Stage II"] > deep["Stage I"]


def expected_stage(chart: pd.DataFrame, teeth: int) -> str:
    """Stage from the worst interdental loss and the natural teeth left, as the 2017 classification reads."""
    worst = chart[chart["interdental"] & ~chart["ToothNo"].isin([1, 16, 17, 32])]["loss"].max()
    if worst < 1:
        return "none"
    if worst >= 5:
        return "Stage IV" if teeth <= 23 else "Stage III"
    return "Stage II" if worst >= 3 else "Stage I"


def test_recorded_stages_follow_from_the_charts_in_about_nine_of_ten(baseline: pd.DataFrame) -> None:
    agree = []
    for _, chart in baseline.groupby("ExamNo"):
        recorded = chart["AAPClass"].iloc[0]
        teeth = chart.loc[~chart["ToothNo"].isin([1, 16, 17, 32]), "ToothNo"].nunique()
        found = expected_stage(chart, teeth)
        agree.append(found == recorded if recorded in STAGES else found == "none")
    assert 0.85 <= np.mean(agree) <= 0.98


def test_bleeding_is_high_at_first_and_low_in_maintenance(sites: pd.DataFrame, baseline: pd.DataFrame) -> None:
    ill = baseline[baseline["AAPClass"].isin(["Stage III", "Stage IV"])].groupby("ExamNo")["bleeding"].mean()
    assert ill.between(0.2, 0.8).all()
    assert 0.4 < ill.mean() < 0.6
    maintained = sites[sites["ExamType"] == "M"].groupby("ExamNo")["bleeding"].mean()
    assert 0.08 < maintained.mean() < 0.25


def test_therapy_makes_pockets_shallower_and_gums_bleed_less(sites: pd.DataFrame) -> None:
    per_exam = sites.groupby(["PatID", "ExamType"])[["depth", "bleeding"]].mean().unstack("ExamType").dropna()
    assert len(per_exam) > 30
    before, after = per_exam["depth"]["C"], per_exam["depth"]["R"]
    assert (before - after).mean() > 0.2
    assert (per_exam["bleeding"]["C"] > per_exam["bleeding"]["R"]).mean() > 0.9


def test_furcations_are_charted_only_where_there_is_an_entrance(sample: SamplePractice) -> None:
    odd = "SELECT COUNT(*) FROM PerioTooth WHERE ToothNo IN (6, 7, 8, 9, 10, 11, 22, 23, 24, 25, 26, 27) AND "
    fdi = "ExamNo NOT IN (SELECT ExamNo FROM PerioTooth WHERE ToothNo > 32) AND "
    found = sample.number(odd + fdi + "coalesce(FurcB, FurcL, FurcM, FurcD) IS NOT NULL")
    assert found <= sample.planted.problems["furcation_impossible"]
    assert sample.number("SELECT COUNT(*) FROM PerioTooth WHERE ToothStat <> 'P' AND FurcB > 0") == 0


def test_every_exam_has_all_teeth_and_charts_those_that_are_there(sample: SamplePractice) -> None:
    assert {count for (count,) in sample.rows("SELECT COUNT(*) FROM PerioTooth GROUP BY ExamNo")} == {32}
    there = sample.number("SELECT COUNT(*) FROM PerioTooth WHERE ToothStat <> 'M'")
    planted = sample.planted.problems
    extra = planted["depth_on_missing_tooth"] + planted["duplicate_chart_row"]
    assert sample.planted.rows["PerioMeas"] == there + extra


def test_first_molars_are_lost_more_often_than_canines(sample250: SamplePractice) -> None:
    lost = Counter(dict(sample250.rows("SELECT ToothNo, SUM(ToothStat <> 'P') FROM PerioTooth GROUP BY ToothNo")))
    assert min(lost[19], lost[30]) > max(lost[6], lost[11], lost[22], lost[27])


def test_patients_have_one_to_eight_exams(sample250: SamplePractice) -> None:
    counts = [count for (count,) in sample250.rows("SELECT COUNT(*) FROM PerioExam GROUP BY PatID")]
    assert 1 <= min(counts) <= max(counts) <= 8
    assert len(set(counts)) >= 5


def test_the_demo_has_about_eight_visits_and_six_notes_each(sample250: SamplePractice) -> None:
    rows = sample250.planted.rows
    assert 6.5 < rows["Visit"] / rows["Patient"] < 9.5
    assert 4.5 < rows["InstaNote"] / rows["Patient"] < 7


def test_few_teeth_scaling_names_one_to_three_teeth(sample: SamplePractice) -> None:
    lists = sample.rows("SELECT ToothRange FROM TxItem WHERE ProcCode = 'D4342' AND ToothRange GLOB '*,*'")
    plain = [teeth for (teeth,) in lists if re.fullmatch(r"\d+(,\d+)*", teeth)]
    assert plain
    assert all(teeth.count(",") < 3 for teeth in plain)


def test_maintenance_comes_after_active_therapy(sample: SamplePractice) -> None:
    early = """SELECT COUNT(*) FROM TxItem m JOIN TxItem t USING (PlanNo) WHERE m.ProcCode = 'D4910'
        AND m.ItemStatus = 'C' AND t.ProcCode IN ('D4341', 'D4342') AND t.DateCompleted >= m.DateCompleted"""
    assert sample.number(early) == 0
    alone = """SELECT COUNT(*) FROM TxItem m WHERE m.ProcCode = 'D4910' AND NOT EXISTS (SELECT 1 FROM TxItem t
        WHERE t.PlanNo = m.PlanNo AND t.ProcCode IN ('D4341', 'D4342', 'T4341', 'PM90', 'D9X99'))"""
    assert sample.number(alone) == 0


@pytest.mark.parametrize(("further", "first"), [("D4264", "D4263"), ("D4283", "D4273")])
def test_a_further_graft_needs_a_first_one(sample250: SamplePractice, further: str, first: str) -> None:
    plans = {plan for (plan,) in sample250.rows(f"SELECT PlanNo FROM TxItem WHERE ProcCode = '{further}'")}
    bases = {plan for (plan,) in sample250.rows(f"SELECT PlanNo FROM TxItem WHERE ProcCode = '{first}'")}
    assert plans
    assert len(plans - bases) <= sample250.planted.problems["orphan_item_code"]


def test_visits_after_today_are_booked_and_earlier_ones_are_not(sample: SamplePractice) -> None:
    assert (
        sample.number("SELECT COUNT(*) FROM Visit WHERE VisitDateTime > '2026-11-03' AND VisitStatus IN ('C', 'N')")
        == 0
    )
    assert (
        sample.number("SELECT COUNT(*) FROM Visit WHERE VisitDateTime < '2026-11-02' AND VisitStatus IN ('S', 'F')")
        == 0
    )
    assert sample.number("SELECT COUNT(*) FROM Visit WHERE VisitStatus = 'S'") > 0


def test_a_few_referrers_send_most_patients(sample250: SamplePractice) -> None:
    counts = [n for (n,) in sample250.rows("SELECT COUNT(*) n FROM PatReferral GROUP BY RefdrID ORDER BY n DESC")]
    assert sum(counts[:8]) > 0.4 * sum(counts)
    assert len(counts) > 25
