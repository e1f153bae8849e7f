"""The diff of records that gather several rows: every row is looked for in the CRM's text, whoever put it together."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd
import pytest

from perio_pipeline.mapping.effective import effective
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.mapping.switches import Switch
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import typed_frame
from perio_pipeline.signoff.diff import Diff, diff_object
from perio_pipeline_tests.signoff.small_mapping import MAPPING
from perio_pipeline_tests.signoff.small_practice import LOOKUPS, Place

YEARLY = {
    "requirement": "H8",
    "description": "Notes by year",
    "model": "note",
    "rows": "validated/clinical_note",
    "key": "note_id",
    "mark": {"field": "body", "text": "[notes {patient_id} {written_at|year}]"},
    "split": {"field": "body", "limit": 100},
    "gather": {"by": ["patient_id", "written_at|year"], "order": ["written_at"]},
    "select": [{"column": "written_at", "before": "recent", "reason": "notes", "category": "elsewhere"}],
    "fields": {"body": {"template": "Notes of {written_at|year}", "each": "{written_at|date}: {body|note_text}"}},
}
SINCE = {"recent": Switch(True, "recent is set", usual=False, since=date(2023, 1, 1))}
OFF = {"recent": Switch(False, "recent is not set", usual=False)}


def mapping(**changes: object) -> Mapping:
    content = MAPPING.model_dump(by_alias=True)
    content["objects"]["yearly"] = {**YEARLY, **changes}
    return Mapping.model_validate(content)


NOTES = typed_frame(
    {"note_id": Kind.TEXT, "patient_id": Kind.TEXT, "written_at": Kind.DATETIME, "body": Kind.TEXT},
    [
        {"note_id": "N2", "patient_id": "P1", "written_at": datetime(2021, 5, 2), "body": "second"},
        {"note_id": "N1", "patient_id": "P1", "written_at": datetime(2021, 5, 1), "body": r"{\rtf1 first\par visit}"},
        {"note_id": "N3", "patient_id": "P1", "written_at": datetime(2022, 1, 9), "body": "next year"},
        {"note_id": "N4", "patient_id": "P1", "written_at": datetime(2023, 1, 1), "body": "recent"},
    ],
)
SOURCES = {
    "validated/clinical_note": NOTES,
    "validated/patient": typed_frame({"patient_id": Kind.TEXT}, [{"patient_id": "P1"}]),
    "validated/patient_identity": typed_frame(
        {"patient_id": Kind.TEXT, "survivor_id": Kind.TEXT}, [{"patient_id": "P1", "survivor_id": "P1"}]
    ),
}
RIGHT = {
    "P1|2021": "Notes of 2021\n\n2021-05-01: first\nvisit\n\n2021-05-02: second\n[notes P1 2021]",
    "P1|2022": "Notes of 2022\n\n2022-01-09: next year\n[notes P1 2022]",
}


def compare(texts: dict[str, str], made: Mapping | None = None, since: dict[str, Switch] = SINCE) -> Diff:
    found = pd.DataFrame(
        {"source_key": list(texts), "account": "main", "crm_id": list(texts), "body": list(texts.values())}
    ).astype("str")
    used = effective(made or mapping(), since)
    return diff_object("yearly", used, SOURCES, found, {}, LOOKUPS, Place(), None)


def causes(diff: Diff) -> list[tuple[str, str]]:
    lines = diff.differences[~diff.differences["explained"]]
    return list(lines[["source_key", "cause"]].itertuples(index=False, name=None))


def test_what_holds_every_row_in_order_is_right() -> None:
    diff = compare(RIGHT)
    assert (diff.records, diff.cells, diff.unexplained) == (2, 2, 0)


def test_parts_of_a_long_record_are_read_together() -> None:
    cut = {
        "P1|2021": "Notes of 2021\n\n2021-05-01: first\nvisit\nPart 1 of 2 [notes P1 2021]",
        "P1|2021#2": "2021-05-02: second\nPart 2 of 2 [notes P1 2021 part 2]",
        "P1|2022": RIGHT["P1|2022"],
    }
    assert compare(cut).unexplained == 0
    del cut["P1|2021#2"]
    assert causes(compare(cut)) == [("P1|2021", "truncated")]


@pytest.mark.parametrize(
    "wrong",
    [
        "Notes of 2021\n\n2021-05-01: first\nvisit\n[notes P1 2021]",
        "Notes of 2021\n\n2021-05-02: second\n\n2021-05-01: first\nvisit\n[notes P1 2021]",
        RIGHT["P1|2021"].replace("second", "secund"),
        RIGHT["P1|2021"].replace("[notes P1 2021]", ""),
    ],
)
def test_a_row_that_is_lost_moved_or_changed_shows(wrong: str) -> None:
    assert [key for key, _ in causes(compare({**RIGHT, "P1|2021": wrong}))] == ["P1|2021"]


def test_a_whole_record_that_is_lost_shows() -> None:
    assert causes(compare({"P1|2021": RIGHT["P1|2021"]})) == [("P1|2022", "missing")]


def test_nothing_is_expected_of_an_object_that_does_not_hold() -> None:
    diff = compare({}, mapping(needs="recent"), OFF)
    assert (diff.records, diff.unexplained) == (0, 0)
    assert causes(compare(RIGHT, mapping(needs="recent"), OFF)) == [("P1|2021", "extra"), ("P1|2022", "extra")]
