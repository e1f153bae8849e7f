"""What the adapters of an account in one process know of it together, since every question costs a request."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from perio_pipeline.crm.freshsales.pace import Pace
from perio_pipeline.crm.http import JsonObject

REMEMBERED_SECONDS = 600.0
"""Of our clock, not the CRM's: it is a person who changes an account's set-up."""
FRESH_SECONDS = 5.0
"""For so long after a contact was read its accounts are taken to be those that it has."""
FRESH_CONTACTS = 256
"""Contacts whose accounts are remembered at most: more are never read and then written at a time."""


@dataclass
class Memory:
    """One account.

    Attributes:
        clock: seconds that never go back.
        queries: list's path → which way of asking for it is the first that was not refused.
        written: module and id → the time of the last change that the CRM confirmed to us; lists may be older.
        users: module, field and value of a key that is no mark → the mark of our record that was sent with it first.
        pace: what is learned of how long bulk jobs take.
        rows: module → rows of a bulk job at most, where the account refuses greater ones.
    """

    clock: Callable[[], float] = time.monotonic
    queries: dict[str, int] = field(default_factory=dict)
    written: dict[tuple[str, str], datetime] = field(default_factory=dict)
    users: dict[tuple[str, str, str], str] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    rows: dict[str, int] = field(default_factory=dict)
    _set_up: dict[str, tuple[float, JsonObject | None]] = field(default_factory=dict)
    _accounts: dict[str, tuple[float, list[JsonObject]]] = field(default_factory=dict)

    def knows(self, path: str) -> bool:
        """Whether this part of the set-up was read a short while ago."""
        return path in self._set_up and self.clock() - self._set_up[path][0] < REMEMBERED_SECONDS

    def said(self, path: str) -> JsonObject | None:
        """What the CRM said about a part that is known; None when it has none."""
        return self._set_up[path][1]

    def keep(self, path: str, answer: JsonObject | None) -> None:
        """Remember a part of the set-up."""
        self._set_up[path] = (self.clock(), answer)

    def forget(self) -> None:
        """Read the set-up again when it is needed next."""
        self._set_up.clear()
        self.queries.clear()

    def read_accounts(self, contact: str, accounts: list[JsonObject]) -> None:
        """Note which accounts a contact has, as it was just read."""
        while len(self._accounts) >= FRESH_CONTACTS:
            self._accounts.pop(next(iter(self._accounts)))
        self._accounts[contact] = (self.clock(), accounts)

    def fresh_accounts(self, contact: str) -> list[JsonObject] | None:
        """Which accounts a contact has that was read a moment ago; None where it was not. It is told once."""
        at, accounts = self._accounts.pop(contact, (0.0, None))
        return accounts if accounts is not None and self.clock() - at < FRESH_SECONDS else None

    def wrote(self, module: str, crm_id: str, record: JsonObject) -> None:
        """Note when a record was changed, as the answer to the change says."""
        moment = changed_at(record)
        if crm_id and moment is not None:
            self.written[module, crm_id] = moment

    def outdated(self, module: str, crm_id: str, record: JsonObject) -> bool:
        """Whether a list shows a record as it was before our last change."""
        ours = self.written.get((module, crm_id))
        shown = changed_at(record)
        return ours is not None and (shown is None or shown < ours)


_MEMORIES: dict[str, Memory] = {}


def memory_of(account: str) -> Memory:
    """Return what is known of an account in this process."""
    return _MEMORIES.setdefault(account, Memory())


def forget_all() -> None:
    """Know nothing of any account any more."""
    _MEMORIES.clear()


def changed_at(record: JsonObject) -> datetime | None:
    """When a record was changed last; None where it does not say so, or names no offset."""
    try:
        moment = datetime.fromisoformat(str(record.get("updated_at") or ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
