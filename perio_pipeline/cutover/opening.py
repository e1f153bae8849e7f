"""Opens and closes windows: by the practice's file, or by a person's command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from perio_pipeline.cutover.censuses import Censuses
from perio_pipeline.cutover.watching import RunState, Watcher
from perio_pipeline.cutover.window import Window, WindowFile
from perio_pipeline.errors import GateError, SettingsError
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.workplace import Workplace

BY_FILE = "the practice's file"


@dataclass(frozen=True)
class Cutovers:
    """The window of one practice and destination."""

    rooms: Workplace
    practice: Practice
    crm: str

    @property
    def file(self) -> WindowFile:
        """Where the window is kept."""
        return WindowFile(self.rooms.data / "cutover", self.practice.practice, self.crm)

    @property
    def open_until(self) -> str:
        """Until when the window is open, in the practice's time; empty where none is."""
        window = self.file.read()
        if window is None or window.closed_at is not None:
            return ""
        return f"{window.closes_at.astimezone(self.practice.locale.zone):%Y-%m-%d %H:%M}"

    def watcher(self, run_state: Callable[[str], RunState]) -> Watcher:
        """Return what decides the window's next step."""
        settings = self.practice.destination(self.crm).cutover
        censuses = Censuses(self.rooms.store(), self.practice.practice, self.crm)
        return Watcher(self.file, settings, partial(self.rooms.source, self.practice), censuses, run_state)

    def start(self, now: datetime, hours: float | None, by: str) -> Window:
        """Open a window now.

        Args:
            now: aware.
            hours: how long it is open; None for what the practice's file says.
            by: who opens it.

        Raises:
            GateError: one is open already.
            SettingsError: the practice was not loaded as a whole yet.
        """
        settings = self.practice.destination(self.crm).cutover
        return self._open(now, now + timedelta(hours=hours or settings.hours), by)

    def start_when_due(self, now: datetime) -> Window | None:
        """Open the window that the practice's file names, once its time has come; None where there is nothing to do."""
        settings = self.practice.destination(self.crm).cutover
        if settings.start is None:
            return None
        start = settings.start
        start = start if start.tzinfo else start.replace(tzinfo=self.practice.locale.zone)
        end = start + timedelta(hours=settings.hours)
        window = self.file.read()
        # A window that was opened after the stated start is that one; an older one belongs to an earlier attempt.
        if not start <= now < end or (window and (window.closed_at is None or window.opened_at >= start)):
            return None
        return self._open(now, end, BY_FILE)

    def end(self, now: datetime) -> Window:
        """Let the window close now: the next step is its last sweep.

        Raises:
            SettingsError: none is open.
        """
        window = self.opened()
        window.closes_at = min(window.closes_at, now)
        self.file.write(window)
        return window

    def look_now(self) -> Window:
        """Let the next step look at the source, however short the last look is ago.

        Raises:
            SettingsError: no window is open.
        """
        window = self.opened()
        window.looked_at = None
        self.file.write(window)
        return window

    def trust_deletions(self, table: str) -> Window:
        """Take the many deletions of a table for real at the next look.

        Raises:
            SettingsError: no window is open, or there is no such table.
        """
        if table not in TABLES:
            raise SettingsError(f"There is no table {table}.", f"Use one of: {', '.join(TABLES)}.")
        window = self.opened()
        window.trusted |= {table}
        window.looked_at = None
        self.file.write(window)
        return window

    def _open(self, now: datetime, closes_at: datetime, by: str) -> Window:
        window = self.file.read()
        if window is not None and window.closed_at is None:
            raise GateError(
                f"The window of practice {self.practice.practice} into {self.crm} is open already.",
                "See it with `perio cutover status`, or end it with `perio cutover end`.",
            )
        self._check_loaded()
        Censuses(self.rooms.store(), self.practice.practice, self.crm).forget()
        window = Window(
            practice=self.practice.practice, destination=self.crm, opened_at=now, closes_at=closes_at, opened_by=by
        )
        self.file.write(window)
        return window

    def _check_loaded(self) -> None:
        store, name = self.rooms.store(), self.practice.practice
        mapping = self.rooms.mapping(self.crm)
        passes = {store.frame(name, [self.crm, "loaded", obj]).note().get("pass") for obj in mapping.objects}
        if passes != {"full"}:
            raise SettingsError(
                f"Practice {name} was not loaded into {self.crm} as a whole yet, so no window can go on from there.",
                "Run the full migration first.",
            )

    def opened(self) -> Window:
        """Return the window that is open.

        Raises:
            SettingsError: none is.
        """
        window = self.file.read()
        if window is None or window.closed_at is not None:
            raise SettingsError(
                f"No window of practice {self.practice.practice} into {self.crm} is open.",
                "Open one with `perio cutover start`.",
            )
        return window
