"""P5: what a load has left wrong is written again, whichever run wrote it; what people changed since stays."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.objects import Target, load_object, mark_unproven, read_object
from perio_pipeline.signoff.diff import DIFFERENCE_TYPES, POPULATION_TYPES, Diff
from perio_pipeline.signoff.objects import unproven_records
from perio_pipeline_tests.loading.fake_crm import FakeCrm
from perio_pipeline_tests.loading.small_load import FAST, MAPPING, RUN, journal_in

OBJECT = "contacts"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with journal_in(tmp_path) as opened:
        yield opened


def shaped(*keys: str, name: str = "Jane") -> pd.DataFrame:
    row = {"account": "main", "problem": None, "firstName": name, "office": None, "stage": "New", "dnd": None}
    row |= dict.fromkeys(["Depth", "Sex", "link.businessId"])
    rows = [{**row, "source_key": key, "mark": key, "Source_Id": key} for key in keys]
    return pd.DataFrame(rows, dtype="str").astype({"dnd": "boolean", "Depth": "Float64"})


def difference(*keys: str) -> Diff:
    """A diff in which these records hold something else than PANDA says."""
    line = {"object": OBJECT, "account": "main", "crm_id": "C", "field": "firstName", "cause": "changed"}
    lines = [{**line, "source_key": key, "explained": False, "expected": "a", "actual": "b"} for key in keys]
    frame = pd.DataFrame(lines, columns=list(DIFFERENCE_TYPES)).astype(DIFFERENCE_TYPES)
    empty = pd.DataFrame(columns=list(POPULATION_TYPES)).astype(POPULATION_TYPES)
    return Diff(OBJECT, len(keys), len(keys), frame, empty)


class Run:
    """Loads, reads back and compares, each by itself, as runs do that may end in between."""

    def __init__(self, journal: Journal) -> None:
        self.crm = FakeCrm()
        self.target = Target("harbor", "test", MAPPING, {"main": self.crm.adapter}, journal, RUN, FAST)
        self.manifest = pd.DataFrame()

    def load(self, frame: pd.DataFrame) -> list[str]:
        self.manifest = asyncio.run(load_object(self.target, OBJECT, frame))
        return self.manifest["action"].tolist()

    def read(self) -> None:
        asyncio.run(read_object(self.target, OBJECT, self.manifest))

    def compare(self, *wrong: str) -> list[str]:
        known = {"main": self.target.journal.known(self.target.scope("main", OBJECT))}
        unproven = unproven_records(difference(*wrong), known)
        mark_unproven(self.target, OBJECT, unproven)
        return unproven["source_key"].tolist()

    def edit(self, name: str) -> None:
        for ref, held in self.crm.records.items():
            self.crm.records[ref] = replace(held, fields={**held.fields, "firstName": name})


def test_a_wrong_record_is_written_again_by_the_next_load(journal: Journal) -> None:
    run = Run(journal)
    run.load(shaped("P1", "P2"))
    run.read()
    assert run.compare("P2") == ["P2"]
    assert run.load(shaped("P1", "P2")) == ["unchanged", "updated"]
    run.read()
    assert run.compare() == []
    assert run.load(shaped("P1", "P2")) == ["unchanged", "unchanged"]


def test_a_record_of_a_run_that_died_before_it_was_compared_is_written_again(journal: Journal) -> None:
    run = Run(journal)
    run.load(shaped("P1"))
    assert run.load(shaped("P1")) == ["unchanged"]
    run.read()
    assert run.compare("P1") == ["P1"], "never read back before"
    run.load(shaped("P1"))
    run.read()
    assert run.load(shaped("P1")) == ["unchanged"]
    run.read()
    assert run.compare("P1") == ["P1"], "read back, but never compared"


def test_p7_what_people_changed_since_the_first_reading_stays(journal: Journal) -> None:
    run = Run(journal)
    run.load(shaped("P1"))
    run.read()
    run.edit("Janet")
    run.read()
    assert run.compare("P1") == []
    assert run.load(shaped("P1")) == ["unchanged"]


@pytest.mark.parametrize("times", [1, 2])
def test_p7_the_first_reading_after_a_write_that_changed_nothing_counts_as_well(journal: Journal, times: int) -> None:
    run = Run(journal)
    run.load(shaped("P1"))
    run.read()
    run.compare("P1")
    for _ in range(times):
        run.load(shaped("P1"))
        run.read()
    run.edit("Janet")
    run.read()
    assert run.compare("P1") == []


def test_all_parts_of_a_text_are_written_again(journal: Journal) -> None:
    run = Run(journal)
    run.load(shaped("P1", "P1#2", "P2"))
    run.read()
    assert run.compare("P1") == ["P1", "P1#2"]
