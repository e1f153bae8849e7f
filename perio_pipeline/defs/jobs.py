"""Jobs: what people start, per destination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.defs.resources import DESTINATION_TAG, PASS_TAG
from perio_pipeline.mapping.filing import kinds_sent
from perio_pipeline.mapping.model import Mapping

ASSESS_JOB = "assess"


def job_name(load_pass: LoadPass, crm: str) -> str:
    """Return a job's name: `sample_migration_highlevel`."""
    return f"{load_pass.value}_migration_{crm}"


def match_job_name(crm: str) -> str:
    """Return a job's name: `match_highlevel`."""
    return f"match_{crm}"


def match_job(crm: str) -> dg.UnresolvedAssetJobDefinition:
    """Build the job that looks for records that the CRM holds already, and loads nothing."""
    return dg.define_asset_job(
        match_job_name(crm),
        selection=dg.AssetSelection.assets([crm, "matches"]).upstream(),
        config=plan_config(LoadPass.FULL, crm),
        tags={DESTINATION_TAG: crm},
        description=f"Reads PANDA, validates, shapes, and lists the records that {crm} may hold already.",
        executor_def=dg.in_process_executor,
    )


def reconcile_job_name(crm: str) -> str:
    """Return a job's name: `reconcile_highlevel`."""
    return f"reconcile_{crm}"


def reconcile_job(crm: str) -> dg.UnresolvedAssetJobDefinition:
    """Build the job that looks at what the CRM holds now, and loads nothing."""
    return dg.define_asset_job(
        reconcile_job_name(crm),
        selection=dg.AssetSelection.key_prefixes([crm, "readback"]),
        tags={DESTINATION_TAG: crm},
        description=f"Reads everything that was loaded back from {crm} and compares every cell. Loads nothing.",
        executor_def=dg.in_process_executor,
    )


def rebuild_job_name(crm: str) -> str:
    """Return a job's name: `rebuild_documents_highlevel`."""
    return f"rebuild_documents_{crm}"


def rebuild_job(crm: str) -> dg.UnresolvedAssetJobDefinition:
    """Build the job that writes what is rebuilt by hand, without a request to the CRM."""
    return dg.define_asset_job(
        rebuild_job_name(crm),
        selection=dg.AssetSelection.assets([crm, "rebuild_documents"]).upstream(),
        tags={DESTINATION_TAG: crm},
        description=f"Reads PANDA and writes what is rebuilt by hand in {crm}: letter templates, recalls, a checklist.",
        executor_def=dg.in_process_executor,
    )


def plan_job_name(crm: str) -> str:
    """Return the name of the job that plans a load."""
    return f"request_plan_{crm}"


def plan_config(load_pass: LoadPass, crm: str) -> dict[str, Any]:
    """Return the run config that plans this pass in a job that loads nothing."""
    # Dagster takes an enum by its name.
    return _plan_step(crm, load_pass=load_pass.name, anyway=True)


def load_config(load_pass: LoadPass, crm: str, *, anyway: bool = False) -> dict[str, Any]:
    """Return the run config of a migration, whose pass its job says.

    Without `anyway` a full load that takes longer than its window is refused.
    """
    return _plan_step(crm, anyway=anyway or load_pass is not LoadPass.FULL)


def _plan_step(crm: str, **config: Any) -> dict[str, Any]:
    return {"ops": {f"{crm}__request_plan": {"config": config}}}


def request_plan_job(crm: str) -> dg.UnresolvedAssetJobDefinition:
    """Build the job that reads PANDA and plans a load, without a request to the CRM."""
    return dg.define_asset_job(
        plan_job_name(crm),
        selection=dg.AssetSelection.assets([crm, "request_plan"]).upstream(),
        config=plan_config(LoadPass.FULL, crm),
        tags={DESTINATION_TAG: crm},
        description=f"Reads PANDA, validates, shapes, and says what a load into {crm} would cost. Sends nothing.",
        executor_def=dg.in_process_executor,
    )


def assess_job(crms: Sequence[str]) -> dg.UnresolvedAssetJobDefinition:
    """Build the job that assesses a practice, without a request to a CRM."""
    plans = {name: step for crm in crms for name, step in plan_config(LoadPass.FULL, crm)["ops"].items()}
    return dg.define_asset_job(
        ASSESS_JOB,
        selection=dg.AssetSelection.assets(["assessment"]).upstream(),
        config={"ops": plans},
        description="Reads PANDA and assesses the practice: grade, quality, requests and hours per plan, a calendar.",
        executor_def=dg.in_process_executor,
    )


def migrated(crm: str, mapping: Mapping) -> dg.AssetSelection:
    """Return everything that a migration into one CRM makes; files only where they are sent."""
    frames = dg.AssetSelection.groups("panda", "validated", "clinical") | dg.AssetSelection.key_prefixes([crm])
    files = dg.AssetSelection.assets(*(["files", kind] for kind in kinds_sent(mapping)))
    return (frames | files) - dg.AssetSelection.assets([crm, "rebuild_documents"])


def migration_job(load_pass: LoadPass, crm: str, mapping: Mapping) -> dg.UnresolvedAssetJobDefinition:
    """Build the job that takes one practice from PANDA to a CRM and proves it."""
    what = {
        LoadPass.SAMPLE: "a sample that shows every field and relation",
        LoadPass.FULL: "every record",
        LoadPass.DELTA: "what has changed in PANDA since the last load",
        LoadPass.RETRY: "what did not arrive in the latest load",
    }[load_pass]
    return dg.define_asset_job(
        job_name(load_pass, crm),
        selection=migrated(crm, mapping),
        config=load_config(load_pass, crm),
        tags={PASS_TAG: load_pass.value, DESTINATION_TAG: crm},
        description=f"Reads PANDA, validates, shapes, loads {what} into {crm}, reads it back and compares every cell.",
        executor_def=dg.in_process_executor,
    )
