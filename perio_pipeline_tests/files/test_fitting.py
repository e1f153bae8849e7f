"""Which variant of a file is sent: what fits goes as it is, the newest first; the rest by the practice's policy."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from perio_pipeline.crm.protocol import FileLimits
from perio_pipeline.files.fitting import fit, reducer, storage_need, unified
from perio_pipeline.files.frames import LETTER, RADIOGRAPH
from perio_pipeline.files.reducing import NotReducibleError, reduced
from perio_pipeline.files.shelf import Shelf, Stored, measured
from perio_pipeline.panda.frames import table_kinds, typed_frame

ARCHIVE = "https://images.example/"


def image(number: int, size: int, day: int = 1, **more: Any) -> dict[str, Any]:
    row = {"image_id": str(number), "patient_id": "P1", "taken_date": date(2024, 1, day), "path": f"/x/{number}"}
    stored = {"bytes": size, "sha256": f"hash {number}", "content_type": "image/jpeg", "width": 40, "height": 30}
    return {**row, **stored, "url": f"{ARCHIVE}{number}", **more}


def files(*rows: dict[str, Any], placed: tuple[str, ...] = ()) -> pd.DataFrame:
    frame = unified({"radiograph": typed_frame(table_kinds(RADIOGRAPH), rows)})
    return frame.assign(account="main", placed=frame["file_id"].isin(placed))


def half(file: dict[Any, Any], most: int) -> Stored | None:
    """A reducer that makes a copy of a quarter, where that is small enough."""
    size = file["bytes"] // 4
    return Stored(Path(f"{file['path']}-reduced"), size, f"copy of {file['file_id']}") if size <= most else None


def sent(limits: FileLimits, policy: Any, *rows: dict[str, Any], **more: Any) -> pd.DataFrame:
    return fit(files(*rows, **more), limits, policy, half).set_index("file_id")


def variants(*args: Any, **more: Any) -> dict[str, tuple[str, str]]:
    rows = sent(*args, **more)[["variant", "reason"]].fillna("")
    return {str(key): (row["variant"], row["reason"]) for key, row in rows.iterrows()}


def test_f10_what_fits_goes_as_it_is() -> None:
    (row,) = sent(FileLimits(100, 1000), "reduce", image(1, 100)).to_dict("records")
    assert (row["variant"], row["path"], row["bytes"], row["sha256"]) == ("full", "/x/1", 100, "hash 1")
    assert row["content_type"] == "image/jpeg"


DICOM = {"content_type": "application/dicom", "width": None, "height": None}
UNLINKED = {"url": None}


@pytest.mark.parametrize(
    ("policy", "kind", "variant"),
    [
        ("reduce", {}, "reduced"),
        ("link", {}, "link"),
        ("list", {}, "listed"),
        ("reduce", DICOM, "link"),
        ("link", DICOM, "link"),
        ("list", DICOM, "listed"),
        ("reduce", UNLINKED, "reduced"),
        ("link", UNLINKED, "listed"),
        ("reduce", {**DICOM, **UNLINKED}, "listed"),
    ],
)
@pytest.mark.parametrize("limits", [FileLimits(99, None), FileLimits(None, 99)])
def test_f10_each_policy_for_each_kind_of_file_in_each_position(
    policy: str, kind: dict[str, Any], variant: str, limits: FileLimits
) -> None:
    reason = "too_large" if limits.file else "no_room"
    assert variants(limits, policy, image(1, 100, **kind)) == {"1": (variant, reason)}


def test_a_reduced_copy_says_what_the_original_was() -> None:
    (row,) = sent(FileLimits(99), "reduce", image(1, 100)).to_dict("records")
    assert (row["path"], row["bytes"], row["sha256"]) == ("/x/1-reduced", 25, "copy of 1")
    assert (row["original_bytes"], row["original_sha256"], row["original_pixels"]) == (100, "hash 1", "40 x 30")
    assert row["note"] == "reduced copy"


def test_a_link_has_an_address_and_nothing_else_to_send() -> None:
    (row,) = sent(FileLimits(99), "link", image(1, 100)).to_dict("records")
    assert row["url"] == f"{ARCHIVE}1"
    assert pd.isna(row["path"])
    assert pd.isna(row["sha256"])
    assert row["original_sha256"] == "hash 1"


def test_g7_the_newest_files_get_the_room() -> None:
    rows = [image(1, 60, day=1), image(2, 60, day=3), image(3, 60, day=2), image(4, 10, day=1)]
    assert variants(FileLimits(None, 130), "list", *rows) == {
        "1": ("listed", "no_room"),
        "2": ("full", ""),
        "3": ("full", ""),
        "4": ("full", ""),
    }


def test_what_the_account_holds_already_keeps_its_room_from_newer_files() -> None:
    rows = [image(1, 60, day=1), image(2, 60, day=3)]
    assert variants(FileLimits(None, 100), "list", *rows)["1"] == ("listed", "no_room")
    placed = variants(FileLimits(None, 100), "list", *rows, placed=("1",))
    assert placed == {"1": ("full", ""), "2": ("listed", "no_room")}


def test_a_reduced_copy_needs_room_as_well() -> None:
    rows = [image(1, 100, day=2), image(2, 100, day=1)]
    assert variants(FileLimits(None, 30), "reduce", *rows) == {"1": ("reduced", "no_room"), "2": ("link", "no_room")}


def test_a_file_with_a_problem_has_no_variant_and_takes_no_room() -> None:
    rows = [image(1, 100, day=2, problem="file_missing", sha256=None), image(2, 100, day=1)]
    assert variants(FileLimits(None, 100), "list", *rows) == {"1": ("", "file_missing"), "2": ("full", "")}


def test_letters_and_radiographs_share_the_room() -> None:
    letter = {"letter_id": "7", "patient_id": "P1", "written_date": date(2024, 2, 1), "path": "/l", "bytes": 90}
    letters = typed_frame(table_kinds(LETTER), [{**letter, "sha256": "h", "content_type": "application/pdf"}])
    both = unified({"letter": letters, "radiograph": typed_frame(table_kinds(RADIOGRAPH), [image(1, 20)])})
    found = fit(both.assign(account="main"), FileLimits(None, 100), "list", half)
    assert found[["kind", "variant"]].to_numpy().tolist() == [["letter", "full"], ["radiograph", "listed"]]


SIZES = st.lists(st.tuples(st.integers(1, 100), st.integers(1, 28)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(1, 80), st.integers(0, 400), st.sampled_from(["reduce", "link", "list"]))
def test_law_every_file_is_decided_on_and_no_limit_is_passed(
    sizes: list[tuple[int, int]], most: int, room: int, policy: Any
) -> None:
    rows = [image(number, size, day) for number, (size, day) in enumerate(sizes)]
    found = fit(files(*rows), FileLimits(most, room), policy, half)
    assert found["file_id"].tolist() == [row["image_id"] for row in rows]
    assert found["variant"].notna().all()
    assert (found["variant"] == "full").equals(found["reason"].isna())
    assert found["bytes"].fillna(0).sum() <= room
    assert found["bytes"].fillna(0).max() <= most if len(found) else True
    need = storage_need(files(*rows), FileLimits(most, room))
    assert need.files == need.full + need.too_large + need.no_room == len(rows)
    assert need.bytes == sum(size for size, _ in sizes)
    if policy != "reduce":
        assert need.full == (found["variant"] == "full").sum()


def test_g7_the_need_says_what_finds_no_room_without_making_anything() -> None:
    rows = [image(1, 60, day=1), image(2, 60, day=3), image(3, 500, day=2), image(4, 9, problem="file_missing")]
    need = storage_need(files(*rows), FileLimits(100, 100))
    assert (need.files, need.bytes, need.room, need.fits) == (3, 620, 100, False)
    assert (need.full, need.full_bytes) == (1, 60)
    assert (need.too_large, need.too_large_bytes) == (1, 500)
    assert (need.no_room, need.no_room_bytes) == (1, 60)
    assert storage_need(files(*rows), FileLimits()).fits


# Smaller copies of real pictures


def picture(path: Path, form: str = "PNG", mode: str = "L", size: tuple[int, int] = (1600, 1200)) -> Path:
    rng = np.random.default_rng(1)
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    high = 4000 if mode == "I;16" else 255
    pixels = rng.integers(0, high, shape).astype(np.uint16 if mode == "I;16" else np.uint8)
    Image.fromarray(pixels).save(path, form)
    return path


@pytest.mark.parametrize(("form", "mode"), [("PNG", "L"), ("TIFF", "I;16"), ("PNG", "RGB"), ("JPEG", "L")])
def test_f10_a_copy_is_a_jpeg_that_is_small_enough_and_names_the_original(tmp_path: Path, form: str, mode: str) -> None:
    path = picture(tmp_path / "a", form, mode)
    copy = reduced(path, 400_000, "Reduced copy. Original: sha-256 abc")
    assert len(copy) <= 400_000
    with Image.open(io.BytesIO(copy)) as opened:
        assert opened.format == "JPEG"
        assert opened.mode == ("RGB" if mode == "RGB" else "L")
        assert opened.info["comment"] == b"Reduced copy. Original: sha-256 abc"
        assert max(opened.size) >= 800
        assert opened.size[0] / opened.size[1] == pytest.approx(4 / 3, abs=0.01)


def test_full_pixel_size_is_kept_where_that_is_small_enough(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.effect_mandelbrot((1000, 800), (-3, -2.5, 2, 2.5), 100).save(path)
    with Image.open(io.BytesIO(reduced(path, 10_000_000, ""))) as copy:
        assert copy.size == (1000, 800)


def test_what_gives_no_useful_copy_is_said(tmp_path: Path) -> None:
    frames = [Image.new("L", (900, 900), shade) for shade in (0, 9)]
    frames[0].save(tmp_path / "many.tif", save_all=True, append_images=frames[1:])
    (tmp_path / "broken.jpg").write_bytes(picture(tmp_path / "b", "JPEG").read_bytes()[:2000])
    for name, most in (("many.tif", 10**9), ("broken.jpg", 10**9), ("b", 1000), ("none", 10**9)):
        with pytest.raises(NotReducibleError):
            reduced(tmp_path / name, most, "")


def test_a_copy_is_made_once_and_is_the_same_whatever_else_is_sent(tmp_path: Path) -> None:
    stored = measured(picture(tmp_path / "a.png"))
    row = image(1, stored.bytes, path=str(stored.path), sha256=stored.sha256, width=1600, height=1200)
    older = image(2, 50_000, day=9)
    reduce = reducer(Shelf(tmp_path / "reduced", ".jpg"))
    room = FileLimits(None, stored.bytes - 1)
    one = fit(files(row), room, "reduce", reduce)
    two = fit(files(older, row), room, "reduce", reduce)
    assert one["variant"].tolist() == ["reduced"]
    assert two["variant"].tolist() == ["full", "reduced"]
    assert one["sha256"][0] == two["sha256"][1]
    assert len(list((tmp_path / "reduced").iterdir())) == 1
    with Image.open(one["path"][0]) as copy:
        assert copy.info["comment"].decode().endswith(f"1600 x 1200 pixels, sha-256 {stored.sha256}")
