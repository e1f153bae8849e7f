"""P5: the sample shows everything the full migration will, with as few patients as were asked for."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.loading.sampling import SAMPLE_KINDS, choose, patient_object, sample_frame, uncovered
from perio_pipeline_tests.loading.small_load import MAPPING

COLUMNS = {
    "companies": ["name"],
    "contacts": ["firstName", "office", "stage", "dnd", "Source_Id", "Depth", "Sex", "link.businessId"],
    "notes": ["body", "link.contactId"],
}


def frame(name: str, *rows: dict[str, Any]) -> pd.DataFrame:
    names = ["source_key", "account", *COLUMNS[name]]
    return pd.DataFrame(
        {column: pd.Series([{"account": "north", **row}.get(column) for row in rows], dtype="str") for column in names}
    )


def person(key: str, **values: Any) -> dict[str, Any]:
    return {"source_key": key, "Source_Id": key, "stage": "New", **values}


def practice(people: list[dict[str, Any]], notes: list[tuple[str, str | None]] = []) -> dict[str, pd.DataFrame]:  # noqa: B006
    written = [{"source_key": key, "body": "x", "link.contactId": patient} for key, patient in notes]
    companies = sorted({row["link.businessId"] for row in people if row.get("link.businessId")})
    return {
        "companies": frame("companies", *({"source_key": key, "name": key} for key in companies)),
        "contacts": frame("contacts", *people),
        "notes": frame("notes", *written),
    }


CROWD = [person(f"P{number}", firstName="Jo") for number in range(40)]


def test_the_patients_are_the_object_made_from_the_patient_table() -> None:
    assert patient_object(MAPPING) == "contacts"


@pytest.mark.parametrize("rare", [{"Sex": "Male"}, {"Depth": "7.5"}, {"account": "south"}, {"office": "S"}])
def test_whoever_alone_shows_something_is_in_the_sample(rare: dict[str, str]) -> None:
    shaped = practice([*CROWD, person("rare", firstName="Jo", **rare)])
    chosen = choose(MAPPING, shaped, 2)
    assert "rare" in chosen
    assert uncovered(MAPPING, shaped, chosen) == []


def test_patients_with_no_one_and_many_records_are_all_shown() -> None:
    counts = {"P1": 1, "P2": 3, "P3": 6, "P4": 12}
    shaped = practice(CROWD, [(f"{key}-{n}", key) for key, count in counts.items() for n in range(count)])
    chosen = choose(MAPPING, shaped, 5)
    assert chosen >= set(counts)
    assert uncovered(MAPPING, shaped, chosen) == []
    assert uncovered(MAPPING, shaped, chosen - {"P4", "P1"}) == ["many of notes", "one of notes"]


def test_the_rarest_comes_first_when_there_is_no_room_for_all() -> None:
    people = [person(f"M{n}", Sex="Male") for n in range(3)] + [person(f"F{n}", Sex="Female") for n in range(2)]
    shaped = practice([*people, person("D", Depth="7.5")])
    assert choose(MAPPING, shaped, 1) == {"D"}
    assert {key[0] for key in choose(MAPPING, shaped, 2)} == {"D", "F"}


def test_of_several_the_patient_who_shows_most_is_chosen() -> None:
    people = [
        person("A", Sex="Male"),
        person("B", Sex="Male", Depth="1"),
        person("C", Depth="1"),
        person("D", Depth="1"),
    ]
    assert choose(MAPPING, practice(people), 1) == {"B"}


def test_those_who_fill_the_sample_are_the_same_in_every_process() -> None:
    assert choose(MAPPING, practice(CROWD), 4) == {"P0", "P12", "P21", "P29"}


def test_what_is_not_covered_is_told_without_values() -> None:
    shaped = practice(
        [person("P1", firstName="Ottilie", Sex="Male"), person("P2", Depth="9.25", office="Elmtown", account="south")]
    )
    assert uncovered(MAPPING, shaped, {"P2"}) == [
        "contacts in account north",
        "contacts.Sex filled",
        "contacts.Sex is Male",
        "contacts.firstName filled",
    ]
    told = " ".join(uncovered(MAPPING, shaped, set()))
    assert not any(value in told for value in ("Ottilie", "9.25", "Elmtown", "P1", "P2"))


PEOPLE = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "Sex": st.sampled_from(["Male", "Female"]),
            "Depth": st.sampled_from(["1", "2"]),
            "firstName": st.just("Jo"),
            "office": st.sampled_from("NS"),
            "account": st.sampled_from(["north", "south"]),
        },
    ),
    min_size=1,
    max_size=12,
)
NOTES = st.lists(st.integers(0, 14), max_size=12)


@given(PEOPLE, NOTES, st.integers(1, 15), st.randoms())
@settings(max_examples=40, deadline=None)
def test_p5_the_sample_has_the_size_asked_for_and_is_always_the_same(
    people: list[dict[str, Any]], notes: list[int], size: int, chance: Any
) -> None:
    everyone = [person(f"P{number}", **row) for number, row in enumerate(people)]
    shaped = practice(everyone, [(f"N{place}", f"P{number}") for place, number in enumerate(notes)])
    chosen = choose(MAPPING, shaped, size)
    assert len(chosen) == min(size, len(everyone))
    assert chosen <= {row["source_key"] for row in everyone}
    mixed = dict(shaped)
    mixed["contacts"] = shaped["contacts"].sample(frac=1, random_state=chance.randrange(99))
    assert choose(MAPPING, mixed, size) == chosen
    if size >= 13:  # more than there can be strata that need a patient each
        assert uncovered(MAPPING, shaped, chosen) == []


def test_the_sample_is_the_chosen_patients_with_their_children_and_parents() -> None:
    people = [person("P1", **{"link.businessId": "R1"}), person("P2", **{"link.businessId": "R2"}), person("P3")]
    shaped = practice(people, [("N1", "P1"), ("N2", "P2"), ("N3", "P1"), ("N4", None)])
    sample = sample_frame(MAPPING, shaped, {"P1", "P3"})
    assert list(sample.columns) == list(SAMPLE_KINDS)
    assert list(sample.itertuples(index=False, name=None)) == [
        ("companies", "R1"), ("contacts", "P1"), ("contacts", "P3"), ("notes", "N1"), ("notes", "N3"),
    ]  # fmt: skip


def test_the_parents_of_parents_come_along() -> None:
    content = MAPPING.model_dump(by_alias=True)
    group = {**content["objects"]["companies"], "rows": "validated/group"}
    companies = content["objects"]["companies"] | {"links": {"groupId": {"object": "groups", "by": "group_id"}}}
    objects = {"groups": group, **content["objects"], "companies": companies}
    deep = type(MAPPING).model_validate({"destination": "test", "objects": objects})
    shaped = practice([person("P1", **{"link.businessId": "R1"}), person("P2", **{"link.businessId": "R2"})])
    shaped["companies"] = shaped["companies"].assign(**{"link.groupId": ["G1", "G2"]})
    shaped["groups"] = frame("companies", {"source_key": "G1"}, {"source_key": "G2"})
    sample = sample_frame(deep, shaped, {"P1"})
    assert list(sample.itertuples(index=False, name=None)) == [
        ("groups", "G1"),
        ("companies", "R1"),
        ("contacts", "P1"),
    ]


def test_an_empty_practice_has_an_empty_sample() -> None:
    shaped = practice([])
    assert choose(MAPPING, shaped, 60) == set()
    assert len(sample_frame(MAPPING, shaped, set())) == 0
