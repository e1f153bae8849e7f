"""What is known after a write: answers and failures as outcomes."""

from __future__ import annotations

from perio_pipeline.crm.answers import id_of, record_in
from perio_pipeline.crm.highlevel.errors import ApiError, parse_error
from perio_pipeline.crm.highlevel.objects import ObjectSpec
from perio_pipeline.crm.http import Failure, Response
from perio_pipeline.crm.protocol import Outcome, Ref, Status

_REQUEST_TIMEOUT, _UNPROCESSABLE = 408, 422


def created(result: Response | Failure, spec: ObjectSpec, parent: str | None) -> Outcome:
    """The outcome of a create; `parent` is the contact in whose path the record was made."""
    if not (isinstance(result, Response) and result.ok):
        return undone(result, creating=True)
    made = id_of(record_in(result.object, spec.envelope))
    if not made:
        return Outcome(Status.UNKNOWN, code="no_id", reason="The answer does not say which record was made.")
    return Outcome(Status.DONE, Ref(spec.name, made, parent), trace_id=trace(result))


def changed(result: Response | Failure, ref: Ref) -> Outcome:
    """The outcome of an update."""
    if isinstance(result, Response) and result.ok:
        return Outcome(Status.DONE, ref, trace_id=trace(result))
    return undone(result, creating=False)


def removed(result: Response | Failure, ref: Ref) -> Outcome:
    """The outcome of a delete; what is not there any more is done."""
    if isinstance(result, Response) and not result.ok and parse_error(result).absent:
        return Outcome(Status.DONE, ref, code="already_gone")
    return changed(result, ref)


def undone(result: Response | Failure, creating: bool) -> Outcome:
    """The outcome of a write that was not answered, or not as done."""
    if isinstance(result, Failure):
        return Outcome(Status.UNKNOWN, code=result.kind.value, reason=result.cause)
    error = parse_error(result)
    code, reason = _code(error), error.reason
    if error.duplicate:
        matched = f"matching field: {error.matching_field}; " if error.matching_field else ""
        reason = f"{matched}existing record: {error.existing_id or 'not named'}"
    return Outcome(_status(error, creating), code=code, reason=reason, trace_id=error.trace_id)


def _status(error: ApiError, creating: bool) -> Status:
    if not 400 <= error.status < 500 or error.status == _REQUEST_TIMEOUT:
        return Status.UNKNOWN
    # A contact was once found created although the answer was 422. Only a complaint about the body's shape, which is
    # tested before anything else, excludes that.
    if creating and error.status == _UNPROCESSABLE and not error.about_shape:
        return Status.UNKNOWN
    return Status.REFUSED


def _code(error: ApiError) -> str:
    if error.duplicate:
        return "duplicate"
    return "not_found" if error.absent else f"http_{error.status}"


def trace(result: Response) -> str:
    """The CRM's id for a request, as its answer says it."""
    return str(result.object.get("traceId") or "")
