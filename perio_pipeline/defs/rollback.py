"""The rollback as a job: what a migration wrote into a CRM is taken back, today or any time later (P9)."""

# No postponed annotations: Dagster reads a config's type from the function itself.

import dagster as dg
import pandas as pd
from pydantic import Field

from perio_pipeline import interrupts
from perio_pipeline.defs.metadata import counts_table, report_link
from perio_pipeline.defs.resources import DESTINATION_TAG, WorkplaceResource, actionable, run_info
from perio_pipeline.loading.history import ALL_PASSES
from perio_pipeline.loading.rollback import roll_back
from perio_pipeline.loading.undone import Fate
from perio_pipeline.signoff import rollback as lists


class RollbackConfig(dg.Config):
    """What is taken back."""

    load_pass: str = Field(
        default=ALL_PASSES, description="Take back this pass (sample, full, ...) and everything after it; or `all`."
    )
    dry_run: bool = Field(default=True, description="Only say what would be done; the CRM is read, not changed.")
    remove_schema: bool = Field(
        default=False, description="Also remove the custom fields and modules that the migration made."
    )


def job_name(crm: str) -> str:
    """Return the job's name: `rollback_highlevel`."""
    return f"rollback_{crm}"


def op_name(crm: str) -> str:
    """Return the name of the job's only step."""
    return f"roll_back_{crm}"


def rollback_job(crm: str, partitions: dg.PartitionsDefinition[str]) -> dg.JobDefinition:
    """Build the job that takes back what was loaded into one CRM, for one practice."""

    @dg.op(name=op_name(crm), pool=f"{crm}_api", description=f"Takes back what was loaded into {crm}.")
    def roll(context: dg.OpExecutionContext, config: RollbackConfig, workplace: WorkplaceResource) -> None:
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            with workplace.target(practice.practice, crm, run_info(context, "rollback")) as target:
                lines = interrupts.run(
                    roll_back(target, config.load_pass, dry_run=config.dry_run, remove_schema=config.remove_schema)
                )
            frame = lists.rollback_frame(lines)
            rooms.store().write(practice.practice, [crm, lists.FRAME], frame)
            page = lists.to_html(frame, practice.name, crm, config.load_pass, dry_run=config.dry_run)
            report = rooms.write_report(page, practice.practice, crm, f"{lists.REPORT}.html")
            rooms.write_report(lists.to_csv(frame), practice.practice, crm, f"{lists.REPORT}.csv")
        fates = frame["fate"].value_counts()
        context.add_output_metadata(
            {
                "report": report_link(report),
                "dry_run": config.dry_run,
                **{fate.value: int(fates.get(fate.value, 0)) for fate in Fate},
                "reasons": counts_table(_reasons(frame), "object and reason"),
            }
        )

    @dg.job(
        name=job_name(crm),
        partitions_def=partitions,
        executor_def=dg.in_process_executor,
        tags={DESTINATION_TAG: crm},
        description=f"Takes back what was loaded into {crm}: a dry run first, unless told otherwise.",
    )
    def rollback() -> None:
        roll()

    return rollback


def _reasons(frame: pd.DataFrame) -> dict[str, int]:
    reasons = lists.rollback_reasons(frame)
    labels = reasons["fate"] + ": " + reasons["object"] + ": " + reasons["reason"]
    return dict(zip(labels, reasons["records"].tolist(), strict=True))
