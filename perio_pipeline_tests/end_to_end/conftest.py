"""Worlds that several tests look at: made once, since a migration takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from perio_pipeline_tests.end_to_end.world import World, make_sample, world


@pytest.fixture(scope="session")
def sample_60(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample"), 60)


@pytest.fixture(scope="session")
def sample_20(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample"), 20)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, sample_60: Path) -> Iterator[World]:
    """A practice of 60 patients, migrated in full once and then once more."""
    with world(tmp_path_factory.mktemp("migrated"), sample_60, record_requests=True) as made:
        made.migrate()
        made.migrate()
        yield made


@pytest.fixture(scope="session")
def moved(tmp_path_factory: pytest.TempPathFactory, sample_60: Path) -> Iterator[World]:
    """The same to Freshsales. Files of more than 1 MB count as too large, so that some are."""
    changes = {"capabilities": {"file_megabytes": 1, "key_user": "migration@example.com"}}
    with world(tmp_path_factory.mktemp("freshsales"), sample_60, changes, crm="freshsales") as made:
        made.migrate()
        made.migrate()
        yield made
