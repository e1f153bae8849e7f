"""What is sent of a record, what it needs, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perio_pipeline.crm.protocol import Outcome, Payload, Ref, Status
from perio_pipeline.loading.entries import Intent, Item, Known, Result, State


class Due(StrEnum):
    """What a record needs."""

    NOTHING = "nothing"  # the CRM holds it as it should be
    CHANGE = "change"  # the CRM holds it in another state, or may hold it
    CREATION = "creation"


def due(before: Known | None, fingerprint: str) -> Due:
    """Return what a record needs, by what the journal knows of it."""
    if before is None or not (before.crm_id or before.state == State.INTENDED):
        return Due.CREATION
    return Due.NOTHING if before.state == State.DONE and before.fingerprint == fingerprint else Due.CHANGE


@dataclass(frozen=True)
class Sending:
    """A record with its links resolved."""

    payload: Payload
    fingerprint: str

    @property
    def key(self) -> str:
        """Its name in PANDA."""
        return self.payload.source_key


@dataclass(frozen=True)
class Loaded:
    """What became of one record.

    Attributes:
        source_key: its name in PANDA.
        action: one of the manifest's actions.
        ref: where it lies in the CRM; None when it does not.
        fingerprint: of what was to be written.
        code, reason: why it failed, or what the CRM holds otherwise than was asked; no values.
    """

    source_key: str
    action: str
    ref: Ref | None
    fingerprint: str
    code: str = ""
    reason: str = ""


def create_intent(sending: Sending) -> Item:
    """That a record is about to be made."""
    return Intent(sending.key, "create", sending.fingerprint, payload=sending.payload)


def result_of(sending: Sending, operation: str, outcome: Outcome) -> Item:
    """What the CRM said to a write."""
    said = (outcome.code, outcome.reason, outcome.trace_id)
    return Result(sending.key, operation, sending.fingerprint, outcome.status.value, outcome.ref, *said)


def loaded_of(sending: Sending, action: str, outcome: Outcome) -> Loaded:
    """What became of a record: `action` where the write was done."""
    if outcome.status is Status.DONE:
        return Loaded(sending.key, action, outcome.ref, sending.fingerprint, outcome.code, outcome.reason)
    return Loaded(sending.key, "failed", outcome.ref, sending.fingerprint, outcome.code, outcome.reason)
