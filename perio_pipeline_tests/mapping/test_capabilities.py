"""The capability file: what all accounts agree on counts, below what a person states."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from perio_pipeline.crm.probing import Finding, NotProbed, ProbeReport, Seen
from perio_pipeline.errors import MappingError, SettingsError
from perio_pipeline.mapping.capabilities import (
    Contradiction,
    capability_path,
    check_writable,
    contradictions,
    gathered,
    probed,
    write_capabilities,
)
from perio_pipeline.mapping.practice import load_practice, stated_capabilities

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"
DAY = date(2026, 6, 1)


def report(requests: int = 7, **values: bool | int | str) -> ProbeReport:
    seen = [Seen(name, "18.1", Finding(f"saw {value}", name, value)) for name, value in values.items()]
    return ProbeReport([*seen, Seen("statuses", "18.12", Finding("POST: 200"))], requests=requests)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(MAPPINGS, tmp_path / "mappings")
    return tmp_path / "mappings"


def test_what_was_written_reads_back_the_same(folder: Path) -> None:
    reports = {"main": report(upsert_key="emails", past_appointments=False, note_characters=5_000)}
    found = gathered("harbor", "freshsales", DAY, reports, [NotProbed("18.3", "a 429", "it disturbs")])
    check_writable(folder)
    assert write_capabilities(folder, found) == capability_path(folder, "harbor", "freshsales")
    assert probed(folder, "harbor", "freshsales") == found
    assert found.values == {"upsert_key": "emails", "past_appointments": False, "note_characters": 5_000}
    assert [each.evidence for each in found.observed] == ["POST: 200"]


def test_accounts_that_differ_decide_nothing() -> None:
    reports = {"main": report(past_appointments=True, bulk_upsert=True), "north": report(3, past_appointments=False)}
    found = gathered("harbor", "freshsales", DAY, reports, [])
    assert found.values == {"bulk_upsert": True}
    assert found.undecided == {"past_appointments": "main: True; north: False"}
    assert found.requests == 10


def test_what_was_found_counts_where_nothing_is_stated_and_contradictions_are_named(folder: Path) -> None:
    reports = {"main": report(key_user="other@example.com", past_appointments=False)}
    check_writable(folder)
    write_capabilities(folder, gathered("harbor", "freshsales", DAY, reports, []))
    destinations = load_practice(folder, "harbor").destinations
    assert destinations["freshsales"].capabilities == {"key_user": "migration@example.com", "past_appointments": False}
    assert destinations["highlevel"].capabilities == {}
    stated = stated_capabilities(folder, "harbor", "freshsales")
    assert contradictions(stated, probed(folder, "harbor", "freshsales").values) == [
        Contradiction("key_user", "migration@example.com", "other@example.com")
    ]


def test_a_capability_file_that_is_wrong_says_where(folder: Path) -> None:
    path = capability_path(folder, "harbor", "freshsales")
    path.parent.mkdir()
    path.write_text("practice: harbor\nsurprise: 1\n", encoding="utf-8")
    with pytest.raises(MappingError, match=r"harbor\.freshsales\.yaml:2: surprise"):
        load_practice(folder, "harbor")


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_tried(folder: Path) -> None:
    (folder / "practices" / "capabilities").write_text("in the way", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be written"):
        check_writable(folder)
