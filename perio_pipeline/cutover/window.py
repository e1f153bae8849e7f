"""A cutover window as it stands on disk: when it opened and closes, and the batch that is under way.

One file per practice and destination, written whole or not at all, so that a daemon which dies anywhere goes on from
what it had decided. It holds names, times and counts; no values.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from perio_pipeline.ownerfile import write_whole


class Kind(StrEnum):
    """Why a batch is loaded."""

    OPENING = "opening"  # everything once, so that nothing between the full load and the window is missed
    CHANGES = "changes"
    CLOSING = "closing"  # everything once more, read back as a whole


class Counts(BaseModel):
    """What became of one table's records."""

    model_config = ConfigDict(frozen=True)

    new: int
    changed: int
    deleted: int


class Batch(BaseModel):
    """Changes that are loaded by one run.

    Attributes:
        number: counts up from 1.
        look: names what the look has found, among the censuses.
        attempt: counts up from 1 when the run has failed.
        tables: what changed, by canonical table.
        affected: the tables to read again.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    look: str
    kind: Kind
    found_at: datetime
    tables: dict[str, Counts] = Field(default_factory=dict)
    affected: tuple[str, ...] = ()
    attempt: int = 1
    failed_at: datetime | None = None

    @property
    def records(self) -> int:
        """How many source records changed."""
        return sum(each.new + each.changed + each.deleted for each in self.tables.values())


class Window(BaseModel):
    """One window.

    Attributes:
        opened_at, closes_at: aware times.
        under_way: the batch whose run has not succeeded yet.
        loaded: the batches that were loaded, oldest first.
        swept_at: when every row was last looked at, not only keys and versions.
        looked_at: when it was last looked at all.
        trusted: tables whose many deletions a person has confirmed; each is trusted once.
        problem: why the last look came to nothing.
        closed_at: None while it is open.
    """

    practice: str
    destination: str
    opened_at: datetime
    closes_at: datetime
    opened_by: str
    under_way: Batch | None = None
    loaded: list[Batch] = Field(default_factory=list)
    swept_at: datetime | None = None
    looked_at: datetime | None = None
    trusted: frozenset[str] = frozenset()
    problem: str = ""
    closed_at: datetime | None = None

    @property
    def name(self) -> str:
        """Names it among all windows there ever were."""
        return f"{self.practice}:{self.destination}:{self.opened_at:%Y%m%dT%H%M%S}"

    @property
    def picked_up(self) -> list[Batch]:
        """The loaded batches but the first, which looks at everything once."""
        return self.loaded[1:]

    def run_key(self, batch: Batch) -> str:
        """Name one attempt at a batch: Dagster starts a run for a key once only."""
        return f"{self.name}:{batch.number}.{batch.attempt}"


class WindowFile:
    """Where the window of a practice and destination is kept."""

    def __init__(self, folder: Path, practice: str, destination: str) -> None:
        self.path = folder / f"{practice}.{destination}.json"

    def read(self) -> Window | None:
        """Return the window, open or closed; None where there never was one."""
        if not self.path.exists():
            return None
        return Window.model_validate_json(self.path.read_text(encoding="utf-8"))

    def write(self, window: Window) -> None:
        """Keep the window, whole or not at all."""
        write_whole(self.path, window.model_dump_json(indent=1).encode())
