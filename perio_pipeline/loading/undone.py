"""The three lists of a rollback: reversed, kept and failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a record in a rollback."""

    REVERSED = "reversed"
    KEPT = "kept"
    FAILED = "failed"


@dataclass(frozen=True)
class Undone:
    """What a rollback did, or would do, to one record.

    Attributes:
        object, account, source_key, crm_id: which record.
        fate: on which of the three lists it stands.
        did: `delete`, `restore`, `with_parent`, or nothing.
        reason: why it was kept or failed; field names and the CRM's reason, no values.
    """

    object: str
    account: str
    source_key: str
    crm_id: str
    fate: Fate
    did: str = ""
    reason: str = ""


def counts(lines: Iterable[Undone]) -> dict[Fate, int]:
    """Return how many records stand on each of the three lists."""
    found = dict.fromkeys(Fate, 0)
    for line in lines:
        found[line.fate] += 1
    return found
