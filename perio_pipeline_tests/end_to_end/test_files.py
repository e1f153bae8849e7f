"""Letters and radiographs as a user of the CRM finds them: listed on the patient, opened, the same (F8, F10, P6)."""

from __future__ import annotations

import hashlib
import io
import re
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pypdf
import pytest
from PIL import Image
from striprtf.striprtf import rtf_to_text

from perio_pipeline.panda.sample.generate import images_of
from perio_pipeline_tests.end_to_end.freshsales_view import frame, get
from perio_pipeline_tests.end_to_end.world import PRACTICE, World, checks, failures, world

pytestmark = pytest.mark.slow
CRM = "freshsales"


def row_of(made: World, name: str, **wanted: Any) -> pd.Series:
    """One record of a file object that was read back, with what was sent of it."""
    held = frame(made, CRM, "readback", name)
    kind = {"letters": "letter", "radiographs": "radiograph"}[name]
    sent = frame(made, CRM, "files")
    sent = sent[sent["kind"] == kind].set_index("file_id")
    facts = ["variant", "reason", "original_bytes", "original_sha256", "original_pixels"]
    joined = held.merge(sent[facts], left_on="source_key", right_index=True)
    for column, value in wanted.items():
        joined = joined[joined[column] == value]
    return joined.iloc[0]


def listed(made: World, contact: str, kind: str = "documents") -> dict[str, dict[str, Any]]:
    """The files or links that the CRM shows on a patient, by id."""
    found = get(made, f"/contacts/{contact}/document_associations?per_page=100")
    return {str(item["id"]): item for item in found[kind]}


