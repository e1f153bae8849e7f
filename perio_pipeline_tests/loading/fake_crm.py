"""A CRM account in memory that keeps the adapter's promises and can be told to misbehave."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from perio_pipeline.crm.protocol import (
    UNLOGGED,
    AccountInfo,
    Behaviour,
    CreatedField,
    CreationLog,
    FieldSpec,
    Fit,
    KeptField,
    Made,
    Outcome,
    Payload,
    Ref,
    RequestStats,
    Snapshot,
    Standing,
    Status,
    Value,
)
from perio_pipeline.errors import DestinationError

PAGE = 2
REFUSED = Outcome(Status.REFUSED, code="http_422", reason="email must be an email", trace_id="t-422")
LOST = Outcome(Status.UNKNOWN, code="timeout", reason="no answer")


class Fault(Enum):
    """What happens to one write of a record."""

    REFUSE = auto()
    LOSE_BEFORE = auto()  # the request never arrives
    LOSE_AFTER = auto()  # the record is written, the answer never arrives
    DIE_BEFORE = auto()  # this process dies before the record is written
    DIE_AFTER = auto()  # this process dies after it
    ACCOUNT = auto()  # the account as a whole refuses


class Crash(BaseException):
    """The process is gone: nothing after it runs."""


@dataclass
class FakeCrm:
    """One account: what it holds, what it was asked, and what it will do wrong.

    Attributes:
        plan: source key → what goes wrong with its next writes, in turn; nothing when it is used up.
        lag: looks that find nothing before search has caught up.
        size: payloads per request.
        lacks: custom fields that the account does not have yet.
        capabilities, lengths: what the account says of itself.
        created: custom fields that were created in it.
        undeletable: names of those that it does not delete.
        calls: (operation, source keys or CRM ids) of every request.
    """

    name: str = "main"
    plan: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    lag: int = 0
    size: int = 1
    lacks: list[FieldSpec] = field(default_factory=list)
    lookups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    capabilities: dict[str, Behaviour] = field(default_factory=dict)
    lengths: dict[str, dict[str, int]] = field(default_factory=dict)
    records: dict[Ref, Snapshot] = field(default_factory=dict)
    marks: dict[Ref, str] = field(default_factory=dict)
    calls: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    clinging: frozenset[str] = frozenset()
    created: dict[CreatedField, FieldSpec] = field(default_factory=dict)
    undeletable: set[str] = field(default_factory=set)
    gate: asyncio.Event | None = None
    _made: int = 0

    def adapter(self) -> FakeAdapter:
        """Open the account."""
        return FakeAdapter(self)

    def asked(self, operation: str) -> list[tuple[str, ...]]:
        """What the requests of one kind were about."""
        return [keys for name, keys in self.calls if name == operation]

    def held(self, field_name: str = "Source_Id") -> list[Value]:
        """The values of a field in all records, in order."""
        return sorted(({**r.fields, **r.custom, **r.links}.get(field_name) for r in self.records.values()), key=str)

    def fault(self, key: str) -> Fault | None:
        """What goes wrong with this write."""
        return self.plan[key].pop(0) if self.plan.get(key) else None

    def forget(self, key: str, mark_field: str = "Source_Id") -> Snapshot:
        """Lose a record, as if it had never been written or a person had deleted it; returns what it was."""
        ref = next(ref for ref, record in self.records.items() if record.custom.get(mark_field) == key)
        return self.records.pop(ref)

    def store(self, payload: Payload) -> Ref:
        """Write a new record."""
        self._made += 1
        parent = payload.links.get("contactId") if payload.object == "notes" else None
        ref = Ref(payload.object, f"{self.name}-{self._made}", parent)
        self.records[ref] = Snapshot(ref, dict(payload.fields), dict(payload.custom), dict(payload.links))
        self.marks[ref] = payload.mark
        return ref


class FakeAdapter:
    """An open account; implements `protocol.Adapter`."""

    def __init__(self, crm: FakeCrm) -> None:
        self.crm, self.stats, self.open = crm, RequestStats(), False

    async def __aenter__(self) -> FakeAdapter:
        self.open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.open = False

    async def connect(self) -> AccountInfo:
        self.stats.requests += 1
        crm = self.crm
        return AccountInfo(crm.name, crm.name, "US", "America/New_York", crm.capabilities, crm.lookups, crm.lengths)

    async def missing_fields(self, wanted: Sequence[FieldSpec]) -> list[FieldSpec]:
        return [spec for spec in wanted if spec in self.crm.lacks]

    async def standings(self, wanted: Sequence[FieldSpec]) -> list[Standing]:
        await self._request("standings")
        lacks = self.crm.lacks
        fits = {spec: Fit.MISSING if spec in lacks else Fit.THERE for spec in wanted}
        ids = {spec: "" if spec in lacks else f"id of {spec.name}" for spec in wanted}
        return [Standing(Made.FIELD, s.model, s.name, fits[s], ids[s], spec=s) for s in wanted]

    async def create_fields(self, missing: Sequence[FieldSpec], log: CreationLog = UNLOGGED) -> list[CreatedField]:
        made = []
        for spec in missing:
            log.begun(Made.FIELD, spec.model, spec.name)
            fault = self.crm.fault(spec.name)
            if fault is Fault.DIE_BEFORE:
                raise Crash
            if fault is Fault.REFUSE:
                log.refused(Made.FIELD, spec.model, spec.name, REFUSED.reason)
                raise DestinationError(f"Account {self.crm.name} refuses {spec.name}.", "Create it by hand.")
            await self._request("create field", spec.name)
            self.crm.lacks = [each for each in self.crm.lacks if each != spec]
            each = CreatedField(spec.model, spec.name, f"id of {spec.name}")
            self.crm.created[each] = spec
            if fault is Fault.DIE_AFTER:
                raise Crash
            log.done(each)
            made.append(each)
        return made

    async def holders(self, created: Sequence[CreatedField]) -> dict[CreatedField, frozenset[str] | None]:
        await self._request("holders", *(each.name for each in created))
        records = self.crm.records.items()
        return {each: frozenset(ref.crm_id for ref, r in records if r.custom.get(each.name)) for each in created}

    async def remove_fields(self, created: Sequence[CreatedField]) -> list[KeptField]:
        await self._request("remove", *(each.name for each in created))
        kept = [each for each in created if each.name in self.crm.undeletable]
        self.crm.lacks += [self.crm.created.pop(each) for each in created if each not in kept]
        return [KeptField(each, "delete it by hand") for each in kept]

    def missing_lookups(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        known = self.crm.lookups
        missing = {key: [name for name in names if name not in known.get(key, ())] for key, names in wanted.items()}
        return {key: names for key, names in missing.items() if names}

    def require_lookups(self, wanted: Mapping[str, Sequence[str]]) -> None:
        missing = [name for key, names in wanted.items() for name in names if name not in self.crm.lookups.get(key, ())]
        if missing:
            raise DestinationError(f"Account {self.crm.name} lacks {', '.join(missing)}.", "Add it.")

    def batch_size(self, obj: str) -> int:
        return self.crm.size

    def batch_key(self, payload: Payload) -> str:
        return str(payload.fields.get("office", ""))

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        await self._request("create", *(payload.source_key for payload in batch))
        return [self._write(payload, None) for payload in batch]

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        await self._request("update", payload.source_key)
        return self._write(payload, ref)

    def deletes(self, obj: str) -> bool:
        return obj not in self.crm.clinging

    async def delete(self, ref: Ref) -> Outcome:
        await self._request("delete", ref.crm_id)
        fault = self.crm.fault(ref.crm_id)
        if fault is Fault.DIE_BEFORE:
            raise Crash
        if fault is Fault.REFUSE:
            return REFUSED
        if fault is Fault.LOSE_BEFORE:
            return LOST
        for each in [each for each in self.crm.records if each == ref or each.parent_id == ref.crm_id]:
            self.crm.records.pop(each)
        if fault is Fault.DIE_AFTER:
            raise Crash
        return LOST if fault is Fault.LOSE_AFTER else Outcome(Status.DONE, ref)

    async def hanging(self, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
        await self._request("hanging", *(ref.crm_id for ref in refs))
        held = self.crm.records.values()
        return {ref: frozenset(each.ref.crm_id for each in held if ref.crm_id in each.links.values()) for ref in refs}

    def read_size(self, obj: str) -> int:
        return 200

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        await self._request("read", *(ref.crm_id for ref in refs))
        held = self.crm.records
        whichever = {ref: [r for r in held if (r.object, r.crm_id) == (ref.object, ref.crm_id)] for ref in refs}
        found = {ref: ref if ref.parent_id else next(iter(whichever[ref]), ref) for ref in refs}
        return {ref: held[there] for ref, there in found.items() if there in held}

    async def find(self, payload: Payload) -> Ref | None:
        await self._request("find", payload.source_key)
        if self.crm.lag:
            self.crm.lag -= 1
            return None
        marks = self.crm.marks.items()
        wanted = (payload.object, payload.mark)
        return next((ref for ref, mark in marks if (ref.object, mark) == wanted and ref in self.crm.records), None)

    async def existing(self, obj: str) -> AsyncIterator[list[Snapshot]]:
        held = [record for ref, record in self.crm.records.items() if ref.object == obj]
        for start in range(0, len(held) + 1, PAGE):
            await self._request("existing", obj)
            yield held[start : start + PAGE]

    async def _request(self, operation: str, *keys: str) -> None:
        assert self.open, "used as a context manager"
        self.crm.calls.append((operation, keys))
        self.stats.requests += 1
        self.stats.writes += operation in ("create", "update", "delete")
        if self.crm.gate and not any(Fault.ACCOUNT in self.crm.plan.get(key, []) for key in keys):
            await self.crm.gate.wait()

    def _write(self, payload: Payload, ref: Ref | None) -> Outcome:
        fault = self.crm.fault(payload.source_key)
        if fault is Fault.ACCOUNT:
            raise DestinationError("The daily quota is spent.", "Run again tomorrow.")
        if fault is Fault.DIE_BEFORE:
            raise Crash
        if fault is Fault.REFUSE:
            return REFUSED
        if fault is Fault.LOSE_BEFORE:
            return LOST
        if ref is None:
            ref = self.crm.store(payload)
        else:
            old = self.crm.records[ref]
            links = {**old.links, **payload.links}
            links = {name: crm_id for name, crm_id in links.items() if name not in payload.unlinked}
            fields, custom = {**old.fields, **payload.fields}, {**old.custom, **payload.custom}
            self.crm.records[ref] = replace(old, fields=fields, custom=custom, links=links)
        if fault is Fault.DIE_AFTER:
            raise Crash
        return LOST if fault is Fault.LOSE_AFTER else Outcome(Status.DONE, ref)
