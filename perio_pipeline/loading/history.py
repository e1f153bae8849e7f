"""What we did to each record, folded from the audit log: what a rollback has to take back, and what was there before.

A rollback of a pass takes back everything from the first change of that pass on, since later changes stand on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from perio_pipeline.crm.protocol import Payload, Ref, Snapshot, Value
from perio_pipeline.loading.entries import Entry, Verdict, snapshot_content
from perio_pipeline.loading.values import flat, same

ALL_PASSES = "all"


class Opener(Protocol):
    """Opens what is sealed in entries; the journal does."""

    def payload(self, entry: Entry) -> Payload | None:
        """What an intent was about to write."""
        ...

    def values_before(self, entry: Entry) -> dict[str, Value] | None:
        """What an update replaced."""
        ...

    def held(self, entry: Entry) -> dict[str, Any] | None:
        """What a reading showed."""
        ...


@dataclass
class History:
    """One record's life under our hands.

    Attributes:
        source_key: its name in PANDA.
        ref: where it lies; None where it is not known to be in the CRM.
        changes: the intents that took, oldest first; the first is a `create` where the record is ours.
        open: an intent without a result.
        reading: the first one after our latest write; later ones may show what people changed.
        earlier: the writes before that, each with the first reading after it. A later write leaves alone what people
            had edited by then, so that its own reading shows their values.
    """

    source_key: str
    ref: Ref | None = None
    changes: list[Entry] = field(default_factory=list)
    open: Entry | None = None
    reading: Entry | None = None
    earlier: list[tuple[Entry, Entry]] = field(default_factory=list)

    @property
    def written(self) -> list[Entry]:
        """All intents that took or may have taken."""
        return [*self.changes, *([self.open] if self.open and self.open.operation in ("create", "update") else [])]


@dataclass(frozen=True)
class Undo:
    """What has to be done to one record.

    Attributes:
        source_key: its name in PANDA.
        operation: `delete` or `restore`.
        ref: where it lies; None for a create whose response was lost.
        payload: for `restore` what the record held before; for `delete` what was last written, to find it by.
    """

    source_key: str
    operation: str
    ref: Ref | None
    payload: Payload
    history: History


def fold(entries: Iterable[Entry]) -> dict[str, History]:
    """Return source key → what was done to it, from the entries of one scope in their order."""
    found: dict[str, History] = {}
    for entry in entries:
        history = found.setdefault(entry.source_key, History(entry.source_key))
        if entry.kind == "intent":
            history.open, history.ref = entry, entry.ref or history.ref
            # What an interrupted deletion has left is still what was read.
            if entry.operation != "delete":
                history.earlier += (
                    [(history.changes[-1], history.reading)] if history.reading and history.changes else []
                )
                history.reading = None
        elif entry.kind == "reading":
            # The first one says what our write has left; a later one may say what people have made of it.
            if entry.status == Verdict.HELD and history.reading is None:
                history.reading = entry
        elif entry.status != "unknown":
            _settle(history, entry)
    return found


def _settle(history: History, result: Entry) -> None:
    intent, history.open = history.open, None
    if result.status != "done":
        return
    if result.operation == "delete":
        history.ref, history.changes, history.earlier = None, [], []
    elif result.operation == "restore":
        history.changes = history.changes[: _first(history.changes, result.load_pass)]
        history.earlier = []  # what was written before has come back, and was not read since
    else:
        history.ref = result.ref or history.ref
        history.changes += [intent] if intent is not None else []


def values_purged(history: History, load_pass: str) -> bool:
    """Whether a pass cannot be taken back, since the values it wrote or replaced were erased from the journal."""
    return any(entry.values_after is None for entry in _since(history, load_pass))


def _since(history: History, load_pass: str) -> list[Entry]:
    written = history.written
    return written[_first(written, load_pass) :]


def undo_of(history: History, load_pass: str, opener: Opener) -> Undo | None:
    """Return what takes back a pass (or `all`) of one record; None where nothing was done, or no value is left."""
    since = _since(history, load_pass)
    if not since or values_purged(history, load_pass):
        return None
    payload = opener.payload(since[-1])
    if payload is None:
        return None
    if since[0].operation == "create":
        return Undo(history.source_key, "delete", history.ref, payload, history)
    before: dict[str, Value] = {}
    for entry in reversed(since):
        before |= opener.values_before(entry) or {}
    return Undo(history.source_key, "restore", history.ref, _as_it_was(payload, before), history)


def edited_fields(undo: Undo, current: Snapshot, opener: Opener) -> list[str]:
    """Return the fields that people changed since we last wrote the record, by name.

    A record that was read back after our last write is compared with that reading, to the letter; a field that an
    earlier write was the last to send, with the reading after that one. A record that was not read back is compared
    with what was sent, in meaning, since the CRM may have written it its own way.
    """
    held = opener.held(undo.history.reading) if undo.history.reading else None
    if held is not None:
        then, now = held_values(held) | _earlier_values(undo.history, opener), held_values(snapshot_content(current))
        return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    now = flat(current)
    versions = [flat(payload) for entry in undo.history.written if (payload := opener.payload(entry))]
    versions += [before for entry in undo.history.written if (before := opener.values_before(entry))]
    names = dict.fromkeys(name for version in versions for name in version)
    return sorted(name for name in names if not any(same(now.get(name), v[name]) for v in versions if name in v))


def _earlier_values(history: History, opener: Opener) -> dict[str, Any]:
    """What the CRM made of the fields that our latest write did not send, when they were sent last."""
    last = opener.payload(history.changes[-1]) if history.changes else None
    sent_since = set(flat(last)) if last else set()
    values: dict[str, Any] = {}
    for change, reading in reversed(history.earlier):
        payload, held = opener.payload(change), opener.held(reading)
        names = flat(payload).keys() - sent_since if payload and held is not None else set()
        seen = held_values(held or {"fields": {}, "custom": {}, "links": {}})
        values |= {name: seen.get(name) for name in names}
        sent_since |= names
    return values


def without(payload: Payload, names: Iterable[str]) -> Payload:
    """Return a payload that leaves some fields and links as they are."""
    left = set(names)

    def kept(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name not in left}

    return replace(
        payload,
        fields=kept(payload.fields),
        custom=kept(payload.custom),
        links=kept(payload.links),
        unlinked=payload.unlinked - left,
        elsewhere=kept(payload.elsewhere),
    )


def _first(entries: list[Entry], load_pass: str) -> int:
    """The place of the first change of a pass; behind the last one where there is none."""
    places = [place for place, entry in enumerate(entries) if load_pass in (ALL_PASSES, entry.load_pass)]
    return places[0] if places else len(entries)


def _as_it_was(payload: Payload, before: Mapping[str, Value]) -> Payload:
    links = {name: str(before[name]) for name in _link_names(payload) if before.get(name)}
    return replace(
        payload,
        fields={name: before[name] for name in payload.fields if name in before},
        custom={name: before[name] for name in payload.custom if name in before},
        links=links,
        unlinked=frozenset(name for name in _link_names(payload) if name in before) - links.keys(),
    )


def _link_names(payload: Payload) -> set[str]:
    return {*payload.links, *payload.unlinked, *payload.elsewhere}


def held_values(content: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields and links of `snapshot_content` that hold something.

    Nothing is nothing, whether a key is there or not; JSON has no tuples.
    """
    parts = (content["links"], content["fields"], content["custom"])
    return {
        name: list(value) if isinstance(value, tuple) else value
        for part in parts
        for name, value in part.items()
        if value not in (None, "", (), [])
    }
