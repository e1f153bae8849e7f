"""Reasons carry no values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perio_pipeline.crm.redaction import scrub

NAMES = {"firstName", "email", "locationId"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("property dateAdded should not exist", "property dateAdded should not exist"),
        ("firstName must be a string", "firstName must be a string"),
        ("This location does not allow duplicated contacts.", "This location does not allow duplicated contacts."),
        ("Contact with id ocQHyuzHvysMo5N5VsXc not found", "Contact with id … not found"),
        ('email "jane@doe.example" is invalid', "email … is invalid"),
        ("email 'Jane' is invalid; phone +13125550123 too", "email … is invalid; phone … too"),
        ("The contact jane doe-smith exists", "The contact … exists"),
        ("The user Page of location exists. Already", "The user … of location exists. Already"),
        ("born 1970-01-02", "…"),
        ("", ""),
    ],
)
def test_only_words_that_cannot_be_values_are_kept(text: str, reason: str) -> None:
    assert scrub(text, NAMES) == reason


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=12), st.integers(10_000, 10**10))
def test_names_and_numbers_never_pass(name: str, number: int) -> None:
    reason = scrub(f"contact {name.title()} {number} x@{name}.example already exists", NAMES)
    assert reason == "contact … already exists"
