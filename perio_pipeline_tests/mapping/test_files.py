"""Objects of files: what the mapping says of them, their names, and which of them go to which account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from perio_pipeline.crm.protocol import FileLimits
from perio_pipeline.errors import MappingError
from perio_pipeline.files.frames import LETTER, RADIOGRAPH, SENT
from perio_pipeline.mapping.catalog import load_mapping
from perio_pipeline.mapping.filing import SENT_FRAME, files_by_account, fit_files, kinds_sent
from perio_pipeline.mapping.model import ObjectMap
from perio_pipeline.mapping.rows import PATIENT, Router
from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.sandbox.freshsales.documents import RESTRICTED
from perio_pipeline_tests.mapping.shaping import (
    IDENTITY_JOIN,
    LOADED,
    ONE_ACCOUNT,
    contacts,
    frames,
    mapping,
    rows_of,
    shaped,
)

FRESHSALES = Path(__file__).resolve().parents[2] / "mappings" / "freshsales.yaml"

IMAGES = {
    "image_id": Kind.TEXT,
    "patient_id": Kind.TEXT,
    "kind": Kind.TEXT,
    "taken_date": Kind.DATE,
    "teeth": Kind.TEXT,
}
FILE = {"path": "sent.path", "content_type": "sent.content_type", "sha256": "sent.sha256", "bytes": "sent.bytes"}


def radiographs(name: str = "{kind} {taken_date|date}\nteeth {teeth}\n{sent.note}", **changes: Any) -> dict[str, Any]:
    return {
        "requirement": "F10",
        "description": "Radiographs",
        "model": "document",
        "rows": "validated/image_reference",
        "key": "image_id",
        "mark": {"field": "file_name", "text": "PANDA-image-{image_id}"},
        "join": {
            **IDENTITY_JOIN,
            "sent": {"frame": SENT_FRAME, "on": {"image_id": "file_id"}, "where": {"kind": "radiograph"}},
        },
        "select": [
            LOADED,
            {"column": "sent.variant", "reason": "=sent.reason", "category": "unavailable"},
            {"column": "sent.variant", "among": ["full", "reduced", "link"], "reason": "=sent.reason"},
        ],
        "links": {"contact_id": {"object": "contacts", "by": "patient_id"}},
        "file": {"name": {"template": name}, "url": "sent.url", **FILE},
        **changes,
    }


def sent(number: str, **values: Any) -> dict[str, Any]:
    row = {"kind": "radiograph", "file_id": number, "account": "main", "variant": "full", "path": f"/x/{number}"}
    return {**row, "bytes": 120, "sha256": f"hash {number}", "content_type": "image/jpeg", **values}


def shape_images(images: list[dict[str, Any]], files: list[dict[str, Any]], **changes: Any) -> Any:
    practice = frames(patient=[{"patient_id": "P1"}]) | {
        "validated/image_reference": typed_frame(IMAGES, [{"patient_id": "P1", **row} for row in images]),
        SENT_FRAME: typed_frame(table_kinds(SENT), files),
    }
    objects = {"contacts": contacts(), "radiographs": radiographs(**changes)}
    return shaped("radiographs", objects, practice)


IMAGE = {"image_id": "7", "kind": "periapical", "taken_date": pd.Timestamp("2024-03-05"), "teeth": "3,4"}


@pytest.mark.parametrize(
    ("image", "file", "name"),
    [
        ({}, {}, "periapical 2024-03-05 teeth 3 4 PANDA-image-7.jpg"),
        ({"teeth": None}, {"content_type": "application/dicom"}, "periapical 2024-03-05 PANDA-image-7.dcm"),
        ({}, {"note": "reduced copy"}, "periapical 2024-03-05 teeth 3 4 reduced copy PANDA-image-7.jpg"),
        ({"kind": "a/b\\c: [d] *e*"}, {}, "a b c d e 2024-03-05 teeth 3 4 PANDA-image-7.jpg"),
        ({"kind": None, "taken_date": None, "teeth": None}, {}, "PANDA-image-7.jpg"),
    ],
)
def test_f10_a_files_name_says_what_it_shows_on_one_line_with_its_mark_before_the_ending(
    image: dict[str, Any], file: dict[str, Any], name: str
) -> None:
    result = shape_images([{**IMAGE, **image}], [sent("7", **file)])
    assert rows_of(result.frame, "file_name") == [name]
    assert RESTRICTED.sub("_", name) == name, "no service has a reason to change it"


def test_f10_the_shaped_frame_says_where_the_file_lies_and_what_it_must_be_in_the_crm() -> None:
    result = shape_images([IMAGE], [sent("7")])
    columns = ("source_key", "mark", "file.path", "file.content_type", "sha256", "bytes", "url", "link.contact_id")
    assert rows_of(result.frame, *columns) == [
        ("7", "PANDA-image-7", "/x/7", "image/jpeg", "hash 7", 120.0, None, "P1")
    ]


def test_f10_files_that_are_not_sent_are_left_out_with_their_reasons() -> None:
    files = [
        sent("1", variant="listed", reason="too_large"),
        sent("2", variant=None, reason="file_missing", sha256=None),
        sent("3", variant="link", reason="too_large", url="https://x/3"),
    ]
    result = shape_images([{**IMAGE, "image_id": number} for number in "123"], files)
    assert rows_of(result.frame, "source_key", "url") == [("3", "https://x/3")]
    assert rows_of(result.left_out, "source_key", "category", "reason") == [
        ("2", "unavailable", "file_missing"),
        ("1", "skipped", "too_large"),
    ]


def test_a_key_that_no_file_name_may_hold_is_a_problem_before_anything_is_sent() -> None:
    result = shape_images([{**IMAGE, "image_id": "A/7"}], [sent("A/7")])
    assert rows_of(result.frame, "problem") == ["its key holds characters that no file name may hold"]


def test_a_name_that_is_too_long_is_a_problem() -> None:
    file = {"name": {"template": "{teeth}", "limit": 40}, **FILE}
    result = shape_images([{**IMAGE, "teeth": "3" * 60}], [sent("7")], file=file)
    assert rows_of(result.frame, "problem") == ["file_name is longer than 40 characters"]


# Which files go where


def image_file(number: str, patient: str, size: int = 10, day: int = 1) -> dict[str, Any]:
    row = {"image_id": number, "patient_id": patient, "taken_date": pd.Timestamp(2024, 1, day), "bytes": size}
    return {**row, "path": f"/{number}", "sha256": "h", "content_type": "image/jpeg"}


def test_files_go_to_the_account_of_their_patient_and_only_those_of_loaded_patients() -> None:
    identity = [
        {"patient_id": "P3", "survivor_id": "P2", "disposition": "merged"},
        {"patient_id": "P4", "disposition": "skipped"},
    ]
    people = [{"patient_id": f"P{number}", "office": "N" if number == 1 else "S"} for number in range(1, 5)]
    practice = frames(patient=people, patient_identity=identity)
    images = typed_frame(table_kinds(RADIOGRAPH), [image_file(str(n), f"P{n}") for n in range(1, 5)])
    router = Router({"N": "north", "S": "south"}, "north")
    found = files_by_account({"radiograph": images}, practice, router)
    assert rows_of(found, "file_id", "patient_id", "account") == [
        ("1", "P1", "north"),
        ("2", "P2", "south"),
        ("3", "P2", "south"),
    ]


def test_g9_each_account_has_room_of_its_own_and_keeps_what_it_holds() -> None:
    images = typed_frame(table_kinds(RADIOGRAPH), [image_file(str(n), "P1", day=n) for n in (1, 2, 3)])
    practice = frames(patient=[{"patient_id": "P1"}])
    files = files_by_account({"radiograph": images}, practice, ONE_ACCOUNT)
    limits = {"main": FileLimits(None, 20)}
    found = fit_files(files, limits, "list", lambda *_: None, {"main": {("radiograph", "1")}})
    assert rows_of(found, "file_id", "variant") == [("1", "full"), ("2", "listed"), ("3", "full")]


def test_a_mapping_without_files_sends_none() -> None:
    assert kinds_sent(mapping(contacts=contacts())) == {}
    assert kinds_sent(mapping(contacts=contacts(), radiographs=radiographs())) == {"radiograph": "radiographs"}


def test_no_files_are_a_frame_with_its_columns() -> None:
    files = files_by_account({"letter": typed_frame(table_kinds(LETTER))}, frames(), ONE_ACCOUNT)
    found = fit_files(files, {"main": FileLimits()}, "reduce", lambda *_: None, {})
    assert list(found.columns) == SENT.column_names
    assert len(found) == 0


def test_a_destinations_own_frames_are_its_own_assets() -> None:
    made = mapping(contacts=contacts())
    assert made.asset_key(SENT_FRAME) == ["test", "files"]
    assert made.asset_key(PATIENT) == ["validated", "patient"]


# The mapping file


def test_f8_f10_freshsales_sends_letters_and_radiographs() -> None:
    made = load_mapping(FRESHSALES)
    assert kinds_sent(made) == {"letter": "letters", "radiograph": "radiographs", "chart": "charts"}
    fulfilled = {row for obj in made.objects.values() for row in obj.requirement}
    assert {"F8", "F10"} <= fulfilled
    assert "Radiograph_Date__c" in made.objects["contacts"].custom


@pytest.mark.parametrize(
    ("change", "entry", "problem"),
    [
        (("path: sent.path", "path: sent.paht"), "letters.file.path", "no column paht"),
        (("sha256: sent.sha256", "sha256: sant.sha256"), "letters.file.sha256", "no join sant"),
        (("bytes: sent.bytes", "bytes: sent.path"), "letters.file.bytes", "`number` cannot take"),
        (("{field: file_name, text: ", "{field: sha256, text: "), "letters.mark", "found again by its name"),
        (('{written_at|date} {subject}"', '{writen_at|date} {subject}"'), "letters.file.name", "no column writen_at"),
        (("where: {kind: letter}}", "where: {sort: letter}}"), "letters.join.sent", "no column sort"),
    ],
)
def test_a_mistake_in_a_file_entry_is_named(tmp_path: Path, change: tuple[str, str], entry: str, problem: str) -> None:
    text = FRESHSALES.read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "freshsales.yaml"
    path.write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(MappingError) as error:
        load_mapping(path)
    assert entry in error.value.entry
    assert problem in error.value.problem


@pytest.mark.parametrize("missing", ["name", "path", "content_type", "sha256", "bytes"])
def test_a_file_entry_says_everything_that_proves_a_file(missing: str) -> None:
    entry = radiographs()
    entry["file"].pop(missing)
    with pytest.raises(ValueError, match=missing):
        ObjectMap.model_validate(entry)
