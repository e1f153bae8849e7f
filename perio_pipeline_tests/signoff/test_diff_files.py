"""Files in the diff: name, hash and size by themselves; links by address; what was not downloaded is not proven."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from perio_pipeline.crm.protocol import UNREAD
from perio_pipeline.files.frames import SENT
from perio_pipeline.mapping.filing import SENT_FRAME
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.signoff.diff import Diff, diff_object
from perio_pipeline.signoff.leftovers import file_lines, left_out_lines
from perio_pipeline_tests.signoff.family import family
from perio_pipeline_tests.signoff.small_mapping import IDENTITY_JOIN, LOADED, MAPPING, TO_CONTACT
from perio_pipeline_tests.signoff.small_practice import LOOKUPS, Place, causes, readback, unexplained

RADIOGRAPHS = {
    "requirement": "F10",
    "description": "Radiographs",
    "model": "document",
    "rows": "validated/image_reference",
    "key": "image_id",
    "mark": {"field": "file_name", "text": "PANDA-image-{image_id}"},
    "join": {
        **IDENTITY_JOIN,
        "sent": {"frame": SENT_FRAME, "on": {"image_id": "file_id"}, "where": {"kind": ["letter", "radiograph"]}},
    },
    "select": [LOADED, {"column": "sent.variant", "among": ["full", "reduced", "link"], "reason": "=sent.reason"}],
    "links": TO_CONTACT,
    "file": {
        "name": {"template": "{kind}\nteeth {teeth}"},
        **{name: f"sent.{name}" for name in ("path", "content_type", "sha256", "bytes", "url")},
    },
}
OBJECTS = MAPPING.model_dump(by_alias=True)["objects"]
FILES = Mapping.model_validate({"destination": "test", "objects": {**OBJECTS, "radiographs": RADIOGRAPHS}})

SENT_ROWS = [
    {"file_id": "1", "variant": "full", "sha256": "hash 1", "bytes": 120, "content_type": "image/jpeg"},
    {"file_id": "2", "variant": "link", "url": "https://x/2", "content_type": "application/dicom"},
    {"file_id": "3", "variant": "listed", "reason": "too_large", "original_bytes": 30_000_000},
    {"file_id": "4", "reason": "file_missing"},
]
HELD = [
    {"source_key": "1", "file_name": "PA teeth 3 4 PANDA-image-1.jpg", "sha256": "hash 1", "bytes": 120.0},
    {"source_key": "2", "file_name": "PA teeth 3 4 PANDA-image-2.dcm", "url": "https://x/2"},
]


def sent_frame() -> pd.DataFrame:
    return typed_frame(table_kinds(SENT), [{"kind": "radiograph", "account": "main", **row} for row in SENT_ROWS])


def compare(*changes: dict[str, Any]) -> Diff:
    """The diff where the CRM holds what it should, but for some cells of the first files."""
    practice = family()
    kinds = dict.fromkeys(["image_id", "patient_id", "kind", "teeth"], Kind.TEXT)
    images = [{"image_id": str(n), "patient_id": "P1", "kind": "PA", "teeth": "3,4"} for n in range(1, 5)]
    empty = {"account": "main", "sha256": None, "bytes": None, "url": None, "link.contactId": "CP1"}
    held = [{**empty, "crm_id": f"D{row['source_key']}", **row} for row in HELD]
    for row, change in zip(held, changes, strict=False):
        row.update(change)
    found = readback(held).astype({"bytes": "Float64"})
    sources = {
        **practice.frames(),
        "validated/image_reference": typed_frame(kinds, images),
        SENT_FRAME: sent_frame(),
    }
    linked = {"contacts": readback(practice.crm()["contacts"])}
    return diff_object("radiographs", FILES, sources, found, linked, LOOKUPS, Place(), None)


def test_f10_files_that_arrived_as_they_are_sign_off_and_those_that_are_listed_are_not_expected() -> None:
    diff = compare()
    assert causes(diff) == []
    assert (diff.records, diff.cells) == (2, 2 * 5)


@pytest.mark.parametrize(
    ("change", "field", "cause"),
    [
        ({"sha256": "hash 2"}, "sha256", "altered"),
        ({"sha256": None}, "sha256", "dropped"),
        ({"bytes": 119.0}, "bytes", "altered"),
        ({"file_name": "PA teeth 3 4 PANDA-image-12.jpg"}, "file_name", "altered"),
        ({"file_name": "PA teeth 3 4 PANDA-image-1.png"}, "file_name", "altered"),
        ({"file_name": "PANDA-image-1.jpg"}, "file_name", "altered"),
        ({"url": "https://elsewhere"}, "url", "extra"),
        ({"link.contactId": "CP2"}, "link.contactId", "altered"),
    ],
)
def test_f10_each_difference_of_a_file_is_found(change: dict[str, Any], field: str, cause: str) -> None:
    assert unexplained(compare(change)) == [("1", field, cause)]


def test_f10_a_link_that_leads_elsewhere_is_found() -> None:
    assert unexplained(compare({}, {"url": "https://x/3"})) == [("2", "url", "altered")]


def test_f10_a_services_underscores_for_blanks_are_no_difference() -> None:
    assert causes(compare({"file_name": "PA_teeth_3_4_PANDA-image-1.jpg"})) == []


def test_f10_content_that_was_not_downloaded_is_said_to_be_unproven() -> None:
    diff = compare({"sha256": UNREAD})
    assert causes(diff) == [("1", "sha256", "unproven")]
    assert diff.unexplained == 0


# What the report says of the rest


def test_f10_the_report_lists_every_file_that_is_not_sent_as_it_is() -> None:
    assert file_lines(sent_frame().assign(reason=["", "too_large", "too_large", "file_missing"]).replace("", None)) == [
        {
            "kind": "radiograph",
            "file_id": "4",
            "what": "nothing to send",
            "reason": "no such file is in the image store",
            "bytes": None,
        },
        {
            "kind": "radiograph",
            "file_id": "2",
            "what": "an address in the practice's own archive",
            "reason": "larger than the destination takes",
            "bytes": None,
        },
        {
            "kind": "radiograph",
            "file_id": "3",
            "what": "not sent, and listed",
            "reason": "larger than the destination takes",
            "bytes": 30_000_000,
        },
    ]


def test_p8_records_left_out_are_counted_by_reason() -> None:
    rows = [("1", "skipped", "too_large"), ("2", "skipped", "too_large"), ("3", "merged", "certain_duplicate")]
    frame = pd.DataFrame(rows, columns=["source_key", "category", "reason"])
    assert left_out_lines({"radiographs": frame, "notes": frame.iloc[:0]}) == [
        {"object": "radiographs", "meaning": "part of another record", "reason": "certain duplicate", "count": 1},
        {
            "object": "radiographs",
            "meaning": "left out by policy",
            "reason": "larger than the destination takes",
            "count": 2,
        },
    ]
