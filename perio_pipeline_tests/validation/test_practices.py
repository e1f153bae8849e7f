"""P2, H6: referring practices are told apart from patients and from each other, and each patient has one referral."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.validation.frames import PRIMARY_REFERRAL, REFERRING_PRACTICE, REFERRING_PRACTICE_MEMBER
from perio_pipeline.validation.identity import PatientPolicies, patient_identity
from perio_pipeline.validation.practices import referring_practices
from perio_pipeline.validation.referrals import primary_referral

from .rows import records, valid


def dentist(source_id: str, **details: object) -> dict[str, object]:
    return {"source_id": source_id, "kind": "dentist"} | details


def grouped(*sources: dict[str, object]) -> dict[object, object]:
    _, members = referring_practices(valid("referral_source", *sources))
    return dict(records(members, REFERRING_PRACTICE_MEMBER.column_names))  # type: ignore[arg-type]


SOURCES = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["dentist", "specialist", "patient", "web", "other"]),
            "first_name": st.sampled_from([None, "Jane", "Tom"]),
            "last_name": st.sampled_from([None, "Smith", "Dr Smith", "Smith DDS", "..."]),
            "practice_name": st.sampled_from([None, "Lake Dental, LLC", "Lake Dental", "Dr."]),
            "city": st.sampled_from([None, "Evanston", "Joliet"]),
            "postal_code": st.sampled_from([None, "60201-1234", "60201"]),
            "phone": st.sampled_from([None, "847-555-0101"]),
        }
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(SOURCES)
def test_p2_every_referring_dentist_is_in_exactly_one_practice(sources: list[dict[str, object]]) -> None:
    frame = valid("referral_source", *({"source_id": f"S{place:02}", **one} for place, one in enumerate(sources)))
    practices, members = referring_practices(frame)
    dentists = frame.loc[frame["kind"].isin(["dentist", "specialist"]), "source_id"]
    assert set(dentists) <= set(members["source_id"])
    assert not members["source_id"].duplicated().any()
    assert practices["practice_id"].tolist() == sorted(members["practice_id"].unique())
    assert practices["name"].notna().all()
    assert practices["dentists"].sum() <= len(members)
    lowest = "RP-" + members.groupby("practice_id")["source_id"].min()
    assert lowest.tolist() == lowest.index.tolist()
    assert practices.dtypes.to_dict() == typed_frame(table_kinds(REFERRING_PRACTICE)).dtypes.to_dict()
    assert members.dtypes.to_dict() == typed_frame(table_kinds(REFERRING_PRACTICE_MEMBER)).dtypes.to_dict()


def test_h6_spellings_of_one_name_at_one_place_are_one_practice() -> None:
    names = ["Smith & Wu Dental Associates, LLC", "SMITH AND WU DENTAL ASSOC.", "Dr. Smith and Wu Dental P.C."]
    sources = [
        dentist(f"S{place}", practice_name=name, postal_code="60201-0001"[: 5 + 5 * (place % 2)], last_name=f"N{place}")
        for place, name in enumerate(names)
    ]
    assert grouped(*sources) == {"S0": "RP-S0", "S1": "RP-S0", "S2": "RP-S0"}


def test_h6_one_name_in_two_cities_is_two_practices() -> None:
    assert grouped(
        dentist("S1", practice_name="Lake Dental", city="Evanston", state="IL"),
        dentist("S2", practice_name="Lake Dental", city="Joliet", state="IL"),
        dentist("S3", practice_name="LAKE DENTAL", city="evanston", state="il"),
    ) == {"S1": "RP-S1", "S2": "RP-S2", "S3": "RP-S1"}


def test_h6_a_practice_takes_each_detail_from_the_first_member_that_has_it() -> None:
    sources = [
        dentist("S2", practice_name="Lake Dental LLC", postal_code="60201", first_name="Tom", last_name="Wu",
                website="lake.example.com", modified_at=pd.Timestamp(2025, 1, 2)),
        dentist("S1", practice_name="Lake Dental", postal_code="60201", first_name="Jane", last_name="Smith",
                phone="847-555-0101", modified_at=pd.Timestamp(2024, 1, 2)),
        dentist("S3", practice_name="Lake Dental", postal_code="60201", first_name="jane", last_name="SMITH"),
    ]  # fmt: skip
    practices, _ = referring_practices(valid("referral_source", *sources))
    assert records(practices, ["practice_id", "name", "phone", "website", "dentists", "modified_at"]) == [
        ("RP-S1", "Lake Dental", "847-555-0101", "lake.example.com", 2, pd.Timestamp(2025, 1, 2))
    ]


@pytest.mark.parametrize(
    ("details", "name"),
    [
        ({"first_name": "Jane", "last_name": "Smith", "city": "Evanston"}, "Dr. Jane Smith"),
        ({"last_name": "Smith", "city": "Evanston"}, "Dr. Smith"),
        ({"last_name": "Smith DDS"}, "Smith DDS"),
        ({"city": "Evanston"}, "Dentist S1"),
    ],
)
def test_h6_a_dentist_without_a_practice_name_is_a_practice_of_their_own(details: dict[str, object], name: str) -> None:
    practices, _ = referring_practices(valid("referral_source", dentist("S1", **details)))
    assert records(practices, ["practice_id", "name"]) == [("RP-S1", name)]


KNOWN = dentist("S5", first_name="Jane", last_name="Smith", practice_name="Lake Dental", postal_code="60201")
OTHER = dentist("S6", first_name="Tom", last_name="Smith", practice_name="Oak Dental", postal_code="60435")


@pytest.mark.parametrize("text", ["Dr Smith", "Smith DDS", "dr. jane smith, d.d.s.", "Smith"])
def test_28_free_text_joins_the_only_dentist_it_can_mean_and_is_not_counted_twice(text: str) -> None:
    practices, members = referring_practices(valid("referral_source", dentist("S1", last_name=text), KNOWN))
    assert records(members, REFERRING_PRACTICE_MEMBER.column_names) == [("S1", "RP-S1"), ("S5", "RP-S1")]
    assert records(practices, ["name", "dentists"]) == [("Lake Dental", 1)]


@pytest.mark.parametrize("text", ["Dr Smith", "Dr. Wu", "Dr. Ann Smith", "Smith family dental office downtown"])
def test_28_free_text_that_could_mean_several_or_nobody_stays_alone(text: str) -> None:
    assert grouped(dentist("S1", last_name=text), KNOWN, OTHER)["S1"] == "RP-S1"
    practices, _ = referring_practices(valid("referral_source", dentist("S1", last_name=text), KNOWN, OTHER))
    assert practices["name"].iloc[0] == text


def test_28_free_text_of_another_kind_is_a_dentist_only_when_it_says_so() -> None:
    doctor, site = (dentist(f"S{text}", kind="other", last_name=text) for text in ("Dr Wu", "Yelp"))
    assert grouped(doctor, site) == {"SDr Wu": "RP-SDr Wu"}
    assert grouped({"source_id": "S9", "kind": "patient", "first_name": "Rosa", "last_name": "Lind"}) == {}


def _referral(referral_id: str, source_id: str, day: str | None, **details: object) -> dict[str, object]:
    moment = None if day is None else pd.Timestamp(day)
    row = {"referral_id": referral_id, "source_id": source_id, "referral_date": moment, "patient_id": "1"}
    return {**row, "direction": "from", **details}


def primary(*referrals: dict[str, object]) -> list[tuple[object, ...]]:
    person = {"first_name": "Rosa", "last_name": "Lind", "birth_date": pd.Timestamp(1961, 4, 9), "account_id": "A"}
    people = [{"patient_id": name, "status": "active", **person} for name in ("1", "2")]
    people.append({"patient_id": "3", "status": "deleted", **person})
    identity = patient_identity(valid("patient", *people), PatientPolicies())
    _, members = referring_practices(valid("referral_source", KNOWN, OTHER))
    found = primary_referral(valid("referral", *referrals), members, identity)
    assert found.dtypes.to_dict() == typed_frame(table_kinds(PRIMARY_REFERRAL)).dtypes.to_dict()
    return records(found, PRIMARY_REFERRAL.column_names)


def test_h6_the_referral_marked_primary_counts_before_an_earlier_one() -> None:
    assert primary(
        _referral("1", "S5", "2024-01-02"),
        _referral("2", "S6", "2025-01-02", is_primary=True),
        _referral("3", "S5", "2023-01-02", direction="to", is_primary=True),
    ) == [("1", "RP-S6", "S6", pd.Timestamp(2025, 1, 2))]


def test_h6_without_a_mark_the_earliest_referral_counts_also_one_of_a_merged_record() -> None:
    assert primary(
        _referral("1", "S5", None),
        _referral("2", "S5", "2025-01-02"),
        _referral("3", "S6", "2024-01-02", patient_id="2"),
    ) == [("1", "RP-S6", "S6", pd.Timestamp(2024, 1, 2))]


def test_h6_a_source_that_is_no_dentist_has_no_practice_and_skipped_patients_have_no_referral() -> None:
    assert primary(_referral("1", "WEB", "2024-01-02"), _referral("2", "S5", "2024-01-02", patient_id="3")) == [
        ("1", None, "WEB", pd.Timestamp(2024, 1, 2))
    ]
    assert primary() == []
