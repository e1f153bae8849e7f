"""The three-way merge: what PANDA says now, what we last wrote, what the CRM says now; field by field.

Changed in PANDA only: written. Changed in the CRM: a person's edit, which stays, whatever PANDA says; where PANDA has
changed as well, the two are in conflict and people decide. What counts as changed in the CRM is told by the first
reading after the write that last sent the field: it shows what the CRM made of our value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from perio_pipeline.crm.protocol import UNREAD, Payload, Snapshot, Value
from perio_pipeline.loading.entries import Entry, Verdict
from perio_pipeline.loading.history import Opener, held_values, without
from perio_pipeline.loading.values import flat, same

EDITS_KEPT = "edits_kept"
"""Code of a record in which edits of people were left as they are."""


@dataclass
class Written:
    """What we wrote to one record, and what became of it there.

    Attributes:
        sent: field or link → the value that we last wrote.
        seen: field or link → what the CRM showed of it when it was first read after that.
        latest: what the record held when it was last read; None where it was not, or is not there.
        under_way: what a write was to send whose result nobody knows.
        theirs: fields that the latest write left alone, since people had edited them; they stay people's, even where
            somebody sets one back to what we had written.
    """

    sent: dict[str, Value] = field(default_factory=dict)
    seen: dict[str, Value] = field(default_factory=dict)
    latest: dict[str, Any] | None = None
    under_way: dict[str, list[Value]] = field(default_factory=dict)
    theirs: set[str] = field(default_factory=set)

    def edited(self, name: str, now: Value) -> bool:
        """Whether a person has changed a field since we wrote it.

        A field that was never read after its write is not taken for edited: the CRM may have written it its own way.
        """
        if name in self.theirs:
            return True
        if name not in self.seen or UNREAD in (now, self.seen[name]):
            return False
        ours = [self.seen[name], self.sent[name], *self.under_way.get(name, [])]
        return not any(same(now, value) for value in ours)

    def changed(self, name: str, value: Value) -> bool:
        """Whether PANDA says something else than what we last wrote."""
        return name not in self.sent or not same(value, self.sent[name])


@dataclass(frozen=True)
class Merge:
    """What is to be written, and what is left.

    Attributes:
        payload: without the fields that people have edited.
        kept: fields that people edited and PANDA has not changed since.
        conflicts: fields that both have changed, each in its own way.
    """

    payload: Payload
    kept: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is left to write."""
        return not flat(self.payload) and self.payload.attachment is None

    @property
    def reason(self) -> str:
        """What was left as it is, by field name; empty where nothing was."""
        parts = [
            f"{words}: {', '.join(names)}"
            for words, names in (
                ("edited in the CRM, kept", self.kept),
                ("changed in PANDA and in the CRM, the CRM's value kept", self.conflicts),
            )
            if names
        ]
        return "; ".join(parts)


def merge(payload: Payload, current: Snapshot, written: Written) -> Merge:
    """Leave out of a payload what people have edited since we wrote it.

    Args:
        payload: all that PANDA says.
        current: the record as the CRM holds it now.
        written: what we wrote before.
    """
    now = flat(current)
    wanted = flat(payload)
    edited = [n for n, value in wanted.items() if written.edited(n, now.get(n)) and not same(now.get(n), value)]
    conflicts = [name for name in edited if written.changed(name, wanted[name])]
    kept = [name for name in edited if name not in conflicts]
    return Merge(without(payload, edited), tuple(sorted(kept)), tuple(sorted(conflicts)))


def written_records(entries: Iterable[Entry], opener: Opener) -> dict[str, Written]:
    """Fold the audit log of one scope, or of one record, into source key → what we wrote to it."""
    folds: dict[str, _Fold] = {}
    for entry in entries:
        folds.setdefault(entry.source_key, _Fold(opener)).take(entry)
    return {key: each.result() for key, each in folds.items()}


class _Fold:
    """Reads one record's entries in their order."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._written = Written()
        self._open: list[Payload] = []  # intents whose result is not known
        self._unread: set[str] = set()  # fields that were written and not read since

    def take(self, entry: Entry) -> None:
        if entry.kind == "reading":
            self._read(entry)
        elif entry.kind == "intent":
            payload = self._opener.payload(entry) if entry.operation in ("create", "update") else None
            self._open += [payload] if payload else []
        elif entry.status == "done" and entry.operation in ("create", "update"):
            self._took(entry)
        elif entry.status == "done" and entry.operation in ("delete", "restore"):
            # A rollback took our values away: what stands there now is not ours.
            self._written, self._open, self._unread = Written(), [], set()
        elif entry.status == "refused":
            self._open = self._open[:-1]

    def result(self) -> Written:
        """What is known at the end."""
        under_way: dict[str, list[Value]] = {}
        for payload in self._open:
            for name, value in flat(payload).items():
                under_way.setdefault(name, []).append(value)
        return replace(self._written, under_way=under_way)

    def _took(self, entry: Entry) -> None:
        # A result without an intent wrote nothing: all that was to be written had been edited.
        values = flat(self._open.pop()) if self._open else {}
        self._written.theirs = self._written.sent.keys() - values.keys() if entry.code == EDITS_KEPT else set()
        if values:
            self._written.sent |= values
            self._unread |= values.keys()
            for name in values:
                self._written.seen.pop(name, None)
        self._open = []

    def _read(self, entry: Entry) -> None:
        content = self._opener.held(entry) if entry.status == Verdict.HELD else None
        if content is None:
            if entry.status == Verdict.GONE:
                self._written.latest = None
            return
        held = held_values(content)
        self._written.latest = held
        if not self._open:
            self._written.seen |= {name: held.get(name) for name in self._unread}
            self._unread.clear()
