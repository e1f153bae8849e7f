"""Extracts: one asset per canonical table, read from the practice's PANDA database as text."""

from typing import Any

import dagster as dg

from perio_pipeline.defs.metadata import OWNERS, table_schema
from perio_pipeline.defs.resources import WorkplaceResource, actionable
from perio_pipeline.panda.canonical import Table


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
            source = rooms.source(rooms.practice(context.partition_key))
            source.check([table])
            return dg.Output(source.extract(table))

    return extract
