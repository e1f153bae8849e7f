"""P2: shared family e-mails and phones go to one holder, so that a CRM never merges two patients."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.validation.contact_points import contact_points
from perio_pipeline.validation.frames import CONTACT_POINT
from perio_pipeline.validation.identity import PatientPolicies, patient_identity
from perio_pipeline.validation.phones import e164

from .rows import records, valid

MOTHER = {"patient_id": "2", "first_name": "Rosa", "last_name": "Lind", "birth_date": pd.Timestamp(1961, 4, 9)}
CHILD = {"patient_id": "1", "first_name": "Ana", "last_name": "Lind", "birth_date": pd.Timestamp(1999, 8, 1)}
COLUMNS = ("patient_id", "email", "email_holder_id", "phone", "phone_kind", "phone_holder_id")
HOME = "(312) 555-0142"
MOBILE = "312.555.0150"
WORK = "+1 312 555 0160 x7"


def points(*people: dict[str, object]) -> pd.DataFrame:
    patient = valid("patient", *({"status": "active", **person} for person in people))
    return contact_points(patient, patient_identity(patient, PatientPolicies()), "US")


def rows(*people: dict[str, object]) -> list[tuple[object, ...]]:
    return records(points(*people), COLUMNS)


PHONES = st.sampled_from([None, HOME, "312-555-0142", MOBILE, WORK, "555-0142", "3125550171"])
FAMILY = st.lists(
    st.fixed_dictionaries(
        {
            "first_name": st.sampled_from(["Rosa", "Ana", "Test"]),
            "last_name": st.just("Lind"),
            "account_id": st.sampled_from(["A1", None]),
            "birth_date": st.sampled_from([None, pd.Timestamp(1961, 4, 9), pd.Timestamp(1999, 8, 1)]),
            "email": st.sampled_from([None, "lind@example.com", "LIND@example.com", "rosa@example.com"]),
            "mobile_phone": PHONES,
            "home_phone": PHONES,
            "work_phone": PHONES,
        }
    ),
    max_size=10,
)


@settings(max_examples=80, deadline=None)
@given(FAMILY)
def test_p2_no_two_contacts_share_an_email_or_a_phone(family: list[dict[str, object]]) -> None:
    patient = valid(
        "patient", *({"patient_id": f"P{place}", "status": "active", **one} for place, one in enumerate(family))
    )
    identity = patient_identity(patient, PatientPolicies())
    found = contact_points(patient, identity, "US")
    loaded = identity.loc[identity["disposition"] == "load", "patient_id"]
    assert found["patient_id"].tolist() == loaded.tolist()
    for value, holder in (("email", "email_holder_id"), ("phone", "phone_holder_id")):
        has = found[value].notna()
        assert not found.loc[has, value].duplicated().any()
        assert (found.loc[has, holder] == found.loc[has, "patient_id"]).all()
        assert (found.loc[~has, holder] != found.loc[~has, "patient_id"]).all()
        assert set(found[holder].dropna()) <= set(loaded)
    assert (found["shared_email"].notna() == (found["email"].isna() & found["email_holder_id"].notna())).all()
    assert found.dtypes.to_dict() == typed_frame(table_kinds(CONTACT_POINT)).dtypes.to_dict()


def test_03_a_shared_email_goes_to_the_oldest_whatever_its_case() -> None:
    found = rows({**CHILD, "email": "Lind@Example.com"}, {**MOTHER, "email": "lind@example.com"})
    assert [row[:3] for row in found] == [("1", None, "2"), ("2", "lind@example.com", "2")]


def test_03_who_goes_without_the_shared_email_still_has_it_on_record() -> None:
    found = points({**CHILD, "email": "Lind@example.com"}, {**MOTHER, "email": "lind@example.com"})
    assert records(found, ["email", "shared_email"]) == [(None, "lind@example.com"), ("lind@example.com", None)]


def test_03_unknown_birth_dates_come_last_and_then_the_lowest_id_counts() -> None:
    found = rows({**CHILD, "birth_date": None, "email": "l@example.com"}, {**MOTHER, "email": "l@example.com"})
    assert [row[2] for row in found] == ["2", "2"]
    twins = rows(
        {**MOTHER, "email": "l@example.com"}, {**CHILD, "birth_date": MOTHER["birth_date"], "email": "l@example.com"}
    )
    assert [row[2] for row in twins] == ["1", "1"]


def test_03_who_shares_the_home_phone_gets_the_work_phone_of_their_own() -> None:
    found = rows({**CHILD, "home_phone": HOME, "work_phone": WORK}, {**MOTHER, "home_phone": "312-555-0142"})
    assert [row[3:] for row in found] == [("+13125550160", "work", "1"), ("+13125550142", "home", "2")]


def test_03_a_shared_number_that_the_oldest_does_not_need_goes_to_the_next() -> None:
    found = rows({**CHILD, "home_phone": HOME}, {**MOTHER, "home_phone": HOME, "mobile_phone": MOBILE})
    assert [row[3:] for row in found] == [("+13125550142", "home", "1"), ("+13125550150", "mobile", "2")]


def test_mobile_is_wanted_before_home_before_work() -> None:
    found = rows({**MOTHER, "home_phone": HOME, "mobile_phone": MOBILE, "work_phone": WORK})
    assert found == [("2", None, None, "+13125550150", "mobile", "2")]


def test_no_contact_data_leaves_everything_empty() -> None:
    assert rows(MOTHER) == [("2", None, None, None, None, None)]
    assert points().empty


def test_only_loaded_patients_hold_values() -> None:
    found = rows({**MOTHER, "status": "deleted", "home_phone": HOME}, {**CHILD, "home_phone": HOME})
    assert found == [("1", None, None, "+13125550142", "home", "1")]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("(312) 555-0142", "+13125550142"),
        ("1-312-555-0142 ext. 7", "+13125550142"),
        ("+354 555 0142", "+3545550142"),
        ("555-0142", None),
        ("call me", None),
    ],
)
def test_19_numbers_become_e164_without_extension(text: str, number: str | None) -> None:
    assert e164(text, "US") == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("cell 312-555-0142", "+13125550142"),
        ("312-555-0142 (mom)", "+13125550142"),
        ("(312) 555-0142 x45", "+13125550142"),
        ("1-800-FLOWERS", None),
    ],
)
def test_19_words_beside_a_number_are_passed_over_and_letters_are_no_digits(text: str, number: str | None) -> None:
    assert e164(text, "US") == number
