"""The durable journal: an intent before each request, a result after it. It is the truth about the CRM.

From it follow resume after a crash, no duplicate after a lost response, zero writes on an unchanged second pass, the
manifests and the audit log. Values stand only in `values_before`, encrypted with the key from `PERIO_JOURNAL_KEY`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.dialects import postgresql, sqlite

from perio_pipeline.crm.protocol import Ref, RequestStats, Value
from perio_pipeline.errors import SettingsError
from perio_pipeline.loading.tables import ENTRY, METADATA, RECORD, TRAFFIC

KEY_VARIABLE = "PERIO_JOURNAL_KEY"
CHAIN_START = "0" * 64
BUSY_SECONDS = 30
"""How long a writer waits for another one."""
FRESH = {"created_by_us": False, "code": "", "reason": ""}
"""What a record starts with, where nothing else is said."""


@dataclass(frozen=True)
class Scope:
    """Whose records: one object in one account of one practice's destination."""

    practice: str
    destination: str
    account: str
    object: str


@dataclass(frozen=True)
class RunInfo:
    """Which run writes: its id, its pass (sample, full, delta) and who started it."""

    run: str
    load_pass: str
    actor: str


@dataclass(frozen=True)
class Known:
    """What the journal knows about a record."""

    source_key: str
    state: str
    operation: str
    crm_id: str | None
    parent_id: str | None
    fingerprint: str | None
    intended: str | None
    created_by_us: bool
    code: str
    reason: str

    def ref(self, obj: str) -> Ref | None:
        """Where the record lies in the CRM, if it is known to be there."""
        return Ref(obj, self.crm_id, self.parent_id) if self.crm_id else None


@dataclass(frozen=True)
class Intent:
    """What is about to be written. `values_before` are the CRM's values of the fields an update replaces."""

    source_key: str
    operation: str
    fingerprint: str
    ref: Ref | None = None
    values_before: Mapping[str, Value] | None = None


