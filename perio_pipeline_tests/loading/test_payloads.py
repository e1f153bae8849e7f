"""Payloads and their fingerprints: the same content is the same, and anything else is not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.crm.protocol import Attachment
from perio_pipeline.loading.payloads import Draft, drafts
from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline_tests.loading.small_load import MAPPING, contact, note

CONTACTS = MAPPING.objects["contacts"]
TYPES = {
    **dict.fromkeys(["source_key", "account", "mark", "problem", "firstName", "office", "stage", "Source_Id"], "str"),
    **dict.fromkeys(["Sex", "link.businessId"], "str"),
    "dnd": "boolean",
    "Depth": "Float64",
}
ROW = {"source_key": "P1", "account": "main", "mark": "P1", "firstName": "Jane", "stage": "New", "Source_Id": "P1"}


def draft(
    types: dict[str, Any] | None = None,
    obj: ObjectMap = CONTACTS,
    **values: Any,
) -> Draft:
    row = {**ROW, **values}
    frame = pd.DataFrame(
        {name: pd.Series([row.get(name)], dtype=kind) for name, kind in {**TYPES, **(types or {})}.items()}
    )
    (only,) = drafts(obj, frame)
    return only


def printed(draft: Draft, crm: str = "C") -> str:
    """The fingerprint with every linked record at a place of its own."""
    return draft.fingerprint({name: f"{crm} {key}" for name, (_, key) in draft.links.items()})


def test_a_record_whose_parent_lies_elsewhere_now_has_changed() -> None:
    linked = draft(**{"link.businessId": "R1"})
    assert printed(linked) != printed(linked, "made anew")


def test_a_draft_is_plain_values_with_nulls_kept_so_that_a_field_can_be_cleared() -> None:
    full = draft(dnd=False, Depth=13.7, **{"link.businessId": "R1"})
    assert full.fields == {"firstName": "Jane", "office": None, "stage": "New", "dnd": False}
    assert full.custom == {"Source_Id": "P1", "Depth": 13.7, "Sex": None}
    assert full.links == {"businessId": ("companies", "R1")}
    assert (full.source_key, full.mark, full.problem) == ("P1", "P1", "")
    assert draft(problem="no parent").links == {}
    assert (full.unlinked, draft().unlinked) == (frozenset(), {"businessId"})
    assert draft(problem="no parent").problem == "no parent"


def test_a_payload_carries_the_crm_ids_and_the_mark() -> None:
    payload = note("N1", "P1").payload("notes", MAPPING.objects["notes"], {"contactId": "C7"})
    assert (payload.links, payload.mark_field, payload.mark) == ({"contactId": "C7"}, "body", "[PANDA note N1]")


def test_a_mark_that_is_a_link_is_the_linked_records_id() -> None:
    by_link = CONTACTS.model_copy(update={"mark": CONTACTS.mark.model_copy(update={"field": "businessId"})})
    payload = draft(**{"link.businessId": "R1"}).payload("contacts", by_link, {"businessId": "B9"})
    assert payload.mark == "B9"


@given(st.integers(-(10**9), 10**9))
@settings(max_examples=30, deadline=None)
def test_a_number_is_the_same_whatever_type_it_came_in(number: int) -> None:
    forms = [draft({"Depth": kind}, Depth=number) for kind in ("Float64", "Int64", "float64", "object")]
    assert len({printed(form) for form in forms}) == 1


def test_the_order_of_columns_and_the_account_say_nothing() -> None:
    other = CONTACTS.model_copy(update={"fields": dict(reversed(CONTACTS.fields.items()))})
    assert printed(draft(obj=other, account="south")) == printed(draft())


CHANGES: list[dict[str, Any]] = [
    {"firstName": "Jané"},
    {"firstName": None},
    {"office": "N"},
    {"stage": "new"},
    {"dnd": True},
    {"dnd": False},
    {"Depth": 0},
    {"Depth": 3.5},
    {"Depth": 3.500001},
    {"Sex": "Male"},
    {"Source_Id": "P2"},
    {"link.businessId": "R1"},
    {"link.businessId": "R2"},
]


def test_p7_any_changed_value_changes_the_fingerprint() -> None:
    prints = [printed(draft(**change)) for change in ({}, *CHANGES)]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("part", ["fields", "custom"])
@given(st.dictionaries(st.sampled_from("abc"), st.none() | st.booleans() | st.text(max_size=3), max_size=3), st.data())
@settings(max_examples=30, deadline=None)
def test_p7_content_and_fingerprint_are_the_same_thing(part: str, content: dict[str, Any], data: st.DataObject) -> None:
    other = data.draw(
        st.just(dict(reversed(content.items())))
        | st.dictionaries(st.sampled_from("abc"), st.none() | st.text(max_size=3))
    )
    one, two = (dataclasses.replace(contact("P1"), **{part: each}) for each in (content, other))
    assert (printed(one) == printed(two)) == (content == other)


FILES = ObjectMap.model_validate(
    {
        "requirement": "F10",
        "description": "Radiographs",
        "model": "document",
        "rows": "validated/image_reference",
        "key": "image_id",
        "mark": {"field": "file_name", "text": "PANDA-image-{image_id}"},
        "fields": {"is_shared": {"value": True}},
        "file": {
            "name": {"template": "{kind}"},
            **{name: f"sent.{name}" for name in ("path", "content_type", "sha256", "bytes", "url")},
        },
    }
)
FILE_ROW = {
    "file_name": "periapical PANDA-image-7.jpg",
    "sha256": "abc",
    "bytes": 120.0,
    "url": None,
    "file.path": "/images/7.jpg",
    "file.content_type": "image/jpeg",
    "is_shared": True,
}
FILE_TYPES = {**dict.fromkeys(FILE_ROW, "str"), "bytes": "Float64", "is_shared": "boolean"}


def file_draft(**changes: Any) -> Draft:
    return draft(FILE_TYPES, FILES, **{**FILE_ROW, **changes})


def test_f10_a_file_is_an_attachment_and_none_of_its_fields_is_sent_as_a_field() -> None:
    payload = file_draft().payload("radiographs", FILES, {})
    assert payload.attachment == Attachment("periapical PANDA-image-7.jpg", "image/jpeg", "/images/7.jpg", "abc")
    assert payload.fields == {"is_shared": True}
    assert payload.mark_field == "file_name"


def test_f10_a_file_that_is_linked_has_an_address_and_no_content() -> None:
    linked = file_draft(sha256=None, bytes=None, url="https://x/7", **{"file.path": None})
    attachment = linked.payload("radiographs", FILES, {}).attachment
    assert attachment == Attachment("periapical PANDA-image-7.jpg", "image/jpeg", "", "", "https://x/7")


@pytest.mark.parametrize("name", ["file_name", "sha256", "bytes", "url"])
def test_whatever_a_file_is_to_be_in_the_crm_counts_in_its_fingerprint(name: str) -> None:
    assert printed(file_draft()) != printed(file_draft(**{name: 7.0 if name == "bytes" else "other"}))


def test_where_a_file_lies_does_not_count() -> None:
    assert printed(file_draft()) == printed(file_draft(**{"file.path": "/elsewhere/7.jpg"}))
