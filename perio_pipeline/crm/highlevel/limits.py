"""What the sub-account would refuse or cut, as its capabilities say, is refused before it is sent."""

from __future__ import annotations

from perio_pipeline.crm.highlevel import constants
from perio_pipeline.crm.highlevel.objects import ObjectSpec
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.moments import is_past
from perio_pipeline.crm.protocol import Outcome, Payload, Status

_NOTES = (constants.NOTES, constants.YEARLY_NOTES)
_BODY, _START = "body", "startTime"


def lengths(session: Session) -> dict[str, dict[str, int]]:
    """Object → field → the most characters that it takes, as far as that is known."""
    return {name: {_BODY: session.capabilities.note_characters} for name in _NOTES}


def too_long(spec: ObjectSpec, payload: Payload, session: Session) -> Outcome | None:
    """The refusal of a note that is longer than the sub-account takes."""
    most = session.capabilities.note_characters
    length = len(str(payload.fields.get(_BODY) or "")) if spec.name in _NOTES else 0
    if length <= most:
        return None
    return Outcome(Status.REFUSED, code="too_long", reason=f"{_BODY}: {length} characters, {most} are allowed")


def too_early(spec: ObjectSpec, payload: Payload, session: Session) -> Outcome | None:
    """The refusal of an appointment in the past where the sub-account takes none."""
    if spec.name != constants.APPOINTMENTS or session.capabilities.past_appointments:
        return None
    if not is_past(payload.fields.get(_START)):
        return None
    return Outcome(Status.REFUSED, code="past_appointment", reason="the account takes no appointments in the past")
