"""Two sample practices, made once per test session: a small one and one of the demo's size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sample_practices import SamplePractice

from perio_pipeline.panda.sample.generate import generate


def _make(path: Path, patients: int) -> Iterator[SamplePractice]:
    planted = generate(path, patients)
    with closing(sqlite3.connect(path)) as database:
        yield SamplePractice(path, planted, database)


@pytest.fixture(scope="session")
def sample60(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SamplePractice]:
    yield from _make(tmp_path_factory.mktemp("sample") / "sample60.db", 60)


@pytest.fixture(scope="session")
def sample250(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SamplePractice]:
    yield from _make(tmp_path_factory.mktemp("sample") / "sample250.db", 250)


@pytest.fixture(params=["sample60", "sample250"])
def sample(request: pytest.FixtureRequest) -> SamplePractice:
    return request.getfixturevalue(request.param)
