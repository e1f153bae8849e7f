"""What Dagster loads. Nothing is read, neither files nor environment, before Dagster asks for the definitions."""

from __future__ import annotations

import warnings

import dagster as dg

from perio_pipeline import settings
from perio_pipeline.defs.build import build_definitions
from perio_pipeline.defs.resources import WorkplaceResource
from perio_pipeline.ownerfile import keep_to_owner
from perio_pipeline.redaction import keep_errors_private


@dg.definitions
def defs() -> dg.Definitions:
    """Build the definitions of the practices and mapping files there are."""
    keep_to_owner()
    rooms = settings.workplace()
    keep_errors_private(rooms.data)
    with warnings.catch_warnings():
        # Checks per partition are marked as a preview by Dagster; the pinned version has them, and tests prove it.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        folders = {"data": str(rooms.data), "mappings": str(rooms.mappings)}
        return build_definitions(rooms, WorkplaceResource(**folders, wait_minutes=settings.wait_minutes()))
