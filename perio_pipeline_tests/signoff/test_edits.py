"""P7: the field-level diff says of each differing cell whether a person made it so, and whether PANDA disagrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.crm.protocol import Value
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.merging import Written, written_records
from perio_pipeline.signoff.diff import DIFFERENCE_TYPES, POPULATION_TYPES, Diff
from perio_pipeline.signoff.edits import with_edits
from perio_pipeline_tests.loading.fake_crm import FakeCrm
from perio_pipeline_tests.loading.small_load import contact, journal_in, load, scope
from perio_pipeline_tests.loading.test_merging import edit, read_back


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with journal_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def loaded(journal: Journal) -> FakeCrm:
    crm = FakeCrm()
    load(journal, crm, [contact("P1", firstName="Ann", office="A")])
    read_back(journal, crm)
    return crm


def causes(journal: Journal, **cells: tuple[Value, Value]) -> dict[str, tuple[str, bool]]:
    """Field → its cause and whether that explains it, of a diff in which these cells are altered."""
    line = {"object": "contacts", "source_key": "P1", "account": "main", "crm_id": "C1", "cause": "altered"}
    lines = [
        {**line, "field": name, "explained": False, "expected": wanted, "actual": found}
        for name, (wanted, found) in cells.items()
    ]
    frame = pd.DataFrame(lines, columns=list(DIFFERENCE_TYPES)).astype(DIFFERENCE_TYPES)
    empty = pd.DataFrame(columns=list(POPULATION_TYPES)).astype(POPULATION_TYPES)

    def written_of(account: str, keys: frozenset[str]) -> dict[str, Written]:
        assert (account, keys) == ("main", {"P1"})
        return written_records(journal.scope_entries(scope()), journal)

    told = with_edits(Diff("contacts", len(lines), 1, frame, empty), written_of).differences
    return {row.field: (row.cause, bool(row.explained)) for row in told.itertuples()}


def test_an_edit_a_conflict_and_our_own_mistake_are_three_things(journal: Journal, loaded: FakeCrm) -> None:
    edit(loaded, office="B", firstName="Annie")
    read_back(journal, loaded)
    assert causes(journal, office=("A", "B"), firstName=("Anna", "Annie"), Source_Id=("P1", None)) == {
        "office": ("edited", True),
        "firstName": ("conflict", True),
        "Source_Id": ("altered", False),
    }


def test_what_the_crm_itself_made_of_our_value_stays_unexplained(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, [contact("P1", office="A")])
    edit(crm, office="Office A")
    read_back(journal, crm)
    assert causes(journal, office=("A", "Office A")) == {"office": ("altered", False)}


def test_an_edited_link_is_an_edit_too(journal: Journal) -> None:
    crm = FakeCrm()
    load(journal, crm, [contact("R1")], "companies")
    load(journal, crm, [contact("P1", company="R1")])
    read_back(journal, crm)
    ref = next(ref for ref in crm.records if ref.object == "contacts")
    crm.records[ref] = replace(crm.records[ref], links={"businessId": "another"})
    read_back(journal, crm)
    assert causes(journal, **{"link.businessId": ("R1", None)}) == {"link.businessId": ("edited", True)}


def test_where_all_is_explained_the_journal_is_not_asked(journal: Journal) -> None:
    assert causes(journal) == {}
