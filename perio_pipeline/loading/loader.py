"""Loads shaped records through an adapter so that each one arrives exactly once, and a second pass sends nothing.

For each record: unchanged → no request; an open intent from an earlier run → look it up by its mark, adopt it or send
it again; known but changed → read what the update replaces, then update; else create. The intent is durable before
the request, the result after it. One record's failure never stops another. An update leaves alone what people have
edited since (`merging`). A record that the CRM held before (a person linked it) is updated too, and keeps what PANDA
does not know.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from perio_pipeline.crm.protocol import Adapter, Outcome, Payload, Ref, Snapshot, Status
from perio_pipeline.loading.deletions import MARKED, NOT_IN_PANDA, deletion_fingerprint, deletion_marks
from perio_pipeline.loading.entries import Intent, Known, Reading, Result, State, Verdict
from perio_pipeline.loading.merging import EDITS_KEPT, Merge, merge
from perio_pipeline.loading.payloads import Draft, respectful
from perio_pipeline.loading.sending import Due, Loaded, Sending, create_intent, due, loaded_of, result_of
from perio_pipeline.loading.values import flat, replaced_values
from perio_pipeline.loading.writer import JournalWriter
from perio_pipeline.mapping.model import ObjectMap

CONCURRENCY = 16
"""Records under way at once; the rate window, not this, limits the speed."""

LOOKS = (0.0, 5.0, 15.0, 40.0, 90.0)
"""Seconds of the CRM's clock to wait before each look for a record whose response was lost: search lags.

