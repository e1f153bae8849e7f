"""What a window does next: one step, decided from what is on disk, the clock, the source, and the last run's state.

A step can be taken any number of times: a batch is put on disk before its run is asked for, and the census it was found
by becomes the known one only when that run has succeeded. So a daemon that dies, a lost cursor or a failed run neither
loses a change nor loads it twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from perio_pipeline.cutover.censuses import Censuses
from perio_pipeline.cutover.window import Batch, Counts, Kind, Window, WindowFile
from perio_pipeline.errors import SourceError
from perio_pipeline.mapping.practice import Cutover
from perio_pipeline.panda.changes import TableChanges, affected_tables
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import TABLES

PATIENCE = timedelta(minutes=2)
"""How long after a failure a batch is tried again; twice as long each time, up to an hour."""
MOST_PATIENCE = timedelta(hours=1)


class RunState(StrEnum):
    """What became of the run of a batch's attempt."""

    UNKNOWN = "unknown"  # it was never started, as far as anybody knows
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class Step:
    """What to do now: run a batch, or nothing, and why.

    Attributes:
        why: for people.
        run: the batch to run.
        closed: the window has closed with this step.
    """

    why: str
    run: Batch | None = None
    closed: bool = False


@dataclass
class Watcher:
    """One practice's window into one destination.

    Attributes:
        file: where the window is kept.
        settings: how often it looks, and what it takes for a broken source.
        open_source: hands out the practice's database, once it is time to look: exports are staged for that.
        censuses: what was there when it was last loaded.
        run_state: run key → what became of the run.
    """

    file: WindowFile
    settings: Cutover
    open_source: Callable[[], PandaSource]
    censuses: Censuses
    run_state: Callable[[str], RunState]

    def step(self, now: datetime) -> Step:
        """Decide what to do now, and keep it.

        Raises:
            SourceError: the source cannot be read, or looks broken; the window keeps why, and a later step looks again.
        """
        window = self.file.read()
        if window is None or window.closed_at is not None:
            return Step("No window is open.")
        if window.under_way is not None:
            waiting = self._follow(window, window.under_way, now)
            if waiting is not None:
                return waiting
        if self._ended(window):
            return self._close(window, now)
        closing = now >= window.closes_at
        if not closing and window.looked_at and now < window.looked_at + timedelta(minutes=self.settings.poll_minutes):
            return Step("It is not yet time to look again.")
        return self._look(window, now, closing)

    def _follow(self, window: Window, batch: Batch, now: datetime) -> Step | None:
        """See what became of the batch under way; None once it is loaded."""
        match self.run_state(window.run_key(batch)):
            case RunState.RUNNING:
                return Step(f"Batch {batch.number} is being loaded.")
            case RunState.UNKNOWN:
                return Step(f"Batch {batch.number} is to be loaded.", run=batch)
            case RunState.SUCCEEDED:
                self.censuses.accept(batch.look)
                window.under_way = None
                window.loaded.append(batch)
                self.file.write(window)
                return None
            case RunState.FAILED:
                return self._again(window, batch, now)

    def _again(self, window: Window, batch: Batch, now: datetime) -> Step:
        if batch.failed_at is None:
            window.under_way = batch = batch.model_copy(update={"failed_at": now})
            self.file.write(window)
        failed_at = batch.failed_at or now
        due = failed_at + min(PATIENCE * 2 ** (batch.attempt - 1), MOST_PATIENCE)
        if now < due:
            return Step(f"The run of batch {batch.number} failed; it is tried again at {due:%H:%M:%S} UTC.")
        window.under_way = batch.model_copy(update={"attempt": batch.attempt + 1, "failed_at": None})
        self.file.write(window)
        return Step(f"Batch {batch.number} is tried again.", run=window.under_way)

    def _look(self, window: Window, now: datetime, closing: bool) -> Step:
        opening = not window.loaded
        due = window.swept_at is None or now >= window.swept_at + timedelta(minutes=self.settings.sweep_minutes)
        whole = opening or closing or due
        look = uuid4().hex
        try:
            changes = self.censuses.look(self.open_source(), look, self.settings.guard(window.trusted), whole=whole)
        except SourceError as error:
            window.problem = str(error)
            window.looked_at = now
            self.file.write(window)
            raise
        window.looked_at, window.problem = now, ""
        window.swept_at = now if whole else window.swept_at
        kind = Kind.CLOSING if closing else Kind.OPENING if opening else Kind.CHANGES
        affected = affected_tables(changes) if kind is Kind.CHANGES else list(TABLES)
        if not affected:
            self.censuses.accept(look)
            self.file.write(window)
            return Step("Nothing has changed.")
        tables = {name: _counts(each) for name, each in changes.items() if len(each)}
        window.under_way = Batch(
            number=len(window.loaded) + 1, look=look, kind=kind, found_at=now, tables=tables, affected=tuple(affected)
        )
        window.trusted = frozenset()
        self.file.write(window)
        found = f"{window.under_way.records:,} records are new, changed or gone."
        return Step("The first look takes everything once." if opening else found, run=window.under_way)

    @staticmethod
    def _ended(window: Window) -> bool:
        return bool(window.loaded) and window.loaded[-1].kind is Kind.CLOSING

    def _close(self, window: Window, now: datetime) -> Step:
        window.closed_at = now
        self.file.write(window)
        return Step("The window has closed.", closed=True)


def _counts(changes: TableChanges) -> Counts:
    return Counts(new=len(changes.new), changed=len(changes.changed), deleted=len(changes.deleted))