def opened(made: World, item: dict[str, Any]) -> bytes:
    answer = httpx.get(item["url"], headers={"Authorization": f"Token token={made.token}"})
    answer.raise_for_status()
    return answer.content


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_f8_a_letter_opens_as_a_pdf_on_its_patient_with_every_word_of_it(moved: World) -> None:
    sources = frame(moved, "validated", "letter").set_index("letter_id")
    for form in ("rtf", "html", "text"):
        keys = sources.index[sources["body_format"] == form]
        held = frame(moved, CRM, "readback", "letters")
        row = held[held["source_key"].isin(keys)].iloc[0]
        source = sources.loc[row["source_key"]]
        item = listed(moved, row["link.contact_id"])[row["crm_id"]]
        assert item["name"].startswith(f"Letter {source['written_at']:%Y-%m-%d} ")
        assert item["name"].endswith(f"PANDA-letter-{row['source_key']}.pdf")
        content = opened(moved, item)
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert len(content) == row["bytes"]
        said = words("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))
        body = (
            rtf_to_text(source["body"]) if form == "rtf" else re.sub(r"<title>.*?</title>|<[^>]+>", " ", source["body"])
        )
        missing = [word for word in words(body) if word not in said]
        assert missing == []
        assert {"Harbor", "Periodontics", "NPI"} <= set(said)


def test_h3_the_charts_of_a_patient_open_as_a_pdf_that_says_whose_they_are(moved: World) -> None:
    row = frame(moved, CRM, "readback", "charts").iloc[0]
    item = listed(moved, row["link.contact_id"])[row["crm_id"]]
    assert re.fullmatch(rf"Periodontal charts to \d{{4}}-\d\d-\d\d PANDA-charts-{row['source_key']}.pdf", item["name"])
    content = opened(moved, item)
    assert hashlib.sha256(content).hexdigest() == row["sha256"]
    said = pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()
    patient = frame(moved, "validated", "patient").set_index("patient_id").loc[row["source_key"]]
    assert f"{patient['first_name']} {patient['last_name']}, born {patient['birth_date']:%Y-%m-%d}" in said


def test_f10_a_radiograph_is_the_very_file_of_the_image_store(moved: World, sample_60: Path) -> None:
    row = row_of(moved, "radiographs", variant="full")
    item = listed(moved, row["link.contact_id"])[row["crm_id"]]
    content = opened(moved, item)
    reference = frame(moved, "validated", "image_reference").set_index("image_id").loc[row["source_key"]]
    (original,) = [
        path
        for path in images_of(sample_60).rglob("*")
        if path.name.casefold() == reference["path"].rsplit("\\", 1)[-1].casefold()
    ]
    assert content == original.read_bytes()
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "JPEG"
        assert min(picture.size) > 300
    assert item["name"].startswith(f"{reference['kind']} {reference['taken_date']:%Y-%m-%d}")
    assert item["name"].endswith(f"PANDA-image-{row['source_key']}.jpg")


def test_f10_the_date_of_the_latest_radiograph_stands_on_the_patient(moved: World) -> None:
    images = frame(moved, "validated", "image_reference")
    films = images[images["kind"] != "photo"].groupby("patient_id")["taken_date"].max()
    held = frame(moved, CRM, "readback", "contacts").set_index("source_key")["Radiograph_Date__c"].dropna()
    assert len(held) > 30
    merged = set(frame(moved, "validated", "patient_identity").query("disposition == 'merged'")["survivor_id"])
    for key, day in held.items():
        assert key in merged or day[:10] == f"{films[key]:%Y-%m-%d}"


def test_f10_a_photo_that_is_too_large_arrives_as_a_copy_that_names_the_original(moved: World) -> None:
    row = row_of(moved, "radiographs", variant="reduced")
    content = opened(moved, listed(moved, row["link.contact_id"])[row["crm_id"]])
    assert len(content) <= 1_000_000 < row["original_bytes"]
    assert "reduced copy" in row["file_name"]
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.info["comment"].decode() == (
            f"Reduced copy. Original: {row['original_bytes']} bytes, {row['original_pixels']} pixels, "
            f"sha-256 {row['original_sha256']}"
        )


def test_f10_a_volume_that_is_too_large_is_a_link_to_the_practices_archive(moved: World) -> None:
    row = row_of(moved, "radiographs", variant="link")
    item = listed(moved, row["link.contact_id"], "links")[row["crm_id"].removeprefix("links/")]
    assert item["url"].startswith("https://images.harbor-perio.example.com/")
    assert item["url"].endswith(".dcm")
    assert item["name"].endswith(f"PANDA-image-{row['source_key']}.dcm")


def naive_problem(store: Path, path: str, size: int) -> str:
    """What is wrong with a file, told without the files room."""
    if ":" in path:
        return "file_outside"
    files = {str(each.relative_to(store)).casefold(): each for each in store.rglob("*")}
    found = files.get(path.replace("\\", "/").casefold())
    if found is None:
        return "file_missing"
    with found.open("rb") as content:
        head = content.read(132)
    if found.stat().st_size != size:
        return "file_changed"
    return "" if head.startswith(b"\xff\xd8") or head.endswith(b"DICM") else "file_unknown"


def test_f10_no_file_is_lost_silently(moved: World, sample_60: Path) -> None:
    images, found = frame(moved, "validated", "image_reference"), frame(moved, "files", "radiograph")
    problems = dict(zip(found["image_id"], found["problem"].fillna(""), strict=True))
    store = images_of(sample_60)
    rows = images[["image_id", "path", "bytes"]].itertuples(index=False)
    assert problems == {key: naive_problem(store, path, size) for key, path, size in rows}
    assert len(set(problems.values())) >= 4
    shaped, left_out = (set(frame(moved, CRM, step, "radiographs")["source_key"]) for step in ("shaped", "left_out"))
    assert shaped | left_out == set(images["image_id"])
    assert not shaped & left_out
    report = moved.rooms.report_file(PRACTICE, CRM, "diff.html").read_text(encoding="utf-8")
    for key in left_out & set(frame(moved, CRM, "files").query("kind == 'radiograph'")["file_id"]):
        assert f"<code>{key}</code>" in report


def test_p6_each_file_is_in_the_crm_once(moved: World) -> None:
    held = moved.sandbox.state()["harbor-perio"]["documents"]
    manifests = [frame(moved, CRM, "loaded", name) for name in ("letters", "charts", "radiographs")]
    assert len(held) == sum(len(manifest) for manifest in manifests)
    assert len({item["name"] for item in held}) == len(held)


def test_phi_files_and_their_folders_are_their_owners_only(moved: World) -> None:
    folder = moved.rooms.data / "files"
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_p7_a_letter_that_changed_in_panda_is_uploaded_anew_and_nothing_else(tmp_path: Path, sample_20: Path) -> None:
    with world(tmp_path, sample_20, crm=CRM) as made:
        made.migrate()
        database = sqlite3.connect(made.rooms.data / "sample" / f"{PRACTICE}.db")
        (key,) = database.execute("SELECT MAX(LetterNo) FROM Letter WHERE LetterFormat = 'R'").fetchone()
        change = (
            "UPDATE Letter SET LetterRtf = CAST(replace(CAST(LetterRtf AS TEXT), 'Periodontist', 'Surgeon') AS BLOB)"
        )
        database.execute(f"{change} WHERE LetterNo = ?", (key,))
        database.commit()
        database.close()
        result = made.migrate()
        assert failures(result) == {}
        assert [name for name, check in checks(result).items() if not check.passed] == []
        status = made.status()
        assert (status["letters"].updated, status["letters"].created, status["letters"].writes) == (1, 0, 1)
        assert all(item.writes == 0 for name, item in status.items() if name != "letters")
        row = row_of(made, "letters", source_key=str(key))
        content = opened(made, listed(made, row["link.contact_id"])[row["crm_id"]])
        assert "Surgeon" in pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()
