"""The state of a sandbox: its clock, its ids, and per location the records, the quota and the settings."""

import time
from zoneinfo import ZoneInfo

from perio_pipeline.sandbox.highlevel.clock import SandboxClock
from perio_pipeline.sandbox.highlevel.config import LocationConfig, SandboxConfig
from perio_pipeline.sandbox.highlevel.faults import FaultPlan
from perio_pipeline.sandbox.highlevel.ids import IdSource
from perio_pipeline.sandbox.highlevel.ratelimit import Quota
from perio_pipeline.sandbox.highlevel.stats import Stats
from perio_pipeline.sandbox.highlevel.store import Collection, Disk, Json

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


class LocationState:
    """One sub-account. Every write goes through `put` or `delete`, which keep memory, search and disk together."""

    def __init__(self, config: LocationConfig, clock: SandboxClock, disk: Disk, search_lag: float) -> None:
        self.config = config
        self.quota = Quota(config.rate_limit)
        self.timezone = ZoneInfo(config.timezone)
        self._clock = clock
        self._disk = disk
        self._search_lag = search_lag
        self._collections = {kind: Collection(indexed) for kind, indexed in INDEXES.items()}

    def __getitem__(self, kind: str) -> Collection:
        return self._collections[kind]

    def put(self, kind: str, record: Json) -> Json:
        """Store a record and return it."""
        self[kind].set(record, self._clock.now())
        self._disk.write(self.config.id, kind, record["id"], record)
        return record

    def delete(self, kind: str, record_id: str) -> None:
        """Remove a record."""
        self[kind].remove(record_id, self._clock.now())
        self._disk.write(self.config.id, kind, record_id, None)

    def searchable(self, kind: str) -> list[Json]:
        """The records the search index has caught up with."""
        return self[kind].visible(self._clock.now() - self._search_lag)

    def restore(self, kind: str, record: Json) -> None:
        """Take a record back from disk; the search has long seen it."""
        self[kind].set(record, 0.0)


class Sandbox:
    """All locations behind one server, with what they share."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.behaviour = config.behaviour
        self.disk = Disk(config.state_path)
        run = int(self.disk.meta("starts") or 0) + 1
        self.disk.remember("starts", str(run))
        self.clock = SandboxClock(config.clock_factor, max(time.time(), float(self.disk.meta("clock") or 0)))
        self.ids = IdSource(config.seed, run)
        self.faults = FaultPlan(config.faults)
        self.stats = Stats(config.record_requests)
        self.expired_tokens: set[str] = set()
        self.locations = {
            location.id: LocationState(location, self.clock, self.disk, config.search_lag_seconds)
            for location in config.locations
        }
        self.tokens = {
            token.token: (location, token.scopes)
            for location in self.locations.values()
            for token in location.config.tokens
        }
        for location_id, kind, record in self.disk.load():
            if location_id in self.locations:
                self.locations[location_id].restore(kind, record)

    def close(self) -> None:
        """Write what is left and let go of the state file."""
        self.disk.commit(self.clock.now())
        self.disk.close()
