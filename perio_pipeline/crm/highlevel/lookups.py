"""HighLevel's look-up fields: pipelines, stages, users, calendars, and how their lists are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.lookups import LookupField, Lookups

PIPELINE = "pipelineId"
STAGE = "pipelineStageId"
CALENDAR = "calendarId"
USERS = "user"
_USER = LookupField(USERS, "user", optional=True)

FIELDS: Mapping[str, LookupField] = {
    PIPELINE: LookupField(PIPELINE, "pipeline"),
    STAGE: LookupField(STAGE, "pipeline stage", within=PIPELINE),
    CALENDAR: LookupField(CALENDAR, "calendar"),
    **dict.fromkeys(("assignedTo", "assignedUserId", "userId"), _USER),
}


def no_lookups() -> Lookups:
    """The look-ups before the account's lists are read."""
    return Lookups("HighLevel", FIELDS)


def take_lists(
    lookups: Lookups,
    pipelines: Iterable[JsonObject],
    users: Iterable[JsonObject],
    calendars: Iterable[JsonObject],
) -> None:
    """Take over the account's lists in place of what was known; users go by e-mail."""
    lookups.entries.clear()
    for pipeline in pipelines:
        lookups.add(PIPELINE, [pipeline])
        stages = [stage for stage in pipeline.get("stages") or [] if isinstance(stage, dict)]
        lookups.add(STAGE, stages, parent=str(pipeline.get("id") or pipeline.get("_id") or ""))
    lookups.add(_USER.kind, users, "email")
    lookups.add(CALENDAR, calendars)
