"""P3: the proposal can be had from Dagster; it says how much was found and where the rest is, and no value."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg

from perio_pipeline.defs.build import build_definitions
from perio_pipeline.defs.proposing import JOB
from perio_pipeline.defs.resources import WorkplaceResource
from perio_pipeline_tests.end_to_end.world import PRACTICE, lay_out, make_sample


def test_p3_a_proposal_is_made_as_a_job(tmp_path: Path) -> None:
    rooms, _ = lay_out(tmp_path, make_sample(tmp_path, 20), None, "highlevel")
    resource = WorkplaceResource(data=str(rooms.data), mappings=str(rooms.mappings))
    job = build_definitions(rooms, resource).resolve_job_def(JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, partition_key=PRACTICE)
    (event,) = [each for each in result.all_events if each.is_successful_output]
    told = event.step_output_data.metadata
    assert told["required_and_not_found"].value == "none"
    counts = {record.data["confidence"]: record.data["rows"] for record in told["fields"].records}  # type: ignore[attr-defined]
    path = Path(str(told["proposal"].value))
    fields = [field for table in json.loads(path.read_text(encoding="utf-8"))["tables"] for field in table["fields"]]
    assert sum(counts.values()) == len(fields)
    assert counts["strong"] == sum(field["confidence"] == "strong" for field in fields) > 0
    assert path.stat().st_mode & 0o077 == 0
