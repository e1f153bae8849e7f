"""P3: the same practice in other physical designs is read as the very same canonical rows, by bindings alone."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from practices import Practice, canonical

from perio_pipeline.errors import SettingsError
from perio_pipeline.panda.inventory import take_inventory
from perio_pipeline.panda.sample.designs.design import design_names, load_design
from perio_pipeline.panda.sample.generate import TODAY
from perio_pipeline.panda.sample.schema import MARKER
from perio_pipeline.panda.tables import TABLES
from perio_pipeline_tests.panda.exports.writing import Style, export, staged

Designed = Callable[[str], Practice]
FINDING = ["patient_id", "exam_id", "tooth", "name", "value"]
"""What a finding says; its key and its time are those of its record where it is a column of it."""

NAMES = design_names()


def keys_of(frame: pd.DataFrame, key: tuple[str, ...]) -> pd.Series:
    return frame[list(key)].fillna("").astype(str).agg("|".join, axis=1)


@pytest.mark.parametrize("name", NAMES)
def test_p3_extracting_a_design_gives_the_practice_it_was_written_from(
    name: str, harbor: Practice, designed: Designed
) -> None:
    practice = designed(name)
    for table in TABLES.values():
        expected, found = harbor.frames[table.name], practice.frames[table.name]
        if table.name == "practice_finding":
            expected, found = (frame[FINDING].sort_values(FINDING, ignore_index=True) for frame in (expected, found))
        else:
            lost = practice.losses.get(table.name, [])
            expected = expected[~keys_of(expected, table.key).isin(lost)].reset_index(drop=True)
            found = found[~keys_of(found, table.key).isin(lost)].reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected, obj=f"{name}: {table.name}")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_design_has_no_place_for_is_little_and_named(name: str, harbor: Practice, designed: Designed) -> None:
    for table, keys in designed(name).losses.items():
        assert len(keys) <= max(2, 0.1 * len(harbor.frames[table])), table


@pytest.mark.parametrize("name", NAMES)
def test_p1_a_design_fits_its_bindings_and_has_as_many_rows_as_it_says(name: str, designed: Designed) -> None:
    practice = designed(name)
    assert practice.source.problems(TABLES.values()) == []
    assert {each: practice.source.count(table) for each, table in TABLES.items()} == {
        each: len(frame) for each, frame in practice.frames.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_g5_every_design_has_columns_and_tables_that_nothing_reads(name: str, designed: Designed) -> None:
    inventory = take_inventory(designed(name).source, TODAY)
    unread = {column for table in inventory.bound for column in table.unread}
    declared = {column for columns in load_design(name).physical.columns.values() for column in columns}
    assert unread == declared
    assert {table.stored.name for table in inventory.unbound} == {*load_design(name).physical.tables, MARKER}


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("split", Style("UTF-16 LE with byte order mark", "\t", dates="month first, 12 hours", null="NULL")),
        ("cryptic", Style("UTF-8 with byte order mark", ";", csv.QUOTE_ALL)),
        ("spanish", Style("UTF-8", "|", comma=True)),
    ],
)
def test_p1_a_design_handed_over_as_exports_is_the_same_practice(
    name: str, style: Style, tmp_path: Path, designed: Designed
) -> None:
    practice = designed(name)
    made, source = staged(export(practice.path, tmp_path / "exports", style), practice.source.bindings)
    made.check()
    source.check(TABLES.values())
    for each, frame in practice.frames.items():
        pd.testing.assert_frame_equal(canonical(source, TABLES[each]), frame, obj=f"{name}: {each}")
        assert source.count(TABLES[each]) == len(frame)


def test_a_chunk_at_a_time_is_the_same_as_all_at_once(designed: Designed) -> None:
    source = designed("split").source
    for name, rows in {"patient": 7, "practice_finding": 7, "perio_site": 300}.items():
        whole = pd.concat(source.chunks(TABLES[name]), ignore_index=True)
        pieces = list(source.chunks(TABLES[name], rows=rows))
        assert len(pieces) > 2
        pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), whole)


def test_the_same_design_is_written_with_the_same_bytes(harbor: Practice, designed: Designed) -> None:
    from perio_pipeline.panda.sample.designs.write import write_design

    first = designed("modern").path
    second = first.with_name("again.db")
    write_design(load_design("modern"), harbor.source, second)
    assert first.read_bytes() == second.read_bytes()


def test_foreign_keys_are_declared_where_a_design_has_them(designed: Designed) -> None:
    with closing(sqlite3.connect(designed("modern").path)) as database:
        found = {row[3]: (row[2], row[4]) for row in database.execute("pragma foreign_key_list('bookings')")}
    assert found["booking_type_id"] == ("booking_types", "booking_type_id")
    with closing(sqlite3.connect(designed("cryptic").path)) as database:
        assert not database.execute("pragma foreign_key_list('APPTMST')").fetchall()


def test_an_unknown_design_is_answered_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="no design nowhere") as error:
        load_design("nowhere")
    assert all(name in error.value.remedy for name in NAMES)
