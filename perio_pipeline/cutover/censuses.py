"""The censuses of a window: what was in each table when it was last loaded, and what a look has found since.

What a look finds is kept under a name of its own and becomes the known census when its batch was loaded. So what an
earlier look found, and nobody loaded, can never become known.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from perio_pipeline.panda.changes import CENSUS, Guard, TableChanges, compare, merged, take_census
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import BY_EXAM, TABLES
from perio_pipeline.store import FrameStore

KNOWN = "census"
FOUND = "census_found"


@dataclass(frozen=True)
class Censuses:
    """Those of one practice and destination, as frames in the store."""

    store: FrameStore
    practice: str
    destination: str

    def look(self, source: PandaSource, look: str, guard: Guard, *, whole: bool) -> dict[str, TableChanges]:
        """Compare every table with what is known of it, and keep what was found under the look's name.

        Raises:
            SourceError: a table cannot be read, or too much of it is gone at once.
        """
        changes = {}
        for name, table in TABLES.items():
            now = take_census(source, table, whole=whole)
            known = self._read(KNOWN, name)
            if now is None:
                continue
            if known is None:
                guard.check_size(name, self._extracted(name), len(now))
                changes[name] = TableChanges(new=frozenset(now["key"]))
            else:
                changes[name] = compare(known, now)
                guard.check(name, changes[name], len(known))
                now = now if whole else merged(known, now)
            self._write(FOUND, name, now, look)
        return changes

    def touched_exams(self, look: str) -> frozenset[str] | None:
        """Return the exams that a look found new, changed or deleted, or with another chart; None where none are known.

        Tables that the look passed over do not speak: it did not find anything of theirs to be loaded.
        """
        touched: set[str] = set()
        for name in ("perio_exam", *BY_EXAM):
            found = self.store.frame(self.practice, [self.destination, FOUND, name])
            if not found.exists() or found.note().get("look") != look:
                continue
            known = self._read(KNOWN, name)
            if known is None:
                return None
            changes = compare(known, found.read().astype(CENSUS))
            touched |= changes.new | changes.changed | changes.deleted
        return frozenset(touched)

    def accept(self, look: str) -> None:
        """Make what a look has found the known census; done twice, it changes nothing the second time."""
        for name in TABLES:
            frame = self.store.frame(self.practice, [self.destination, FOUND, name])
            if frame.exists() and frame.note().get("look") == look:
                self._write(KNOWN, name, frame.read().astype(CENSUS), look)

    def forget(self) -> None:
        """Know nothing any more, so that the next look finds everything new."""
        for name in TABLES:
            for kind in (KNOWN, FOUND):
                self.store.frame(self.practice, [self.destination, kind, name]).path.unlink(missing_ok=True)

    def _read(self, kind: str, name: str) -> pd.DataFrame | None:
        frame = self.store.frame(self.practice, [self.destination, kind, name])
        return frame.read().astype(CENSUS) if frame.exists() else None

    def _extracted(self, name: str) -> int:
        """The records of a table that the latest extract had; 0 for charts, which are counted by exam."""
        extract = self.store.frame(self.practice, ["panda", name])
        return extract.rows() if extract.exists() and name not in BY_EXAM else 0

    def _write(self, kind: str, name: str, census: pd.DataFrame, look: str) -> None:
        key = [self.destination, kind, name]
        # Nameless while it is being replaced: a new frame must not stand under an earlier look's name.
        self.store.write_note(self.practice, key, {})
        self.store.write(self.practice, key, census)
        self.store.write_note(self.practice, key, {"look": look})
