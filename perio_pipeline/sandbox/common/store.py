"""Records of one sandbox: in memory with indexes for every request, in SQLite to survive a restart.

Records are JSON objects and never changed in place: a change puts a new object under the same id.
"""

import json
import sqlite3
from collections import deque
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Key = str | int


class Table:
    """Records by id, and by any property; an index is built when a property is first asked for."""

    def __init__(self, indexed: tuple[str, ...] = ()) -> None:
        self._records: dict[Key, Json] = {}
        self._indexes: dict[str, dict[Any, dict[Key, None]]] = {name: {} for name in indexed}

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Json]:
        return iter(self._records.values())

    def get(self, record_id: Key) -> Json | None:
        """The record as last written."""
        return self._records.get(record_id)

    def by(self, name: str, value: Any) -> list[Json]:
        """Records whose property has this value, oldest first; `a.b` is property b of property a."""
        if name not in self._indexes:
            self._indexes[name] = {}
            for record in self:
                self._index(name, record)
        return [self._records[record_id] for record_id in self._indexes[name].get(value, ())]

    def replace(self, record: Json) -> None:
        """Put a record in place of the one with its id."""
        self._unindex(record["id"])
        self._records[record["id"]] = record
        for name in self._indexes:
            self._index(name, record)

    def discard(self, record_id: Key) -> None:
        """Take a record away, if it is there."""
        self._unindex(record_id)
        self._records.pop(record_id, None)

    def _index(self, name: str, record: Json) -> None:
        value = property_of(record, name)
        if isinstance(value, Hashable) and value is not None:
            self._indexes[name].setdefault(value, {})[record["id"]] = None

    def _unindex(self, record_id: Key) -> None:
        old = self._records.get(record_id)
        if old is None:
            return
        for name, index in self._indexes.items():
            value = property_of(old, name)
            ids = index.get(value) if isinstance(value, Hashable) else None
            if ids is not None:
                ids.pop(record_id, None)
                if not ids:
                    del index[value]


class Collection(Table):
    """All records of one kind in one location, and the same as the search sees them."""

    def __init__(self, indexed: tuple[str, ...] = ()) -> None:
        super().__init__(indexed)
        self._visible = Table()
        self._changes: deque[tuple[float, Key, Json | None]] = deque()

    def set(self, record: Json, now: float) -> None:
        """Put a record in place of the one with its id."""
        self.replace(record)
        self._changes.append((now, record["id"], record))

    def remove(self, record_id: Key, now: float) -> None:
        """Take a record away."""
        self.discard(record_id)
        self._changes.append((now, record_id, None))

    def visible(self, until: float) -> Table:
        """What the search shows: the state at `until`, so late changes are missing and deleted records linger."""
        while self._changes and self._changes[0][0] <= until:
            _, record_id, record = self._changes.popleft()
            if record is None:
                self._visible.discard(record_id)
            else:
                self._visible.replace(record)
        return self._visible


def property_of(record: Json, name: str) -> Any:
    """A property; `a.b` is property b of property a."""
    outer, _, inner = name.partition(".")
    value = record.get(outer)
    if not inner:
        return value
    return value.get(inner) if isinstance(value, dict) else None


class Disk:
    """The SQLite file behind a sandbox, or memory-only SQLite when there is no file."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        # The server's thread is not the one that builds the app; only one of them uses the connection at a time.
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._keeps_records = path is not None
        self._pending: dict[tuple[str, str, str], str | None] = {}
        self._db.executescript(
            """
            PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;
            CREATE TABLE IF NOT EXISTS record (
              location TEXT, kind TEXT, id TEXT, position INTEGER PRIMARY KEY, json TEXT, UNIQUE (location, kind, id));
            CREATE TABLE IF NOT EXISTS file (id TEXT PRIMARY KEY, content BLOB) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
            """
        )

    def load(self) -> Iterator[tuple[str, str, Json]]:
        """All records in the order they were first written: location, kind, record."""
        rows = self._db.execute("SELECT location, kind, json FROM record ORDER BY position")
        return ((location, kind, json.loads(text)) for location, kind, text in rows)

    def write(self, location: str, kind: str, record_id: Key, record: Json | None) -> None:
        """Note a record (None: its removal) for the next commit."""
        if self._keeps_records:
            text = None if record is None else json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            self._pending[location, kind, str(record_id)] = text

    def commit(self, now: float) -> None:
        """Make all noted writes durable, with the simulated time they happened at."""
        if not self._pending:
            return
        self._db.execute("BEGIN")
        for (location, kind, record_id), text in self._pending.items():
            if text is None:
                self._db.execute(
                    "DELETE FROM record WHERE location = ? AND kind = ? AND id = ?", (location, kind, record_id)
                )
            else:
                self._db.execute(
                    "INSERT INTO record (location, kind, id, json) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT (location, kind, id) DO UPDATE SET json = excluded.json",
                    (location, kind, record_id, text),
                )
        self.remember("clock", repr(now))
        self._db.execute("COMMIT")
        self._pending.clear()

    def meta(self, name: str) -> str | None:
        """A value remembered about the whole sandbox."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def remember(self, name: str, value: str) -> None:
        """Keep a value about the whole sandbox."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def save_file(self, file_id: Key, content: bytes) -> None:
        """Keep the bytes of an uploaded file."""
        self._db.execute("INSERT OR REPLACE INTO file VALUES (?, ?)", (str(file_id), content))

    def read_file(self, file_id: Key) -> bytes | None:
        """The bytes of an uploaded file."""
        row = self._db.execute("SELECT content FROM file WHERE id = ?", (str(file_id),)).fetchone()
        return None if row is None else bytes(row[0])

    def delete_file(self, file_id: Key) -> None:
        """Let the bytes of an uploaded file go."""
        self._db.execute("DELETE FROM file WHERE id = ?", (str(file_id),))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
