"""What each CRM's requests add up to; the whole is compared with what the sandboxes count in `end_to_end`."""

from __future__ import annotations

import pytest

from perio_pipeline.crm.budget import Work
from perio_pipeline.crm.packages import crm_package

HIGHLEVEL = crm_package("highlevel").budget_of("", {})
GROWTH, ENTERPRISE = (crm_package("freshsales").budget_of(plan, {}) for plan in ("growth", "enterprise"))
FAMILIES = {"contactId": (3, 1, 6)}


@pytest.mark.parametrize(
    ("work", "writes", "reads"),
    [
        (Work("companies", created=120, held=120), 120, 2),
        (Work("contacts", created=4, updated=2, held=10), 8, 10),
        (Work("opportunities", updated=3, held=3), 6, 3),
        (Work("notes", created=10, held=10, created_by=FAMILIES, held_by=FAMILIES), 10, 3),
        (Work("yearly_notes", created=10, held=10, created_by=FAMILIES, held_by=FAMILIES), 10, 3),
        (Work("tasks", held=10, held_by=FAMILIES), 0, 3),
        (
            Work("company_links", created=121, held=250, created_by={"businessId": (120, 1)},
                 held_by={"businessId": (249, 1)}),
            4, 4,
        ),
    ],
)  # fmt: skip
def test_highlevel(work: Work, writes: int, reads: int) -> None:
    assert (HIGHLEVEL.writing(work), HIGHLEVEL.reading(work)) == (writes, reads)


def test_highlevel_remembers_nothing_between_openings() -> None:
    assert HIGHLEVEL.opening(3, 100.0) == 15


@pytest.mark.parametrize(
    ("work", "writes"),
    [
        (Work("notes", created=10, held_by={"contact_id": (10,)}), 10),
        (Work("appointments", updated=10, held_by={"contact_id": (10,)}), 20),
        (Work("contacts", updated=10, held_by={"sales_account_id": (10,)}), 30),
        (Work("providers", updated=10), 20),
    ],
)
def test_freshsales_writes(work: Work, writes: int) -> None:
    assert ENTERPRISE.writing(work) == writes


@pytest.mark.parametrize("link", ["contact_id", "deal_id"])
def test_freshsales_reads_the_notes_of_a_record_by_one_list(link: str) -> None:
    assert ENTERPRISE.reading(Work("notes", held=12, held_by={link: (5, 7)})) == 2


def test_freshsales_downloads_files_once_they_are_listed() -> None:
    work = Work("letters", created=12, held=12, held_by={"contact_id": (5, 7)})
    assert (ENTERPRISE.writing(work), ENTERPRISE.reading(work)) == (12, 2 + 12)
    listed = crm_package("freshsales").budget_of("enterprise", {"download_files": False})
    assert listed.reading(work) == 2


def test_freshsales_reads_its_set_up_again_as_it_may_have_changed() -> None:
    at_once, for_hours = ENTERPRISE.opening(20, 0.1), ENTERPRISE.opening(20, 10.0)
    assert at_once < for_hours
    assert GROWTH.opening(20, 10.0) < for_hours  # no custom module to look at
