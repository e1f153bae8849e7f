"""The head of the audit log: how long a practice's chain of entries is and how it ends, sealed with the journal's key.

It is moved in the transaction that appends. Who can write to the database but has no key cannot shorten the log, or
write it anew, unseen.
"""

from __future__ import annotations

import hmac
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from perio_pipeline.errors import JournalError
from perio_pipeline.loading.entries import CHAIN_START
from perio_pipeline.loading.sealing import Seal
from perio_pipeline.loading.tables import ENTRY, HEAD


class HeadError(JournalError):
    """The head of a practice's chain is missing, was changed, or was sealed with another key."""

    def __init__(self, practice: str, what: str) -> None:
        self.what = what
        super().__init__(
            f"The audit log of practice {practice} is not as this program left it: {what}.",
            f"Run `perio audit verify --practice {practice}`. Give the right key, or restore the journal's backup.",
        )


@dataclass(frozen=True)
class Head:
    """Where a practice's chain ends.

    Attributes:
        practice: whose chain.
        entries: how many there are.
        last_hash: of the last one; `CHAIN_START` where there is none.
        taken_over: how many were there already when the head was made: a journal of a version without heads.
    """

    practice: str
    entries: int = 0
    last_hash: str = CHAIN_START
    taken_over: int = 0

    def sealed(self, seal: Seal) -> str:
        """Digest with the journal's key."""
        return seal.digest({"head": asdict(self)})


def read_head(connection: sa.Connection, practice: str, seal: Seal) -> Head:
    """Return the head of a practice's chain.

    Raises:
        HeadError: it is missing, was changed, or was sealed with another key.
    """
    row = connection.execute(sa.select(HEAD).where(HEAD.c.practice == practice)).one_or_none()
    if row is None:
        if connection.execute(sa.select(ENTRY.c.number).where(ENTRY.c.practice == practice).limit(1)).first():
            raise HeadError(practice, "its head is missing")
        return Head(practice)
    head = Head(practice, row.entries, row.last_hash, row.taken_over)
    if not hmac.compare_digest(head.sealed(seal), row.seal):
        raise HeadError(practice, "its head was changed, or sealed with another key")
    return head


def move_head(connection: sa.Connection, old: Head, entries: int, last_hash: str, seal: Seal) -> None:
    """Move a head on by some entries, in the transaction that appends them.

    Raises:
        HeadError: another head is there; nothing of this transaction may stay.
    """
    new = Head(old.practice, old.entries + entries, last_hash, old.taken_over)
    if old.entries == 0:
        _insert(connection, new, seal)
        return
    here = sa.and_(HEAD.c.practice == old.practice, HEAD.c.last_hash == old.last_hash)
    row = {"entries": new.entries, "last_hash": new.last_hash, "seal": new.sealed(seal)}
    if connection.execute(HEAD.update().where(here).values(row)).rowcount != 1:
        raise HeadError(old.practice, "its head moved while it was written to")


def take_over(connection: sa.Connection, seal: Seal) -> None:
    """Make heads for the chains of a journal that had none yet; each says so for ever."""
    last = sa.select(sa.func.max(ENTRY.c.number), sa.func.count()).group_by(ENTRY.c.practice)
    for number, entries in connection.execute(last).all():
        row = connection.execute(sa.select(ENTRY.c.practice, ENTRY.c.hash).where(ENTRY.c.number == number)).one()
        _insert(connection, Head(row.practice, entries, row.hash, entries), seal)


def _insert(connection: sa.Connection, head: Head, seal: Seal) -> None:
    connection.execute(HEAD.insert().values(**asdict(head), seal=head.sealed(seal)))
