"""Takes patients' values out of the journal and leaves the audit log provable: who did what to which record, and when.

The hash of an entry covers its sealed values, so that it cannot be computed again without them. What stays of erased
entries, and their hashes, is therefore digested in one more entry of the chain, per destination. A verification follows
the chain as before; for entries without values it computes that digest and compares (`Residue`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from perio_pipeline.loading.chain import move_head, read_head
from perio_pipeline.loading.database import alone
from perio_pipeline.loading.entries import RunInfo, State, entry_hash
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.tables import ENTRY, RECORD

ERASURE = "erasure"
"""The kind of an entry that vouches for erased ones: `fingerprint` is their digest, `code` up to when, `actor` who."""

_VALUES = ("values_before", "values_after")


@dataclass
class Residue:
    """What stays of the erased entries of one destination, digested in their order.

    Attributes:
        waiting: places of entries that no erasure has vouched for yet.
        erased: how many have been vouched for.
    """

    waiting: list[int] = field(default_factory=list)
    erased: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def take(self, place: int, entry: Mapping[str, Any]) -> None:
        """Take in an entry whose values are gone."""
        self._digest.update(f"{residue_hash(entry)} {entry.get('hash')}\n".encode())
        self.waiting.append(place)

    def hexdigest(self) -> str:
        """The digest of all that were taken in."""
        return str(self._digest.hexdigest())

    def vouched(self, erasure: Mapping[str, Any]) -> bool:
        """Whether an erasure speaks of just these entries; then none of them waits any more."""
        if erasure.get("fingerprint") != self.hexdigest():
            return False
        self.erased += len(self.waiting)
        self.waiting.clear()
        return True


@dataclass(frozen=True)
class Erased:
    """What was erased for one destination: how many entries lost their values, and the entry that vouches for them."""

    destination: str
    entries: int
    residue: str
    entry_hash: str


def residue_hash(entry: Mapping[str, Any]) -> str:
    """Digest what stays of an entry when its values are gone."""
    return entry_hash({**entry, "values_before": None, "values_after": None})


def lost_its_values(entry: Mapping[str, Any]) -> bool:
    """Whether an entry has no values and its hash says that it had some."""
    return all(entry.get(name) is None for name in _VALUES) and entry_hash(entry) != entry.get("hash")


def values_held(journal: Journal, practice: str, before: datetime | None) -> tuple[int, int]:
    """Return how many entries of a practice hold values that an erasure would take, and their bytes."""
    size = sum(sa.func.coalesce(sa.func.length(ENTRY.c[name]), 0) for name in _VALUES)
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(size), 0)).where(*_erasable(practice, before))
    with journal.engine.connect() as connection:
        entries, total = connection.execute(query).one()
    return int(entries), int(total)


def erase_values(journal: Journal, practice: str, run: RunInfo, before: datetime | None = None) -> list[Erased]:
    """Erase the sealed values of a practice, in one transaction with the entries that vouch for what stays.

    Args:
        journal: where they are.
        practice: whose.
        run: under which the erasure stands in the log; its actor is who asked for it.
        before: only of entries older than that, and not of records whose latest write has no known outcome.

    Raises:
        HeadError: the log is not as this program left it; nothing is erased.
    """
    done = []
    with journal.engine.begin() as connection:
        alone(connection, practice)
        head = read_head(connection, practice, journal.seal)
        here = _erasable(practice, before)
        numbers = connection.execute(sa.select(ENTRY.c.number, ENTRY.c.destination).where(*here)).all()
        fresh = {number for number, _ in numbers}
        connection.execute(ENTRY.update().where(*here).values(dict.fromkeys(_VALUES)))
        residues = _residues(connection, practice, fresh)
        previous = head.last_hash
        for destination in sorted({name for _, name in numbers}):
            entries = sum(name == destination for _, name in numbers)
            row = _row(practice, destination, run, before, entries, residues[destination].hexdigest(), previous)
            row["hash"] = previous = entry_hash(row)
            connection.execute(ENTRY.insert(), row)
            done.append(Erased(destination, entries, row["fingerprint"], previous))
        if done:
            move_head(connection, head, len(done), previous, journal.seal)
    if done:
        _overwrite(journal.engine)
    return done


def _erasable(practice: str, before: datetime | None) -> list[sa.ColumnElement[bool]]:
    holds = sa.or_(*(ENTRY.c[name].is_not(None) for name in _VALUES))
    if before is None:
        return [ENTRY.c.practice == practice, holds]
    scope = ("practice", "destination", "account", "object", "source_key")
    under_way = sa.exists().where(
        RECORD.c.state == State.INTENDED.value, *(RECORD.c[name] == ENTRY.c[name] for name in scope)
    )
    moment = before.astimezone(UTC).isoformat(timespec="milliseconds")
    return [ENTRY.c.practice == practice, holds, ENTRY.c.at < moment, sa.not_(under_way)]


def _residues(connection: sa.Connection, practice: str, fresh: set[int]) -> dict[str, Residue]:
    """Return destination → the digest of all its erased entries: those of now, and those of earlier erasures."""
    residues: dict[str, Residue] = {}
    query = sa.select(ENTRY).where(ENTRY.c.practice == practice, *(ENTRY.c[name].is_(None) for name in _VALUES))
    with connection.execution_options(yield_per=1000).execute(query.order_by(ENTRY.c.number)) as rows:
        for row in map(dict, rows.mappings()):
            if row["number"] in fresh or lost_its_values(row):
                residues.setdefault(row["destination"], Residue()).take(row["number"], row)
    return residues


def _row(
    practice: str,
    destination: str,
    run: RunInfo,
    before: datetime | None,
    entries: int,
    residue: str,
    previous: str,
) -> dict[str, Any]:
    return {
        "practice": practice,
        "destination": destination,
        **dict.fromkeys(("account", "object", "source_key", "trace_id"), ""),
        **dict.fromkeys(("crm_id", "parent_id", *_VALUES)),
        **asdict(run),
        "kind": ERASURE,
        "operation": "purge",
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "fingerprint": residue,
        "status": "done",
        "code": before.astimezone(UTC).isoformat(timespec="seconds") if before else "all",
        "reason": f"the values of {entries} entries were erased",
        "previous_hash": previous,
    }


def _overwrite(engine: sa.Engine) -> None:
    """Have the database's file written anew: what was deleted only would still stand in its free pages."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.exec_driver_sql("VACUUM (FULL) entry")
