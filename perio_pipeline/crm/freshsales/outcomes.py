"""What is known after a write: answers and failures as outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from perio_pipeline.crm.answers import id_of, record_in
from perio_pipeline.crm.freshsales.errors import ApiError, Complaint, parse_error
from perio_pipeline.crm.freshsales.limits import RefusedValueError
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.http import Failure, Response
from perio_pipeline.crm.lookups import UnknownLookupError
from perio_pipeline.crm.protocol import Outcome, Ref, Status

Labels = Mapping[str, str]
_NOT_FOUND, _REQUEST_TIMEOUT, _UNPROCESSABLE = 404, 408, 422


def created(result: Response | Failure, spec: ObjectSpec, parent: str | None, labels: Labels) -> Outcome:
    """The outcome of a create; `parent` is the record that it belongs to."""
    if not (isinstance(result, Response) and result.ok):
        outcome = undone(result, labels)
        # Freshsales refuses records with 400. Whether anything was made when another answer comes is not known.
        unsure = isinstance(result, Response) and result.status == _UNPROCESSABLE
        return replace(outcome, status=Status.UNKNOWN) if unsure else outcome
    made = id_of(record_in(result.object, (spec.entity,)))
    if not made:
        return Outcome(Status.UNKNOWN, code="no_id", reason="The answer does not say which record was made.")
    return Outcome(Status.DONE, Ref(spec.name, made, parent))


def changed(result: Response | Failure, ref: Ref, labels: Labels) -> Outcome:
    """The outcome of an update."""
    return Outcome(Status.DONE, ref) if isinstance(result, Response) and result.ok else undone(result, labels)


def removed(result: Response | Failure, ref: Ref) -> Outcome:
    """The outcome of a delete; what is not there any more is done. The bodies differ by object and say nothing more."""
    if isinstance(result, Response) and result.status == _NOT_FOUND:
        return Outcome(Status.DONE, ref, code="already_gone")
    return changed(result, ref, {})


def refused(error: RefusedValueError | UnknownLookupError) -> Outcome:
    """The outcome of a record that was not sent."""
    code = error.code if isinstance(error, RefusedValueError) else "unknown_lookup"
    return Outcome(Status.REFUSED, code=code, reason=str(error))


def row_failed(complaint: Complaint) -> Outcome:
    """The outcome of a row that a bulk job reports as failed."""
    if complaint.mark_taken:
        return Outcome(Status.UNKNOWN, code="already_there", reason=complaint.reason)
    return Outcome(Status.REFUSED, code="duplicate" if complaint.duplicate else "row_failed", reason=complaint.reason)


def undone(result: Response | Failure, labels: Labels) -> Outcome:
    """The outcome of a write that was not confirmed."""
    if isinstance(result, Failure):
        return Outcome(Status.UNKNOWN, code=result.kind.value, reason=result.cause)
    error = parse_error(result, labels)
    # A record with our mark is there: an earlier request made it, and looking for the mark will find it.
    code = "already_there" if error.complaint.mark_taken else error.code
    return Outcome(_status(error), code=code, reason=error.complaint.reason)


def _status(error: ApiError) -> Status:
    certain = 400 <= error.status < 500 and error.status != _REQUEST_TIMEOUT
    return Status.REFUSED if certain and not error.complaint.mark_taken else Status.UNKNOWN
