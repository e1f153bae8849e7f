"""Who is offered whom: each record of the CRM to one at most, the best first, and what fits equally well with doubt."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.loading.matching.judging import MARKED, Level, Verdict, judge
from perio_pipeline.loading.matching.pairing import (
    ANOTHER_PATIENT,
    ANOTHER_RECORD,
    CROWDS,
    KEPT,
    Index,
    Offer,
    Pair,
    RecordKey,
    assign,
    find_pairs,
)
from perio_pipeline_tests.loading.matching.people import JOHN, PEOPLE, person

Side = dict[str, dict[str, Any]]


def pairs_of(panda: Side, crm: Side) -> list[Pair]:
    records = {("contacts", key): person(key, **said) for key, said in panda.items()}
    return find_pairs(records, Index(person(key, **said) for key, said in crm.items()))


def offers(panda: Side, crm: Side, separated: set[tuple[RecordKey, str]] | None = None) -> dict[str, tuple[str, Level]]:
    """Source key → the CRM's record that is offered, and how surely they are one; for records with one offer."""
    made = assign(pairs_of(panda, crm), separated or set())
    assert max(Counter(offer.pair.record for offer in made).values(), default=1) == 1
    return {offer.pair.record[1]: (offer.pair.crm_id, offer.level) for offer in made}


def test_twins_are_told_apart_by_their_first_names() -> None:
    twins = {"P1": {**JOHN, "first": "Anna"}, "P2": {**JOHN, "first": "Clara"}}
    crm = {"c1": {**JOHN, "first": "CLARA"}, "c2": {**JOHN, "first": "Anna"}}
    assert offers(twins, crm) == {"P1": ("c2", Level.CERTAIN), "P2": ("c1", Level.CERTAIN)}
    assert offers({"P1": twins["P1"]}, {"c1": crm["c1"]}) == {}


def test_a_family_that_shares_everything_is_not_merged() -> None:
    home = {"last": "Smith", "phone": JOHN["phone"], "email": JOHN["email"], "street": JOHN["street"], "zip": "10001"}
    family = {
        "P1": {**home, "first": "John", "born": "1980-03-12"},
        "P2": {**home, "first": "Jane", "born": "1981-04-13"},
        "P3": {**home, "first": "Tim", "born": "2010-05-14"},
    }
    crm = {"c1": {**home, "first": "Jane"}, "c2": {**home, "first": "Rex", "born": "1980-03-12"}}
    assert offers(family, crm) == {"P2": ("c1", Level.LIKELY)}


def test_father_and_son_of_one_name_tie_where_the_crm_has_no_birth_date() -> None:
    panda = {"P1": {**JOHN, "born": "1950-01-01"}, "P2": {**JOHN, "born": "1980-03-12"}}
    assert offers(panda, {"c1": {**JOHN, "born": ""}}) == {"P1": ("c1", Level.POSSIBLE)}
    (offer,) = assign(pairs_of(panda, {"c1": {**JOHN, "born": ""}}))
    assert offer.reasons[-1] == ANOTHER_PATIENT
    assert offers(panda, {"c1": {**JOHN, "born": ""}}, {(("contacts", "P1"), "c1")}) == {"P2": ("c1", Level.LIKELY)}


def test_a_person_whom_the_crm_holds_twice_is_offered_both_with_doubt() -> None:
    made = assign(pairs_of({"P1": JOHN}, {"c1": JOHN, "c2": {**JOHN, "phone": "", "email": ""}}))
    assert {(offer.pair.crm_id, offer.level, offer.reasons[-1]) for offer in made} == {
        ("c1", Level.POSSIBLE, ANOTHER_RECORD),
        ("c2", Level.POSSIBLE, ANOTHER_RECORD),
    }


def test_the_better_pair_wins_and_the_other_patient_goes_without() -> None:
    panda = {"P1": {**JOHN, "first": "Jhon"}, "P2": JOHN}
    assert offers(panda, {"c1": JOHN}) == {"P2": ("c1", Level.CERTAIN)}


def test_a_mark_is_better_than_any_name() -> None:
    marked = Pair(("contacts", "P2"), "c1", MARKED)
    (offer,) = assign([*pairs_of({"P1": JOHN}, {"c1": JOHN}), marked])
    assert offer.pair == marked


