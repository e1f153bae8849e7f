"""The durable journal: an intent before each request, a result after it. It is the truth about the CRM.

From it follow resume after a crash, no duplicate after a lost response, zero writes on an unchanged second pass, the
manifests, the audit log and the rollback. Patients' values stand only in sealed columns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from perio_pipeline.crm.protocol import Payload, RequestStats, Value
from perio_pipeline.errors import JournalError
from perio_pipeline.loading.chain import move_head, read_head, take_over
from perio_pipeline.loading.database import alone, open_database
from perio_pipeline.loading.entries import (
    MATCH,
    Entry,
    Intent,
    Item,
    Known,
    Reading,
    Result,
    RunInfo,
    Scope,
    State,
    Verdict,
    entry_hash,
    payload_content,
    payload_from,
    snapshot_content,
)
from perio_pipeline.loading.lock import hold, require_token
from perio_pipeline.loading.sealing import Seal, journal_key
from perio_pipeline.loading.tables import ENTRY, HEAD, RECORD, TRAFFIC, bring_up_to_date
from perio_pipeline.loading.traffic import Costs, costs_of, requests_of, traffic_of

_ENTRY_COLUMNS = [ENTRY.c[name] for name in Entry.__dataclass_fields__]
REASON_LENGTH = 400
KEY_FILE = "journal.key"
"""Beside the journal, where the environment gives no key."""
FRESH = {"state": State.DONE.value, "operation": "", "created_by_us": False, "code": "", "reason": ""}
"""What a record starts with, where nothing else is said."""


class Journal:
    """One SQL database for all practices. Every method that writes returns after the rows are durable."""

    def __init__(self, url: str | sa.URL, key: bytes) -> None:
        self.engine = open_database(url)
        self.seal = Seal(key)
        self._tokens: dict[tuple[str, str], str] = {}
        try:
            self._make_tables()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def _make_tables(self) -> None:
        with self.engine.begin() as connection:
            alone(connection, "tables")
            if HEAD.name in bring_up_to_date(connection):
                take_over(connection, self.seal)

    @contextmanager
    def locked(self, practice: str, destination: str, run: RunInfo) -> Iterator[None]:
        """Keep other runs from a practice's destination while the block runs; a block within it may ask again.

        Raises:
            LockedError: another run works on it.
        """
        if (practice, destination) in self._tokens:
            yield
            return
        with hold(self.engine, practice, destination, run) as token:
            self._tokens[practice, destination] = token
            try:
                yield
            finally:
                del self._tokens[practice, destination]

    def known(self, scope: Scope) -> dict[str, Known]:
        """Return source key → what is known, for all records of a scope."""
        query = sa.select(*(RECORD.c[name] for name in Known.__dataclass_fields__)).where(_within(RECORD, scope))
        with self.engine.connect() as connection:
            return {row.source_key: Known(**row._mapping) for row in connection.execute(query)}

    def entries(self, practice: str, destination: str | None = None) -> Iterator[Entry]:
        """Stream the audit log of a practice in the order in which it was written."""
        within = [ENTRY.c.practice == practice]
        return self._stream(*within, *([ENTRY.c.destination == destination] if destination is not None else []))

    def scope_entries(self, scope: Scope) -> Iterator[Entry]:
        """Stream what was done to one object's records in the order in which it was written."""
        return self._stream(_within(ENTRY, scope))

    def record_entries(self, scope: Scope, source_key: str) -> Iterator[Entry]:
        """Stream what was done to one record in the order in which it was written."""
        return self._stream(_within(ENTRY, scope), ENTRY.c.source_key == source_key)

    def _stream(self, *conditions: sa.ColumnElement[bool]) -> Iterator[Entry]:
        query = sa.select(*_ENTRY_COLUMNS).where(*conditions)
        with (
            self.engine.connect().execution_options(yield_per=1000) as connection,
            connection.execute(query.order_by(ENTRY.c.number)) as rows,
        ):
            for row in rows:
                yield Entry(**row._mapping)

    def decisions(self, scope: Scope) -> Iterator[Entry]:
        """Stream what people decided about records that the CRM held before, in the order in which they did."""
        return self._stream(_within(ENTRY, scope), ENTRY.c.operation == MATCH)

    def practices(self) -> list[str]:
        """Return the practices that have an audit log."""
        with self.engine.connect() as connection:
            return [
                str(name) for name in connection.execute(sa.select(HEAD.c.practice).order_by(HEAD.c.practice)).scalars()
            ]

    def objects(self, practice: str, destination: str, account: str) -> list[str]:
        """Return the objects of which an account has, or may have, records."""
        within = [RECORD.c.practice == practice, RECORD.c.destination == destination, RECORD.c.account == account]
        query = sa.select(RECORD.c.object).where(*within).distinct().order_by(RECORD.c.object)
        with self.engine.connect() as connection:
            return [str(name) for name in connection.execute(query).scalars()]

    def crm_ids(self, practice: str, destination: str, account: str) -> frozenset[str]:
        """Return every id that our records have, or had, in an account."""
        within = [ENTRY.c.practice == practice, ENTRY.c.destination == destination, ENTRY.c.account == account]
        query = sa.select(ENTRY.c.crm_id).where(*within, ENTRY.c.crm_id.is_not(None)).distinct()
        with self.engine.connect() as connection:
            return frozenset(str(crm_id) for crm_id in connection.execute(query).scalars())

    def last_intent(self, scope: Scope, source_key: str) -> Entry | None:
        """Return the latest intent of a record."""
        query = (
            sa.select(*_ENTRY_COLUMNS)
            .where(_within(ENTRY, scope), ENTRY.c.source_key == source_key, ENTRY.c.kind == "intent")
            .order_by(ENTRY.c.number.desc())
            .limit(1)
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return Entry(**row._mapping) if row else None

    def values_before(self, entry: Entry) -> dict[str, Value] | None:
        """Open what an update replaced; None where nothing was noted.

        Raises:
            SettingsError: the journal's key is not the one the values were sealed with.
        """
        return None if entry.values_before is None else self.seal.open(entry.values_before)

    def payload(self, entry: Entry) -> Payload | None:
        """Open what an intent was about to write; None where it writes nothing.

        Raises:
            SettingsError: the journal's key is not the one the values were sealed with.
        """
        if entry.values_after is None or entry.kind != "intent":
            return None
        return payload_from(self.seal.open(entry.values_after), entry.object, entry.source_key)

    def held(self, entry: Entry) -> dict[str, Any] | None:
        """Open what a reading showed, as `snapshot_content`; None where it showed no record.

        Raises:
            SettingsError: the journal's key is not the one the values were sealed with.
        """
        if entry.values_after is None or entry.kind != "reading":
            return None
        content: dict[str, Any] = self.seal.open(entry.values_after)
        return content

    def append(self, scope: Scope, run: RunInfo, items: Sequence[Item]) -> None:
        """Write intents, results and readings in one transaction; they are durable when this returns."""
        if not items:
            return
        at, names = _now(), asdict(scope)
        with self.engine.begin() as connection:
            alone(connection, scope.practice)
            if token := self._tokens.get((scope.practice, scope.destination)):
                require_token(connection, token, run.run)
            head = read_head(connection, scope.practice, self.seal)
            previous = head.last_hash
            entries = []
            for item in items:
                entry = {**names, **asdict(run), "at": at, **self._entry_row(item), "previous_hash": previous}
                entry["hash"] = previous = entry_hash(entry)
                entries.append(entry)
            connection.execute(ENTRY.insert(), entries)
            move_head(connection, head, len(entries), previous, self.seal)
            rows = [{**names, "changed_at": at, **self._record_row(item)} for item in items]
            # One statement per run of rows with the same columns: their order is kept.
            for columns, alike in groupby(rows, key=tuple):
                connection.execute(_upsert(self.engine.dialect.name, columns), list(alike))

    def record_traffic(self, scope: Scope, run: RunInfo, step: str, stats: RequestStats) -> None:
        """Add what a step of a run cost."""
        row = {**asdict(scope), "run": run.run, "step": step, "at": _now(), **asdict(stats)}
        with self.engine.begin() as connection:
            connection.execute(TRAFFIC.insert(), [row])

    def traffic(self, practice: str, destination: str) -> dict[str, RequestStats]:
        """Return object → what the latest run that touched it cost, all steps and accounts together."""
        with self.engine.connect() as connection:
            return traffic_of(connection, practice, destination)

    def requests(self, practice: str, destination: str, run: str) -> int:
        """Return how many requests a run has sent."""
        with self.engine.connect() as connection:
            return requests_of(connection, practice, destination, run)

    def costs(self, practice: str, destination: str) -> dict[str, Costs]:
        """Return object → what writing and reading it back cost, all accounts together."""
        with self.engine.connect() as connection:
            return costs_of(connection, practice, destination)

    def append_readings(
        self, scope: Scope, run: RunInfo, readings: Sequence[Reading], known: Mapping[str, Known]
    ) -> None:
        """Write those readings that show something new: a record that is as it was last read adds no line.

        The first reading after a write is always new: it says what the write has left in the CRM.
        """
        new = [reading for reading in readings if self._is_new(reading, known)]
        unread = {reading.source_key for reading in new if known[reading.source_key].as_written is None}
        self.append(scope, run, [replace(reading, first=reading.source_key in unread) for reading in new])

    def _is_new(self, reading: Reading, known: Mapping[str, Known]) -> bool:
        before = known.get(reading.source_key)
        if before is None:
            return False
        if reading.verdict is Verdict.HELD:
            return before.held != self._digest(reading) or before.as_written is None or before.state == State.GONE
        return before.state != State.GONE if reading.verdict is Verdict.GONE else before.fingerprint is not None

    def _entry_row(self, item: Item) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(("values_before", "values_after"))
        row |= {"source_key": item.source_key, "status": "", "code": "", "reason": "", "trace_id": ""}
        row |= {"crm_id": item.ref.crm_id, "parent_id": item.ref.parent_id} if item.ref else _NOWHERE
        if isinstance(item, Reading):
            content = snapshot_content(item.snapshot) if item.snapshot else None
            return row | {
                "kind": "reading",
                "operation": "read",
                "fingerprint": self._digest(item) or "",
                "status": item.verdict.value,
                "values_after": None if content is None else self.seal.close(content),
            }
        row |= {"operation": item.operation, "fingerprint": item.fingerprint}
        if isinstance(item, Result):
            said = {"status": item.status, "code": item.code, "reason": _short(item.reason), "trace_id": item.trace_id}
            return row | {"kind": "result", **said}
        before, payload = item.values_before, item.payload
        return row | {
            "kind": "intent",
            "values_before": None if before is None else self.seal.close(before),
            "values_after": None if payload is None else self.seal.close(payload_content(payload)),
        }

    def _record_row(self, item: Item) -> dict[str, Any]:
        """The columns of `record` that an item changes."""
        row: dict[str, Any] = {"source_key": item.source_key}
        if isinstance(item, Intent):
            return row | {"operation": item.operation, "state": State.INTENDED.value, "intended": item.fingerprint}
        if isinstance(item, Result):
            return row | _settled(item)
        if item.verdict is Verdict.HELD:
            digest = self._digest(item)
            return row | {"state": State.DONE.value, "held": digest, **({"as_written": digest} if item.first else {})}
        return row | ({"state": State.GONE.value} if item.verdict is Verdict.GONE else {"fingerprint": None})

    def _digest(self, reading: Reading) -> str | None:
        return self.seal.digest(snapshot_content(reading.snapshot)) if reading.snapshot else None


def open_journal(folder: Path, url: str | None = None) -> Journal:
    """Open the journal of a data folder, or the one at `url`.

    The encryption key comes from `PERIO_JOURNAL_KEY`; where that is not set, a key file beside the journal is made,
    readable by its owner only.
    """
    file = folder / "journal.sqlite"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if url is None:
            os.close(os.open(file, os.O_CREAT, 0o600))  # SQLite gives its other files the rights of this one
        key = journal_key(folder / KEY_FILE)
    except OSError as error:
        raise JournalError(
            f"The journal's folder {folder} cannot be used: {error.strerror}.", "Look at its rights and its room."
        ) from None
    return Journal(url or sa.URL.create("sqlite", database=str(file)), key)


_NOWHERE = {"crm_id": None, "parent_id": None}


def _settled(result: Result) -> dict[str, Any]:
    """What a result makes of its record."""
    row: dict[str, Any] = {"operation": result.operation, "code": result.code, "reason": _short(result.reason)}
    if result.status == "unknown":
        return row | {"state": State.INTENDED.value}
    if result.status == "refused":
        return row | {"state": State.REFUSED.value, "intended": None}
    if result.status in (State.LINKED, State.SEPARATE):
        there = result.ref if result.status == State.LINKED else None
        where = {"crm_id": there.crm_id, "parent_id": there.parent_id} if there else _NOWHERE
        return row | where | {"state": result.status, "fingerprint": None, "held": None, "as_written": None}
    row |= {"state": State.DONE.value, "fingerprint": result.fingerprint, "intended": None, "as_written": None}
    if result.operation == "delete":
        return (
            row | _NOWHERE | {"state": State.REVERSED.value, "fingerprint": None, "held": None, "created_by_us": False}
        )
    if result.operation == "restore":
        return row | {"state": State.REVERSED.value, "fingerprint": None, "held": None}
    if result.ref:
        row |= {"crm_id": result.ref.crm_id, "parent_id": result.ref.parent_id}
    return row | ({"created_by_us": True} if result.operation == "create" else {})


def _upsert(dialect: str, columns: tuple[str, ...]) -> sa.Insert:
    """Insert rows with these columns, or set them on the rows that are there."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    keys = [column.name for column in RECORD.primary_key]
    fresh = {name: value for name, value in FRESH.items() if name not in columns}
    statement = insert(RECORD).values({**{name: sa.bindparam(name) for name in columns}, **fresh})
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in columns if name not in keys}
    )


def _within(table: sa.Table, scope: Scope) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in asdict(scope).items()))


def _short(reason: str) -> str:
    """Cut a reason, and take out the one character that PostgreSQL's texts cannot hold."""
    return reason.replace("\0", " ")[:REASON_LENGTH]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
