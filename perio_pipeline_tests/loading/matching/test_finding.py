"""What the account holds already: who is a candidate, what a person decides, and what the loader then does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perio_pipeline.crm.protocol import Ref, RequestStats, Snapshot
from perio_pipeline.loading.matching.decisions import DecisionError, link_certain, waiting
from perio_pipeline.loading.matching.finding import MATCH_KINDS
from perio_pipeline_tests.loading.fake_crm import PAGE
from perio_pipeline_tests.loading.matching.practice import Practice, frame, levels, offered, practice_in

ANN = {"firstName": "Ann", "lastName": "Gray", "Born": "1970-01-02", "phone": "+12125550101"}
BEA = {"firstName": "Bea", "lastName": "Hill", "Born": "1971-02-03", "email": "bea@example.com"}
CAL = {"firstName": "Cal", "lastName": "Ives", "Born": "1972-03-04"}


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with practice_in(tmp_path) as opened:
        yield opened


def patients(**people: dict[str, Any]) -> Any:
    return frame("contacts", *({"source_key": key, **person} for key, person in people.items()))


def test_candidates_are_found_with_words_and_without_values(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    practice.holds("c2", **{**BEA, "Born": None})
    practice.holds("c3", firstName="Rex", lastName="Zorn", email="rex@example.com")
    found = practice.find(contacts=patients(P1=ANN, P2=BEA, P3=CAL))
    assert levels(found) == {"P1": ("c1", "certain"), "P2": ("c2", "likely")}
    assert found.frame.dtypes.astype(str).to_dict().keys() == MATCH_KINDS.keys()
    text = found.frame.to_csv()
    assert not any(value in text for person in (ANN, BEA) for value in person.values())
    assert found.seen == 3
    sides = found.texts[offered(found)[0]["match"]]
    assert [side["phone"] for side in sides] == [("+12125550101",), ("+12125550101",)]
    assert practice.waiting(found) == {"P1", "P2"}


def test_each_model_is_walked_once_page_by_page_and_counted(practice: Practice) -> None:
    for number in range(2 * PAGE):
        practice.holds(f"c{number}", firstName="Rex", lastName=f"Zorn{number}")
    practice.find(contacts=patients(P1=ANN), dentists=frame("dentists", {"source_key": "D1", **BEA}))
    assert practice.crm.asked("existing") == [("dentists",)] * 3
    traffic = practice.target.journal.traffic("harbor", "test")
    assert traffic["dentists"] == RequestStats(4, 0, 0)
    assert "contacts" not in traffic


def test_what_we_wrote_is_no_candidate_and_a_loaded_account_is_not_walked(practice: Practice) -> None:
    shaped = patients(P1=ANN)
    practice.load(practice.find(contacts=shaped), shaped)
    assert levels(practice.find(contacts=patients(P1=ANN))) == {}
    walks = len(practice.crm.asked("existing"))
    assert len(practice.find(contacts=shaped).frame) == 0
    assert len(practice.crm.asked("existing")) == walks
    (ours,) = practice.crm.records
    practice.crm.records[replace(ours, object="dentists")] = practice.crm.records.pop(ours)
    again = practice.find(contacts=patients(P1=ANN, P9={**ANN, "firstName": "Anne"}))
    assert levels(again) == {}, "the journal knows that record as another patient's"


def test_a_mark_that_the_journal_does_not_know_is_certain_and_another_one_is_ours(practice: Practice) -> None:
    practice.holds("c1", firstName="Renamed", lastName="Since", externalId="patient:P1")
    practice.holds("c2", **BEA, externalId="patient:P99")  # of a patient that is not loaded any more
    practice.holds("c3", **CAL, externalId="mailer-7")  # another program's id is none of ours
    found = practice.find(contacts=patients(P1=ANN, P2=BEA, P3=CAL))
    assert levels(found) == {"P1": ("c1", "certain"), "P3": ("c3", "certain")}
    assert offered(found)[0]["reasons"] == "carries the mark of this record"


def test_the_mark_within_a_text_is_read_too(practice: Practice) -> None:
    practice.holds("b1", "companies", name="Old", description="Call first.\n[PANDA practice RP-1]")
    practice.holds("b2", "companies", name="Gum Partners", phone="+12125550100", description="our friends")
    rows = (
        {"source_key": "RP-1", "name": "New"},
        {"source_key": "RP-2", "name": "Gum Partners", "phone": "2125550100"},
    )
    found = practice.find(companies=frame("companies", *rows))
    assert levels(found) == {"RP-1": ("b1", "certain"), "RP-2": ("b2", "likely")}


def test_one_contact_is_not_offered_to_a_patient_and_to_a_dentist(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    found = practice.find(contacts=patients(P1=ANN), dentists=frame("dentists", {"source_key": "D1", **ANN}))
    assert levels(found) == {"P1": ("c1", "certain")}
    assert practice.waiting(found, "dentists") == {"D1"}, "somebody decides about the patient first"
    practice.decide(found, P1="link")
    assert practice.waiting(found, "dentists") == set()


def test_undecided_records_are_held_back_and_the_others_load(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    shaped = patients(P1=ANN, P2=BEA)
    manifest = practice.load(practice.find(contacts=shaped), shaped)
    assert manifest["action"].to_dict() == {"P1": "failed", "P2": "created"}
    assert (manifest.loc["P1", "code"], "perio match" in manifest.loc["P1", "reason"]) == ("match_undecided", True)
    assert practice.known("P1") is None


def test_a_linked_record_is_updated_and_keeps_what_panda_does_not_know(practice: Practice) -> None:
    before = {**ANN, "email": "own@example.com", "phone": "old", "source": "Friend", "dnd": True, "externalId": None}
    practice.holds("c1", **before)
    shaped = patients(P1={**ANN, "email": None, "dnd": False, "source": "PANDA"})
    found = practice.find(contacts=shaped)
    practice.decide(found, P1="link")
    known = practice.known("P1")
    assert known is not None
    assert (known.crm_id, known.state, known.created_by_us) == ("c1", "linked", False)
    practice.crm.records[Ref("contacts", "c1")] = practice.crm.records.pop(Ref("dentists", "c1"))
    manifest = practice.load(found, shaped)
    assert (manifest.loc["P1", "action"], manifest.loc["P1", "linked"]) == ("updated", True)
    held = practice.crm.records[Ref("contacts", "c1")].fields
    assert (held["email"], held["source"], held["dnd"]) == ("own@example.com", "Friend", True)
    assert (held["phone"], held["externalId"]) == (ANN["phone"], "patient:P1")
    (entry,) = [e for e in practice.target.journal.entries("harbor") if (e.operation, e.kind) == ("update", "intent")]
    replaced = practice.target.journal.values_before(entry)
    assert replaced == {
        "firstName": "Ann",
        "lastName": "Gray",
        "phone": "old",
        "externalId": None,
        "Born": "1970-01-02",
    }
    assert practice.load(found, shaped)["action"].tolist() == ["unchanged"]


def test_a_separate_record_is_created_beside_the_other_one(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    shaped = patients(P1=ANN)
    found = practice.find(contacts=shaped)
    practice.decide(found, P1="separate")
    again = practice.find(contacts=shaped)
    assert [(row["decision"], row["decided_by"], row["holds"]) for row in offered(again)] == [
        ("separate", "Dana Frost", False)
    ]
    assert practice.load(again, shaped)["action"].tolist() == ["created"]
    assert practice.crm.records[Ref("dentists", "c1")].fields["firstName"] == "Ann"
    assert practice.decide(found, P1="separate") == {"link": 0, "separate": 0}, "it stands, since it was created"


def test_a_decision_can_be_revised_until_the_record_is_loaded(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    practice.holds("c2", **ANN)
    shaped = patients(P1=ANN)
    found = practice.find(contacts=shaped)
    one, two = (row["match"] for row in sorted(offered(found), key=lambda row: row["crm_id"]))
    assert practice.decide_pairs(found, {one: "link", two: "separate"}) == {"link": 1, "separate": 1}
    assert practice.decide_pairs(found, {one: "link", two: "separate"}) == {"link": 0, "separate": 0}
    assert practice.decide_pairs(found, {one: "separate", two: "link"}, by="Ken Low") == {"link": 1, "separate": 1}
    assert (known := practice.known("P1"))
    assert known.crm_id == "c2"
    linked = practice.find(contacts=shaped)
    assert {(row["crm_id"], row["decision"]) for row in offered(linked)} == {("c2", "link")}
    practice.crm.records[Ref("contacts", "c2")] = practice.crm.records.pop(Ref("dentists", "c2"))
    practice.load(found, shaped)
    with pytest.raises(DecisionError, match="is loaded already"):
        practice.decide_pairs(found, {two: "separate"})


def test_separating_another_pair_leaves_a_link_as_it_is(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    practice.holds("c2", **ANN)
    found = practice.find(contacts=patients(P1=ANN))
    one, two = (row["match"] for row in sorted(offered(found), key=lambda row: row["crm_id"]))
    practice.decide_pairs(found, {one: "link"})
    practice.decide_pairs(found, {two: "separate"})
    assert (known := practice.known("P1"))
    assert (known.state, known.crm_id) == ("linked", "c1")


def test_links_that_contradict_each_other_are_refused_and_nothing_is_journaled(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    practice.holds("c2", **ANN)
    found = practice.find(contacts=patients(P1=ANN))
    words = {row["match"]: "link" for row in offered(found)}
    with pytest.raises(DecisionError, match="link one record to two"):
        practice.decide_pairs(found, words)
    assert practice.known("P1") is None


def test_a_record_of_the_crm_is_linked_to_one_only(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    first = practice.find(contacts=patients(P1=ANN))
    practice.decide(first, P1="separate")
    second = practice.find(contacts=patients(P1=ANN, P2=ANN))
    practice.decide(second, P2="link")
    with pytest.raises(DecisionError, match="another record is linked to"):
        practice.decide(first, P1="link")
    both = {row["match"]: {"P1": "link", "P2": "separate"}[row["source_key"]] for row in offered(second)}
    assert practice.decide_pairs(second, both) == {"link": 1, "separate": 1}
    assert (known := practice.known("P1"))
    assert known.crm_id == "c1"


@pytest.mark.parametrize("by", ["", "  ", "x" * 65])
def test_p10_a_decision_needs_a_name(practice: Practice, by: str) -> None:
    practice.holds("c1", **ANN)
    found = practice.find(contacts=patients(P1=ANN))
    with pytest.raises(DecisionError, match="name of the person"):
        practice.decide(found, by, P1="link")


def test_the_policy_links_what_is_certain_and_nothing_else(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    practice.holds("c2", **{**BEA, "Born": None})
    practice.holds("c3", **CAL)
    practice.holds("c4", **CAL)
    shaped = patients(P1=ANN, P2=BEA, P3=CAL)
    found = practice.find(contacts=shaped)
    found.frame = link_certain(practice.target, found.frame)
    assert {row["source_key"] for row in offered(found) if row["decision"] == "link"} == {"P1"}
    assert practice.waiting(found) == {"P2", "P3"}, "of two that fit, none is certain"
    (entry,) = [e for e in practice.target.journal.entries("harbor") if e.operation == "match"]
    assert (entry.actor, entry.code, entry.reason.endswith("linked by the practice's policy")) == (
        "jo",
        "certain",
        True,
    )


def test_p9_the_link_that_a_contact_had_is_noted_before_ours_replaces_it(practice: Practice) -> None:
    practice.holds("c1", **ANN)
    practice.holds("c2", **BEA)
    people, companies = patients(P1=ANN, P2=BEA), frame("companies", {"source_key": "RP-1", "name": "Gum"})
    found = practice.find(contacts=people, companies=companies)
    practice.decide(found, P1="link", P2="link")
    for crm_id in ("c1", "c2"):
        practice.crm.records[Ref("contacts", crm_id)] = practice.crm.records.pop(Ref("dentists", crm_id))
    practice.load(found, people)
    practice.load(found, companies, "companies")
    links = frame(
        "company_links",
        *({"source_key": key, "link.contactId": key, "link.businessId": "RP-1"} for key in ("P1", "P2")),
    )
    earlier = Ref("company_links", "c1", "b0")
    practice.crm.records[earlier] = Snapshot(earlier, {}, {}, {"contactId": "c1", "businessId": "b0"})
    manifest = practice.load(found, links, "company_links")
    assert manifest["action"].to_dict() == {"P1": "updated", "P2": "created"}
    (update,) = [
        entry
        for entry in practice.target.journal.entries("harbor")
        if (entry.object, entry.operation, entry.kind) == ("company_links", "update", "intent")
    ]
    assert practice.target.journal.values_before(update) == {"contactId": "c1", "businessId": "b0"}
    assert waiting(practice.target, "company_links", found.frame) == {}
