"""A sample practice with all its frames up to the shaped ones, for every CRM and with nothing loaded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pandas as pd

from perio_pipeline.defs.build import build_definitions
from perio_pipeline.defs.resources import WorkplaceResource
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.end_to_end.world import CRM, PRACTICE, QUIET, lay_out, make_sample

STAGES = frozenset({"panda", "validated", "clinical", "files"})
"""First parts of the keys of all that shaped frames are made of."""


@dataclass(frozen=True)
class ShapedPractice:
    """The practice's folders, and its frames by asset key."""

    rooms: Workplace

    @property
    def practice(self) -> Practice:
        """The practice's file."""
        return self.rooms.practice(PRACTICE)

    def frame(self, *key: str) -> pd.DataFrame:
        """One frame, such as `validated/patient`."""
        return self.rooms.store().frame(PRACTICE, key).read()

    def shaped(self, crm: str) -> dict[str, pd.DataFrame]:
        """Object → its shaped frame, parents first."""
        return {name: self.frame(crm, "shaped", name) for name in self.rooms.mapping(crm).objects}


def shape_practice(folder: Path, patients: int) -> ShapedPractice:
    """Make a sample practice in an empty folder, and shape it for every CRM."""
    rooms, _ = lay_out(folder, make_sample(folder, patients), None, CRM)
    materialise_shaped(rooms, *rooms.destinations())
    return ShapedPractice(rooms)


def materialise_shaped(rooms: Workplace, *crms: str) -> None:
    """Materialise the shaped frames of some CRMs, and all that they are made of."""
    resource = WorkplaceResource(data=str(rooms.data), mappings=str(rooms.mappings))
    job = build_definitions(rooms, resource).resolve_implicit_global_asset_job_def()
    wanted = {dg.AssetKey([crm, "shaped", name]) for crm in crms for name in rooms.mapping(crm).objects}
    mappings = [rooms.mapping(crm) for crm in crms]
    own = {dg.AssetKey(mapping.asset_key(frame)) for mapping in mappings for frame in mapping.frames()}
    wanted |= own & set(job.asset_layer.executable_asset_keys)
    needed = {key for key in job.asset_layer.executable_asset_keys if key.path[0] in STAGES}
    with dg.DagsterInstance.ephemeral() as instance:
        job.get_subset(asset_selection=wanted | needed).execute_in_process(
            run_config=QUIET, instance=instance, partition_key=PRACTICE
        )
