"""Sensors: one per practice and destination, which picks up what changes in PANDA while a window is open (P7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import dagster as dg

from perio_pipeline.cutover.opening import Cutovers
from perio_pipeline.cutover.report import write_window_report
from perio_pipeline.cutover.watching import RunState
from perio_pipeline.cutover.window import Batch, Kind
from perio_pipeline.defs.assets.destination import WHOLE_TAG, LoadPass
from perio_pipeline.defs.earlier_runs import end_dead_runs
from perio_pipeline.defs.jobs import job_name, migrated
from perio_pipeline.defs.resources import BATCH_TAG, DESTINATION_TAG, PASS_TAG, WorkplaceResource, actionable
from perio_pipeline.mapping.model import Mapping

MATCHED_TABLES = frozenset({"patient", "provider", "referral_source"})
"""Whose new records the CRM may hold already: staff may have entered them there as well."""

Graph = Sequence[dg.AssetsDefinition]

TICK_SECONDS = 30
"""How often a window is asked for its next step; how often it looks at the source says the practice's file."""

_STATES = {
    dg.DagsterRunStatus.SUCCESS: RunState.SUCCEEDED,
    dg.DagsterRunStatus.FAILURE: RunState.FAILED,
    dg.DagsterRunStatus.CANCELED: RunState.FAILED,
    # Made, and never handed over: the daemon died in between. Asked for again, Dagster goes on with the same run.
    dg.DagsterRunStatus.NOT_STARTED: RunState.UNKNOWN,
}


def sensor_name(practice: str, crm: str) -> str:
    """Return a sensor's name: `cutover_harbor_highlevel`."""
    return f"cutover_{practice.replace('-', '_')}_{crm}"


def cutover_sensor(
    practice: str, crm: str, mapping: Mapping, graph: Graph, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> dg.SensorDefinition:
    """Build the sensor of one practice and destination.

    Args:
        practice: whose window.
        crm: into which destination.
        mapping: that of the destination.
        graph: all assets, of which a run gets those that a change touches.
        clock: the time now, aware.
    """

    @dg.sensor(
        name=sensor_name(practice, crm),
        job_name=job_name(LoadPass.DELTA, crm),
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"While the window of {practice} is open, loads into {crm} what changes in PANDA.",
    )
    def cutover(
        context: dg.SensorEvaluationContext, workplace: WorkplaceResource
    ) -> dg.RunRequest | dg.SkipReason | None:
        with actionable():
            rooms = workplace.open
            chosen = rooms.practice(practice)
            if crm not in chosen.destinations:
                return dg.SkipReason(f"The practice does not move to {crm}.")
            cutovers = Cutovers(rooms, chosen, crm)
            now = clock()
            end_dead_runs(context.instance)
            cutovers.start_when_due(now)
            step = cutovers.watcher(lambda key: run_state(context.instance, key)).step(now)
            window = cutovers.file.read()
            if step.closed and window is not None:
                write_window_report(rooms, chosen, crm, window)
        if step.run is None or window is None:
            return dg.SkipReason(step.why)
        context.log.info(step.why)
        return run_request(practice, crm, mapping, graph, step.run, window.run_key(step.run))

    return cutover


def run_request(practice: str, crm: str, mapping: Mapping, graph: Graph, batch: Batch, key: str) -> dg.RunRequest:
    """Return the run that loads a batch: the assets its tables touch, and nothing else."""
    keys = touched(crm, mapping, graph, batch)
    tags = {BATCH_TAG: key, PASS_TAG: LoadPass.DELTA.value, DESTINATION_TAG: crm}
    if batch.kind is Kind.CLOSING:
        tags[WHOLE_TAG] = "true"
    return dg.RunRequest(
        run_key=key,
        partition_key=practice,
        asset_selection=keys,
        tags=tags,
    )


def touched(crm: str, mapping: Mapping, graph: Graph, batch: Batch) -> list[dg.AssetKey]:
    """Return the assets that a batch changes, of one destination's migration.

    The account was prepared by the full load and its sample was taken then; what the CRM may have held before is looked
    up again only where people, dentists or providers are new.
    """
    tables = dg.AssetSelection.assets(*(["panda", name] for name in batch.affected))
    chosen = tables.downstream() & migrated(crm, mapping)
    left = [[crm, name] for name in ("request_plan", "account", "sample")]
    if mapping.matched() and not any(batch.tables[name].new for name in MATCHED_TABLES & batch.tables.keys()):
        left.append([crm, "matches"])
    return sorted((chosen - dg.AssetSelection.assets(*left)).resolve(graph))


def run_state(instance: dg.DagsterInstance, key: str) -> RunState:
    """Return what became of the latest run of a batch's attempt."""
    runs: Sequence[dg.DagsterRun] = instance.get_runs(dg.RunsFilter(tags={BATCH_TAG: key}), limit=1)
    return _STATES.get(runs[0].status, RunState.RUNNING) if runs else RunState.UNKNOWN
