"""Assembles everything Dagster loads from the two folders; tests and the `perio` command use it with their own."""

from __future__ import annotations

import dagster as dg

from perio_pipeline.defs import checks, jobs, notifications, preflight, proposing, rollback, sensors, signoff
from perio_pipeline.defs.assets import assessment, clinical, destination, files, panda, rebuild, request_plan, validated
from perio_pipeline.defs.io_managers import ParquetFrames
from perio_pipeline.defs.partitions import practice_partitions
from perio_pipeline.defs.resources import WorkplaceResource
from perio_pipeline.mapping.filing import HISTORY_FRAME, kinds_sent
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.workplace import Workplace


def build_definitions(workplace: Workplace, resource: WorkplaceResource) -> dg.Definitions:
    """Assemble the definitions.

    Args:
        workplace: the folders as they are now; practices and mapping files give the graph its shape.
        resource: what assets get at run time, which may read its folders from the environment.
    """
    partitions = practice_partitions(workplace.practices())
    tables = list(TABLES.values())
    assets = [
        *(panda.extract_asset(table, partitions) for table in tables),
        *(validated.validated_asset(table, partitions) for table in tables),
        *validated.derived_assets(partitions),
        *clinical.clinical_assets(partitions),
        *files.file_assets(partitions),
    ]
    asset_checks = [
        *(checks.rows_complete_check(table, partitions) for table in tables),
        *(checks.rows_accounted_check(table, partitions) for table in tables),
        checks.patients_accounted_check(partitions),
    ]
    job_definitions: list[dg.JobDefinition | dg.UnresolvedAssetJobDefinition] = []
    for crm in workplace.destinations():
        mapping = workplace.mapping(crm)
        assets += _destination_assets(crm, mapping, partitions)
        asset_checks.append(checks.fits_window_check(crm, partitions))
        if mapping.matched():
            asset_checks.append(checks.matches_decided_check(crm, mapping, partitions))
            job_definitions.append(jobs.match_job(crm))
        for name in mapping.objects:
            asset_checks.append(checks.object_accounted_check(crm, name, mapping, partitions))
            asset_checks.append(checks.none_failed_check(crm, name, partitions))
            asset_checks.append(checks.field_diff_check(crm, name, partitions))
        job_definitions.append(jobs.request_plan_job(crm))
        job_definitions += [jobs.migration_job(kind, crm, mapping) for kind in destination.LoadPass]
        job_definitions.append(jobs.reconcile_job(crm))
        job_definitions.append(jobs.rebuild_job(crm))
        job_definitions.append(rollback.rollback_job(crm, partitions))
        job_definitions.append(preflight.preflight_job(crm, partitions))
        job_definitions.append(signoff.signoff_job(crm, partitions))
    assets.append(assessment.assessment_asset(workplace.destinations(), partitions))
    job_definitions.append(jobs.assess_job(workplace.destinations()))
    job_definitions.append(proposing.propose_job(partitions))
    cutovers = [
        sensors.cutover_sensor(practice, crm, workplace.mapping(crm), assets)
        for practice in workplace.practices()
        for crm in workplace.destinations()
    ]
    return dg.Definitions(
        assets=assets,
        sensors=[*cutovers, notifications.run_failures_sensor(), notifications.windows_sensor()],
        asset_checks=asset_checks,
        jobs=job_definitions,
        resources={"workplace": resource.fixed(), "io_manager": ParquetFrames(workplace=resource)},
        executor=dg.in_process_executor,
    )


def _destination_assets(
    crm: str, mapping: Mapping, partitions: dg.PartitionsDefinition[str]
) -> list[dg.AssetsDefinition]:
    return [
        destination.account_asset(crm, partitions),
        destination.sample_asset(crm, mapping, partitions),
        request_plan.request_plan_asset(crm, mapping, partitions),
        rebuild.rebuild_asset(crm, partitions),
        *([destination.matches_asset(crm, mapping, partitions)] if mapping.matched() else []),
        *([files.sent_asset(crm, mapping, partitions)] if kinds_sent(mapping) else []),
        *([files.history_asset(crm, partitions)] if HISTORY_FRAME in mapping.frames() else []),
        *(destination.shaped_asset(crm, name, mapping, partitions) for name in mapping.objects),
        *(destination.loaded_asset(crm, name, obj, partitions) for name, obj in mapping.objects.items()),
        *(destination.readback_asset(crm, name, obj, partitions) for name, obj in mapping.objects.items()),
    ]
