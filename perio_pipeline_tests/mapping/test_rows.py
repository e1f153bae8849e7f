"""Rows of a destination object: what is joined, what is left out and why, and where each record goes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline_tests.mapping.shaping import (
    IDENTITY_JOIN,
    LOADED,
    TWO_ACCOUNTS,
    companies,
    company_links,
    contacts,
    frames,
    notes,
    rows_of,
    shaped,
)

PROVIDER = {"provider": {"frame": "validated/provider", "on": {"provider_id": "provider_id"}}}
ANN, BEN, CAL = ({"patient_id": key} for key in ("P1", "P2", "P3"))


def policy(patient: str, carrier: str, effective: datetime | None, ordinal: int = 1) -> dict[str, Any]:
    return {"patient_id": patient, "carrier": carrier, "effective_date": effective, "ordinal": ordinal}


def carrier_of(*policies: dict[str, Any], **join: Any) -> list[Any]:
    primary = {
        "frame": "validated/insurance_policy",
        "on": {"patient_id": "patient_id"},
        "where": {"ordinal": 1},
        "latest": "effective_date",
    }
    obj = contacts(join={"primary": {**primary, **join}}, fields={"carrier": "primary.carrier"})
    practice = frames(patient=[ANN, BEN], insurance_policy=list(policies))
    return rows_of(shaped("contacts", {"contacts": obj}, practice).frame, "source_key", "carrier")


def test_a_join_brings_one_parent_to_many_rows_and_nulls_never_match() -> None:
    practice = frames(
        patient=[
            {**ANN, "provider_id": "D1"},
            {**BEN, "provider_id": "D1"},
            CAL,
            {"patient_id": "P4", "provider_id": "D9"},
        ],
        provider=[{"provider_id": "D1", "last_name": "Gum"}, {"provider_id": None, "last_name": "Nobody"}],
    )
    obj = contacts(join=PROVIDER, fields={"doctor": "provider.last_name"})
    frame = shaped("contacts", {"contacts": obj}, practice).frame
    assert rows_of(frame, "source_key", "doctor") == [("P1", "Gum"), ("P2", "Gum"), ("P3", None), ("P4", None)]


def test_a_join_on_an_earlier_join_follows_it() -> None:
    join = {
        "referral": {"frame": "validated/primary_referral", "on": {"patient_id": "patient_id"}},
        "office": {"frame": "validated/referring_practice", "on": {"referral.practice_id": "practice_id"}},
    }
    practice = frames(
        patient=[ANN, BEN],
        primary_referral=[{"patient_id": "P2", "practice_id": "R1"}],
        referring_practice=[{"practice_id": "R1", "name": "Elm Dental"}],
    )
    frame = shaped("contacts", {"contacts": contacts(join=join, fields={"from": "office.name"})}, practice).frame
    assert rows_of(frame, "source_key", "from") == [("P1", None), ("P2", "Elm Dental")]


def test_two_rows_for_one_record_without_a_rule_which_counts_stop_the_run() -> None:
    with pytest.raises(pd.errors.MergeError):
        carrier_of(policy("P1", "Delta", None), policy("P1", "Aetna", None), latest=None)


def test_where_and_latest_choose_one_row() -> None:
    old, new = datetime(2020, 1, 1), datetime(2024, 1, 1)
    assert carrier_of(
        policy("P1", "Newest", new),
        policy("P1", "Oldest", old),
        policy("P1", "Secondary", new, ordinal=2),
        policy("P2", "Secondary", new, ordinal=2),
    ) == [("P1", "Newest"), ("P2", None)]


def test_of_equal_dates_the_last_row_counts_and_no_date_is_the_oldest() -> None:
    day = datetime(2024, 1, 1)
    assert carrier_of(
        policy("P1", "First", day), policy("P1", "Last", day), policy("P2", "Dated", day), policy("P2", "Undated", None)
    ) == [("P1", "Last"), ("P2", "Dated")]


def test_a_merged_patients_records_go_to_the_patient_that_stays() -> None:
    practice = frames(
        patient=[ANN, BEN],
        patient_identity=[{"patient_id": "P2", "survivor_id": "P1", "disposition": "merged", "reason": "duplicate"}],
        clinical_note=[
            {"note_id": "N1", "patient_id": "P2", "body": "x"},
            {"note_id": "N2", "patient_id": "P7", "body": "y"},
        ],
        insurance_policy=[policy("P2", "Delta", None)],
    )
    both = {"contacts": contacts(join=IDENTITY_JOIN, select=[LOADED]), "notes": notes()}
    assert rows_of(shaped("notes", both, practice).frame, "source_key", "link.contactId") == [
        ("N1", "P1"),
        ("N2", "P7"),
    ]
    people = shaped("contacts", both, practice)
    assert rows_of(people.frame, "source_key") == ["P1"]
    assert rows_of(people.left_out, "source_key", "reason") == [("P2", "duplicate")]


def test_p2_what_is_left_out_says_once_why() -> None:
    practice = frames(
        patient=[{**ANN, "sex": "female"}, {**BEN, "sex": None}, {**CAL, "sex": "male"}, {"patient_id": "P4"}],
        patient_identity=[
            {"patient_id": "P3", "survivor_id": "P3", "disposition": "skip", "reason": "deceased"},
            {"patient_id": "P4", "survivor_id": "P1", "disposition": "merge", "reason": "same person"},
        ],
    )
    select = [
        {
            "column": "identity.disposition",
            "among": ["load", "skip"],
            "reason": "=identity.reason",
            "category": "merged",
        },
        {"column": "identity.disposition", "among": ["load"], "reason": "=identity.reason"},
        {"column": "sex", "reason": "sex_unknown", "category": "elsewhere"},
    ]
    result = shaped("contacts", {"contacts": contacts(join=IDENTITY_JOIN, select=select)}, practice)
    assert rows_of(result.frame, "source_key") == ["P1"]
    assert rows_of(result.left_out, "source_key", "category", "reason") == [
        ("P4", "merged", "same person"),
        ("P3", "skipped", "deceased"),
        ("P2", "elsewhere", "sex_unknown"),
    ]


def test_a_key_of_several_columns_is_joined_with_a_bar() -> None:
    practice = frames(patient=[ANN], insurance_policy=[policy("P1", "Delta", None, 1), policy("P1", "Aetna", None, 2)])
    obj = contacts(rows="validated/insurance_policy", key=["patient_id", "ordinal"])
    assert rows_of(shaped("contacts", {"contacts": obj}, practice).frame, "source_key") == ["P1|1", "P1|2"]


def test_patients_go_to_the_account_of_their_office_and_the_rest_to_the_first() -> None:
    practice = frames(
        patient=[
            {**ANN, "office": "S"},
            {**BEN, "office": "N"},
            {**CAL, "office": None},
            {"patient_id": "P4", "office": "X"},
        ],
        clinical_note=[{"note_id": "N1", "patient_id": "P1"}, {"note_id": "N2", "patient_id": "P9"}, {"note_id": "N3"}],
    )
    both = {"contacts": contacts(), "notes": notes()}
    people = shaped("contacts", both, practice, TWO_ACCOUNTS).frame
    assert rows_of(people, "source_key", "account") == [
        ("P1", "south"),
        ("P2", "north"),
        ("P3", "north"),
        ("P4", "north"),
    ]
    texts = shaped("notes", both, practice, TWO_ACCOUNTS).frame
    assert rows_of(texts, "source_key", "account") == [("N1", "south"), ("N2", "north"), ("N3", "north")]


REFERRED = {"companies": companies(), "contacts": contacts(), "company_links": company_links()}


def test_h6_a_company_goes_to_every_account_that_needs_it_and_to_the_first_where_none_does() -> None:
    practice = frames(
        patient=[
            {**ANN, "office": "S"},
            {**BEN, "office": "N"},
            {**CAL, "office": "S"},
            {"patient_id": "P4", "office": "S"},
        ],
        patient_identity=[{"patient_id": "P4", "survivor_id": "P4", "disposition": "skip", "reason": "deceased"}],
        primary_referral=[
            {"patient_id": "P1", "practice_id": "R1"},
            {"patient_id": "P2", "practice_id": "R1"},
            {"patient_id": "P3", "practice_id": "R2"},
            {"patient_id": "P4", "practice_id": "R3"},
        ],
        referring_practice=[{"practice_id": key, "name": key} for key in ("R1", "R2", "R3", "R4")],
    )
    frame = shaped("companies", REFERRED, practice, TWO_ACCOUNTS).frame
    assert sorted(rows_of(frame, "source_key", "account")) == [
        ("R1", "north"),
        ("R1", "south"),
        ("R2", "south"),
        ("R3", "north"),
        ("R4", "north"),
    ]


IDS = st.sampled_from(["P1", "P2", "P3", "P4", "P5"])
PEOPLE = st.dictionaries(
    IDS, st.tuples(st.sampled_from(["load", "skip", "merge"]), IDS, st.sampled_from("NSX")), min_size=1
)


@given(PEOPLE, st.lists(IDS, max_size=6), st.dictionaries(IDS, st.sampled_from(["R1", "R2"])))
@settings(max_examples=25, deadline=None)
def test_p8_every_valid_row_is_a_record_or_is_left_out_and_never_both(
    people: dict[str, tuple[str, str, str]], written: list[str], referred: dict[str, str]
) -> None:
    practice = frames(
        patient=[{"patient_id": key, "office": office} for key, (_, _, office) in people.items()],
        patient_identity=[
            {"patient_id": key, "survivor_id": other if fate == "merge" else key, "disposition": fate, "reason": fate}
            for key, (fate, other, _) in people.items()
        ],
        clinical_note=[{"note_id": f"N{n}", "patient_id": key, "body": "x " * n * 20} for n, key in enumerate(written)],
        primary_referral=[{"patient_id": key, "practice_id": source} for key, source in referred.items()],
        referring_practice=[{"practice_id": "R1", "name": "Elm"}, {"practice_id": "R2", "name": "Oak"}],
    )
    split = {"field": "body", "limit": 90}
    objects = {
        "companies": companies(),
        "contacts": contacts(join=IDENTITY_JOIN, select=[LOADED]),
        "company_links": company_links(),
        "notes": notes(join=IDENTITY_JOIN, select=[LOADED], split=split),
    }
    for name, obj in objects.items():
        result = shaped(name, objects, practice, TWO_ACCOUNTS)
        keys = {key.split("#")[0] for key in result.frame["source_key"]}
        out = Counter(result.left_out["source_key"])
        valid = practice[obj["rows"]][obj["key"]]
        assert len(valid) == len(keys) + out.total()
        assert set(valid) == keys | set(out)
        assert not result.frame.duplicated(["source_key", "account"]).any()
