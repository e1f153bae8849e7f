"""Assets that are a function of other frames: what they share is said once, in the `Table` they produce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg

from perio_pipeline.defs.metadata import OWNERS, table_schema
from perio_pipeline.panda.canonical import Table

AssetMaker = Callable[[Callable[..., Any]], dg.AssetsDefinition]


def frame_asset(
    stage: str, table: Table, partitions: dg.PartitionsDefinition[str], kinds: set[str], **inputs: str
) -> AssetMaker:
    """Return a decorator that makes an asset `stage/table` of a function.

    Args:
        stage: first part of the key, and the group.
        table: what the function returns.
        partitions: the practices.
        kinds: shown in the UI.
        inputs: argument of the function → key of the asset it gets, such as `validated/patient`.
    """
    return dg.asset(
        key=[stage, table.name],
        ins={name: dg.AssetIn(key=source.split("/")) for name, source in inputs.items()},
        partitions_def=partitions,
        group_name=stage,
        kinds=kinds,
        owners=OWNERS,
        description=table.description,
        metadata=table_schema(table),
    )
