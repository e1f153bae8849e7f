"""Notes, letters and templates can be read as what they claim to be; figures come from the committed script."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from sample_practices import REPOSITORY, SamplePractice
from striprtf.striprtf import rtf_to_text

from perio_pipeline.panda.sample.distill import FIGURES, TABLES, distill
from perio_pipeline.panda.sample.letters import merge

NHANES = REPOSITORY.parent / "shared/data/nhanes"


def test_notes_are_cp1252_and_read_as_text(sample250: SamplePractice) -> None:
    seen = set()
    for form, body in sample250.rows("SELECT BodyFormat, NoteBody FROM InstaNote"):
        text = body.decode("cp1252")
        seen |= {letter for letter in (rtf_to_text(text) if form == "R" else text) if not letter.isascii()}
        assert (form == "R") == text.startswith(r"{\rtf1")
        assert (form == "H") == text.startswith("<div>")
    assert {"’", "–", "“", "”"} <= seen


def test_rtf_notes_give_back_their_sentences(sample60: SamplePractice) -> None:
    notes = sample60.rows("SELECT NoteBody FROM InstaNote WHERE BodyFormat = 'R' AND NoteType = 'SOAP'")
    texts = [rtf_to_text(body.decode("cp1252")) for (body,) in notes]
    assert all("\\" not in text and "{" not in text for text in texts)
    assert any("Subjective:" in text and "Plan:" in text for text in texts)


def test_templates_keep_their_fields_and_conditions_and_letters_have_none(sample60: SamplePractice) -> None:
    templates = [
        rtf_to_text(body.decode("cp1252")) for (body,) in sample60.rows("SELECT TemplateRtf FROM LetterTemplate")
    ]
    assert all("«Today»" in text for text in templates)
    assert sum("«IF " in text and "«END IF»" in text for text in templates) >= 3
    for (body,) in sample60.rows("SELECT LetterRtf FROM Letter WHERE LetterFormat = 'R'"):
        assert "«" not in rtf_to_text(body.decode("cp1252"))


def test_letters_are_rtf_html_and_text_with_date_address_and_signature(sample250: SamplePractice) -> None:
    forms = defaultdict(int)
    for form, body in sample250.rows("SELECT LetterFormat, LetterRtf FROM Letter"):
        text = body.decode("cp1252")
        forms[form] += 1
        assert (form == "R") == text.startswith(r"{\rtf1")
        assert (form == "H") == text.startswith("<html>")
        read = rtf_to_text(text) if form == "R" else text
        assert re.search(r"[A-Z][a-z]+ \d{1,2}, 20\d\d", read)
        assert re.search(r"NPI 1\d{9}", read)
        assert "With kind regards" in read
        assert ("Phone (360) 555-" in text) == (form == "R")  # the others are printed on the practice's paper
    assert set(forms) == {"R", "H", "T"}


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("«IF Sites > 4»many«ELSE»few«END IF»", "many"),
        ("«IF Stage = Stage III»three«END IF»!", "!"),
        ("«IF Carrier <> »ask «Carrier»«ELSE»nobody«END IF»", "nobody"),
    ],
)
def test_conditions_are_decided_before_fields_are_filled(text: str, merged: str) -> None:
    assert merge(text, {"Sites": "5", "Stage": "Stage II", "Carrier": ""}) == merged


@pytest.mark.parametrize("name", TABLES)
def test_figures_are_what_the_script_distils(tmp_path: Path, name: str) -> None:
    if not NHANES.is_dir():
        pytest.skip("the NHANES tables (shared/data/nhanes beside the repository) are not on this machine")
    distill(NHANES, tmp_path)
    assert (tmp_path / f"{name}.csv").read_bytes() == (FIGURES / f"{name}.csv").read_bytes()


def test_no_module_but_the_script_names_the_source_folder() -> None:
    package = FIGURES.parent
    named = [path.name for path in package.rglob("*.py") if re.search("nhanes_|shared/", path.read_text("utf-8"))]
    assert named == ["distill.py"]
