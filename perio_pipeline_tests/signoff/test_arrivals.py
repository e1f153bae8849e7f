"""P8: every record that was to be loaded is counted once, and one that a load loses makes the sum wrong."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.signoff.signing.arrivals import Arrivals, arrivals
from perio_pipeline.store import FrameStore
from perio_pipeline_tests.signoff.small_mapping import MAPPING

CRM = MAPPING.destination
SHAPED, LOADED = [CRM, "shaped", "notes"], [CRM, "loaded", "notes"]


@pytest.fixture
def store(tmp_path: Path) -> FrameStore:
    """Five notes, two of them in parts, one of which failed; one was removed by a person, and PANDA lacks one more."""
    store = FrameStore(str(tmp_path))
    store.write("harbor", SHAPED, pd.DataFrame({"source_key": ["D", "E", "E#2", "F", "F#2", "G", "H"]}))
    load(store, D="created", E="unchanged", **{"E#2": "created", "F": "created", "F#2": "failed"}, G="removed",
         H="adopted", Z="leftover")  # fmt: skip
    return store


def load(store: FrameStore, load_pass: str = "full", **actions: str) -> None:
    store.write("harbor", LOADED, pd.DataFrame({"source_key": list(actions), "action": list(actions.values())}))
    store.write_note("harbor", LOADED, {"pass": load_pass})


def test_each_record_counts_once_whatever_its_parts(store: FrameStore) -> None:
    counted = arrivals(store, "harbor", "notes", MAPPING)
    assert (counted, counted.total) == (Arrivals(loaded=3, failed=1, removed=1), 5)


def test_a_record_that_the_load_lost_is_in_no_count(store: FrameStore) -> None:
    load(store, D="created", E="created", F="created", G="created")
    assert arrivals(store, "harbor", "notes", MAPPING).total == 4


def test_in_a_sample_what_was_not_chosen_waits_and_what_was_chosen_must_be_there(store: FrameStore) -> None:
    sample = pd.DataFrame({"object": ["notes", "notes", "contacts"], "source_key": ["E#2", "H", "D"]})
    store.write("harbor", [CRM, "sample"], sample)
    load(store, "sample", E="created")
    counted = arrivals(store, "harbor", "notes", MAPPING)
    assert (counted, counted.total) == (Arrivals(loaded=1, waiting=3), 4)


def test_before_a_load_all_wait_and_before_shaping_there_is_nothing(store: FrameStore, tmp_path: Path) -> None:
    store.frame("harbor", LOADED).path.unlink()
    assert arrivals(store, "harbor", "notes", MAPPING) == Arrivals(waiting=5)
    assert arrivals(FrameStore(str(tmp_path / "empty")), "harbor", "notes", MAPPING) == Arrivals()
