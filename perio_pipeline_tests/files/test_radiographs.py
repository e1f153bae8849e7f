"""Radiographs in the image store: found as Windows names them, never outside, told by their content."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from perio_pipeline.files import radiographs as module
from perio_pipeline.files.radiographs import ImageStore, identify, radiograph_files
from perio_pipeline.files.shelf import measured
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import IMAGE_REFERENCE


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    folder = tmp_path / "images" / "100011PC"
    folder.mkdir(parents=True)
    Image.new("L", (40, 30), 90).save(folder / "20240305_PA_1.jpg")
    return ImageStore(tmp_path / "images")


def find(store: ImageStore, path: str, size: int | None = None, before: pd.DataFrame | None = None) -> Any:
    reference = {"image_id": "1", "patient_id": "P1", "kind": "periapical", "taken_date": date(2024, 3, 5)}
    frame = typed_frame(table_kinds(IMAGE_REFERENCE), [{**reference, "path": path, "bytes": size}])
    (row,) = pd.concat(radiograph_files([frame], store, before)).to_dict("records")
    return {name: None if pd.isna(value) else value for name, value in row.items()}


@pytest.mark.parametrize(
    "path", ["100011PC\\20240305_PA_1.jpg", "100011PC/20240305_PA_1.jpg", "100011pc\\20240305_pa_1.JPG"]
)
def test_f10_a_file_is_found_as_windows_names_it(store: ImageStore, path: str) -> None:
    row = find(store, path)
    stored = measured(Path(row["path"]))
    assert (row["sha256"], row["bytes"], row["problem"]) == (stored.sha256, stored.bytes, None)
    assert (row["content_type"], row["width"], row["height"]) == ("image/jpeg", 40, 30)


def test_a_name_that_several_files_differ_from_in_case_alone_is_nobodys(store: ImageStore) -> None:
    assert store.folder is not None
    (store.folder / "A.jpg").write_bytes(b"x")
    (store.folder / "a.JPG").write_bytes(b"y")
    assert find(store, "a.jpg")["problem"] == "file_missing"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("100011PC\\none.jpg", "file_missing"),
        ("100011PC", "file_missing"),
        ("..\\secret.jpg", "file_outside"),
        ("100011PC\\..\\..\\secret.jpg", "file_outside"),
        ("C:\\PANDA\\secret.jpg", "file_outside"),
        ("\\\\server\\share\\secret.jpg", "file_outside"),
        ("/etc/hostname", "file_outside"),
        ("linked.jpg", "file_outside"),
    ],
)
def test_nothing_outside_the_store_is_ever_read(store: ImageStore, tmp_path: Path, path: str, problem: str) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"not yours")
    assert store.folder is not None
    (store.folder / "linked.jpg").symlink_to(secret)
    row = find(store, path)
    assert (row["problem"], row["sha256"]) == (problem, None)


def test_files_that_are_not_what_they_should_be_say_why(store: ImageStore) -> None:
    assert store.folder is not None
    (store.folder / "empty.jpg").touch()
    (store.folder / "noise.jpg").write_bytes(b"\xf6" * 500)
    assert find(store, "empty.jpg")["problem"] == "file_empty"
    assert find(store, "noise.jpg")["problem"] == "file_unknown"
    assert find(store, "100011PC\\20240305_PA_1.jpg", 12)["problem"] == "file_changed"
    assert find(ImageStore(None), "x.jpg")["problem"] == "no_image_store"


def test_a_file_that_cannot_be_read_is_a_reason_and_no_crash(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> Any:
        raise PermissionError

    monkeypatch.setattr(module, "measured", refuse)
    assert find(store, "100011PC\\20240305_PA_1.jpg")["problem"] == "file_unreadable"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"%PDF-1.4 ...", "application/pdf"),
        (b"\0" * 128 + b"DICM" + b"\0" * 20, "application/dicom"),
        (b"MZ this is a program", None),
    ],
)
def test_the_content_says_what_a_file_is_not_its_name(tmp_path: Path, content: bytes, content_type: str | None) -> None:
    path = tmp_path / "film.jpg"
    path.write_bytes(content)
    assert identify(path)[0] == content_type


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "GIF", "WEBP"])
def test_pictures_of_other_kinds_are_known(tmp_path: Path, form: str) -> None:
    Image.new("L", (7, 5)).save(tmp_path / "film.jpg", form)
    assert identify(tmp_path / "film.jpg") == (Image.MIME[form], 7, 5)


def test_a_volume_with_holes_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "volume.dcm"
    with path.open("wb") as file:
        file.write(b"\0" * 128 + b"DICM")
        file.truncate(30_000_000)
    row = find(ImageStore(tmp_path), "volume.dcm", 30_000_000)
    assert (row["content_type"], row["bytes"], row["problem"]) == ("application/dicom", 30_000_000, None)


def test_a_file_is_hashed_again_only_when_its_size_or_time_changed(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "100011PC\\20240305_PA_1.jpg"
    before = pd.DataFrame([find(store, path)])
    hashed: list[Path] = []
    monkeypatch.setattr(module, "measured", lambda file: hashed.append(file) or measured(file))
    assert find(store, path, before=before)["sha256"] == before["sha256"][0]
    assert hashed == []
    os.utime(before["path"][0], ns=(1, 1))
    find(store, path, before=before)
    assert len(hashed) == 1


def test_the_archives_address_of_a_file(store: ImageStore) -> None:
    linked = ImageStore(store.folder, "https://images.example/")
    assert find(linked, "100 PC\\a#1.jpg")["url"] == "https://images.example/100%20PC/a%231.jpg"
    assert find(store, "a.jpg")["url"] is None