def test_a_common_name_alone_is_offered_to_nobody() -> None:
    bare = {"first": "John", "last": "Smith"}
    assert offers({"P1": JOHN}, {"c1": bare}) == {"P1": ("c1", Level.POSSIBLE)}
    assert offers({"P1": JOHN}, {"c1": bare, "c2": bare}) == {}


def test_what_a_crowd_shares_is_not_compared_and_is_told() -> None:
    desk = {"phone": "212-555-0100", "last": "Doe"}
    crm = {f"c{n}": {**desk, "first": f"Name{n}"} for n in range(CROWDS["phone"] + 1)}
    index = Index(person(key, **said) for key, said in crm.items())
    assert index.crowded == {"phone": 1}
    assert list(index.near(person("P1", first="Ann", last="Ruth", phone="212-555-0100"))) == []


def test_each_record_keeps_its_best_pairs_only() -> None:
    crm = {f"c{n:02}": {**JOHN, "born": ""} for n in range(CROWDS["phone"])}
    found = pairs_of({"P1": JOHN}, crm)
    assert len(found) == KEPT


SIDES = st.lists(PEOPLE, max_size=6)


def side(prefix: str, people: list[dict[str, Any]]) -> Side:
    return {f"{prefix}{number}": one for number, one in enumerate(people)}


@given(SIDES, SIDES)
@settings(max_examples=200, deadline=None)
def test_no_record_of_the_crm_is_ever_offered_to_two(panda: list[dict[str, Any]], crm: list[dict[str, Any]]) -> None:
    made = assign(pairs_of(side("P", panda), side("c", crm)))
    assert max(Counter(offer.pair.crm_id for offer in made).values(), default=0) <= 1
    sure = Counter(offer.pair.record for offer in made if offer.level > Level.POSSIBLE)
    assert max(sure.values(), default=0) <= 1
    assert all(offer.level <= offer.pair.verdict.level for offer in made)
    assert all(offer.pair.verdict.level >= Level.POSSIBLE for offer in made)


@given(SIDES, SIDES, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_records_changes_nothing(
    panda: list[dict[str, Any]], crm: list[dict[str, Any]], chance: random.Random
) -> None:
    def shuffled(one: Side) -> Side:
        keys = list(one)
        chance.shuffle(keys)
        return {key: one[key] for key in keys}

    def made(left: Side, right: Side) -> list[Offer]:
        return sorted(assign(pairs_of(left, right)), key=lambda offer: (offer.pair.record, offer.pair.crm_id))

    left, right = side("P", panda), side("c", crm)
    assert made(left, right) == made(shuffled(left), shuffled(right))


@given(SIDES, SIDES)
@settings(max_examples=100, deadline=None)
def test_pairs_are_the_same_from_both_sides(panda: list[dict[str, Any]], crm: list[dict[str, Any]]) -> None:
    """Household pairs aside, of which each record keeps one."""
    there = {(p.record[1], p.crm_id, p.verdict) for p in pairs_of(side("P", panda), side("c", crm))}
    back = {(p.crm_id, p.record[1], p.verdict) for p in pairs_of(side("c", crm), side("P", panda))}

    def matches(found: set[tuple[str, str, Verdict]]) -> set[tuple[str, str, Verdict]]:
        return {pair for pair in found if pair[2].level >= Level.POSSIBLE}

    assert matches(there) == matches(back)


@given(SIDES, SIDES)
@settings(max_examples=100, deadline=None)
def test_blocks_miss_nothing_that_would_match(panda: list[dict[str, Any]], crm: list[dict[str, Any]]) -> None:
    """Comparing everybody with everybody finds no pair more."""
    left, right = side("P", panda), side("c", crm)
    found = {(p.record[1], p.crm_id) for p in pairs_of(left, right)}
    for key, one in left.items():
        for crm_id, other in right.items():
            if judge(person(key, **one), person(crm_id, **other)).level >= Level.POSSIBLE:
                assert (key, crm_id) in found


@given(SIDES, SIDES)
@settings(max_examples=100, deadline=None)
def test_a_separated_pair_is_never_offered_again(panda: list[dict[str, Any]], crm: list[dict[str, Any]]) -> None:
    pairs = pairs_of(side("P", panda), side("c", crm))
    first = assign(pairs)
    separated = {(offer.pair.record, offer.pair.crm_id) for offer in first}
    assert not separated & {(offer.pair.record, offer.pair.crm_id) for offer in assign(pairs, separated)}
