"""What the diff finds, one planted difference at a time."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from perio_pipeline.errors import SettingsError
from perio_pipeline.signoff.causes import CAUSES, Cause
from perio_pipeline.signoff.diff import DIFFERENCE_TYPES, diff_object
from perio_pipeline_tests.signoff.family import family, with_cell
from perio_pipeline_tests.signoff.small_mapping import MAPPING, with_object
from perio_pipeline_tests.signoff.small_practice import LOOKUPS, Place, causes, compare, readback, unexplained


@pytest.mark.parametrize("name", ["contacts", "visits", "notes"])
def test_p5_a_faultless_crm_signs_off(name: str) -> None:
    diff = compare(family(), name)
    assert diff.unexplained == 0
    assert diff.records == {"contacts": 2, "visits": 1, "notes": 2}[name]
    assert {column: str(kind) for column, kind in diff.differences.dtypes.items()}.keys() == DIFFERENCE_TYPES.keys()


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        ("firstName", "  Ada1 ", Cause.NORMALISED),
        ("email", "HOME@example.com", Cause.NORMALISED),
        ("firstName", "Ad", Cause.TRUNCATED),
        ("firstName", "ada1", Cause.ALTERED),
        ("birthDate", "1960-02-28", Cause.ALTERED),
        ("birthDate", "1960-02-29T00:00:00.000Z", Cause.NORMALISED),
        ("birthDate", None, Cause.DROPPED),
        ("dnd", False, Cause.ALTERED),
        ("dnd", None, Cause.DROPPED),
        ("country", "CA", Cause.ALTERED),
        ("stage", "NEW PATIENTS", Cause.NORMALISED),
        ("stage", None, Cause.DROPPED),
        ("Sex", "female", Cause.ALTERED),
        ("Depth", 4.25, Cause.ALTERED),
        ("Created", "2001-05-06", Cause.TRUNCATED),
        ("Mobile", "+16175550109", Cause.ALTERED),
        ("Carrier", "New", Cause.TRUNCATED),
        ("Carrier", "Old", Cause.ALTERED),
        ("Unusable", "555-0199", Cause.EXTRA),
        ("Provider", "Dr. Ann", Cause.TRUNCATED),
        ("owner", "roy@example.com", Cause.ALTERED),
        ("owner", None, Cause.DROPPED),
    ],
)
def test_p5_each_planted_difference_has_its_cause(field: str, value: object, cause: Cause) -> None:
    practice = family()
    diff = compare(practice, "contacts", with_cell(practice, "contacts", "P1", **{field: value}))
    assert ("P1", field, cause.value) in causes(diff)
    assert diff.unexplained == (not CAUSES[cause].explained)


def test_p5_a_column_the_crm_never_returned_is_dropped_in_every_record() -> None:
    practice = family()
    records = [{name: value for name, value in row.items() if name != "country"} for row in practice.crm()["contacts"]]
    assert unexplained(compare(practice, "contacts", records)) == [
        ("P1", "country", "dropped"),
        ("P2", "country", "dropped"),
    ]


def test_p5_a_missing_record_is_one_line_and_all_its_cells_count() -> None:
    practice = family()
    whole, diff = compare(practice, "contacts"), compare(practice, "contacts", practice.crm()["contacts"][:1])
    assert unexplained(diff) == [("P2", "*", "missing")]
    assert (diff.cells, diff.records) == (whole.cells, whole.records)


def test_p5_an_empty_crm_misses_every_record() -> None:
    nothing = pd.DataFrame({"source_key": [], "account": [], "crm_id": []}, dtype="str")
    diff = diff_object("contacts", MAPPING, family().frames(), nothing, {}, LOOKUPS, Place(), None)
    assert unexplained(diff) == [("P1", "*", "missing"), ("P2", "*", "missing")]


def test_p5_a_second_copy_of_a_record_is_extra() -> None:
    practice = family()
    records = practice.crm()["visits"]
    diff = compare(practice, "visits", [*records, records[0] | {"crm_id": "V2"}])
    assert unexplained(diff) == [("A1", "*", "extra")]
    assert diff.differences["crm_id"].tolist() == ["V2"]


def test_p5_a_merged_patient_is_not_expected_and_its_rows_belong_to_the_survivor() -> None:
    practice = family()
    contacts = practice.crm()["contacts"]
    assert [row["Carrier"] for row in contacts] == ["Newest", None]
    found = compare(practice, "contacts", [*contacts, contacts[0] | {"source_key": "P3", "crm_id": "CP3"}])
    assert unexplained(found) == [("P3", "*", "extra")]
    orphan = with_cell(practice, "visits", "A1", **{"link.contactId": "CP3"})
    assert unexplained(compare(practice, "visits", orphan)) == [("A1", "link.contactId", "altered")]


@pytest.mark.parametrize(("crm_id", "cause"), [("CP2", "altered"), ("CX", "altered"), (None, "dropped")])
def test_p5_a_link_to_the_wrong_contact_is_found(crm_id: str | None, cause: str) -> None:
    practice = family()
    for name, key in (("visits", "A1"), ("notes", "N1")):
        diff = compare(practice, name, with_cell(practice, name, key, **{"link.contactId": crm_id}))
        assert unexplained(diff) == [(key, "link.contactId", cause)]


def test_p5_a_link_into_another_account_is_found() -> None:
    practice = family()
    records = with_cell(practice, "visits", "A1", account="north")
    assert unexplained(compare(practice, "visits", records)) == [("A1", "link.contactId", "altered")]


def test_p5_a_shared_value_that_another_record_holds_is_withheld() -> None:
    diff = compare(family(), "contacts")
    withheld = diff.differences[diff.differences["cause"] == "withheld"]
    # The son goes without the e-mail, and calls by the home phone since his mother has the mobile.
    assert set(zip(withheld["source_key"], withheld["field"], strict=True)) == {("P2", "email"), ("P2", "phone")}
    assert withheld["explained"].all()


def test_p5_a_shared_value_that_nobody_holds_is_dropped() -> None:
    practice = family()
    records = with_cell(practice, "contacts", "P1", email=None)
    assert set(unexplained(compare(practice, "contacts", records))) == {
        ("P1", "email", "dropped"),
        ("P2", "email", "dropped"),
    }


def test_p5_a_familys_value_may_stand_on_a_contact_in_another_account_of_the_practice() -> None:
    practice = family()
    records = with_cell(practice, "contacts", "P1", account="north")
    lookups = pd.concat([LOOKUPS, LOOKUPS.assign(account="north")])
    found = unexplained(compare(practice, "contacts", records, lookups=lookups))
    assert found == []


def test_p5_a_withheld_value_must_stand_in_its_custom_field() -> None:
    practice = family()
    records = with_cell(practice, "contacts", "P2", Email=None)
    assert unexplained(compare(practice, "contacts", records)) == [
        ("P2", "email", "dropped"),
        ("P2", "Email", "dropped"),
    ]


def test_p5_in_a_sample_the_holder_may_still_be_outside() -> None:
    practice = family()
    records = practice.crm()["contacts"][1:]
    diff = compare(practice, "contacts", records, only={"P2"})
    assert (diff.records, diff.unexplained) == (1, 0)
    assert compare(practice, "contacts", records).unexplained > 0


def test_p5_a_sample_compares_its_records_and_leaves_the_others_alone() -> None:
    practice = family()
    records = with_cell(practice, "contacts", "P2", firstName="Somebody")
    assert compare(practice, "contacts", records, only={"P1"}).unexplained == 0
    assert compare(practice, "contacts", records, only={"P2"}).unexplained == 1


def test_p5_an_owner_that_the_account_does_not_know_is_explained() -> None:
    practice = family()
    records = with_cell(practice, "contacts", "P1", owner=None)
    unknown = LOOKUPS[LOOKUPS["name"] != "ann@example.com"]
    assert ("P1", "owner", "unmatched_user") in causes(compare(practice, "contacts", records, lookups=unknown))
    assert compare(practice, "contacts", records, lookups=unknown).unexplained == 0
    # Someone else in the owner's place is not.
    wrong = with_cell(practice, "contacts", "P1", owner="roy@example.com")
    assert unexplained(compare(practice, "contacts", wrong, lookups=unknown)) == [("P1", "owner", "altered")]


def test_p5_records_that_lie_in_several_accounts_are_compared_in_each() -> None:
    mapping = with_object("contacts", account="linked")
    practice = family()
    records = practice.crm()["contacts"]
    copies = [*records, *({**row, "account": "north", "crm_id": f"{row['crm_id']}n"} for row in records)]
    copies[-1]["firstName"] = "Else"
    lookups = pd.concat([LOOKUPS, LOOKUPS.assign(account="north")])
    diff = diff_object("contacts", mapping, practice.frames(), readback(copies), {}, lookups, Place(), None)
    assert diff.records == 4
    assert unexplained(diff) == [("P2", "firstName", "altered")]
    assert diff.differences.query("not explained")["account"].tolist() == ["north"]


def test_counts_and_population_hold_no_values() -> None:
    practice = family()
    diff = compare(practice, "contacts", with_cell(practice, "contacts", "P1", Sex=None))
    assert list(diff.counts.columns) == ["field", "cause", "count"]
    assert diff.counts["count"].sum() == len(diff.differences)
    population = diff.population.set_index("field")
    assert population.loc["Sex", ["expected_filled", "crm_filled"]].tolist() == [1, 0]
    assert population.loc["Unusable", "expected_filled"] == 0
    assert bool(population.loc["Sex", "custom"])
    assert not bool(population.loc["email", "custom"])
    assert "Home@Example.com" not in repr(diff)


def test_a_join_that_finds_several_rows_is_an_error() -> None:
    joins = {alias: join.model_dump() for alias, join in MAPPING.objects["contacts"].join.items()}
    joins["policy"]["latest"] = None
    with pytest.raises(ValueError, match="several rows"):
        diff_object(
            "contacts",
            with_object("contacts", join=joins),
            family().frames(),
            readback(family().crm()["contacts"]),
            {},
            LOOKUPS,
            Place(),
            None,
        )


def test_an_unknown_country_is_an_error_that_says_what_to_do() -> None:
    frames, found = family().frames(), readback(family().crm()["contacts"])
    with pytest.raises(SettingsError, match="NUMBERING"):
        diff_object("contacts", MAPPING, frames, found, {}, LOOKUPS, replace(Place(), country="FR"), None)


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        ("P2", "birthDate", "1999-09-09"),  # PANDA has none
        ("P2", "Carrier", "Own insurer"),
        ("P2", "dnd", True),
        ("P1", "country", "CA"),  # the same for every record
        ("P2", "email", "own@example.com"),  # PANDA's is held by the mother
    ],
)
def test_p5_what_a_linked_record_keeps_is_explained_and_on_our_own_it_is_not(
    key: str, field: str, value: object
) -> None:
    practice = family()
    changed = with_cell(practice, "contacts", key, **{field: value})
    linked = compare(practice, "contacts", changed, held_before={"C" + key})
    assert (key, field, "kept") in causes(linked)
    assert linked.unexplained == 0
    assert [line[:2] for line in unexplained(compare(practice, "contacts", changed))] == [(key, field)]
    assert [line[:2] for line in unexplained(compare(practice, "contacts", changed, held_before={"C9"}))] == [
        (key, field)
    ]


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        ("P1", "firstName", "Own"),  # PANDA knows better
        ("P1", "birthDate", None),  # an empty field is no value of the CRM's own
        ("P1", "dnd", False),  # a no does not stand against PANDA's yes
        ("P1", "email", "own@example.com"),
    ],
)
def test_p5_a_linked_record_that_lacks_what_panda_knows_is_not_explained(key: str, field: str, value: object) -> None:
    practice = family()
    diff = compare(
        practice, "contacts", with_cell(practice, "contacts", key, **{field: value}), held_before={"C" + key}
    )
    assert (key, field) in [line[:2] for line in unexplained(diff)]


def test_p5_a_no_in_panda_leaves_a_yes_of_a_linked_record() -> None:
    practice = family()
    practice.patient[0]["do_not_contact"] = False
    changed = with_cell(practice, "contacts", "P1", dnd=True)
    assert compare(practice, "contacts", changed, held_before={"CP1"}).unexplained == 0
    assert compare(practice, "contacts", changed).unexplained == 1


def test_p5_the_owner_of_a_linked_record_stays_where_the_account_has_no_such_user() -> None:
    practice = family()
    changed = with_cell(practice, "contacts", "P1", owner="someone@example.com")
    nobody = LOOKUPS[LOOKUPS["field"] != "owner"]
    assert ("P1", "owner", "kept") in causes(
        compare(practice, "contacts", changed, lookups=nobody, held_before={"CP1"})
    )
    assert ("P1", "owner") in [line[:2] for line in unexplained(compare(practice, "contacts", changed, lookups=nobody))]
