"""P7: what PANDA has deleted is told from what is only left out, and says so in the CRM where it has room."""

from __future__ import annotations

import pytest

from perio_pipeline.loading.deletions import Deleted, deletion_fingerprint, deletion_marks
from perio_pipeline.loading.entries import Known
from perio_pipeline.mapping.model import ObjectMap

PRESENT = frozenset(str(number) for number in range(100))


def notes(**changes: object) -> ObjectMap:
    entry = {
        "requirement": "H8",
        "description": "Notes",
        "model": "note",
        "rows": "validated/clinical_note",
        "key": "note_id",
        "mark": {"field": "body", "text": "[PANDA note {note_id}]"},
        "split": {"field": "body", "limit": 40},
        "fields": {"body": "body", "title": {"from": "kind", "limit": 20}},
        "custom": {"Note_Status__c": {"from": "kind", "choices": {"soap": "SOAP"}}},
        "deleted": {"body": "Deleted.\n{was}", "title": "Deleted: {was}", "Note_Status__c": "Deleted"},
    }
    return ObjectMap.model_validate(entry | changes)


def loaded(key: str, fingerprint: str = "x") -> Known:
    return Known(key, "done", "create", f"crm-{key}", None, fingerprint, None, None, None, True, "", "")


def test_a_record_that_is_only_left_out_is_not_deleted() -> None:
    deleted = Deleted(PRESENT, 0.2, 20)
    gone = [loaded("7"), loaded("8#2"), loaded("700"), loaded("800#2")]
    assert [each.source_key for each in deleted.unmarked(notes(), gone)] == ["700", "800#2"]


def test_a_record_that_says_so_already_is_left_alone() -> None:
    gone = [loaded("700", deletion_fingerprint(notes()))]
    assert Deleted(PRESENT, 0.2, 20).unmarked(notes(), gone) == []


@pytest.mark.parametrize(("missing", "marked"), [(20, 20), (25, 25), (26, 0)])
def test_a_table_that_lost_much_at_once_is_taken_for_a_broken_one(missing: int, marked: int) -> None:
    gone = [loaded(f"gone-{number}") for number in range(missing)]
    assert len(Deleted(PRESENT, 0.2, 20).unmarked(notes(), gone)) == marked


def test_an_object_without_marks_is_only_reported() -> None:
    assert Deleted(PRESENT, 0.2, 20).unmarked(notes(deleted={}), [loaded("700")]) == []


def test_what_a_record_says_keeps_what_we_wrote_and_fits() -> None:
    sent = {"body": "A short text [PANDA note 7]", "title": "Progress note, long", "Note_Status__c": "SOAP"}
    assert deletion_marks(notes(), sent, own=True) == {
        "body": "Deleted.\nA short text [PANDA note 7]",
        "Note_Status__c": "Deleted",
    }


def test_on_a_record_that_the_crm_held_before_only_our_own_fields_are_marked() -> None:
    assert deletion_marks(notes(), {"body": "short"}, own=False) == {"Note_Status__c": "Deleted"}
