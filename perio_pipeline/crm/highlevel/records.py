"""Writing the objects that are plain records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.dispatch import READ_AT_ONCE
from perio_pipeline.crm.highlevel import finding, hanging, limits, outcomes, reading, walking
from perio_pipeline.crm.highlevel.bodies import create_body, fixed_fields, link, update_body
from perio_pipeline.crm.highlevel.objects import ObjectSpec
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.lookups import UnknownLookupError
from perio_pipeline.crm.protocol import Outcome, Payload, Ref, Snapshot, Status


class Records:
    """One object of the account, driven by its specification."""

    batch_size = 1
    deletes = True
    read_size = READ_AT_ONCE

    def __init__(self, spec: ObjectSpec, session: Session) -> None:
        self._spec, self._session = spec, session

    def batch_key(self, payload: Payload) -> str:
        """Each payload is a request of its own."""
        return payload.source_key

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Write new records, one request each."""
        return await concurrently(self._create, batch, self._session.settings.concurrency)

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        """Set fields; those that cannot be changed after creation are named in the reason."""
        if obstacle := limits.too_long(self._spec, payload, self._session):
            return obstacle
        try:
            body = update_body(self._spec, payload, self._session)
        except UnknownLookupError as error:
            return _refused(error)
        fixed = fixed_fields(self._spec, payload, self._session)
        note = f"cannot be changed after creation: {', '.join(fixed)}" if fixed else ""
        if not body:
            return Outcome(Status.REFUSED, code="not_updatable", reason=note) if note else Outcome(Status.DONE, ref)
        path = reading.path_of(self._spec.update, ref)
        outcome = outcomes.changed(await self._session.call(self._spec.update, path, body=body), ref)
        if note and outcome.status is Status.DONE:
            return Outcome(Status.DONE, ref, "not_updatable", note, outcome.trace_id)
        return outcome

    async def delete(self, ref: Ref) -> Outcome:
        """Remove a record."""
        route = self._spec.delete
        body: JsonObject | None = {} if self._spec.delete_body else None
        return outcomes.removed(await self._session.call(route, reading.path_of(route, ref), body=body), ref)

    async def hanging(self, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
        """CRM ids of what would go with each of these records."""
        return await hanging.of_each(self._spec, self._session, refs)

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read records back with as few requests as the object allows."""
        return await reading.read(self._spec, self._session, refs)

    async def find(self, payload: Payload) -> Ref | None:
        """Look for the record with the payload's mark."""
        return await finding.find(self._spec, self._session, payload)

    def existing(self) -> AsyncIterator[list[Snapshot]]:
        """Walk all records that the account holds."""
        return walking.walk(self._spec, self._session)

    async def _create(self, payload: Payload) -> Outcome:
        spec = self._spec
        contact = link(payload, "contactId") if spec.of_contact else None
        obstacle = limits.too_long(spec, payload, self._session) or limits.too_early(spec, payload, self._session)
        if obstacle:
            return obstacle
        try:
            body = create_body(spec, payload, self._session)
        except UnknownLookupError as error:
            return _refused(error)
        result = await self._session.call(spec.create, spec.create.at(contact=contact or ""), body=body)
        return outcomes.created(result, spec, contact)


def _refused(error: UnknownLookupError) -> Outcome:
    return Outcome(Status.REFUSED, code="unknown_lookup", reason=str(error))
