"""Dagster's storage as the containers have it: in PostgreSQL, read by the webserver in its own way."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import yaml

from perio_pipeline_tests.end_to_end.world import PROJECT
from perio_pipeline_tests.postgres import PostgresServer

DATABASE = {"PERIO_DAGSTER_PG_HOST": "", "PERIO_DAGSTER_PG_USER": "perio", "PERIO_DAGSTER_PG_DATABASE": "dagster"}


@dg.asset
def counted() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 3})


@pytest.mark.slow
def test_the_webserver_reads_what_a_run_has_left_in_postgresql(
    tmp_path: Path, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = yaml.safe_load((PROJECT / "docker" / "dagster.yaml").read_text(encoding="utf-8"))
    settings["storage"]["postgres"]["postgres_db"]["params"] = {"host": str(postgres.own())}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    for name, value in {**DATABASE, "PERIO_DAGSTER_PG_PASSWORD": "none is asked for here"}.items():
        monkeypatch.setenv(name, value)
    postgres.run("CREATE DATABASE dagster")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        run = dg.materialize([counted], instance=instance).run_id
    with dg.DagsterInstance.from_config(str(tmp_path)) as webserver:
        webserver.optimize_for_webserver(15_000, 3_600, 20)  # what `dagster-webserver` does, with its defaults
        for _ in range(3):
            (record,) = webserver.get_run_records()
            assert (record.dagster_run.run_id, record.dagster_run.is_success) == (run, True)
            event = webserver.get_latest_materialization_event(dg.AssetKey("counted"))
            assert event is not None
            assert event.asset_materialization is not None
            assert event.asset_materialization.metadata["rows"].value == 3
