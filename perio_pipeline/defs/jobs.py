"""Jobs: what people start, per destination."""

from __future__ import annotations

from typing import Any

import dagster as dg

from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.defs.resources import DESTINATION_TAG, PASS_TAG
from perio_pipeline.mapping.model import Mapping


def job_name(load_pass: LoadPass, crm: str) -> str:
    """Return a job's name: `sample_migration_highlevel`."""
    return f"{load_pass.value}_migration_{crm}"


def load_config(load_pass: LoadPass, crm: str, mapping: Mapping) -> dict[str, Any]:
    """Return the run config that loads every object in this pass."""
    # Dagster takes an enum by its name.
    return {"ops": {f"{crm}__loaded__{name}": {"config": {"load_pass": load_pass.name}} for name in mapping.objects}}


def migration_job(load_pass: LoadPass, crm: str, mapping: Mapping) -> dg.UnresolvedAssetJobDefinition:
    """Build the job that takes one practice from PANDA to a CRM and proves it."""
    selection = dg.AssetSelection.groups("panda", "validated", "clinical") | dg.AssetSelection.key_prefixes([crm])
    what = {
        LoadPass.SAMPLE: "a sample that shows every field and relation",
        LoadPass.FULL: "every record",
        LoadPass.RETRY: "what did not arrive in the latest load",
    }[load_pass]
    return dg.define_asset_job(
        job_name(load_pass, crm),
        selection=selection,
        config=load_config(load_pass, crm, mapping),
        tags={PASS_TAG: load_pass.value, DESTINATION_TAG: crm},
        description=f"Reads PANDA, validates, shapes, loads {what} into {crm}, reads it back and compares every cell.",
        executor_def=dg.in_process_executor,
    )
