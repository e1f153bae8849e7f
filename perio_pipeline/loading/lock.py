"""One run at a time works on a practice's destination: who does stands in the journal, for all machines.

A run may hold it from several processes; different practices and destinations do not wait for each other. Who has died
holds nothing: on this machine that is seen at once by its process, on another one by its silence. A holder that was
taken for dead and comes back can write no more: the journal asks for its token in each transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa

from perio_pipeline import processes
from perio_pipeline.errors import GateError, JournalError
from perio_pipeline.loading.database import alone, clock
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.tables import HOLDER

BEAT_SECONDS = 20
"""How often a holder gives a sign of life."""
SILENT_SECONDS = 180
"""After which time without one a holder on another machine is taken for dead."""


@dataclass(frozen=True)
class Holder:
    """A process that works on a practice's destination, and for which run.

    Attributes:
        token: of this one holding.
        practice, destination: what it holds.
        run, actor: which run it belongs to, and who started that.
        host, machine, process, process_started: which process (`processes.Process`).
        since: when it began, in UTC.
        beat: its last sign of life, in seconds of the database's clock.
    """

    token: str
    practice: str
    destination: str
    run: str
    actor: str
    host: str
    machine: str
    process: int
    process_started: str
    since: str
    beat: float


class LockedError(GateError):
    """Another run works on the practice's destination."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        super().__init__(
            f"Run {holder.run} of {holder.actor} has been working on practice {holder.practice} in "
            f"{holder.destination} since {holder.since} (process {holder.process} on {holder.host}).",
            "Wait until it ends, or cancel it; then run again, it goes on from there. With PERIO_WAIT_MINUTES a run "
            "waits by itself.",
        )


_mine: set[str] = set()
"""Tokens this process holds: a row of this process that is not among them was left behind by a lost connection."""


@contextmanager
def hold(engine: sa.Engine, practice: str, destination: str, run: RunInfo) -> Iterator[str]:
    """Hold a practice's destination for a run while the block runs; yields the token.

    Raises:
        LockedError: another run holds it.
    """
    token = str(uuid4())
    _mine.add(token)
    over = threading.Event()
    beats = threading.Thread(target=_beat, args=(engine, token, over), name="journal lock", daemon=True)
    try:
        _take(engine, token, practice, destination, run)
        beats.start()
        yield token
    finally:
        _mine.discard(token)
        over.set()
        if beats.ident is not None:
            beats.join(BEAT_SECONDS)
        # Where the journal cannot be reached any more, the end of this process frees it.
        with suppress(JournalError, sa.exc.SQLAlchemyError), engine.begin() as connection:
            connection.execute(HOLDER.delete().where(HOLDER.c.token == token))


def holder(engine: sa.Engine, practice: str, destination: str) -> Holder | None:
    """Return who holds a practice's destination now."""
    with engine.connect() as connection:
        return next(iter(_living(connection, practice, destination)), None)


def require_token(connection: sa.Connection, token: str, run: str) -> None:
    """Make sure, in the transaction that writes, that a holder still is one.

    Raises:
        GateError: it was silent for too long, and another run took over.
    """
    if connection.execute(sa.select(HOLDER.c.token).where(HOLDER.c.token == token)).first() is None:
        raise GateError(
            f"Run {run} gave no sign of life for more than {SILENT_SECONDS} seconds, and another run took over.",
            "Run again when that one has ended: it goes on from there.",
        )


def _take(engine: sa.Engine, token: str, practice: str, destination: str, run: RunInfo) -> None:
    me = processes.this_process()
    with engine.begin() as connection:
        alone(connection, f"lock {practice} {destination}")
        living = _living(connection, practice, destination)
        for other in living:
            if other.run != run.run:
                raise LockedError(other)
        here = sa.and_(HOLDER.c.practice == practice, HOLDER.c.destination == destination)
        connection.execute(HOLDER.delete().where(here, HOLDER.c.token.not_in([other.token for other in living])))
        mine = Holder(
            token,
            practice,
            destination,
            run.run,
            run.actor,
            me.host,
            me.machine,
            me.number,
            me.started,
            datetime.now(UTC).isoformat(timespec="seconds"),
            clock(connection),
        )
        connection.execute(HOLDER.insert().values(asdict(mine)))


def _living(connection: sa.Connection, practice: str, destination: str) -> list[Holder]:
    query = sa.select(HOLDER).where(HOLDER.c.practice == practice, HOLDER.c.destination == destination)
    rows = [Holder(**row._mapping) for row in connection.execute(query.order_by(HOLDER.c.since))]
    me, now = processes.this_process(), clock(connection)
    return [row for row in rows if _lives(row, me, now)]


def _lives(row: Holder, me: processes.Process, now: float) -> bool:
    if row.machine != me.machine:
        return now - row.beat <= SILENT_SECONDS
    if (row.process, row.process_started) == (me.number, me.started):
        return row.token in _mine
    return processes.started(row.process) == row.process_started


def _beat(engine: sa.Engine, token: str, over: threading.Event) -> None:
    """Give signs of life until told to stop, or until the token is gone."""
    while not over.wait(BEAT_SECONDS):
        # A journal out of reach is told by who writes to it.
        with suppress(JournalError, sa.exc.SQLAlchemyError), engine.begin() as connection:
            row = {"beat": clock(connection)}
            if connection.execute(HOLDER.update().where(HOLDER.c.token == token).values(row)).rowcount == 0:
                return
