"""The preflight as a job: what stands in the way of a load, and with `probe` how the account behaves (G1 to G12)."""

# No postponed annotations: Dagster reads a config's type from the function itself.
from datetime import date

import dagster as dg
from pydantic import Field

from perio_pipeline.defs.metadata import report_link
from perio_pipeline.defs.resources import DESTINATION_TAG, WorkplaceResource, actionable, run_info
from perio_pipeline.errors import GateError
from perio_pipeline.preflight.checks import counted
from perio_pipeline.preflight.run import Preflight, run_preflight, write_report


class PreflightConfig(dg.Config):
    """Whether the account is only looked at, or tried out as well."""

    probe: bool = Field(
        default=False,
        description="Find out how the account behaves, with throwaway records that are removed at the end.",
    )


def job_name(crm: str) -> str:
    """Return the job's name: `preflight_highlevel`."""
    return f"preflight_{crm}"


def op_name(crm: str) -> str:
    """Return the name of the job's only step."""
    return f"check_{crm}"


def preflight_job(crm: str, partitions: dg.PartitionsDefinition[str]) -> dg.JobDefinition:
    """Build the job that checks one practice against one CRM; it fails where something is refused."""

    @dg.op(name=op_name(crm), pool=f"{crm}_api", description=f"Checks everything that could stop a load into {crm}.")
    def check(context: dg.OpExecutionContext, config: PreflightConfig, workplace: WorkplaceResource) -> None:
        with actionable():
            rooms = workplace.open
            run = run_info(context, "preflight") if config.probe else None
            made = run_preflight(rooms, context.partition_key, crm, date.today(), probing=run)
            report = write_report(rooms, made)
        context.add_output_metadata(
            {
                "report": report_link(report),
                **counted(made.checks),
                "requests": made.requests + made.probe_requests,
                "checks": _table(made),
            }
        )
        with actionable():
            if made.refused:
                raise GateError(f"{len(made.refused)} checks are refused: {', '.join(made.refused)}.", "See each.")

    @dg.job(
        name=job_name(crm),
        partitions_def=partitions,
        executor_def=dg.in_process_executor,
        tags={DESTINATION_TAG: crm},
        description=f"Checks everything that could stop a load into {crm}; changes nothing, unless it is to probe.",
    )
    def preflight() -> None:
        check()

    return preflight


def _table(made: Preflight) -> dg.TableMetadataValue:
    columns = ("requirement", "name", "verdict", "found", "to_do")
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(check.plain())) for check in made.checks],
        schema=dg.TableSchema([dg.TableColumn(name, "string") for name in columns]),
    )
