"""What tests of several rooms share: workers that make each world once, and a PostgreSQL server for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from perio_pipeline_tests.postgres import PostgresServer, server

TOGETHER = {
    "perio_pipeline_tests/end_to_end/test_freshsales.py": "moved",
    "perio_pipeline_tests/end_to_end/test_files.py": "moved",
    "perio_pipeline_tests/end_to_end/test_migration.py": "migrated",
    "perio_pipeline_tests/end_to_end/test_behaviour.py": "migrated",
}
"""Files whose tests look at the same world, and that fixture: one worker runs them, and makes it once."""


class _ByWorld(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return TOGETHER.get(file, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Hand out whole files to the workers, some of them together."""
    return _ByWorld(config, log)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with server() as running:
        yield running
