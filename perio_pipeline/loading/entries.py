"""What stands in the journal: whose record, who wrote, what was intended, what came of it, what was read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from perio_pipeline.crm.protocol import Attachment, Payload, Ref, Snapshot, Value

MATCH = "match"
"""The operation of a person's decision about a record that the CRM held before."""
CHAIN_START = "0" * 64


class State(StrEnum):
    """What is known about a record in the CRM."""

    INTENDED = "intended"  # a request may be under way, or its response was lost
    DONE = "done"  # the CRM has it
    REFUSED = "refused"  # the CRM did not take the latest write
    GONE = "gone"  # the CRM had it, or said so, and does not show it any more
    REVERSED = "reversed"  # a rollback took it away, or made it as it was
    LINKED = "linked"  # the CRM held it before: a person said which record it is, and nothing was written since
    SEPARATE = "separate"  # a person said that it is none of those that the CRM held before


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
    """What the journal knows about a record.

    Attributes:
        state: a `State`.
        fingerprint: of what the CRM is known to hold; None where that is not proven.
        intended: fingerprint of what the open intent would write.
        held: digest of the record as it was last read back; None where it never was.
        as_written: digest of the record as it was first read back after its latest write; None where it was not yet.
    """

    source_key: str
    state: str
    operation: str
    crm_id: str | None
    parent_id: str | None
    fingerprint: str | None
    intended: str | None
    held: str | None
    as_written: str | None
    created_by_us: bool
    code: str
    reason: str

    @property
    def untouched(self) -> bool:
        """Whether the CRM shows it now as it did after our latest write, so that what is wrong with it is our doing."""
        return self.state == State.DONE and self.as_written is not None and self.as_written == self.held

    @property
    def removed(self) -> bool:
        """Whether the CRM showed it after we wrote it and does not any more, so that a person has deleted it there."""
        return self.state == State.GONE and self.held is not None

    @property
    def held_before(self) -> bool:
        """Whether the CRM held it before, and a person linked it."""
        return self.crm_id is not None and not self.created_by_us

    def ref(self, obj: str) -> Ref | None:
        """Where the record lies in the CRM, if it is known to be there."""
        return Ref(obj, self.crm_id, self.parent_id) if self.crm_id else None


@dataclass(frozen=True)
class Intent:
    """What is about to be done.

    Attributes:
        source_key: of the record.
        operation: `create`, `update`, `delete` or `restore`.
        fingerprint: of what is written.
        ref: where the record lies, where it is known.
        values_before: the CRM's values of the fields that an update replaces.
        payload: what is written; kept sealed, so that the record can be found again and edits since be told.
    """

    source_key: str
    operation: str
    fingerprint: str
    ref: Ref | None = None
    values_before: Mapping[str, Value] | None = None
    payload: Payload | None = None


@dataclass(frozen=True)
class Result:
    """What became of an intent: `done`, `refused`, or `unknown` (the intent stays open).

    What was decided about a record that the CRM held before is a result without an intent: `linked`, the record is that
    one from now on, or `separate`, it is not.
    """

    source_key: str
    operation: str
    fingerprint: str
    status: str
    ref: Ref | None = None
    code: str = ""
    reason: str = ""
    trace_id: str = ""


class Verdict(StrEnum):
    """What reading a record back has shown."""

    HELD = "held"  # the CRM has it, as the snapshot says
    GONE = "gone"  # the CRM does not have it
    UNPROVEN = "unproven"  # a field is not what was written; the next load writes it again


@dataclass(frozen=True)
class Reading:
    """What the CRM showed when a record was read back; `snapshot` is kept sealed.

    Attributes:
        source_key, ref: the record, and where it lies or lay.
        verdict: what reading it has shown.
        snapshot: the record, where it is there.
        first: it was not read back since it was last written.
    """

    source_key: str
    ref: Ref
    verdict: Verdict
    snapshot: Snapshot | None = None
    first: bool = False


Item = Intent | Result | Reading


@dataclass(frozen=True)
class Entry:
    """One line of the audit log, as it stands in the database; values are still sealed."""

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
    values_after: bytes | None
    previous_hash: str
    hash: str

    @property
    def scope(self) -> Scope:
        """Whose record it is about."""
        return Scope(self.practice, self.destination, self.account, self.object)

    @property
    def ref(self) -> Ref | None:
        """Where the record lies in the CRM, if the line says so."""
        return Ref(self.object, self.crm_id, self.parent_id) if self.crm_id else None


def entry_hash(entry: Mapping[str, Any]) -> str:
    """Return the hash that chains an entry to the one before it.

    It covers every column that holds something, but the entry's number and the hash itself.
    """
    shown = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in entry.items()
        if name not in ("number", "hash") and value is not None
    }
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()


def payload_content(payload: Payload) -> dict[str, Any]:
    """Return a payload as JSON content, to be sealed."""
    file = payload.attachment
    return {
        **record_content(payload.fields, payload.custom, payload.links),
        "mark_field": payload.mark_field,
        "mark": payload.mark,
        "unlinked": sorted(payload.unlinked),
        **({"elsewhere": dict(payload.elsewhere)} if payload.elsewhere else {}),
        **({"attachment": [file.name, file.content_type, file.path, file.sha256, file.url]} if file else {}),
    }


def payload_from(content: Mapping[str, Any], obj: str, source_key: str) -> Payload:
    """Return the payload that `payload_content` was made of."""
    file = content.get("attachment")
    return Payload(
        object=obj,
        source_key=source_key,
        fields=_values(content["fields"]),
        custom=_values(content["custom"]),
        links=content["links"],
        mark_field=content["mark_field"],
        mark=content["mark"],
        attachment=Attachment(*file) if file else None,
        unlinked=frozenset(content["unlinked"]),
        elsewhere=content.get("elsewhere", {}),
    )


def record_content(
    fields: Mapping[str, Value], custom: Mapping[str, Value], links: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a record holds as JSON content."""
    return {"fields": dict(fields), "custom": dict(custom), "links": dict(links)}


def snapshot_content(snapshot: Snapshot) -> dict[str, Any]:
    """Return a record as it was read, as JSON content."""
    return record_content(snapshot.fields, snapshot.custom, snapshot.links)


def _values(content: Mapping[str, Any]) -> dict[str, Value]:
    """JSON has no tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
