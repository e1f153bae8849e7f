"""What tests of several rooms share: a PostgreSQL server, started once when the first of them asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perio_pipeline_tests.postgres import PostgresServer, server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with server() as running:
        yield running
