"""P6, P10: a whole migration whose journal is on PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from perio_pipeline.loading import audit, lock
from perio_pipeline.loading.auditfile import Format
from perio_pipeline.loading.database import URL_VARIABLE
from perio_pipeline_tests.end_to_end.world import CRM, PRACTICE, checks, failures, world
from perio_pipeline_tests.postgres import PostgresServer

pytestmark = pytest.mark.slow


def test_a_migration_journaled_on_postgresql_is_proven_and_repeated_without_a_write(
    postgres: PostgresServer, tmp_path: Path, sample_20: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, postgres.journal_url(tmp_path))
    with world(tmp_path, sample_20) as made:
        first, second = made.migrate(), made.migrate()
        assert failures(first) == failures(second) == {}
        assert [name for name, check in checks(second).items() if not check.passed] == []
        assert sum(item.writes for item in made.status().values()) == 0
        assert not list(made.rooms.data.glob("journal.sqlite*"))
        with closing(made.rooms.journal()) as journal:
            assert lock.holder(journal.engine, PRACTICE, CRM) is None
            found = audit.verify_file(audit.export(journal, PRACTICE, CRM, tmp_path, Format.JSONL), journal.seal)
            assert audit.verify_journal(journal, PRACTICE, found.head).problems == []
        assert found.problems == []
        assert found.entries > 500
