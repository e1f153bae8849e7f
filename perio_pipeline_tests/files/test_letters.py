"""Letters as files: one PDF each, kept while nothing changes, and a reason where there is none."""

from __future__ import annotations

import io
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pypdf
import pytest

from perio_pipeline.files import letters as module
from perio_pipeline.files.letters import Paper, letter_files
from perio_pipeline.files.pdf import Letterhead
from perio_pipeline.files.shelf import Shelf, measured
from perio_pipeline.panda.frames import table_kinds, typed_frame
from perio_pipeline.panda.tables import LETTER

PAPER = Paper(Letterhead("Harbor Periodontics", ("1200 Harbor Avenue",)), "Harbor Periodontics")


def written(letter_id: str, body: str, **more: Any) -> dict[str, Any]:
    row = {"letter_id": letter_id, "patient_id": "P1", "written_at": datetime(2024, 3, 5, 17, 2)}
    return {**row, "subject": "Findings", "body_format": "text", "body": body, **more}


def files(shelf: Shelf, *rows: dict[str, Any], paper: Paper = PAPER) -> pd.DataFrame:
    frame = typed_frame(table_kinds(LETTER), rows)
    return pd.concat(letter_files([frame.iloc[:1], frame.iloc[1:]], paper, shelf)).set_index("letter_id")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "files" / "harbor" / "letters", ".pdf")


def test_f8_each_letter_is_a_pdf_with_its_size_and_hash(shelf: Shelf) -> None:
    found = files(shelf, written("1", "Dear Dr. Nelson"), written("2", "{\\rtf1 Dear \\b Ms. Reed\\b0\\par}"))
    assert found["problem"].isna().all()
    for letter_id, said in (("1", "Dear Dr. Nelson"), ("2", "Dear Ms. Reed")):
        row = found.loc[letter_id]
        stored = measured(Path(row["path"]))
        assert (row["bytes"], row["sha256"], row["content_type"]) == (stored.bytes, stored.sha256, "application/pdf")
        assert f"{row['written_date']:%Y-%m-%d %H:%M}" == "2024-03-05 00:00"
        text = pypdf.PdfReader(io.BytesIO(stored.path.read_bytes())).pages[0].extract_text()
        assert said in text
        assert f"PANDA letter {letter_id}" in text
        assert "1200 Harbor Avenue" in text


def test_phi_files_are_their_owners_only_and_their_names_say_nothing(shelf: Shelf) -> None:
    path = Path(files(shelf, written("100011PC", "x")).iloc[0]["path"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "100011" not in path.name


@pytest.mark.parametrize("body", ["{\\rtf1\\pard\\par }", "<p>&nbsp;</p>", "  \r\n"])
def test_an_empty_letter_is_a_reason_and_the_others_go_on(shelf: Shelf, body: str) -> None:
    found = files(shelf, written("1", body), written("2", "x"))
    assert found["problem"].fillna("").tolist() == ["letter_empty", ""]
    assert found["path"].notna().tolist() == [False, True]


def test_what_was_set_once_is_not_set_again(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    first = files(shelf, written("1", "x"))
    monkeypatch.setattr(module.pdf, "render", lambda *_: pytest.fail("nothing changed"))
    assert files(shelf, written("1", "x")).equals(first)


@pytest.mark.parametrize(
    ("change", "paper"),
    [
        ({"body": "y"}, PAPER),
        ({"subject": "Other"}, PAPER),
        ({"written_at": datetime(2024, 3, 6)}, PAPER),
        ({}, Paper(Letterhead("Harbor Perio"), "Harbor Periodontics")),
    ],
)
def test_a_change_gives_another_file_and_the_old_one_goes(shelf: Shelf, change: dict[str, Any], paper: Paper) -> None:
    first = files(shelf, written("1", "x"))
    again = Shelf(shelf.folder, shelf.suffix)
    second = files(again, {**written("1", "x"), **change}, paper=paper)
    assert second.iloc[0]["sha256"] != first.iloc[0]["sha256"]
    assert again.sweep() == 1
    assert [str(path) for path in shelf.folder.iterdir()] == second["path"].tolist()


def test_no_letters_are_an_empty_frame_with_its_columns(shelf: Shelf) -> None:
    found = pd.concat(letter_files([typed_frame(table_kinds(LETTER))], PAPER, shelf))
    assert len(found) == 0
    assert {"letter_id", "sha256", "problem"} <= set(found.columns)
