"""The SQL Server of the live tests: PERIO_TEST_MSSQL_URL names it, and each test gets a schema of its own in it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from perio_pipeline.panda import extract as extract_module
from perio_pipeline.panda.arrow import arrow_connection
from perio_pipeline.panda.drivers import sqlserver_engine
from perio_pipeline_tests.panda.live.room import Room

VARIABLE = "PERIO_TEST_MSSQL_URL"


@pytest.fixture(scope="session")
def server() -> str:
    url = os.environ.get(VARIABLE)
    if not url:
        pytest.skip(f"{VARIABLE} names no SQL Server; give it an mssql+pyodbc URL to run the live tests")
    pytest.importorskip("pyodbc", reason="pyodbc needs the system's unixODBC", exc_type=ImportError)
    return url


@pytest.fixture(scope="session")
def engine(server: str) -> Iterator[sa.Engine]:
    made = sqlserver_engine(sa.make_url(server))
    yield made
    made.dispose()


@pytest.fixture
def room(server: str, engine: sa.Engine) -> Iterator[Room]:
    made = Room(server, f"perio_{uuid.uuid4().hex[:8]}", engine)
    made.run(f"CREATE SCHEMA {made.schema}")
    try:
        yield made
    finally:
        made.clear()


@pytest.fixture(params=["rows", "arrow"])
def reader(request: pytest.FixtureRequest, server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read every table this way, however small it is."""
    way = str(request.param)
    if way == "arrow" and arrow_connection(sa.make_url(server)) is None:
        pytest.skip("mssql-python is not installed, or the URL holds words that it does not take")
    monkeypatch.setattr(extract_module, "ARROW_ROWS", 0 if way == "arrow" else 10**12)
    return way


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract_module, "WAITS", (0.1, 0.5, 1, 2))