@dataclass(frozen=True)
class Result:
    """What became of an intent: `done`, `refused`, or `unknown` (the intent stays open)."""

    source_key: str
    operation: str
    fingerprint: str
    status: str
    ref: Ref | None = None
    code: str = ""
    reason: str = ""
    trace_id: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of the audit log, as it stands in the database; `values_before` is still sealed."""

    number: int
    practice: str
    destination: str
    account: str
    object: str
    source_key: str
    kind: str
    operation: str
    run: str
    load_pass: str
    actor: str
    at: str
    fingerprint: str
    status: str
    crm_id: str | None
    parent_id: str | None
    code: str
    reason: str
    trace_id: str
    values_before: bytes | None
    previous_hash: str
    hash: str

    @property
    def scope(self) -> Scope:
        """Whose record it is about."""
        return Scope(self.practice, self.destination, self.account, self.object)


@dataclass(frozen=True)
class Costs:
    """Requests of an object.

    Attributes:
        load: of the latest run that wrote any of its records.
        written: how many records that run wrote.
        readback: of the latest run that read it back.
    """

    load: int = 0
    written: int = 0
    readback: int = 0


class Journal:
    """One SQL database for all practices. Every method that writes returns after the rows are durable."""

    def __init__(self, url: str, key: bytes) -> None:
        self._engine = sa.create_engine(url)
        self._cipher = Fernet(key)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _durable_sqlite)
        with self._engine.begin() as connection:
            _alone(connection, "tables")
            METADATA.create_all(connection)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def known(self, scope: Scope) -> dict[str, Known]:
        """Return source key → what is known, for all records of a scope."""
        query = sa.select(*(RECORD.c[name] for name in Known.__dataclass_fields__)).where(_within(RECORD, scope))
        with self._engine.connect() as connection:
            return {row.source_key: Known(**row._mapping) for row in connection.execute(query)}

    def entries(self, practice: str, destination: str | None = None) -> Iterator[Entry]:
        """Stream the audit log of a practice in the order in which it was written."""
        query = sa.select(*(ENTRY.c[name] for name in Entry.__dataclass_fields__)).where(ENTRY.c.practice == practice)
        if destination is not None:
            query = query.where(ENTRY.c.destination == destination)
        with self._engine.connect().execution_options(yield_per=1000) as connection:
            for row in connection.execute(query.order_by(ENTRY.c.number)):
                yield Entry(**row._mapping)

    def values_before(self, entry: Entry) -> dict[str, Value] | None:
        """Open what an update replaced; None where nothing was noted.

        Raises:
            SettingsError: the journal's key is not the one the values were sealed with.
        """
        if entry.values_before is None:
            return None
        try:
            opened: dict[str, Value] = json.loads(self._cipher.decrypt(entry.values_before))
        except InvalidToken:
            raise SettingsError(
                "The journal's values were sealed with another key.", f"Give that key in {KEY_VARIABLE}."
            ) from None
        return opened

    def append(self, scope: Scope, run: RunInfo, items: Sequence[Intent | Result]) -> None:
        """Write intents and results in one transaction; they are durable when this returns."""
        if not items:
            return
        at, names = _now(), asdict(scope)
        with self._engine.begin() as connection:
            _alone(connection, scope.practice)
            previous = self._last_hash(connection, scope.practice)
            entries = []
            for item in items:
                row = self._intent_row(item) if isinstance(item, Intent) else _result_row(item)
                entry = {**names, **asdict(run), "at": at, **row, "previous_hash": previous}
                entry["hash"] = previous = entry_hash(entry)
                entries.append(entry)
            connection.execute(ENTRY.insert(), entries)
            rows = [{**names, "changed_at": at, **_record_row(item)} for item in items]
            # One statement per run of rows with the same columns: their order is kept.
            for columns, alike in groupby(rows, key=tuple):
                connection.execute(_upsert(self._engine.dialect.name, columns), list(alike))

    def record_traffic(self, scope: Scope, run: RunInfo, step: str, stats: RequestStats) -> None:
        """Add what a step of a run cost."""
        row = {**asdict(scope), "run": run.run, "step": step, "at": _now(), **asdict(stats)}
        with self._engine.begin() as connection:
            connection.execute(TRAFFIC.insert(), [row])

    def traffic(self, practice: str, destination: str) -> dict[str, RequestStats]:
        """Return object → what the latest run that touched it cost, all steps and accounts together."""
        within = sa.and_(TRAFFIC.c.practice == practice, TRAFFIC.c.destination == destination)
        latest = (
            sa.select(TRAFFIC.c.object, sa.func.max(TRAFFIC.c.number).label("number"))
            .where(within)
            .group_by(TRAFFIC.c.object)
            .subquery()
        )
        runs = sa.select(TRAFFIC.c.object, TRAFFIC.c.run).join(latest, TRAFFIC.c.number == latest.c.number).subquery()
        sums = [sa.func.sum(TRAFFIC.c[name]) for name in ("requests", "writes", "rate_limited")]
        query = (
            sa.select(TRAFFIC.c.object, *sums)
            .join(runs, sa.and_(TRAFFIC.c.object == runs.c.object, TRAFFIC.c.run == runs.c.run))
            .where(within)
            .group_by(TRAFFIC.c.object)
        )
        with self._engine.connect() as connection:
            return {obj: RequestStats(*map(int, costs)) for obj, *costs in connection.execute(query)}

    def costs(self, practice: str, destination: str) -> dict[str, Costs]:
        """Return object → what writing and reading it back cost, all accounts together."""

        def by_run(
            table: sa.Table, figure: sa.ColumnElement[int], *conditions: sa.ColumnElement[bool]
        ) -> sa.Select[Any]:
            within = (table.c.practice == practice, table.c.destination == destination, *conditions)
            latest = sa.func.max(table.c.number).label("latest")
            return (
                sa.select(table.c.object, table.c.run, figure, latest)
                .where(*within)
                .group_by(table.c.object, table.c.run)
                .order_by("latest")
            )

        written = sa.func.count(sa.distinct(ENTRY.c.account + "/" + ENTRY.c.source_key))
        done = (ENTRY.c.kind == "result", ENTRY.c.status == "done", ENTRY.c.operation.in_(("create", "update")))
        requests = sa.func.sum(TRAFFIC.c.requests)
        with self._engine.connect() as connection:
            records = {row[0]: (row[1], int(row[2])) for row in connection.execute(by_run(ENTRY, written, *done))}
            loads = {
                tuple(row[:2]): int(row[2]) for row in connection.execute(by_run(TRAFFIC, requests, _step("load")))
            }
            reads = {row[0]: int(row[2]) for row in connection.execute(by_run(TRAFFIC, requests, _step("readback")))}
        objects = dict.fromkeys((*records, *reads))
        runs = {obj: records.get(obj, ("", 0)) for obj in objects}
        return {obj: Costs(loads.get((obj, run), 0), count, reads.get(obj, 0)) for obj, (run, count) in runs.items()}

    def _intent_row(self, intent: Intent) -> dict[str, Any]:
        before = intent.values_before
        sealed = None if before is None else self._cipher.encrypt(json.dumps(before, sort_keys=True).encode())
        return {
            "source_key": intent.source_key,
            "kind": "intent",
            "operation": intent.operation,
            "fingerprint": intent.fingerprint,
            "status": "",
            "crm_id": intent.ref.crm_id if intent.ref else None,
            "parent_id": intent.ref.parent_id if intent.ref else None,
            "code": "",
            "reason": "",
            "trace_id": "",
            "values_before": sealed,
        }

    @staticmethod
    def _last_hash(connection: sa.Connection, practice: str) -> str:
        query = sa.select(ENTRY.c.hash).where(ENTRY.c.practice == practice).order_by(ENTRY.c.number.desc()).limit(1)
        return connection.execute(query).scalar() or CHAIN_START


def open_journal(folder: Path, url: str | None = None) -> Journal:
    """Open the journal of a data folder, or the one at `url`.

    The encryption key comes from `PERIO_JOURNAL_KEY`; where that is not set, a key file beside the journal is made,
    readable by its owner only.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "journal.sqlite"
    if url is None:
        os.close(os.open(file, os.O_CREAT, 0o600))  # SQLite gives its other files the rights of this one
    return Journal(url or f"sqlite:///{file}", _key(folder / "journal.key"))


