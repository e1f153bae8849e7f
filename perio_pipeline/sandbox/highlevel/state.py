"""The state of a HighLevel sandbox: per location the records, the quota and the settings."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from perio_pipeline.sandbox.common.clock import SandboxClock
from perio_pipeline.sandbox.common.state import BaseLocation, BaseSandbox, edited
from perio_pipeline.sandbox.common.store import Disk, Json
from perio_pipeline.sandbox.highlevel.config import LocationConfig, SandboxConfig
from perio_pipeline.sandbox.highlevel.digest import state_digest
from perio_pipeline.sandbox.highlevel.faults import Fault
from perio_pipeline.sandbox.highlevel.ids import IdSource
from perio_pipeline.sandbox.highlevel.ratelimit import Quota

INDEXES: dict[str, tuple[str, ...]] = {
    "contact": ("email", "phone", "businessId"),
    "note": ("contactId",),
    "task": ("contactId",),
    "opportunity": ("contactId", "pipelineId"),
    "appointment": ("contactId", "calendarId"),
    "business": (),
    "pipeline": (),
    "customField": ("fieldKey",),
    "calendar": (),
    "user": ("email",),
    "tag": ("name",),
    "file": ("contactId",),
    "seeded": (),
}
EDITABLE = frozenset({"contact", "note", "task", "opportunity", "appointment", "business", "customField", "pipeline"})


class LocationState(BaseLocation):
    """One sub-account."""

    def __init__(self, config: LocationConfig, clock: SandboxClock, disk: Disk, search_lag: float) -> None:
        super().__init__(config.id, INDEXES, clock, disk, search_lag)
        self.config = config
        self.quota = Quota(config.rate_limit)
        self.timezone = ZoneInfo(config.timezone)

    def reset(self) -> None:
        """Go back to the last checkpoint."""
        super().reset()
        self.quota = Quota(self.config.rate_limit)


class Sandbox(BaseSandbox):
    """All sub-accounts behind one server."""

    fault_type = Fault

    def __init__(self, config: SandboxConfig) -> None:
        super().__init__(config, config.faults)
        self.config = config
        self.behaviour = config.behaviour
        self.ids = IdSource(config.seed, self.run)
        self.locations = {
            location.id: LocationState(location, self.clock, self.disk, config.search_lag_seconds)
            for location in config.locations
        }
        self.tokens = {
            token.token: (location, token.scopes)
            for location in self.locations.values()
            for token in location.config.tokens
        }
        self.load()

    def places(self) -> Mapping[str, LocationState]:
        """The sub-accounts by id."""
        return self.locations

    def digest(self) -> str:
        """Hash of all content."""
        return state_digest(self.locations)

    def edit(self, kind: str, record_id: Any, changes: Json) -> bool:
        """Change a record as a person in the CRM would."""
        for location in self.locations.values() if kind in EDITABLE else ():
            record = location[kind].get(record_id)
            if record is not None:
                stamp = "updatedAt" if "updatedAt" in record else "dateUpdated"
                own = {"id": record_id, stamp: self.clock.timestamp()}
                location.put(kind, {**edited(record, changes, "customFields"), **own})
                return True
        return False
