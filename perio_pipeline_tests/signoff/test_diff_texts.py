"""What the diff finds in notes, marks and times, one planted difference at a time."""

from __future__ import annotations

from datetime import datetime

import pytest

from perio_pipeline_tests.signoff.family import family, with_cell
from perio_pipeline_tests.signoff.small_practice import HTML, causes, compare, unexplained


def test_p5_a_note_in_parts_is_put_together_again() -> None:
    practice = family()
    parts = [row for row in practice.crm()["notes"] if row["source_key"].startswith("N2")]
    assert len(parts) > 2
    diff = compare(practice, "notes", list(reversed(practice.crm()["notes"])))
    assert diff.unexplained == 0
    assert diff.records == 2


def test_p5_a_sample_may_name_the_parts_of_a_note() -> None:
    practice = family()
    records = [row for row in practice.crm()["notes"] if row["source_key"].startswith("N2")]
    diff = compare(practice, "notes", records, only={row["source_key"] for row in records})
    assert (diff.records, diff.unexplained) == (1, 0)


@pytest.mark.parametrize(("lost", "cause"), [(0, "altered"), (1, "altered"), (-1, "truncated")])
def test_p5_a_lost_part_of_a_note_is_found(lost: int, cause: str) -> None:
    practice = family()
    whole, parts = practice.crm()["notes"][:1], practice.crm()["notes"][1:]
    del parts[lost]
    assert unexplained(compare(practice, "notes", whole + parts)) == [("N2", "body", cause)]


def test_p5_one_part_on_another_contact_is_found() -> None:
    practice = family()
    records = practice.crm()["notes"]
    records[-1]["link.contactId"] = "CP1"
    assert unexplained(compare(practice, "notes", records)) == [("N2", "link.contactId", "altered")]


@pytest.mark.parametrize("damage", ["[PANDA visit A2]", "PANDA visit A1", "[PANDAvisitA1]"])
def test_p5_a_text_without_its_exact_mark_is_found(damage: str) -> None:
    practice = family()
    records = with_cell(practice, "visits", "A1", title=f"Scaling\n{damage}")
    assert unexplained(compare(practice, "visits", records)) == [("A1", "title", "altered")]


def test_p5_rich_text_that_became_plain_is_explained() -> None:
    practice = family()
    assert ("N1", "body", "made_plain") in causes(compare(practice, "notes"))
    practice.clinical_note[0]["body"] = HTML
    assert ("N1", "body", "made_plain") in causes(compare(practice, "notes"))
    practice.clinical_note[0]["body"] = "plain"
    assert causes(compare(practice, "notes")) == []


def test_an_hour_that_the_clocks_skip_is_explained_and_no_other() -> None:
    practice = family()
    practice.appointment[0] |= {"starts_at": datetime(2024, 3, 10, 2, 30), "minutes": 0}
    for utc, fine in (("07:00", True), ("07:30", True), ("06:30", True), ("08:00", False)):
        instant = f"2024-03-10T{utc}:00.000Z"
        records = with_cell(practice, "visits", "A1", start=instant, end=instant)
        assert (compare(practice, "visits", records).unexplained == 0) is fine


def test_an_hour_that_comes_twice_may_be_either() -> None:
    practice = family()
    practice.appointment[0] |= {"starts_at": datetime(2024, 11, 3, 1, 30), "minutes": 0}
    for utc, cause in (("05:30", None), ("06:30", "normalised"), ("07:30", "altered")):
        instant = f"2024-11-03T{utc}:00.000Z"
        records = with_cell(practice, "visits", "A1", start=instant, end=instant)
        assert causes(compare(practice, "visits", records)) == (
            [("A1", f, cause) for f in ("start", "end")] if cause else []
        )
