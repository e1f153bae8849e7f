"""P3: an entry that cannot read what its column holds is found and named before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.tables import PATIENT, PERIO_SITE
from perio_pipeline.panda.trial import Limit, try_entries
from perio_pipeline.validation.readable import check_readable, unread_rows
from perio_pipeline_tests.panda.test_forms import CHART, PERSON, PERSONS, SPLIT, WIDE, joined, panda


@pytest.mark.parametrize(
    ("failed", "read", "exceeded"),
    [(20, 20, False), (21, 1_050, False), (21, 1_049, True), (200, 10_000, False), (201, 10_000, True)],
)
def test_a_few_rows_and_a_small_share_are_no_mistake_of_the_entry(failed: int, read: int, exceeded: bool) -> None:
    assert Limit(share=0.02, few=20).exceeded(failed, read) is exceeded


def test_each_entry_that_fails_is_named_with_its_table_rows_and_share(tmp_path: Path) -> None:
    rows = [
        f"insert into P values ({number}, {name}, {born}, '7,5', '')"
        for number, (name, born) in enumerate(
            [("'Lee, Bo'", 19700101)] * 97 + [("'Lee'", 0), ("'Lee, Al'", 1970)] + [("null", 0)]
        )
    ]
    failures = {
        each.entry: str(each) for each in try_entries(panda(tmp_path, PERSON + rows, patient=PERSONS), [PATIENT])
    }
    named = "fits no pattern on 1 of 100 rows (1.0%)"
    assert failures == {
        "tables.patient.columns.first_name": f"tables.patient.columns.first_name of P: {named}",
        "tables.patient.columns.middle_name": f"tables.patient.columns.middle_name of P: {named}",
        "tables.patient.columns.last_name": f"tables.patient.columns.last_name of P: {named}",
        "tables.patient.columns.birth_date": (
            "tables.patient.columns.birth_date of P: not a date written YYYYMMDD on 1 of 100 rows (1.0%)"
        ),
    }


def test_flags_codes_and_keys_that_lead_nowhere_count_as_well(tmp_path: Path) -> None:
    found = try_entries(panda(tmp_path, CHART, perio_site=WIDE), [PERIO_SITE])
    assert {(each.entry.rpartition(".")[2], each.reason, each.failed) for each in found} == {
        ("bleeding", "a flag that no field names", 1),
        ("plaque", "a flag that no field names", 1),
        ("depth_state", "fits no pattern", 6),
        ("depth_mm", "fits no pattern", 6),
    }
    columns = joined()["columns"] | {"status": {"column": "state.Word", "codes": {"On": "active"}}}
    (tmp_path / "other").mkdir()
    found = try_entries(panda(tmp_path / "other", SPLIT, patient=joined(columns=columns)), [PATIENT])
    assert {(each.entry, each.reason, each.failed, each.read) for each in found} == {
        ("tables.patient.columns.status", "a code that is not listed", 1, 4),
        ("tables.patient.columns.status", "no row of Words has this key", 1, 4),
    }


def test_a_large_table_is_tried_in_part(tmp_path: Path) -> None:
    rows = [f"insert into P values ({number}, 'Lee', 0, '7', '')" for number in range(30)]
    (name, *_) = try_entries(panda(tmp_path, PERSON + rows, patient=PERSONS), [PATIENT], rows=10)
    assert name.read >= 10


def quarantine(rule: str, rows: int) -> pd.DataFrame:
    reason = "tables.patient.columns.last_name: fits no pattern"
    return pd.DataFrame({"row": range(rows), "rule": rule, "reason": reason, "column": "last_name"})


def test_nothing_goes_on_from_a_table_that_the_bindings_cannot_read() -> None:
    with pytest.raises(SourceError, match=r"tables\.patient\.columns\.last_name: fits no pattern on 30 of 1,000 rows"):
        check_readable(PATIENT, unread_rows(quarantine("unread", 30)), 1_000, Limit())
    check_readable(PATIENT, unread_rows(quarantine("unread", 20)), 20, Limit())
    check_readable(PATIENT, unread_rows(quarantine("unread", 30)), 1_000, Limit(share=0.03))
    check_readable(PATIENT, unread_rows(quarantine("choice", 900)), 1_000, Limit())  # a bad row is the row's matter
