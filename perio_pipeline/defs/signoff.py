"""The sign-off report as a job; signing it is a person's act, on the command line."""

import dagster as dg

from perio_pipeline.cutover.opening import Cutovers
from perio_pipeline.defs.metadata import report_link
from perio_pipeline.defs.resources import DESTINATION_TAG, WorkplaceResource, actionable
from perio_pipeline.signoff.signing.page import plain
from perio_pipeline.signoff.signing.signing import write_signoff


def job_name(crm: str) -> str:
    """Return the job's name: `signoff_highlevel`."""
    return f"signoff_{crm}"


def signoff_job(crm: str, partitions: dg.PartitionsDefinition[str]) -> dg.JobDefinition:
    """Build the job that writes one practice's sign-off report."""

    @dg.op(name=f"report_{crm}", description=f"Writes what was migrated into {crm} as the page that is signed.")
    def report(context: dg.OpExecutionContext, workplace: WorkplaceResource) -> None:
        with actionable():
            rooms = workplace.open
            until = Cutovers(rooms, rooms.practice(context.partition_key), crm).open_until
            made = write_signoff(rooms, context.partition_key, crm, window_until=until)
        said = plain(made.facts)
        points = "\n".join(f"- {point}" for point in made.facts.open_points) or "None."
        context.add_output_metadata(
            {
                "report": report_link(made.path),
                **{name: said[name] for name in ("pass", "records", "cells", "requests")},
                "open_points": dg.MetadataValue.md(points),
                "signed": len(made.signed),
            }
        )

    @dg.job(
        name=job_name(crm),
        partitions_def=partitions,
        executor_def=dg.in_process_executor,
        tags={DESTINATION_TAG: crm},
        description=f"Writes the sign-off report of {crm} as things stand now. `perio signoff --by NAME` signs it.",
    )
    def signoff() -> None:
        report()

    return signoff
