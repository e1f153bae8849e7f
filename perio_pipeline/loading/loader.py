"""Loads shaped records through an adapter so that each one arrives exactly once, and a second pass sends nothing.

For each record: unchanged → no request; an open intent from an earlier run → look it up by its mark, adopt it or send
it again; known but changed → read what the update replaces, then update; else create. The intent is durable before
the request, the result after it. One record's failure never stops another.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from perio_pipeline.crm.protocol import Adapter, Outcome, Payload, Ref, Status
from perio_pipeline.loading.journal import Intent, Known, Result
from perio_pipeline.loading.payloads import Draft
from perio_pipeline.loading.writer import JournalWriter
from perio_pipeline.mapping.model import ObjectMap

CONCURRENCY = 16
"""Records under way at once; the rate window, not this, limits the speed."""

LOOKS = (0.0, 2.0, 5.0, 10.0, 20.0)
"""Seconds of the CRM's clock to wait before each look for a record whose response was lost: search lags."""

ATTEMPTS = 3
"""How often one record is sent in one run, each time after making sure that it is not there."""

Work = Callable[[], Awaitable[list["Loaded"]]]


@dataclass(frozen=True)
class Loaded:
    """What became of one record.

    Attributes:
        source_key: its name in PANDA.
        action: `created`, `updated`, `adopted`, `unchanged` or `failed`.
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
        work: list[Work] = []
        batches: dict[str, list[tuple[Draft, Payload]]] = defaultdict(list)
        for draft in drafts:
            before = known.get(draft.source_key)
            ids, obstacle = self._links(draft)
            if obstacle:
                done.append(Loaded(draft.source_key, "failed", None, draft.fingerprint, *obstacle))
                continue
            payload = draft.payload(self.name, self.obj, ids)
            if before and before.state == "done" and before.fingerprint == draft.fingerprint:
                done.append(Loaded(draft.source_key, "unchanged", before.ref(self.name), draft.fingerprint))
            elif before and (before.crm_id or before.state == "intended"):
                work.append(lambda d=draft, p=payload, b=before: self._continue(d, p, b))  # type: ignore[misc]
            else:
                batches[self.adapter.batch_key(payload)].append((draft, payload))
        self._count(done)
        size = self.adapter.batch_size(self.name)
        for group in batches.values():
            for start in range(0, len(group), size):
                work.append(lambda batch=group[start : start + size]: self._create(batch))  # type: ignore[misc]
        return done + await self._all(work)

    def _links(self, draft: Draft) -> tuple[dict[str, str], tuple[str, str] | None]:
        """Resolve links to CRM ids, or say (code, reason) why the record cannot be sent."""
        if draft.problem:
            return {}, ("not_sendable", draft.problem)
        ids = {}
        for name, (obj, key) in draft.links.items():
            parent = self.linked.get(obj, {}).get(key)
            if parent is None or parent.crm_id is None:
                return {}, ("parent_not_loaded", f"its record in {obj} is not in the CRM")
            ids[name] = parent.crm_id
        return ids, None

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

    async def _create(self, batch: list[tuple[Draft, Payload]]) -> list[Loaded]:
        intents: list[Intent | Result] = [Intent(draft.source_key, "create", draft.fingerprint) for draft, _ in batch]
        await self.writer.append(intents)
        outcomes = await self.adapter.create([payload for _, payload in batch])
        await self._settle("create", [(draft, outcome) for (draft, _), outcome in zip(batch, outcomes, strict=True)])
        return [
            await self._recover(draft, payload, outcome)
            if outcome.status is Status.UNKNOWN
            else _loaded(draft, "created", outcome)
            for (draft, payload), outcome in zip(batch, outcomes, strict=True)
        ]

    async def _recover(self, draft: Draft, payload: Payload, outcome: Outcome) -> Loaded:
        """A create may have happened: look before sending again, a few times."""
        for _ in range(ATTEMPTS - 1):
            found = await self._look(payload)
            if found:
                return await self._adopt(draft, draft.fingerprint, found, "created")
            await self.writer.append([Intent(draft.source_key, "create", draft.fingerprint)])
            (outcome,) = await self.adapter.create([payload])
            await self._settle("create", [(draft, outcome)])
            if outcome.status is not Status.UNKNOWN:
                return _loaded(draft, "created", outcome)
        found = await self._look(payload)
        return await self._adopt(draft, draft.fingerprint, found, "created") if found else _loaded(draft, "", outcome)

    async def _continue(self, draft: Draft, payload: Payload, before: Known) -> list[Loaded]:
        """Go on with a record that the journal knows: adopt, update, or create after all."""
        ref = before.ref(self.name)
        if ref is None:
            ref = await self._look(payload)
            if ref is None:
                return await self._create([(draft, payload)])
            adopted = await self._adopt(draft, before.intended or "", ref, "adopted")
            if before.intended == draft.fingerprint:
                return [adopted]
        return [await self._update(draft, payload, ref)]

    async def _look(self, payload: Payload) -> Ref | None:
        for wait in LOOKS:
            await asyncio.sleep(wait / self.time_scale)
            found = await self.adapter.find(payload)
            if found:
                return found
        return None

    async def _adopt(self, draft: Draft, fingerprint: str, ref: Ref, action: str) -> Loaded:
        await self.writer.append([Result(draft.source_key, "create", fingerprint, "done", ref, code="adopted")])
        return Loaded(draft.source_key, action, ref, draft.fingerprint, code="adopted")

    async def _update(self, draft: Draft, payload: Payload, ref: Ref) -> Loaded:
        current = (await self.adapter.read([ref])).get(ref)
        if current is None:
            gone = Outcome(Status.REFUSED, ref, "gone", "the record was deleted in the CRM")
            await self._settle("update", [(draft, gone)])
            return _loaded(draft, "updated", gone)
        present = {**current.links, **current.fields, **current.custom}
        replaced = {name: present.get(name) for name in (*draft.fields, *draft.custom, *payload.links)}
        await self.writer.append([Intent(draft.source_key, "update", draft.fingerprint, ref, replaced)])
        for _ in range(ATTEMPTS):  # an update says the same each time, so that it may be repeated
            outcome = await self.adapter.update(ref, payload)
            if outcome.status is not Status.UNKNOWN:
                break
        await self._settle("update", [(draft, outcome)])
        return _loaded(draft, "updated", outcome)

    async def _settle(self, operation: str, outcomes: list[tuple[Draft, Outcome]]) -> None:
        results: list[Intent | Result] = [
            Result(
                draft.source_key,
                operation,
                draft.fingerprint,
                outcome.status.value,
                outcome.ref,
                outcome.code,
                outcome.reason,
                outcome.trace_id,
            )
            for draft, outcome in outcomes
        ]
        await self.writer.append(results)


def _loaded(draft: Draft, action: str, outcome: Outcome) -> Loaded:
    if outcome.status is Status.DONE:
        return Loaded(draft.source_key, action, outcome.ref, draft.fingerprint, outcome.code, outcome.reason)
    return Loaded(draft.source_key, "failed", outcome.ref, draft.fingerprint, outcome.code, outcome.reason)
