"""Sensors that tell people what needs them (opt-in): failed runs, and windows that close soon or are held up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from perio_pipeline.cutover.opening import Cutovers
from perio_pipeline.cutover.window import Window
from perio_pipeline.defs.practice_runs import PARTITION_TAG
from perio_pipeline.defs.resources import DESTINATION_TAG, WorkplaceResource, actionable
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.notifying import Notice, run_link, send
from perio_pipeline.workplace import Workplace

SOON = timedelta(hours=2)
"""How long before it closes a window is told of."""
LOOK_SECONDS = 300


def run_failures_sensor() -> dg.SensorDefinition:
    """Build the sensor that tells of each run that failed."""

    @dg.run_failure_sensor(
        name="notify_run_failures",
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Tells of each failed run by webhook or e-mail, where `notify` or the environment names them.",
    )
    def notify_run_failures(context: dg.RunFailureSensorContext, workplace: WorkplaceResource) -> None:
        with actionable():
            rooms, run = workplace.open, context.dagster_run
            practice = run.tags.get(PARTITION_TAG, "")
            failed = context.get_step_failure_events()
            notice = failure(
                practice,
                run.tags.get(DESTINATION_TAG, ""),
                run.job_name,
                run.run_id,
                (failed[0].step_key or "") if failed else "",
            )
            send(notice, rooms.recipients(practice))

    return notify_run_failures


def windows_sensor(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> dg.SensorDefinition:
    """Build the sensor that tells, once each, of cutover windows that close soon and of those that are held up."""

    @dg.sensor(
        name="notify_windows",
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Tells of cutover windows that close within two hours, and of those that are held up.",
    )
    def notify_windows(context: dg.SensorEvaluationContext, workplace: WorkplaceResource) -> dg.SkipReason:
        told: list[str] = json.loads(context.cursor or "[]")
        with actionable():
            rooms = workplace.open
            notices = dict(window_notices(rooms, clock()))
            for name in notices.keys() - set(told):
                send(notices[name], rooms.recipients(notices[name].practice))
                told.append(name)
                context.update_cursor(json.dumps(told))
        # What is over is told again when it comes back.
        context.update_cursor(json.dumps([name for name in told if name in notices]))
        return dg.SkipReason(f"{len(notices)} windows need people.")

    return notify_windows


def failure(practice: str, crm: str, job: str, run: str, step: str) -> Notice:
    """Say that a run failed."""
    step = step.replace("__", "/")
    where = " ".join(
        part for part in (f"of practice {practice}" if practice else "", f"into {crm}" if crm else "") if part
    )
    text = f"Run {job} {where}".strip() + f" failed{f' in step {step}' if step else ''}."
    return Notice("run_failed", text, practice, crm, job, run, step, run_link(run))


def window_notices(rooms: Workplace, now: datetime) -> Iterator[tuple[str, Notice]]:
    """Yield what is to be told of the windows that are open now, each under a name of its own."""
    for name in rooms.practices():
        practice = rooms.practice(name)
        for crm in practice.destinations:
            window = Cutovers(rooms, practice, crm).file.read()
            if window is not None and window.closed_at is None:
                yield from _notices(window, practice, crm, now)


def _notices(window: Window, practice: Practice, crm: str, now: datetime) -> Iterator[tuple[str, Notice]]:
    name = practice.practice
    if window.closes_at - now <= SOON:
        closes_at = window.closes_at.astimezone(practice.locale.zone)
        text = f"The cutover window of practice {name} into {crm} closes at {closes_at:%Y-%m-%d %H:%M %Z}."
        yield f"{window.name}:closing", Notice("window_closing", text, name, crm)
    if window.problem:
        text = f"The cutover window of practice {name} into {crm} is held up; `perio cutover status` says by what."
        yield f"{window.name}:held up", Notice("window_held_up", text, name, crm)
