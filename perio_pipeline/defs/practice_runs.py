"""Dagster's own records of a practice's runs: ids, counts and names, which a purge takes along."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import dagster as dg

PARTITION_TAG = "dagster/partition"


def ended_runs(instance: dg.DagsterInstance, practice: str, before: datetime | None) -> list[str]:
    """Return the ids of a practice's runs that have ended, or that were made before a moment and have ended."""
    over = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    chosen = dg.RunsFilter(tags={PARTITION_TAG: practice}, statuses=over, created_before=before)
    return [run.run_id for run in instance.get_runs(chosen)]


def delete_runs(instance: dg.DagsterInstance, runs: Sequence[str]) -> None:
    """Delete runs with their events."""
    for run in runs:
        instance.delete_run(run)
