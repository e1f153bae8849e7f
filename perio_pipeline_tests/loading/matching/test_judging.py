"""Who may be one person, how surely and why; and the laws that hold for any two."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from perio_pipeline.loading.matching.given_names import Likeness, likeness, soundex
from perio_pipeline.loading.matching.judging import Level, judge
from perio_pipeline_tests.loading.matching.people import JOHN, PEOPLE, compared, person

CERTAIN, LIKELY, POSSIBLE, HOUSEHOLD, NONE = (
    Level.CERTAIN,
    Level.LIKELY,
    Level.POSSIBLE,
    Level.HOUSEHOLD,
    Level.NONE,
)
ALONE: dict[str, Any] = {"phone": "", "email": "", "street": ""}
"""Nothing shared but the name and the birth date."""


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, CERTAIN),
        ({"first": " JOHN ", "last": "SMITH", **ALONE}, CERTAIN),
        ({"first": "Jon", **ALONE}, LIKELY),  # a form of the name
        ({"first": "Jhon", **ALONE}, LIKELY),  # two letters swapped
        ({"last": "Smyth", **ALONE}, LIKELY),
        ({"last": "Schmidt", **ALONE}, LIKELY),  # sounds alike
        ({"last": "Smith-Lopez", **ALONE}, LIKELY),
        ({"first": "Smith", "last": "John", **ALONE}, LIKELY),  # swapped
        ({"first": "", "last": "John Smith", **ALONE}, CERTAIN),  # all in one field
        ({"first": "", "last": "Smith, John", **ALONE}, CERTAIN),
        ({"first": "Dr. John", "last": "Smith DDS", **ALONE}, CERTAIN),
        ({"first": "Jhon", "last": "Smyth", **ALONE}, POSSIBLE),
        ({"first": "Jhon", "last": "Smyth"}, LIKELY),
        ({"first": "J", **ALONE}, POSSIBLE),
        ({"first": "", **ALONE}, POSSIBLE),
        ({"last": "Miller"}, LIKELY),  # another last name by marriage, and still reachable
        ({"last": "Miller", **ALONE}, NONE),
        ({"born": ""}, LIKELY),
        ({"born": "", "first": "Johnny"}, LIKELY),
        ({"born": "", "phone": "", "email": ""}, POSSIBLE),  # the address alone
        ({"born": "", **ALONE}, POSSIBLE),  # the name alone
        ({"born": "1900-01-01"}, LIKELY),  # a placeholder is no birth date
        ({"born": "1980-12-03"}, LIKELY),  # day and month turned
        ({"born": "1980-03-13"}, LIKELY),  # a slip
        ({"born": "1980-03-13", **ALONE}, POSSIBLE),
        ({"born": "1980-03-13", "first": "Jhon", "last": "Smyth", **ALONE}, NONE),
        ({"first": "John & Jane", "born": ""}, POSSIBLE),  # a couple's record
        ({"first": "Peter & Jane", "born": ""}, HOUSEHOLD),
    ],
)
def test_how_surely_a_record_is_john_smith(changes: dict[str, Any], level: Level) -> None:
    assert compared(JOHN, {**JOHN, **changes}).level is level


@pytest.mark.parametrize(
    "changes",
    [
        {"first": "Jane"},  # spouse, sibling, twin: the same birth date does not help
        {"first": "Patricia"},
        {"born": "2004-07-01"},  # a son of the same name
        {"suffix": "Sr"},
    ],
)
def test_household_another_first_name_birth_date_or_generation_is_another_person(changes: dict[str, Any]) -> None:
    verdict = compared({**JOHN, "suffix": "Jr"}, {**JOHN, "suffix": "Jr", **changes})
    assert verdict.level is HOUSEHOLD
    assert any(reason.startswith(("other ", "junior")) for reason in verdict.reasons)


@pytest.mark.parametrize(("one", "other"), [("Daniel", "Danielle"), ("Joan", "John"), ("Patrick", "Patricia")])
def test_twins_called_alike_are_never_more_than_possible(one: str, other: str) -> None:
    assert compared({**JOHN, "first": one}, {**JOHN, "first": other}).level is POSSIBLE


def test_junior_and_senior() -> None:
    senior = {**JOHN, "last": "Smith Sr.", "born": ""}
    assert compared(senior, {**JOHN, "suffix": "Jr", "born": ""}).level is HOUSEHOLD
    assert compared(senior, {**JOHN, "born": ""}).level is POSSIBLE
    assert compared({**JOHN, "suffix": "Jr"}, JOHN).level is CERTAIN, "they were born on one day"


def test_middle_names() -> None:
    ann = {**JOHN, "first": "Mary", "middle": "Ann"}
    assert compared(ann, {**JOHN, "first": "Mary Ann"}).level is CERTAIN
    assert compared(ann, {**JOHN, "first": "Maryann"}).level is CERTAIN
    assert compared(ann, {**JOHN, "first": "Mary A."}).level is CERTAIN
    assert compared(ann, {**JOHN, "first": "Mary"}).level is CERTAIN
    twin = compared(ann, {**JOHN, "first": "Mary Jane"})
    assert (twin.level, "other middle name" in twin.reasons) == (LIKELY, True)
    assert compared(ann, {**JOHN, "first": "Ann", **ALONE}).level is LIKELY, "she goes by the middle name"
    assert compared({**JOHN, "first": ["Mary", "Pookie"]}, {**JOHN, "first": "Pookie"}).level is LIKELY


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ({}, {}, LIKELY),
        ({"name": "The Gum Partners, PLLC"}, {}, LIKELY),
        ({"phone": "", "street": ""}, {}, POSSIBLE),
        ({"name": "Gum Partner"}, {}, POSSIBLE),
        ({"name": "Tooth Works"}, {}, HOUSEHOLD),  # two practices in one building
        ({"name": "Tooth Works", "phone": "", "street": ""}, {}, NONE),
    ],
)
def test_practices_go_by_their_name(one: dict[str, str], other: dict[str, str], level: Level) -> None:
    gum = {"name": "Gum Partners", "phone": "212-555-0100", "street": "1 Bay St", "zip": "10001"}
    assert compared({**gum, **one}, {**gum, **other}).level is level


def test_the_key_that_the_mapping_writes_into_a_name_is_no_part_of_it() -> None:
    ours = person("RP-7", name="Gum Partners (RP-7)", phone="212-555-0100")
    assert judge(ours, person("77", name="Gum Partners", phone="212-555-0100")).level is LIKELY


def test_reasons_are_words_without_values() -> None:
    verdict = compared(JOHN, {**JOHN, "first": "Johnny", "born": ""})
    assert verdict.reasons == (
        "form of the same first name",
        "same last name",
        "birth date missing",
        "same phone",
        "same e-mail",
        "same address",
    )


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("bob", "robert", Likeness.SHORT),
        ("bill", "billy", Likeness.SHORT),
        ("pat", "patricia", Likeness.SHORT),
        ("catherine", "kathryn", Likeness.SHORT),
        ("stefanie", "stephanie", Likeness.SHORT),
        ("robertt", "robert", Likeness.SIMILAR),
        ("j", "john", Likeness.WEAK),
        ("j", "mary", Likeness.OTHER),
        ("", "john", Likeness.UNKNOWN),
        ("john", "mary", Likeness.OTHER),
    ],
)
def test_given_names(one: str, other: str, expected: Likeness) -> None:
    assert likeness(one, other) is likeness(other, one) is expected


def test_soundex_is_the_national_archives_one() -> None:
    examples = {"washington": "w252", "lee": "l000", "gutierrez": "g362", "pfister": "p236", "jackson": "j250",
                "tymczak": "t522", "ashcraft": "a261"}  # fmt: skip
    assert {name: soundex(name) for name in examples} == examples


@given(PEOPLE, PEOPLE)
@settings(max_examples=400, deadline=None)
def test_the_verdict_is_the_same_from_both_sides(one: dict[str, Any], other: dict[str, Any]) -> None:
    compared(one, other)


@given(PEOPLE)
@settings(max_examples=100, deadline=None)
def test_a_record_fits_itself_as_well_as_its_name_allows(one: dict[str, Any]) -> None:
    known = person("a", **one)
    level = compared(one, one).level
    if known.given and known.last and known.born and not known.couple:
        assert level is CERTAIN
    assert level is not HOUSEHOLD or not known.given or not known.last or known.couple


@given(PEOPLE, PEOPLE)
@settings(max_examples=400, deadline=None)
def test_shared_household_data_never_makes_one_of_two_people(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Whatever is shared, it lifts nobody with another first name or birth date over the household."""
    shared = {"phone": "212-555-0101", "email": "home@example.com", "street": "12 N Main St", "zip": "10001"}
    alone, together = compared({**one, **ALONE}, {**other, **ALONE}), compared({**one, **shared}, {**other, **shared})
    assert together.level >= alone.level
    left, right = person("a", **one), person("b", **other)
    if left.born and right.born and left.born[:4] != right.born[:4]:
        assert together.level is HOUSEHOLD
    swapped = (left.first, left.last) == (right.last, right.first)
    names = {*left.given, left.first}, {*right.given, right.first}
    if left.given and right.given and not swapped and all(
        likeness(a, b) is Likeness.OTHER for a in names[0] for b in names[1]
    ):  # fmt: skip
        assert together.level is HOUSEHOLD
