"""A practice, a sandbox and a data folder for end-to-end tests, and the means to run Dagster jobs on them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pytest
from ruamel.yaml import YAML

from perio_pipeline.cli.sandboxes import configuration, sandbox_token
from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.defs.build import build_definitions
from perio_pipeline.defs.jobs import job_name, load_config, match_job_name
from perio_pipeline.defs.resources import WorkplaceResource
from perio_pipeline.panda.sample.generate import generate, images_of
from perio_pipeline.sandbox.freshsales import server as freshsales_server
from perio_pipeline.sandbox.highlevel import server as highlevel_server
from perio_pipeline.signoff.accounting import ObjectStatus, destination_status
from perio_pipeline.workplace import Workplace

PROJECT = Path(__file__).resolve().parents[2]
PRACTICE = "harbor"
CRM = "highlevel"
SERVERS: dict[str, Any] = {"highlevel": highlevel_server, "freshsales": freshsales_server}
TOKEN_VARIABLE = "PERIO_HARBOR_HIGHLEVEL_TOKEN"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class World:
    """One practice with its sandbox. `instance` is Dagster's; it lives as long as the world."""

    rooms: Workplace
    sandbox: Any
    token: str
    instance: dg.DagsterInstance
    crm: str = CRM
    results: list[dg.ExecuteInProcessResult] = field(default_factory=list)

    def definitions(self) -> dg.Definitions:
        resource = WorkplaceResource(data=str(self.rooms.data), mappings=str(self.rooms.mappings))
        return build_definitions(self.rooms, resource)

    def migrate(self, load_pass: LoadPass = LoadPass.FULL) -> dg.ExecuteInProcessResult:
        """Run a whole migration."""
        config = load_config(load_pass, self.crm, anyway=True)
        return self._run(job_name(load_pass, self.crm), config)

    def migrate_only(self, *objects: str, read: bool = False) -> dg.ExecuteInProcessResult:
        """Run the part of a full migration that takes these objects to the CRM, all else being as it was.

        Args:
            objects: their names in the mapping.
            read: read PANDA again before.
        """
        job = job_name(LoadPass.FULL, self.crm)
        parts = {"account", *objects, *(("panda", "validated", "clinical") if read else ())}
        keys = self.definitions().resolve_job_def(job).asset_layer.executable_asset_keys
        wanted = [key for key in keys if parts & {key.path[0], key.path[-1]} and "matches" not in key.path]
        return self._run(job, {}, wanted)

    def _run(
        self, job: str, config: dict[str, Any], only: Sequence[dg.AssetKey] | None = None
    ) -> dg.ExecuteInProcessResult:
        result = (
            self.definitions()
            .resolve_job_def(job)
            .execute_in_process(
                run_config={**config, **QUIET},
                instance=self.instance,
                partition_key=PRACTICE,
                raise_on_error=False,
                asset_selection=only,
            )
        )
        self.results.append(result)
        return result

    def find_matches(self) -> dg.ExecuteInProcessResult:
        """Look for what the CRM holds already; nothing is loaded."""
        job = self.definitions().resolve_job_def(match_job_name(self.crm))
        return job.execute_in_process(
            run_config=QUIET, instance=self.instance, partition_key=PRACTICE, raise_on_error=False
        )

    def status(self) -> dict[str, ObjectStatus]:
        journal = self.rooms.journal()
        try:
            traffic, costs = journal.traffic(PRACTICE, self.crm), journal.costs(PRACTICE, self.crm)
            mapping = self.rooms.mapping(self.crm)
            return destination_status(self.rooms.store(), PRACTICE, self.crm, mapping, traffic, costs)
        finally:
            journal.close()

    def get(self, path: str, version: str = "2021-07-28", **query: Any) -> Any:
        """Look into the CRM as its user would."""
        headers = {"Authorization": f"Bearer {self.token}", "Version": version}
        answer = httpx.get(self.sandbox.base_url + path, headers=headers, params=query)
        answer.raise_for_status()
        return answer.json()

    def delete(self, path: str, version: str = "2021-07-28") -> None:
        """Delete something in the CRM as its user would."""
        headers = {"Authorization": f"Bearer {self.token}", "Version": version}
        httpx.delete(self.sandbox.base_url + path, headers=headers).raise_for_status()


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """Return asset key and name of every check → its evaluation."""
    return {f"{'/'.join(c.asset_key.path)}:{c.check_name}": c for c in result.get_asset_check_evaluations()}


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Return step → what it says is wrong."""
    texts = {}
    for event in result.filter_events(lambda event: event.is_step_failure):
        failure = event.step_failure_data
        unforeseen = failure.error_display_string[-600:]
        user = failure.user_failure_data
        texts[event.step_key or ""] = (user.description if user else None) or unforeseen
    return texts


def lay_out(
    folder: Path, sample: Path, practice_changes: dict[str, Any] | None, crm: str, **sandbox_changes: Any
) -> tuple[Workplace, Any]:
    """Lay out mappings and data in a folder; returns the rooms and the sandbox's configuration."""
    rooms = Workplace(folder / "data", folder / "mappings")
    shutil.copytree(PROJECT / "mappings", rooms.mappings)
    (rooms.data / "sample").mkdir(parents=True)
    shutil.copy(sample, rooms.data / "sample" / f"{PRACTICE}.db")
    images_of(rooms.data / "sample" / f"{PRACTICE}.db").symlink_to(images_of(sample))
    scale = rooms.practice(PRACTICE).destination(crm).time_scale
    change_destination(rooms, crm, {"time_scale": max(200, scale), **(practice_changes or {})})
    config = configuration(rooms, rooms.practice(PRACTICE), crm)
    config = type(config)(**{**dict(config), "state_path": None, **sandbox_changes})
    return rooms, config


@contextmanager
def world(
    folder: Path,
    sample: Path,
    practice_changes: dict[str, Any] | None = None,
    crm: str = CRM,
    **sandbox_changes: Any,
) -> Iterator[World]:
    """Lay out mappings and data in a folder, and serve the practice's sandbox.

    Args:
        folder: an empty one.
        sample: the practice's database.
        practice_changes: changes to the CRM's part of the practice's file.
        crm: the destination.
        sandbox_changes: changes to the sandbox's configuration.
    """
    rooms, config = lay_out(folder, sample, practice_changes, crm, **sandbox_changes)
    token = config.locations[0].tokens[0].token if crm == CRM else sandbox_token(PRACTICE, "main")
    with SERVERS[crm].running(config) as sandbox, pytest.MonkeyPatch.context() as environment:
        environment.setenv(TOKEN_VARIABLE, token)
        environment.setenv("PERIO_HARBOR_FRESHSALES_TOKEN", sandbox_token(PRACTICE, "main"))
        change_destination(rooms, crm, {"url": sandbox.base_url})
        with dg.DagsterInstance.ephemeral() as instance:
            yield World(rooms, sandbox, token, instance, crm)


def change_destination(rooms: Workplace, crm: str, changes: dict[str, Any]) -> None:
    """Change the CRM's part of the practice's file."""
    yaml, path, content = _read(rooms)
    content["destinations"][crm].update(changes)
    yaml.dump(content, path)


def _read(rooms: Workplace) -> tuple[YAML, Path, Any]:
    yaml = YAML()
    path = rooms.mappings / "practices" / f"{PRACTICE}.yaml"
    return yaml, path, yaml.load(path.read_text(encoding="utf-8"))


def make_sample(folder: Path, patients: int) -> Path:
    """Make a sample practice."""
    path = folder / f"{PRACTICE}-{patients}.db"
    generate(path, patients=patients)
    return path
