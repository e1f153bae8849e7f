"""Shaped frames: templates, marks, parts of long texts, choices, and the problems known before anything is sent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import nh3
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.mapping.model import FieldMap
from perio_pipeline.mapping.shape import field_values
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import typed_frame
from perio_pipeline.richtext.html import read_html
from perio_pipeline.richtext.reading import read
from perio_pipeline.richtext.writing import WRITTEN, to_text
from perio_pipeline_tests.mapping.shaping import BOSTON, contacts, frames, notes, rows_of, shaped

KINDS = {
    "first": Kind.TEXT,
    "last": Kind.TEXT,
    "note": Kind.TEXT,
    "phone": Kind.TEXT,
    "sex": Kind.TEXT,
    "starts_at": Kind.DATETIME,
    "minutes": Kind.INTEGER,
    "paid": Kind.DECIMAL,
    "dnd": Kind.BOOLEAN,
}


def field(rule: Any, **row: Any) -> Any:
    """The value of one field for one row."""
    (value,) = field_values(FieldMap.model_validate(rule), typed_frame(KINDS, [row]), BOSTON)
    return None if pd.isna(value) else value


@pytest.mark.parametrize(
    ("template", "row", "text"),
    [
        ("{first} {last}", {"first": "Jane", "last": "Doe"}, "Jane Doe"),
        ("Dr. {first} {last}, DDS", {"last": "Doe"}, "Dr. Doe, DDS"),
        ("Dr. {first} {last}", {}, None),
        ("Name: {first}\nNote: {note}\nend", {"note": "ok"}, "Note: ok\nend"),
        ("Visit\n\n{note}", {}, "Visit"),
        ("{note}", {"note": "one\n  two  blanks\n\nthree"}, "one\n  two  blanks\n\nthree"),
        ("{first}", {"first": "{last} \\1 {0}", "last": "Doe"}, "{last} \\1 {0}"),
        ("{phone|unusable_phone}", {"phone": "617-555-0101"}, None),
        ("{phone|phone}", {"phone": "617-555-0101"}, "+16175550101"),
        (
            "{paid} on {starts_at|timestamp}",
            {"paid": Decimal("13.70"), "starts_at": datetime(2024, 5, 6)},
            "13.7 on 2024-05-06",
        ),
    ],
)
def test_templates_close_up_around_what_is_not_there(template: str, row: dict[str, Any], text: str | None) -> None:
    assert field({"template": template}, **row) == text


def test_choices_are_labels_and_an_empty_label_is_no_value() -> None:
    rule = {"from": "sex", "choices": {"male": "Male", "unknown": ""}}
    assert [field(rule, sex=code) for code in ("male", "unknown", None)] == ["Male", None, None]


def test_constants_and_types() -> None:
    assert field({"value": "US"}) == "US"
    assert bool(field({"value": True}))
    assert not field({"from": "dnd", "as": "flag"}, dnd=False)
    assert field({"from": "paid", "as": "number"}, paid=Decimal("13.70")) == 13.7


def test_minutes_are_added_before_the_time_is_transformed() -> None:
    rule = {"from": "starts_at", "as": "instant", "plus_minutes": "minutes"}
    assert field(rule, starts_at=datetime(2026, 7, 1, 23, 30), minutes=45) == "2026-07-02T04:15:00.000Z"
    assert field(rule, starts_at=datetime(2026, 7, 1, 23, 30)) == "2026-07-02T03:30:00.000Z"
    assert field(rule, minutes=45) is None


def contact_rows(people: list[dict[str, Any]], *columns: str, **changes: Any) -> list[Any]:
    return rows_of(shaped("contacts", {"contacts": contacts(**changes)}, frames(patient=people)).frame, *columns)


def test_h10_the_mark_is_the_source_key_where_a_field_carries_it_alone() -> None:
    assert contact_rows([{"patient_id": "P1"}], "mark", "Source_Id") == [("P1", "P1")]


def test_a_longer_value_than_the_crm_takes_is_a_problem_that_shows_no_value() -> None:
    people = [
        {"patient_id": "P1", "first_name": "Maximiliane"},
        {"patient_id": "P2", "first_name": "Max"},
        {"patient_id": "P3"},
    ]
    problems = contact_rows(people, "problem", fields={"name": {"from": "first_name", "limit": 10}})
    assert problems == ["name is longer than 10 characters", None, None]


def note_rows(written: list[dict[str, Any]], *columns: str, **changes: Any) -> list[Any]:
    both = {"contacts": contacts(), "notes": notes(**changes)}
    practice = frames(patient=[{"patient_id": "P1"}], clinical_note=[{"patient_id": "P1", **row} for row in written])
    return rows_of(shaped("notes", both, practice).frame, *columns)


def test_the_mark_stands_on_its_own_line_under_the_text() -> None:
    written = [{"note_id": "N1", "body": "Healing well."}, {"note_id": "N2"}]
    assert note_rows(written, "body", "mark") == [("Healing well.\n[note N1]", "[note N1]"), ("[note N2]", "[note N2]")]


def test_the_mark_counts_towards_the_limit() -> None:
    rule = {"from": "body", "limit": 20}
    written = [{"note_id": "N1", "body": "x" * 10}, {"note_id": "N2", "body": "x" * 11}]
    assert note_rows(written, "problem", fields={"body": rule}) == [None, "body is longer than 20 characters"]


def test_a_required_link_without_a_parent_is_a_problem_and_an_optional_one_is_not() -> None:
    written = [{"note_id": "N1"}, {"note_id": "N2", "patient_id": None}]
    assert note_rows(written, "problem") == [None, "no contacts record to link to"]
    optional = {"contactId": {"object": "contacts", "by": "patient_id", "required": False}}
    assert note_rows(written, "problem", links=optional) == [None, None]


SPLIT = {"field": "body", "limit": 100}


def test_h8_a_long_note_becomes_parts_that_name_themselves() -> None:
    words = " ".join(f"word{number}" for number in range(20))
    written = [{"note_id": "N2", "body": "short"}, {"note_id": "N1", "body": words}]
    _, *parts = note_rows(written, "source_key", "mark", "link.contactId", split=SPLIT)
    assert len(parts) > 2
    assert parts == [
        ("N1", "[note N1]", "P1"),
        *((f"N1#{number}", f"[note N1 part {number}]", "P1") for number in range(2, len(parts) + 1)),
    ]
    texts = [text.split("\n")[-1] for text in note_rows(written, "body", split=SPLIT)]
    lines = [f"Part {number} of {len(parts)} {mark}" for number, (_, mark, _) in enumerate(parts, start=1)]
    assert texts == ["[note N2]", *lines]


@pytest.mark.parametrize(("before", "after"), [(10, 30), (30, 10), (30, 60)])
def test_h8_a_note_that_grows_or_shrinks_keeps_the_keys_and_marks_of_its_parts(before: int, after: int) -> None:
    keys = []
    for words in (before, after):
        body = " ".join(["word"] * words)
        keys.append(note_rows([{"note_id": "N1", "body": body}], "source_key", "mark", split=SPLIT))
    shorter, longer = sorted(keys, key=len)
    assert len(shorter) < len(longer)
    assert longer[: len(shorter)] == shorter


BODIES = st.text("abcé. \n-<&", max_size=400) | st.lists(
    st.sampled_from(["x" * 150, "gum", "\n\n", " " * 60, "— deep", "<b>bold ", "</b>", "<ul><li>item", "</li></ul>"])
).map("".join)
HTML_SPLIT = {"field": "body", "limit": 300}
RICH_BODY = {"body": {"template": "<b>Note</b> {note_id}\n\n{body|note_html}", "format": "html", "limit": 300}}


def in_parts(bodies: list[str], **changes: Any) -> list[list[str]]:
    """The texts of each note's parts, without the line of the mark; checks keys, marks and numbers."""
    written = [{"note_id": f"N{number}", "body": body} for number, body in enumerate(bodies)]
    rows = note_rows(written, "source_key", "mark", "body", "problem", **changes)
    assert len({mark for _, mark, _, _ in rows}) == len(rows)
    found: list[list[str]] = [[] for _ in bodies]
    for key, mark, text, problem in rows:
        assert problem is None
        *said, line = text.split("\n")
        note, _, part = key.partition("#")
        texts = found[int(note[1:])]
        texts.append("\n".join(said))
        assert int(part or 1) == len(texts)
        assert mark in line
    return found


