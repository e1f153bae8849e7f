"""Runs on this machine whose process died: they are ended.

Such a run would hold its pool slots, and look as if it went on, for ever: a terminal's process has no daemon that
watches it, and on one machine Dagster's own launcher does not look whether its processes are alive. So each run says
which process it is.
"""

from __future__ import annotations

import dagster as dg

from perio_pipeline import processes

HOST_TAG = ".dagster/perio_host"
PROCESS_TAG = ".dagster/perio_process"
"""Names that begin so are not shown in the UI.

Number and start of the process, and where that number means it: a number is used again, in a container soon.
"""

UNDER_WAY = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def process_tags() -> dict[str, str]:
    """Return the tags by which a later run finds out whether this one is still alive."""
    me = processes.this_process()
    return {HOST_TAG: me.host, PROCESS_TAG: f"{me.number} {me.started} {me.machine}"}


def end_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """End the runs whose process on this machine is gone, and free their slots; returns their ids."""
    ended = []
    mine = dg.RunsFilter(statuses=UNDER_WAY, tags={HOST_TAG: processes.this_process().host})
    for run in instance.get_runs(mine):
        if not _is_alive(run.tags[PROCESS_TAG]):
            instance.report_run_failed(run, "Its process died.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            ended.append(run.run_id)
    return ended


def _is_alive(tag: str) -> bool:
    """Whether it is the same process still, and not one before the machine, or the container, was started anew."""
    number, _, rest = tag.partition(" ")
    return rest == f"{processes.started(int(number))} {processes.this_process().machine}"