def _key(path: Path) -> bytes:
    given = os.environ.get(KEY_VARIABLE)
    if given:
        return _checked(given.encode(), KEY_VARIABLE, "Use 32 random bytes in URL-safe base64.")
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
    for _ in range(50):  # another process may have made the file and not yet filled it
        if path.stat().st_size:
            break
        time.sleep(0.02)
    return _checked(path.read_bytes(), str(path), f"Put the right key back, or give it in {KEY_VARIABLE}.")


def _checked(key: bytes, where: str, remedy: str) -> bytes:
    try:
        Fernet(key)
    except ValueError:
        raise SettingsError(f"{where} is no Fernet key.", remedy) from None
    return key


def entry_hash(entry: Mapping[str, Any]) -> str:
    """Return the hash that chains an entry to the one before it; covers every column but its number and itself."""
    shown = {k: v.hex() if isinstance(v, bytes) else v for k, v in entry.items() if k not in ("number", "hash")}
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def _result_row(result: Result) -> dict[str, Any]:
    return {
        "source_key": result.source_key,
        "kind": "result",
        "operation": result.operation,
        "fingerprint": result.fingerprint,
        "status": result.status,
        "crm_id": result.ref.crm_id if result.ref else None,
        "parent_id": result.ref.parent_id if result.ref else None,
        "code": result.code,
        "reason": result.reason[:400],
        "trace_id": result.trace_id,
        "values_before": None,
    }


def _record_row(item: Intent | Result) -> dict[str, Any]:
    """The columns of `record` that an intent or a result changes."""
    row: dict[str, Any] = {"source_key": item.source_key, "operation": item.operation}
    if isinstance(item, Intent):
        return row | {"state": "intended", "intended": item.fingerprint}
    row |= {
        "state": "intended" if item.status == "unknown" else item.status,
        "code": item.code,
        "reason": item.reason[:400],
    }
    if item.status == "done":
        row |= {"fingerprint": item.fingerprint, "intended": None}
        if item.ref:
            row |= {"crm_id": item.ref.crm_id, "parent_id": item.ref.parent_id}
        if item.operation == "create":
            row |= {"created_by_us": True}
    elif item.status == "refused":
        row |= {"intended": None}
    return row


def _upsert(dialect: str, columns: tuple[str, ...]) -> sa.Insert:
    """Insert rows with these columns, or set them on the rows that are there."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    keys = [column.name for column in RECORD.primary_key]
    fresh = {name: value for name, value in FRESH.items() if name not in columns}
    statement = insert(RECORD).values({**{name: sa.bindparam(name) for name in columns}, **fresh})
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in columns if name not in keys}
    )


def _alone(connection: sa.Connection, name: str) -> None:
    """Let nobody else write in this transaction's time: two who read the same last hash would fork the chain."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"perio {name}"))))


def _step(name: str) -> sa.ColumnElement[bool]:
    return TRAFFIC.c.step == name


def _within(table: sa.Table, scope: Scope) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[name] == value for name, value in asdict(scope).items()))


def _durable_sqlite(connection: Any, _: Any) -> None:
    # WAL lets readers go on while the loader writes; FULL makes each commit survive a power cut.
    connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:  # SQLite does not wait while another one turns a new file to WAL
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous=FULL")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
