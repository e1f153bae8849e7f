"""Who signed a migration off: a line of the audit log with the hash of the report that they read (P5)."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from perio_pipeline.loading.entries import Result, RunInfo, Scope
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.tables import ENTRY

OBJECT, OPERATION = "signoff", "sign"
"""Stand in the audit log in place of an object and of a write."""

_WRITES = ("create", "update", "delete", "restore")


@dataclass(frozen=True)
class Signature:
    """One signature.

    Attributes:
        by, at: who signed, and when (UTC, ISO).
        digest: SHA-256 of the report's file.
        despite: why it was signed although points were open; empty for most.
        written_since: writes to the CRM since then, which the report does not know.
    """

    by: str
    at: str
    digest: str
    despite: str
    written_since: int


def sign(journal: Journal, practice: str, crm: str, run: RunInfo, digest: str, despite: str = "") -> None:
    """Put a signature into the audit log; the run's actor is who signs."""
    code = "despite" if despite else ""
    signed = Result(digest, OPERATION, digest, "done", None, code=code, reason=despite)
    journal.append(Scope(practice, crm, "", OBJECT), run, [signed])


def signatures(journal: Journal, practice: str, crm: str) -> list[Signature]:
    """Return all signatures of a practice's destination, the latest last."""
    return [
        Signature(
            entry.actor, entry.at, entry.fingerprint, entry.reason, _written(journal, practice, crm, entry.number)
        )
        for entry in journal.scope_entries(Scope(practice, crm, "", OBJECT))
        if entry.operation == OPERATION
    ]


def _written(journal: Journal, practice: str, crm: str, after: int) -> int:
    """Writes that took, behind an entry of the log."""
    query = (
        sa.select(sa.func.count())
        .select_from(ENTRY)
        .where(
            ENTRY.c.practice == practice,
            ENTRY.c.destination == crm,
            ENTRY.c.number > after,
            ENTRY.c.kind == "result",
            ENTRY.c.status == "done",
            ENTRY.c.operation.in_(_WRITES),
        )
    )
    with journal.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
