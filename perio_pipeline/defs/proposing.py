"""The proposal of how a practice's database is bound, as a job (P3); a person takes it over, on the command line."""

from collections import Counter

import dagster as dg

from perio_pipeline.defs.metadata import counts_table, report_link
from perio_pipeline.defs.resources import WorkplaceResource, actionable
from perio_pipeline.mapping.proposing.model import REPORT, Confidence, Proposal, TableProposal
from perio_pipeline.mapping.proposing.propose import propose

JOB = "propose_map"


def propose_job(partitions: dg.PartitionsDefinition[str]) -> dg.JobDefinition:
    """Build the job that looks at one practice's database and proposes its bindings."""

    @dg.op(
        name="propose",
        description="Looks at names, types, keys and the shapes of values, on this machine, and proposes a binding "
        "for each canonical field.",
    )
    def propose_bindings(context: dg.OpExecutionContext, workplace: WorkplaceResource) -> None:
        with actionable():
            rooms, name = workplace.open, context.partition_key
            with rooms.unbound_source(rooms.practice(name)).connect() as connection:
                made = propose(name, connection)
            path = rooms.write_report(made.model_dump_json(indent=2), name, *REPORT)
        context.add_output_metadata(
            {
                "proposal": report_link(path),
                "fields": counts_table(_confidences(made), "confidence"),
                "tables": _table(made),
                "required_and_not_found": ", ".join(_missing(made)) or "none",
                "columns_left_over": len(made.leftover_columns),
                "tables_left_over": len(made.leftover_tables),
            }
        )

    @dg.job(
        name=JOB,
        partitions_def=partitions,
        executor_def=dg.in_process_executor,
        description="Proposes how the practice's database is bound, with scores and reasons. Binds nothing: "
        "`perio map accept` takes over what a person has looked at, `perio map confirm` confirms it.",
    )
    def propose_map() -> None:
        propose_bindings()

    return propose_map


def _confidences(made: Proposal) -> dict[str, int]:
    counts = Counter(field.confidence for table in made.tables for field in table.fields)
    return {confidence.value: counts[confidence] for confidence in Confidence}


def _missing(made: Proposal) -> list[str]:
    return [
        f"{table.canonical}.{field.field}"
        for table in made.tables
        for field in table.fields
        if field.required and field.binding is None
    ]


def _table(made: Proposal) -> dg.TableMetadataValue:
    columns = ("canonical", "table", "confidence", "fields_found", "fields")
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(zip(columns, _row(table), strict=True))) for table in made.tables],
        schema=dg.TableSchema([dg.TableColumn(name, "string") for name in columns]),
    )


def _row(table: TableProposal) -> tuple[str, str, str, str, str]:
    found = sum(field.binding is not None for field in table.fields)
    return table.canonical, table.table or "", table.confidence.value, str(found), str(len(table.fields))
