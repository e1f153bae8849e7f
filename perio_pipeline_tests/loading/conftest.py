"""The journal's backends: a test that uses `journal_backend` runs on each of them."""

from __future__ import annotations

import pytest

from perio_pipeline_tests.loading import small_load
from perio_pipeline_tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Keep the journals that `small_load` opens on a backend; returns its name."""
    name = str(request.param)
    if name == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        monkeypatch.setattr(small_load, "journal_url", server.journal_url)
    return name