It usually lags by seconds. Patience costs little, since answers are rarely lost; sending again too early doubles."""

ATTEMPTS = 3
"""How often one record is sent in one run, each time after making sure that it is not there."""

REMOVED = "removed_in_crm"
"""The code of a record that a person deleted in the CRM, and of one that would hang on it."""

REVERSING = frozenset({"delete", "restore"})
"""What a rollback intends."""

Work = Callable[[], Awaitable[list[Loaded]]]


@dataclass
class Loader:
    """Loads one object of one account.

    Attributes:
        name, obj: the object and its map.
        adapter: the connected CRM account.
        writer: the journal of this object.
        linked: object → source key → what the journal knows of it in this account, for links.
        time_scale: how much faster than real time the CRM's clock runs.
        report: called with the number of records settled so far.
    """

    name: str
    obj: ObjectMap
    adapter: Adapter
    writer: JournalWriter
    linked: Mapping[str, Mapping[str, Known]]
    time_scale: float = 1
    report: Callable[[int], None] = lambda done: None
    _settled: int = field(default=0, init=False)

    async def load(self, known: Mapping[str, Known], drafts: Iterable[Draft]) -> list[Loaded]:
        """Load records; one `Loaded` each.

        Raises:
            DestinationError: the account as a whole refuses; what was settled before is in the journal, and the next
                run goes on from there.
        """
        done: list[Loaded] = []
        lanes: dict[str, list[Work]] = defaultdict(list)
        batches: dict[str, list[Sending]] = defaultdict(list)
        for draft in drafts:
            before = known.get(draft.source_key)
            sending = self._judge(draft, before)
            if isinstance(sending, Loaded):
                done.append(sending)
            elif before is None or due(before, sending.fingerprint) is Due.CREATION:
                batches[self.adapter.batch_key(sending.payload)].append(sending)
            else:
                lanes[self._lane(sending)].append(
                    lambda s=sending, d=draft, b=before: self._continue(s, d, b)  # type: ignore[misc]
                )
        self._count(done)
        size = self.adapter.batch_size(self.name)
        for group in batches.values():
            for start in range(0, len(group), size):
                batch = group[start : start + size]
                lanes[self._lane(batch[0])].append(lambda b=batch: self._create(b))  # type: ignore[misc]
        return done + await self._all([_in_turn(lane) for lane in lanes.values()])

    def idle(self, known: Mapping[str, Known], drafts: Iterable[Draft]) -> list[Loaded] | None:
        """Return what `load` would where no record needs a request, without the account; None where one does."""
        done: list[Loaded] = []
        for draft in drafts:
            settled = self._judge(draft, known.get(draft.source_key))
            if not isinstance(settled, Loaded):
                return None
            done.append(settled)
        return done

    async def mark_deleted(self, records: Sequence[Known]) -> list[Loaded]:
        """Let records say that PANDA has deleted them; what people have edited of them stays as it is.

        Raises:
            DestinationError: the account as a whole refuses.
        """
        return await self._all([partial(self._mark_deleted, each) for each in records])

    async def _mark_deleted(self, before: Known) -> list[Loaded]:
        key, ref = before.source_key, before.ref(self.name)
        current = (await self.adapter.read([ref])).get(ref) if ref else None
        if ref is None or current is None:
            return [Loaded(key, "leftover", ref, "", NOT_IN_PANDA, "PANDA and the CRM have it no longer")]
        written = self.writer.written(key)
        marks = deletion_marks(self.obj, written.sent, own=before.created_by_us)
        if not marks:
            return [Loaded(key, "leftover", ref, "", NOT_IN_PANDA, "PANDA has it no longer; it has no room to say so")]
        fields = {name: value for name, value in marks.items() if name in self.obj.fields}
        custom = {name: value for name, value in marks.items() if name in self.obj.custom}
        merged = merge(Payload(self.name, key, fields, custom, {}, "", ""), current, written)
        sending = Sending(merged.payload, deletion_fingerprint(self.obj))
        done = await self._update(sending, ref, current, before, merged)
        marked = done.action == "updated"
        reason = MARKED if marked else f"PANDA has it no longer, which it does not say: {done.reason}"
        return [replace(done, action="marked" if marked else "leftover", code=NOT_IN_PANDA, reason=reason)]

    def _judge(self, draft: Draft, before: Known | None) -> Sending | Loaded:
        """Return what is to be sent of a record, or what became of it where nothing is."""
        ids, obstacle = self._links(draft, before)
        if obstacle:
            return Loaded(draft.source_key, "removed" if obstacle[0] == REMOVED else "failed", None, "", *obstacle)
        sending = Sending(draft.payload(self.name, self.obj, ids, self._spare(draft)), draft.fingerprint(ids))
        if before is not None and due(before, sending.fingerprint) is Due.NOTHING:
            return Loaded(sending.key, "unchanged", before.ref(self.name), sending.fingerprint)
        return sending

    def _lane(self, sending: Sending) -> str:
        """Records of one lane are written one after the other: those of one parent, where their order matters."""
        if not self.obj.order:
            return sending.key
        ids = {**sending.payload.elsewhere, **sending.payload.links}
        return next((ids[name] for name, link in self.obj.links.items() if link.required and name in ids), sending.key)

    def _links(self, draft: Draft, before: Known | None) -> tuple[dict[str, str], tuple[str, str] | None]:
        """Resolve links to CRM ids, or say (code, reason) why the record cannot be sent."""
        if draft.problem:
            return {}, ("not_sendable", draft.problem)
        if before and before.state == State.INTENDED and before.operation in REVERSING:
            return {}, ("rollback_open", "a rollback of this record was interrupted; run the rollback again")
        ids = {}
        for name, to in draft.links.items():
            parent = self._parent(to)
            if parent is not None:
                ids[name] = parent
            elif name not in self._replaceable:
                above = self.linked.get(to[0], {}).get(to[1])
                if above is not None and above.removed:
                    return {}, (REMOVED, f"a person deleted its record in {to[0]} in the CRM, which stays so")
                return {}, ("parent_not_loaded", f"its record in {to[0]} is not in the CRM")
        return ids, None

    def _spare(self, draft: Draft) -> dict[str, str]:
        """The CRM ids of records that this account's records cannot hang on, as far as they are there."""
        found = {name: self._parent(to) for name, to in draft.spare.items()}
        return {name: crm_id for name, crm_id in found.items() if crm_id is not None}

    def _parent(self, to: tuple[str, str]) -> str | None:
        obj, key = to
        parent = self.linked.get(obj, {}).get(key)
        return None if parent is None or parent.state == State.GONE else parent.crm_id

    @property
    def _replaceable(self) -> set[str]:
        """Links in whose place another one can stand: that which otherwise goes through them."""
        through = {link.through for link in self.obj.links.values()}
        return {name for name, link in self.obj.links.items() if name in through and not link.required}

    async def _all(self, work: list[Work]) -> list[Loaded]:
        """Run all work, some at a time. When the account refuses, what is under way ends first."""
        queue = iter(work)
        done: list[Loaded] = []
        errors: list[BaseException] = []

        async def worker() -> None:
            for item in queue:
                if errors:
                    return
                try:
                    settled = await item()
                except Exception as error:  # every kind ends the object: it is raised below
                    errors.append(error)
                    return
                self._count(settled)
                done.extend(settled)

        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
        if errors:
            raise errors[0]
        return done

    def _count(self, settled: list[Loaded]) -> None:
        self._settled += len(settled)
        self.report(self._settled)

    async def _create(self, batch: list[Sending]) -> list[Loaded]:
        await self.writer.append([create_intent(sending) for sending in batch])
        outcomes = await self.adapter.create([sending.payload for sending in batch])
        pairs = list(zip(batch, outcomes, strict=True))
        await self._settle("create", pairs)

        async def settled(sending: Sending, outcome: Outcome) -> Loaded:
            unknown = outcome.status is Status.UNKNOWN
            return await self._recover(sending, outcome) if unknown else loaded_of(sending, "created", outcome)

        return list(await asyncio.gather(*(settled(*pair) for pair in pairs)))

    async def _recover(self, sending: Sending, outcome: Outcome) -> Loaded:
        """A create may have happened: look before sending again, a few times."""
        for _ in range(ATTEMPTS - 1):
            found = await self._look(sending.payload)
            if found:
                return await self._adopt(sending, sending.fingerprint, found, "created")
            await self.writer.append([create_intent(sending)])
            (outcome,) = await self.adapter.create([sending.payload])
            await self._settle("create", [(sending, outcome)])
            if outcome.status is not Status.UNKNOWN:
                return loaded_of(sending, "created", outcome)
        found = await self._look(sending.payload)
        if found:
            return await self._adopt(sending, sending.fingerprint, found, "created")
        return loaded_of(sending, "", outcome)

    async def _continue(self, sending: Sending, draft: Draft, before: Known) -> list[Loaded]:
        """Go on with a record that the journal knows: adopt, update, or create after all."""
        ref = before.ref(self.name)
        if ref is None:
            ref = await self._look(sending.payload)
            if ref is None:
                return await self._create([sending])
            adopted = await self._adopt(sending, before.intended or "", ref, "adopted")
            if before.intended == sending.fingerprint:
                return [adopted]
        current = (await self.adapter.read([ref])).get(ref)
        if current is None:
            return await self._vanished(sending, before, ref)
        if before.state == State.GONE:
            await self.writer.append([Reading(sending.key, ref, Verdict.HELD, current)])
            if before.fingerprint == sending.fingerprint:
                return [Loaded(sending.key, "unchanged", ref, sending.fingerprint)]
        cleared = draft.unlinked if before.created_by_us else frozenset()
        payload = replace(sending.payload, unlinked=cleared)
        if before.held_before:
            payload = respectful(payload, self.obj, flat(current))
        merged = merge(payload, current, self.writer.written(sending.key))
        return [await self._update(replace(sending, payload=merged.payload), ref, current, before, merged)]

    async def _vanished(self, sending: Sending, before: Known, ref: Ref) -> list[Loaded]:
        """The record is not where it was: a person's deletion stands, a write that never took is made good."""
        parents = [*sending.payload.links.values(), *sending.payload.elsewhere.values()]
        moved = ref.parent_id is not None and ref.parent_id.rpartition("/")[2] not in parents
        if moved or (before.created_by_us and before.held is None and before.state == State.GONE):
            found = await self._look(sending.payload)
            if found is None:
                return await self._create([sending])
            return [await self._adopt(sending, "", found, "adopted")]
        await self.writer.append([Reading(sending.key, ref, Verdict.GONE)])
        if before.held is not None:
            reason = "a person deleted it in the CRM, which stays so"
            return [Loaded(sending.key, "removed", ref, sending.fingerprint, REMOVED, reason)]
        gone = Outcome(Status.REFUSED, ref, "gone", "the CRM does not have it, and never showed it")
        return [loaded_of(sending, "updated", gone)]

    async def _look(self, payload: Payload) -> Ref | None:
        return await find_delayed(self.adapter, payload, self.time_scale)

    async def _adopt(self, sending: Sending, fingerprint: str, ref: Ref, action: str) -> Loaded:
        await self.writer.append([Result(sending.key, "create", fingerprint, "done", ref, code="adopted")])
        return Loaded(sending.key, action, ref, sending.fingerprint, code="adopted")

    async def _update(self, sending: Sending, ref: Ref, current: Snapshot, before: Known, merged: Merge) -> Loaded:
        if merged.empty:
            kept = Outcome(Status.DONE, ref, EDITS_KEPT, merged.reason)
            await self._settle("update", [(sending, kept)])
            return loaded_of(sending, "unchanged", kept)
        interrupted = before.state == State.INTENDED and before.operation == "update"
        earlier = self.writer.last_intent(sending.key) if interrupted else None
        replaced = replaced_values(sending.payload, current, earlier)
        await self.writer.append(
            [Intent(sending.key, "update", sending.fingerprint, ref, replaced, payload=sending.payload)]
        )
        for _ in range(ATTEMPTS):  # an update says the same each time, so that it may be repeated
            outcome = await self.adapter.update(ref, sending.payload)
            if outcome.status is not Status.UNKNOWN:
                break
        if outcome.status is Status.DONE and merged.reason:
            outcome = replace(outcome, code=EDITS_KEPT, reason=merged.reason)
        await self._settle("update", [(sending, outcome)])
        return loaded_of(sending, "updated", outcome)

    async def _settle(self, operation: str, outcomes: list[tuple[Sending, Outcome]]) -> None:
        await self.writer.append([result_of(sending, operation, outcome) for sending, outcome in outcomes])


async def find_delayed(adapter: Adapter, payload: Payload, time_scale: float) -> Ref | None:
    """Look for a record by its mark until it is found or the CRM's search has surely caught up."""
    for wait in LOOKS:
        await asyncio.sleep(wait / time_scale)
        found = await adapter.find(payload)
        if found:
            return found
    return None


def _in_turn(lane: list[Work]) -> Work:
    async def work() -> list[Loaded]:
        return [loaded for item in lane for loaded in await item()]

    return work
