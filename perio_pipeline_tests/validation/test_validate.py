"""P2: every extract row becomes valid or is quarantined, and everything done to it is recorded."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.errors import SettingsError
from perio_pipeline.panda.frames import extract_kinds, table_kinds, typed_frame
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.findings import QUARANTINE, TREATMENTS
from perio_pipeline.validation.missing_teeth import MissingTeeth
from perio_pipeline.validation.treatments import RULES, Action
from perio_pipeline.validation.validate import validate

from .rows import CONTEXT, PARENTS, SOUND, TODAY, cell, extract, failures, outcome, records, treatments

WORDS = [
    *("", " ", "1", "P1", "3", "40", "-4", "9.5", "true", "?16", "active", "measured", "MB", "soap"),
    *("1900-01-01", "2025-03-09 02:30:00", "13/45/2020", "3-5", "5-3", "UR quad", "1+", "NA"),
    *("SMITH JR.", "a@b", "555-0142 x4"),
]


@st.composite
def any_extracts(draw: st.DrawFn) -> tuple[str, pd.DataFrame]:
    name = draw(st.sampled_from(sorted(TABLES)))
    table = TABLES[name]
    row = st.fixed_dictionaries(
        {
            column.name: st.none() | st.sampled_from([*WORDS, *column.choices]) | st.text(max_size=12)
            for column in table.columns
        }
    )
    sound = st.just(SOUND[name]) if name in SOUND else row
    frame = typed_frame(extract_kinds(table), draw(st.lists(row | sound, max_size=6)))
    frame.index = frame.index + draw(st.sampled_from([0, 500_000]))
    return name, frame


@settings(max_examples=150, deadline=None)
@given(any_extracts(), st.booleans())
def test_p2_every_row_of_any_extract_is_valid_or_quarantined(case: tuple[str, pd.DataFrame], bridged: bool) -> None:
    name, frame = case
    teeth = pd.DataFrame({"exam_id": ["1"], "tooth": pd.array([3], dtype="Int64"), "status": ["missing"]})
    context = replace(CONTEXT, bridge_fed=bridged, missing_teeth=MissingTeeth.of([teeth]))
    found = validate(TABLES[name], frame, PARENTS, context)
    assert len(frame) == len(found.valid) + found.quarantine["row"].nunique()
    assert set(found.quarantine["row"]) <= set(frame.index)
    assert not set(found.quarantine["row"]) & set(found.treatments["row"])
    assert found.valid.dtypes.to_dict() == typed_frame(table_kinds(TABLES[name])).dtypes.to_dict()
    assert found.quarantine.dtypes.to_dict() == typed_frame(QUARANTINE).dtypes.to_dict()
    assert found.treatments.dtypes.to_dict() == typed_frame(TREATMENTS).dtypes.to_dict()
    assert not found.valid.duplicated(list(TABLES[name].key)).any()
    for lines in (found.quarantine, found.treatments):
        assert set(lines["rule"]) <= set(RULES)
        assert lines[["row_key", "column", "reason"]].notna().all(axis=None)


def test_p2_what_passed_validation_passes_again_unchanged_but_for_reports() -> None:
    first = outcome("patient", {"last_name": "SMITH, JR.", "home_phone": "NA", "birth_date": "1900-01-01"}).valid
    again = first.astype("str").where(first.notna()).astype("str")
    second = validate(TABLES["patient"], again, PARENTS, CONTEXT)
    pd.testing.assert_frame_equal(second.valid, first)
    assert second.treatments.empty


def test_valid_rows_keep_the_extracts_order_and_start_counting_anew() -> None:
    frame = extract("patient", {"patient_id": "B"}, {"status": "?"}, {"patient_id": "A"}, start=500)
    found = validate(TABLES["patient"], frame, PARENTS, CONTEXT)
    assert records(found.valid, ["patient_id"]) == [("B",), ("A",)]
    assert list(found.valid.index) == [0, 1]
    assert failures(found) == [(501, "status", "choice")]


def test_a_row_may_fail_several_times_and_counts_once() -> None:
    found = outcome("perio_site", {"tooth": "A", "site": "X", "depth_mm": "16"})
    assert sorted(failures(found)) == [(0, "depth_mm", "range"), (0, "site", "choice"), (0, "tooth", "type")]
    assert found.quarantine["row_key"].unique().tolist() == ["1|A|X"]
    assert found.quarantine["row"].nunique() == 1


def test_reasons_are_rule_texts_and_never_hold_a_value() -> None:
    secret = "Zyxwv987"
    found = outcome("patient", dict.fromkeys(TABLES["patient"].column_names, secret))
    assert len(found.quarantine) > 5
    assert not found.quarantine[["column", "rule", "reason"]].map(lambda text: secret in text).any(axis=None)
    assert set(found.quarantine["reason"]) >= {"not one of the known codes", "not a date", "not a whole number"}


def test_bounds_are_named_in_the_reason() -> None:
    reasons = outcome("perio_site", {"depth_mm": "-2", "recession_mm": "20"}).quarantine["reason"]
    assert sorted(reasons) == ["above 15", "below 0"]


def test_the_first_sound_row_of_a_key_stays() -> None:
    broken = {"patient_id": "P7", "status": "unheard of"}
    found = outcome("patient", broken, {"patient_id": "P7"}, {"patient_id": "P7"}, {"patient_id": "P7 "})
    assert len(found.valid) == 1
    assert [(row, rule) for row, _, rule in failures(found)] == [
        (0, "choice"),
        (2, "duplicate_key"),
        (3, "duplicate_key"),
    ]


def test_27_a_row_without_its_required_parent_is_quarantined() -> None:
    assert failures(outcome("appointment", {"patient_id": "gone"})) == [(0, "patient_id", "orphan")]


def test_27_a_row_whose_parent_may_be_missing_only_loses_the_link() -> None:
    found = outcome("appointment", {"provider_id": "gone"})
    assert found.valid["provider_id"].isna().all()
    assert records(found.treatments, ["row", "row_key", "column", "rule", "action"]) == [
        (0, "1", "provider_id", "orphan_link", "cleared")
    ]


def test_a_missing_parent_table_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        validate(TABLES["referral"], typed_frame(extract_kinds(TABLES["referral"])), {}, CONTEXT)


def test_an_extract_with_other_columns_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="columns are not the table's"):
        validate(TABLES["patient"], extract("patient", {}).drop(columns="email"), PARENTS, CONTEXT)


def test_an_index_that_repeats_is_an_error_of_the_caller() -> None:
    frame = extract("patient", {}, {"patient_id": "2"})
    frame.index = pd.Index([4, 4])
    with pytest.raises(ValueError, match="index repeats"):
        validate(TABLES["patient"], frame, PARENTS, CONTEXT)


def test_space_is_no_value_and_a_required_value_lost_in_cleaning_is_told_apart() -> None:
    context = replace(CONTEXT, bridge_fed=True)
    found = outcome("patient", {"last_name": "  "}, {"last_name": "NA"}, context=context)
    assert found.quarantine["reason"].tolist() == ["no value", "no value left after cleaning"]


def test_unknown_bits_and_codes_are_quarantined() -> None:
    found = outcome("perio_site", {"bleeding": "?16"}, {"tooth": "4", "bleeding": "true", "plaque": "FALSE"})
    assert failures(found) == [(0, "bleeding", "type")]
    assert records(found.valid, ["bleeding", "plaque", "calculus"]) == [(True, False, None)]


@pytest.mark.parametrize("text", ["2025-05-06", "2025-05-06 00:00:00.0000000", "5/6/2025", "05/06/2025 12:00:00 AM"])
def test_dates_of_sql_server_and_of_us_exports_are_read(text: str) -> None:
    assert cell("perio_exam", "exam_date", text) == pd.Timestamp(2025, 5, 6)


@pytest.mark.parametrize("text", ["2025-02-30", "13/1/2025", "2025-05-06T10:00:00Z", "May 6", "20250506"])
def test_other_dates_are_quarantined(text: str) -> None:
    assert failures(outcome("perio_exam", {"exam_date": text})) == [(0, "exam_date", "type")]


def test_treatments_can_be_switched_off_by_name() -> None:
    assert cell("patient", "home_phone", "NA") is None
    assert cell("patient", "home_phone", "NA", replace(CONTEXT, switched_off=frozenset({"not_a_phone"}))) == "NA"


@pytest.mark.parametrize("name", ["orphan_link", "fdi_numbering", "no such treatment"])
def test_refusals_and_unknown_names_cannot_be_switched_off(name: str) -> None:
    with pytest.raises(SettingsError):
        Context(today=TODAY, switched_off=frozenset({name}))


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(SettingsError):
        Context(today=TODAY, time_zone="America/Springfield")


def test_every_rule_is_described_and_refusals_are_never_switchable() -> None:
    for rule in RULES.values():
        assert rule.reason
        assert rule.description.endswith(".")
        assert rule.action is not Action.QUARANTINED or not rule.switchable


def test_treatments_say_what_happened_without_the_value() -> None:
    found = outcome("patient", {"email": "not an address", "home_phone": "312-555-0142 x45"})
    assert treatments(found) == [("email", "not_an_email"), ("home_phone", "phone_extension")]
    assert found.treatments["action"].tolist() == ["cleared", "reported"]
