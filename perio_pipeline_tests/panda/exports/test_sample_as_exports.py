"""P1: a practice that is handed over as CSV files is the same practice as its database, frame by frame."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.inventory import take_inventory
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.missing_teeth import MissingTeeth
from perio_pipeline.validation.validate import validate
from perio_pipeline_tests.panda.exports.writing import TODAY, Style, bindings, export, staged

STYLES = {
    "SSMS results as CSV": Style("UTF-8 with byte order mark", dates="iso with fractions", null="NULL"),
    "bcp, unquoted, tabs": Style(
        "UTF-16 LE with byte order mark", "\t", csv.QUOTE_NONE, "months by name", suffix=".txt"
    ),
    "all quoted, a European Excel": Style("CP1252", ";", csv.QUOTE_ALL, "day first", words=True, comma=True),
    "an American Excel": Style("UTF-8", "|", dates="month first, 12 hours", words=True),
    "MySQL style": Style("UTF-16 BE", ",", csv.QUOTE_ALL, "day first, dots, 12 hours", null=r"\N"),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exports") / "harbor.db"
    generate(path, patients=12)
    return path


def rows(source: PandaSource, table: Table) -> pd.DataFrame:
    """A whole extract in one order: numbers that are keys sort as texts in a staged file."""
    frame = pd.concat(source.chunks(table), ignore_index=True)
    return frame.sort_values(table.column_names, ignore_index=True)


def of_database(path: Path) -> dict[str, pd.DataFrame]:
    source = PandaSource(f"sqlite:///{path}", bindings(), "mappings/panda.yaml")
    return {name: rows(source, table) for name, table in TABLES.items()}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_p1_every_extract_from_exports_is_that_of_the_database(tmp_path: Path, database: Path, style: Style) -> None:
    made, source = staged(export(database, tmp_path / "exports", style), bindings())
    made.check()
    source.check(TABLES.values())
    for name, frame in of_database(database).items():
        pd.testing.assert_frame_equal(rows(source, TABLES[name]), frame)
        assert source.count(TABLES[name]) == len(frame)


def validated(frames: dict[str, pd.DataFrame]) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    found: dict[str, tuple[pd.DataFrame, pd.DataFrame]] = {}
    for name, table in TABLES.items():
        parents = {parent: pd.Index(found[parent][0][TABLES[parent].key[0]]) for parent in table.parents.values()}
        missing = MissingTeeth.of([found["perio_tooth"][0]]) if name == "perio_site" else None
        made = validate(table, frames[name], parents, Context(today=date(2026, 11, 2), missing_teeth=missing))
        found[name] = (made.valid, made.quarantine)
    return found


def test_p1_other_trailing_zeros_make_no_other_validated_frame(tmp_path: Path, database: Path) -> None:
    made, source = staged(export(database, tmp_path / "exports", Style(decimals=".4f")), bindings())
    made.check()
    exported = validated({name: rows(source, table) for name, table in TABLES.items()})
    for name, (valid, quarantine) in validated(of_database(database)).items():
        pd.testing.assert_frame_equal(exported[name][0], valid)
        pd.testing.assert_frame_equal(exported[name][1].drop(columns="row"), quarantine.drop(columns="row"))


def test_p1_an_inventory_of_exports_is_that_of_the_database(tmp_path: Path, database: Path) -> None:
    _, source = staged(export(database, tmp_path / "exports", STYLES["an American Excel"]), bindings())
    taken = take_inventory(source, TODAY)
    direct = take_inventory(PandaSource(f"sqlite:///{database}", bindings(), "mappings/panda.yaml"), TODAY)
    assert taken.periods == direct.periods
    assert {fact.stored.name: fact.stored.rows for fact in taken.bound} == {
        fact.stored.name: fact.stored.rows for fact in direct.bound
    }
    assert {fact.stored.name: dict(fact.unread) for fact in taken.bound} == {
        fact.stored.name: dict(fact.unread) for fact in direct.bound
    }
    assert taken.unbound == []  # only what is bound is staged, and nothing of ours is beside it
    assert (taken.login.rules, taken.login.writable) == ("", ())
