"""P1 on a server: the whole sample practice, copied to it, is read as it is read from its file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.panda.sample.sqlserver import copy_to, drop_copy
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES
from perio_pipeline_tests.panda.bound import bindings


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, server: str) -> Path:
    path = tmp_path_factory.mktemp("sample") / "harbor.db"
    generate(path, patients=60)
    return path


@pytest.fixture(scope="module")
def copied(sample: Path, server: str) -> Iterator[Bindings]:
    schema = f"perio_{uuid.uuid4().hex[:8]}"
    try:
        copy_to(sample, server, schema)
        made = bindings()
        tables = {
            name: bound.model_copy(update={"table": f"{schema}.{bound.table}"}) for name, bound in made.tables.items()
        }
        yield made.model_copy(update={"tables": tables})
    finally:
        drop_copy(server, schema)


def test_the_copy_fits_the_bindings(copied: Bindings, server: str) -> None:
    assert PandaSource(server, copied, "panda.yaml").problems(TABLES.values()) == []


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_the_same_from_the_server_and_from_the_file(
    name: str, copied: Bindings, server: str, sample: Path
) -> None:
    table = TABLES[name]
    there = PandaSource(server, copied, "panda.yaml")
    here = PandaSource(f"sqlite:///{sample}", bindings(), "panda.yaml")
    found = pd.concat(there.extract(table, rows=777), ignore_index=True)
    wanted = pd.concat(here.chunks(table), ignore_index=True)
    key = list(table.key)
    assert found[key].equals(wanted[key]), "the order of the keys differs"
    # Rows that share a key may stand in any order.
    assert _sorted(found).equals(_sorted(wanted)), [
        column for column in table.column_names if not _sorted(found)[column].equals(_sorted(wanted)[column])
    ]
    assert there.count(table) == here.count(table) == len(found)


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(list(frame.columns), ignore_index=True, na_position="first")
