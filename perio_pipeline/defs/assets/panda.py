"""Extracts: one asset per canonical table, read from the practice's PANDA database as text."""

from typing import Any

import dagster as dg

from perio_pipeline.cutover.rereading import reread
from perio_pipeline.defs.metadata import OWNERS, table_schema
from perio_pipeline.defs.resources import WorkplaceResource, actionable, touched_by
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.tables import BY_EXAM


def extract_asset(table: Table, partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Build the extract of one canonical table."""

    @dg.asset(
        key=["panda", table.name],
        partitions_def=partitions,
        group_name="panda",
        kinds={"sqlserver", "parquet"},
        owners=OWNERS,
        description=f"{table.description} As read from PANDA, every value as text.",
        metadata=table_schema(table, extract=True),
    )
    def extract(context: dg.AssetExecutionContext, workplace: WorkplaceResource) -> dg.Output[Any]:
        with actionable():
            rooms = workplace.open
            practice = rooms.practice(context.partition_key)
            source = rooms.source(practice)
            source.check([table])
            batch = touched_by(context, rooms, practice) if table.name in BY_EXAM else None
            last = workplace.store().frame(practice.practice, context.asset_key.path)
            return dg.Output((batch and reread(source, table, last, batch)) or source.extract(table))

    return extract
