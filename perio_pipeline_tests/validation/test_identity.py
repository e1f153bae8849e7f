"""P2: valid patients = loaded + merged + skipped, and nobody is merged on a guess."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.validation.frames import LIKELY_DUPLICATE, PATIENT_IDENTITY
from perio_pipeline.validation.identity import PatientPolicies, loaded_patients, patient_identity
from perio_pipeline.validation.likely_duplicates import likely_duplicates

from .rows import records, valid

BORN = pd.Timestamp(1961, 4, 9)


def person(patient_id: str, **changes: object) -> dict[str, object]:
    sound = {"account_id": "A1", "first_name": "Rosa", "last_name": "Lind", "birth_date": BORN, "status": "active"}
    return {"patient_id": patient_id, **sound, **changes}


def identities(*people: dict[str, object], policies: PatientPolicies | None = None) -> list[tuple[object, ...]]:
    return records(
        patient_identity(valid("patient", *people), policies or PatientPolicies()), PATIENT_IDENTITY.column_names
    )


PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from(["A1", "A2", None]),
            "first_name": st.sampled_from(["Rosa", "ROSA", "Test", "Ana"]),
            "last_name": st.sampled_from(["Lind", "lind", "Patient"]),
            "birth_date": st.sampled_from([BORN, pd.Timestamp(1990, 1, 1), None]),
            "status": st.sampled_from(["active", "deleted", "deceased", "archived"]),
            "created_at": st.sampled_from([pd.Timestamp(2020, 1, 1), pd.Timestamp(2021, 1, 1), None]),
        }
    ),
    max_size=12,
)
POLICIES = st.builds(
    PatientPolicies,
    deceased=st.sampled_from(["load", "skip"]),
    archived=st.sampled_from(["load", "skip"]),
    same_patients=st.lists(st.lists(st.sampled_from("012345"), min_size=2, max_size=3).map(tuple), max_size=2).map(
        lambda groups: tuple(tuple(f"P{place}" for place in group) for group in groups)
    ),
)


@settings(max_examples=80, deadline=None)
@given(PEOPLE, POLICIES)
def test_p2_every_patient_has_one_disposition_and_survivors_are_loaded(
    people: list[dict[str, object]], policies: PatientPolicies
) -> None:
    patient = valid("patient", *({"patient_id": f"P{place}", **one} for place, one in enumerate(people)))
    identity = patient_identity(patient, policies)
    assert identity["patient_id"].tolist() == patient["patient_id"].tolist()
    assert identity["disposition"].isin(["load", "merged", "skipped"]).all()
    assert ((identity["disposition"] == "load") == (identity["reason"] == "")).all()
    assert ((identity["disposition"] == "merged") == (identity["survivor_id"] != identity["patient_id"])).all()
    loaded = set(loaded_patients(patient, identity)["patient_id"])
    assert set(identity.loc[identity["disposition"] != "skipped", "survivor_id"]) == loaded
    assert identity.dtypes.to_dict() == typed_frame(table_kinds(PATIENT_IDENTITY)).dtypes.to_dict()


def test_01_a_certain_duplicate_merges_into_the_record_created_first() -> None:
    assert identities(
        person("1", created_at=pd.Timestamp(2021, 5, 1)),
        person("2", first_name="ROSA", last_name="Lind ", created_at=pd.Timestamp(2020, 5, 1)),
        person("3", last_name="Lïnd"),
    ) == [
        ("1", "2", "merged", "certain_duplicate"),
        ("2", "2", "load", ""),
        ("3", "2", "merged", "certain_duplicate"),
    ]


def test_01_without_creation_dates_the_lowest_id_survives() -> None:
    assert [row[1] for row in identities(person("B"), person("A"))] == ["A", "A"]


@pytest.mark.parametrize(
    "change", [{"account_id": "A2"}, {"account_id": None}, {"birth_date": None}, {"first_name": "Rose"}]
)
def test_01_anything_less_than_certain_is_not_merged(change: dict[str, object]) -> None:
    assert [row[2] for row in identities(person("1"), person("2", **change))] == ["load", "load"]


def test_01_unknown_birth_dates_or_accounts_never_make_a_duplicate() -> None:
    assert [row[2] for row in identities(person("1", birth_date=None), person("2", birth_date=None))] == ["load"] * 2


def test_01_a_skipped_record_is_no_survivor() -> None:
    rows = identities(person("1", status="deleted"), person("2"), person("3"))
    assert rows == [
        ("1", "1", "skipped", "deleted"),
        ("2", "2", "load", ""),
        ("3", "2", "merged", "certain_duplicate"),
    ]


def test_05_deceased_and_archived_patients_load_unless_the_practice_decides_otherwise() -> None:
    people = (person("1", status="deceased"), person("2", status="archived", first_name="Ana"))
    assert [row[2:] for row in identities(*people)] == [("load", ""), ("load", "")]
    skipping = PatientPolicies(deceased="skip", archived="skip")
    assert [row[2:] for row in identities(*people, policies=skipping)] == [
        ("skipped", "deceased"),
        ("skipped", "archived"),
    ]


@pytest.mark.parametrize(
    ("first", "last"), [("Patient", "Test"), ("TEST", "Lind"), ("Demo", "Patient"), ("Rosa", "ZZTest")]
)
def test_29_test_patients_are_skipped(first: str, last: str) -> None:
    assert identities(person("1", first_name=first, last_name=last)) == [("1", "1", "skipped", "test_patient")]


def test_01_what_a_person_decided_to_be_one_is_merged_with_all_it_is_one_with() -> None:
    people = (person("1"), person("2", account_id="A2"), person("3", account_id="A2"), person("4", account_id="A4"))
    decided = PatientPolicies(same_patients=(("1", "3"), ("9", "4")))
    assert identities(*people, policies=decided) == [
        ("1", "1", "load", ""),
        ("2", "1", "merged", "decided_duplicate"),
        ("3", "1", "merged", "decided_duplicate"),
        ("4", "4", "load", ""),
    ]


def test_01_decided_pairs_are_not_listed_again() -> None:
    patients = valid("patient", person("1"), person("2", account_id="A2"), person("3", account_id="A3"))
    found = likely_duplicates(patients, [("2", "1")])
    assert records(found, ["patient_id", "other_id"]) == [("1", "3"), ("2", "3")]


@pytest.mark.parametrize(("first", "last"), [("Rosa", "Sample"), ("Patience", "Tester"), ("Demo", "Lind")])
def test_29_people_whose_name_only_sounds_like_a_test_are_loaded(first: str, last: str) -> None:
    assert identities(person("1", first_name=first, last_name=last))[0][2] == "load"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"account_id": "A2"}, "same_name"),
        ({"account_id": None}, "same_name"),
        ({"first_name": "Lind", "last_name": "Rosa"}, "swapped_names"),
        ({"first_name": "R."}, "similar_first_name"),
        ({"first_name": "Roas", "account_id": "A2"}, "similar_first_name"),
        ({"first_name": "Rosalie"}, "similar_first_name"),
        ({"last_name": "Lindt"}, "similar_last_name"),
        ({"last_name": "Lynd"}, "similar_last_name"),
    ],
)
def test_01_spelling_variants_born_on_one_day_are_listed_for_a_person(change: dict[str, object], reason: str) -> None:
    found = likely_duplicates(valid("patient", person("2", **change), person("1")))
    assert records(found, LIKELY_DUPLICATE.column_names) == [("1", "2", reason)]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"birth_date": pd.Timestamp(1961, 4, 10)},
        {"birth_date": None},
        {"first_name": "Karl"},
        {"last_name": "Moreno"},
        {"account_id": "A2", "status": "deleted"},
    ],
)
def test_01_certain_duplicates_and_other_people_are_not_listed(change: dict[str, object]) -> None:
    assert likely_duplicates(valid("patient", person("1"), person("2", **change))).empty


def test_01_no_patients_have_no_duplicates() -> None:
    assert (
        likely_duplicates(valid("patient")).dtypes.to_dict()
        == typed_frame(table_kinds(LIKELY_DUPLICATE)).dtypes.to_dict()
    )
