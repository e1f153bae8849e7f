"""A practice on Freshsales Growth, which has no custom modules and no look-up fields (requirements G8, F3, F6)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline_tests.end_to_end.freshsales_view import custom, frame, get
from perio_pipeline_tests.end_to_end.world import World, checks, failures, world

pytestmark = pytest.mark.slow
CRM = "freshsales"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, sample_60: Path) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("growth"), sample_60, {"plan": "growth"}, crm=CRM) as made:
        made.migrate()
        yield made


def test_g8_the_whole_practice_arrives_with_every_check_green(moved: World) -> None:
    (result,) = moved.results
    assert failures(result) == {}
    assert [name for name, check in checks(result).items() if not check.passed] == []
    status = moved.status()
    assert sum(item.differences_unexplained + item.failed for item in status.values()) == 0
    assert status["treatment_plan_notes"].cells_compared > 0


def test_g8_every_line_is_accounted_for_as_arriving_in_a_note(moved: World) -> None:
    status = moved.status()
    lines, notes = status["treatment_plan_lines"], status["treatment_plan_notes"]
    assert (lines.shaped, lines.created) == (0, 0)
    left_out = frame(moved, CRM, "left_out", "treatment_plan_lines")
    reasons = left_out.loc[left_out["category"] == "elsewhere", "reason"].unique().tolist()
    assert reasons == ["arrives as treatment_plan_notes: the plan growth has no custom modules"]
    assert (left_out["category"] == "elsewhere").sum() == notes.shaped > notes.created > 0


def test_f3_the_lines_are_readable_on_the_deal_as_its_user_sees_them(moved: World) -> None:
    seen = frame(moved, CRM, "readback", "treatment_plan_notes")
    items = frame(moved, "validated", "treatment_item")
    codes = frame(moved, "validated", "procedure_code").set_index("code")["label"]
    plan_id, count = next(iter(items[items["plan_id"].isin(seen["source_key"])]["plan_id"].value_counts().items()))
    assert count > 3
    deal_id = seen.set_index("source_key").loc[plan_id, "link.deal_id"]
    assert f"(PLAN-{plan_id})" in get(moved, f"/deals/{deal_id}")["deal"]["name"]
    (note,) = get(moved, f"/deals/{deal_id}/notes")["notes"]
    text = note["description"]
    assert text.rstrip().endswith(f"[PANDA plan lines {plan_id}]")
    places = []
    for line in items[items["plan_id"] == plan_id].sort_values("sequence").itertuples():
        title = " ".join(f"{line.procedure_code} {codes[line.procedure_code]}".split())
        places.append(text.index(title, places[-1] + 1 if places else 0))
        for said in (line.status.replace("_", " "), line.description, line.teeth):
            assert pd.isna(said) or said in text
        for day in (line.scheduled_date, line.completed_date):
            assert pd.isna(day) or f"{day:%Y-%m-%d}" in text
    assert places == sorted(places)


def test_f3_the_deal_says_how_far_the_plan_has_come(moved: World) -> None:
    row = frame(moved, CRM, "readback", "deals").dropna(subset=["Plan_Next_Scheduled__c", "Plan_Total_Fee__c"]).iloc[0]
    values = custom(moved, "deals", get(moved, f"/deals/{row['crm_id']}")["deal"])
    items = frame(moved, "validated", "treatment_item")
    lines = items[items["plan_id"] == row["source_key"]]
    open_lines = lines[~lines["status"].isin(["declined", "completed"])]
    assert values["Procedure lines"] == len(lines)
    assert values["Completed lines"] == (lines["status"] == "completed").sum()
    assert values["Next scheduled"][:10] == f"{open_lines['scheduled_date'].min():%Y-%m-%d}"
    assert float(values["Total fee"]) == float(lines.loc[lines["status"] != "declined", "fee"].sum())


def test_f6_the_referrer_is_named_where_no_field_can_link_to_them(moved: World) -> None:
    row = frame(moved, CRM, "readback", "contacts").dropna(subset=["Referred_By_Name__c"]).iloc[0]
    values = custom(moved, "contacts", get(moved, f"/contacts/{row['crm_id']}")["contact"])
    shaped = frame(moved, CRM, "shaped", "contacts").set_index("source_key")
    source_id = shaped.loc[row["source_key"], "link.Referred_By__c"]
    referrers = frame(moved, CRM, "readback", "referring_dentists").set_index("source_key")
    assert values["Referred by (name)"].endswith(f"({referrers.loc[source_id, 'external_id']})")
    assert referrers.loc[source_id, "last_name"] in values["Referred by (name)"]
    assert "Referred by" not in values
