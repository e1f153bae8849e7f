"""What every sandbox is made of: a clock, a disk, planned faults, counts, and the records of its locations."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from perio_pipeline.sandbox.common.clock import SandboxClock
from perio_pipeline.sandbox.common.config import ServerConfig
from perio_pipeline.sandbox.common.faults import BaseFault, FaultPlan
from perio_pipeline.sandbox.common.stats import Stats
from perio_pipeline.sandbox.common.store import Collection, Disk, Json, Key, Table


class BaseLocation:
    """One customer's account. Every write goes through `put` or `delete`: memory, search and disk stay one."""

    def __init__(
        self, location_id: str, indexes: Mapping[str, tuple[str, ...]], clock: SandboxClock, disk: Disk, lag: float
    ) -> None:
        self.id = location_id
        self._clock = clock
        self._disk = disk
        self._lag = lag
        self._stalled = (0.0, 0.0)
        self._indexes = indexes
        self._collections = self._empty()
        self._kept: dict[str, list[Json]] = {}

    def __getitem__(self, kind: str) -> Collection:
        return self._collections[kind]

    def put(self, kind: str, record: Json) -> Json:
        """Store a record and return it."""
        self[kind].set(record, self._clock.now())
        self._disk.write(self.id, kind, record["id"], record)
        return record

    def delete(self, kind: str, record_id: Key) -> None:
        """Remove a record."""
        self[kind].remove(record_id, self._clock.now())
        self._disk.write(self.id, kind, record_id, None)

    def searchable(self, kind: str) -> Table:
        """The records the search index has caught up with."""
        now = self._clock.now()
        seen, until = self._stalled
        return self[kind].visible(seen if now < until else now - self._lag)

    def stall_search(self, seconds: float) -> None:
        """Keep the search index as it is now for some seconds; one that stands still already goes on later."""
        now = self._clock.now()
        seen, until = self._stalled
        self._stalled = (seen if now < until else now - self._lag, now + seconds)

    def restore(self, kind: str, record: Json) -> None:
        """Take a record back from disk; the search has long seen it."""
        self[kind].set(record, 0.0)

    def content(self) -> dict[str, list[Json]]:
        """Kind → its records, oldest first."""
        return {kind: list(records) for kind, records in self._collections.items()}

    def checkpoint(self) -> None:
        """Remember the records as they are, for `reset`. Records are never changed in place, so this costs little."""
        self._kept = self.content()

    def reset(self) -> None:
        """Go back to the last checkpoint, with a full quota and a search that has seen it all."""
        now = {(kind, record["id"]): record for kind, records in self.content().items() for record in records}
        then = {(kind, record["id"]): record for kind, records in self._kept.items() for record in records}
        self._stalled = (0.0, 0.0)
        self._collections = self._empty()
        for (kind, _), record in then.items():
            self.restore(kind, record)
        for place in now.keys() | then.keys():
            if now.get(place) is not then.get(place):
                self._disk.write(self.id, *place, then.get(place))

    def _empty(self) -> dict[str, Collection]:
        return {kind: Collection(indexed) for kind, indexed in self._indexes.items()}


class BaseSandbox(ABC):
    """All locations behind one server, with what they share."""

    fault_type: type[BaseFault]
    tokens: dict[str, Any]
    """Token → what it opens."""

    def __init__(self, config: ServerConfig, faults: tuple[BaseFault, ...]) -> None:
        self.disk = Disk(config.state_path)
        self.run = int(self.disk.meta("starts") or 0) + 1
        self.disk.remember("starts", str(self.run))
        self.clock = SandboxClock(config.clock_factor, max(time.time(), float(self.disk.meta("clock") or 0)))
        self.faults = FaultPlan(faults)
        self.stats = Stats(config.record_requests)
        self.expired_tokens: set[str] = set()
        self._kept_tokens: dict[str, Any] = {}

    @abstractmethod
    def places(self) -> Mapping[str, BaseLocation]:
        """The customers' accounts by id."""

    @abstractmethod
    def digest(self) -> str:
        """Hash of all content, the same for the same content however it came there."""

    @abstractmethod
    def edit(self, kind: str, record_id: Any, changes: Json) -> bool:
        """Change a record as a person in the CRM would; None clears a property. False when there is no such record."""

    def replace_token(self, old: str, new: str) -> bool:
        """Let a new token open what an old one opened, which opens nothing any more; False for one nobody knows."""
        known = self.tokens.pop(old, None)
        if known is not None:
            self.tokens[new] = known
        return known is not None

    def load(self) -> None:
        """Give the accounts back what the disk has kept for them."""
        places = self.places()
        for place_id, kind, record in self.disk.load():
            if place_id in places:
                places[place_id].restore(kind, record)

    def checkpoint(self) -> None:
        """Remember all content and tokens, for `reset`."""
        self._kept_tokens = dict(self.tokens)
        for place in self.places().values():
            place.checkpoint()

    def reset(self) -> None:
        """Go back to the last checkpoint: content, quotas, tokens, no faults, no counts. The clock goes on."""
        for place in self.places().values():
            place.reset()
        self.tokens = dict(self._kept_tokens)
        self.faults.clear()
        self.expired_tokens.clear()
        self.stats.clear()
        self.commit()

    def commit(self) -> None:
        """Make all writes durable."""
        self.disk.commit(self.clock.now())

    def close(self) -> None:
        """Write what is left and let go of the state file."""
        self.commit()
        self.disk.close()


def edited(record: Json, changes: Json, custom: str) -> Json:
    """A record after changes; None clears a property, or a value in its `custom` property (name -> value)."""
    merged = {**record, **changes}
    if custom in record:
        values = {**record[custom], **changes.get(custom, {})}
        merged[custom] = {name: value for name, value in values.items() if value is not None}
    return {name: value for name, value in merged.items() if value is not None}
