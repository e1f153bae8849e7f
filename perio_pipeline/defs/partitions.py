"""Partitions: one per practice, so that no practice's data, runs or checks ever mix with another's."""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg


def practice_partitions(names: Sequence[str]) -> dg.StaticPartitionsDefinition:
    """Return the partitions of all assets: the files in `mappings/practices/`."""
    return dg.StaticPartitionsDefinition(list(names))
