"""The part of `protocol.Adapter` that is the same for every CRM: each object goes to its own resource."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, Self

from perio_pipeline.crm.http import Transport
from perio_pipeline.crm.protocol import Outcome, Payload, Ref, RequestStats, Snapshot

READ_AT_ONCE = 200
"""References one `read` is given where each costs a request, so that progress is seen."""


class Resource(Protocol):
    """What each object can do."""

    @property
    def batch_size(self) -> int:
        """How many payloads one request can carry."""
        ...

    @property
    def read_size(self) -> int:
        """How many references one `read` may be given."""
        ...

    def batch_key(self, payload: Payload) -> str:
        """Payloads with the same key may share a request."""
        ...

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Write new records; one outcome per payload, in order."""
        ...

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        """Set the payload's fields on an existing record."""
        ...

    @property
    def deletes(self) -> bool:
        """Whether records can be deleted on their own."""
        ...

    async def delete(self, ref: Ref) -> Outcome:
        """Remove a record."""
        ...

    async def hanging(self, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
        """CRM ids of what would go, or lose its place, with each of these records."""
        ...

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read records back; absent ones are left out."""
        ...

    async def find(self, payload: Payload) -> Ref | None:
        """Look once for a record by its mark."""
        ...

    def existing(self) -> AsyncIterator[list[Snapshot]]:
        """All records that the account holds, page by page."""
        ...


class Dispatcher:
    """Hands each object's payloads and references to its resource.

    Args:
        crm: its name, for messages.
        transport: opened and closed with the adapter.
        resources: object → what it can do.
        stats: requests since the adapter was opened.
    """

    def __init__(self, crm: str, transport: Transport, resources: Mapping[str, Resource], stats: RequestStats) -> None:
        self._crm, self._transport, self._resources = crm, transport, resources
        self.stats = stats

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._transport.__aexit__(*exc)

    def batch_size(self, obj: str) -> int:
        """How many payloads of an object one request can carry."""
        return self._resource(obj).batch_size

    def batch_key(self, payload: Payload) -> str:
        """Payloads with the same key may share a request."""
        return self._resource(payload.object).batch_key(payload)

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Write new records of one object; one outcome per payload, in order."""
        objects = {payload.object for payload in batch}
        if len(objects) > 1:
            raise ValueError(f"one batch holds several objects: {', '.join(sorted(objects))}")
        return await self._resource(objects.pop()).create(batch) if batch else []

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        """Set the payload's fields on an existing record."""
        return await self._resource(ref.object).update(ref, payload)

    def deletes(self, obj: str) -> bool:
        """Whether records of an object can be deleted on their own."""
        return self._resource(obj).deletes

    async def delete(self, ref: Ref) -> Outcome:
        """Remove a record; one that is already gone is DONE."""
        return await self._resource(ref.object).delete(ref)

    async def hanging(self, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
        """CRM ids of what would go, or lose its place, with each of these records of one object."""
        return await self._resource(refs[0].object).hanging(refs) if refs else {}

    def read_size(self, obj: str) -> int:
        """How many references one `read` is best given."""
        return self._resource(obj).read_size

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read records back as the CRM holds them now; absent ones are left out."""
        grouped: dict[str, list[Ref]] = defaultdict(list)
        for ref in refs:
            grouped[self._read_as(ref.object)].append(ref)
        found: dict[Ref, Snapshot] = {}
        for name, group in grouped.items():
            found |= await self._resource(name).read(group)
        return found

    async def find(self, payload: Payload) -> Ref | None:
        """Look once for a record by its mark."""
        return await self._resource(payload.object).find(payload)

    def _read_as(self, obj: str) -> str:
        """The object whose resource reads this one's records: several objects may lie in one module of the CRM."""
        return obj

    def existing(self, obj: str) -> AsyncIterator[list[Snapshot]]:
        """Walk all records of an object that the account holds, page by page."""
        return self._resource(obj).existing()

    def _resource(self, obj: str) -> Resource:
        if obj not in self._resources:
            raise ValueError(f"{self._crm} has no object {obj}; it has {', '.join(sorted(self._resources))}")
        return self._resources[obj]