@given(st.lists(BODIES, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_h8_parts_fit_and_together_are_the_whole_text(bodies: list[str]) -> None:
    found = in_parts(bodies, split=SPLIT, fields={"body": {"from": "body", "limit": 100}})
    for body, parts in zip(bodies, found, strict=True):
        assert all(part.strip() for part in parts) or len(parts) == 1, "a part says something"
        # Only blanks at the cuts may go.
        assert "".join("".join(parts).split()) == "".join(body.split())


@given(st.lists(BODIES, min_size=1, max_size=3))
@settings(max_examples=100, deadline=None)
def test_f7_parts_of_rich_text_fit_are_valid_html_and_together_the_whole(bodies: list[str]) -> None:
    found = in_parts(bodies, split=HTML_SPLIT, fields=RICH_BODY)
    for number, (body, parts) in enumerate(zip(bodies, found, strict=True)):
        assert all(nh3.clean(part, tags=set(WRITTEN), link_rel=None) == part for part in parts)
        said = "".join(to_text(read_html(part)) for part in parts)
        whole = f"Note N{number}\n{to_text(read(body))}"
        # An item that is cut goes on without its dash.
        assert "".join(said.replace("-", "").split()) == "".join(whole.replace("-", "").split())


def test_f7_a_rich_template_is_html_in_which_values_are_escaped() -> None:
    template = "<b>{kind|words} note</b> {note_id}\nOf {patient_id}\n{account.x}\n\n{body|note_html}"
    rule = {"body": {"template": template.replace("{account.x}\n", ""), "format": "html"}}
    written = [
        {"note_id": "N<1>", "kind": "a_b & c", "body": "<p>x <b>y</b></p>"},
        {"note_id": "N2", "kind": None, "body": None},
        {"note_id": "N3", "kind": "line\nbreak", "body": "a <5"},
    ]
    assert note_rows(written, "body", fields=rule) == [
        "<p><b>a b &amp; c note</b> N&lt;1&gt;<br>\nOf P1</p>\n<p>x <b>y</b></p>\n<p>[note N&lt;1&gt;]</p>",
        "<p><b> note</b> N2<br>\nOf P1</p>\n<p>[note N2]</p>",
        "<p><b>line<br>\nbreak note</b> N3<br>\nOf P1</p>\n<p>a &lt;5</p>\n<p>[note N3]</p>",
    ]


def test_records_are_shaped_in_the_order_in_which_they_are_to_be_made() -> None:
    written = [{"note_id": "N1", "kind": "b"}, {"note_id": "N2"}, {"note_id": "N3", "kind": "a"}]
    assert note_rows(written, "source_key", order="kind") == ["N3", "N1", "N2"]


def test_an_empty_practice_gives_empty_typed_frames() -> None:
    both = {"contacts": contacts(fields={"balance": {"from": "balance", "as": "number"}}), "notes": notes(split=SPLIT)}
    for name in both:
        result = shaped(name, both, frames())
        assert (len(result.frame), len(result.left_out)) == (0, 0)
        assert str(result.frame["source_key"].dtype) == str(result.frame["problem"].dtype) == "str"
    assert str(shaped("contacts", both, frames()).frame["balance"].dtype) == "Float64"
