"""Takes back what was loaded: created records go, changed ones get their earlier values, people's edits stay.

Children before parents. Each step is journaled like a write, so that a rollback can be killed and run again. Three
lists come out of it: reversed, kept (with what people changed in it or hung on it) and failed (with the reason); a dry
run reads the CRM and gives the same lists without changing anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from perio_pipeline import progress
from perio_pipeline.crm.protocol import Adapter, Outcome, Snapshot, Status
from perio_pipeline.loading.entries import Intent, Result, Scope
from perio_pipeline.loading.history import ALL_PASSES, Undo, edited_fields, fold, undo_of, values_purged, without
from perio_pipeline.loading.loader import ATTEMPTS, CONCURRENCY, find_delayed
from perio_pipeline.loading.objects import Target
from perio_pipeline.loading.schema import SCHEMA, remove_created
from perio_pipeline.loading.undone import Fate, Undone
from perio_pipeline.loading.values import flat
from perio_pipeline.loading.writer import JournalWriter

STEP = "rollback"
"""Under which the journal counts the requests."""

EDITED, HANGING = "edited in the CRM", "records that people hung on it"
"""Why a record stays: what follows are field names, and how many they are."""

PURGED = "its earlier values were purged from the journal"
"""Why a record stays for which it cannot be told any more what it was before, or what people have edited."""

AT_ONCE = 200
"""Records that are read together before they are decided on."""


@dataclass(frozen=True)
class Plan:
    """One record's undo, decided on what the CRM shows now.

    Attributes:
        undo: what is to be done, less what people changed.
        fate, reason: what becomes of it.
        attached: CRM ids of the records it hangs on.
    """

    undo: Undo
    fate: Fate
    reason: str = ""
    attached: tuple[str, ...] = ()
    work: bool = True


async def roll_back(
    target: Target, load_pass: str = ALL_PASSES, *, dry_run: bool = True, remove_schema: bool = False
) -> list[Undone]:
    """Take back what was loaded into a practice's destination; one line per record.

    Args:
        target: the destination; its run says who rolls back.
        load_pass: the pass that is taken back with everything after it; `all` for everything.
        dry_run: only say what would be done.
        remove_schema: custom fields and modules that the migration made go as well, but for those in which a record
            that stays holds a value.

    Raises:
        DestinationError: an account refuses as a whole; what was taken back is in the journal, and the next rollback
            goes on from there.
    """
    done: list[Undone] = []
    for account, make in target.adapters.items():
        async with make() as adapter:
            await adapter.connect()
            await adapter.missing_fields(target.mapping.field_specs())
            try:
                lines = await _Account(target, account, adapter, load_pass, dry_run).run()
                if remove_schema:
                    # What is restored loses its values in our fields, which it did not have before.
                    gone = ("delete", "with_parent", "restore") if dry_run else ("delete", "with_parent")
                    leaving = {line.crm_id for line in lines if line.fate is Fate.REVERSED and line.did in gone}
                    lines += await remove_created(target, account, adapter, leaving, dry_run=dry_run)
                done += lines
            finally:
                target.journal.record_traffic(target.scope(account, STEP), target.run, STEP, adapter.stats)
    return done


@dataclass
class _Account:
    """The rollback of one account."""

    target: Target
    account: str
    adapter: Adapter
    load_pass: str
    dry_run: bool
    _staying: dict[str, str] = field(default_factory=dict)
    """CRM id → why the record stays: another one that hangs on it does."""
    _with_parent: list[tuple[Plan, Scope]] = field(default_factory=list)
    """Records that the API does not delete on their own."""
    _removed: set[str] = field(default_factory=set)

    async def run(self) -> list[Undone]:
        done: list[Undone] = []
        for name in self._objects():
            done += await self._object(self.target.scope(self.account, name))
        return done + self._gone_with_parents()

    def _objects(self) -> list[str]:
        """Objects of the journal, children first; those the mapping no longer has hang on others, if on any."""
        journal, practice, destination = self.target.journal, self.target.practice, self.target.destination
        present = [name for name in journal.objects(practice, destination, self.account) if name != SCHEMA]
        order = list(self.target.mapping.objects)
        return sorted(present, key=lambda name: -order.index(name) if name in order else -len(order))

    async def _object(self, scope: Scope) -> list[Undone]:
        journal = self.target.journal
        what = f"{'look at' if self.dry_run else 'roll back'} {scope.object}"
        histories = fold(journal.scope_entries(scope))
        undos = [undo for h in histories.values() if (undo := undo_of(h, self.load_pass, journal))]
        purged = {key: h.ref for key, h in histories.items() if values_purged(h, self.load_pass)}
        done = [
            Undone(scope.object, scope.account, key, ref.crm_id if ref else "", Fate.KEPT, reason=PURGED)
            for key, ref in purged.items()
        ]
        for start in range(0, len(undos), AT_ONCE):
            chunk = await self._located(undos[start : start + AT_ONCE])
            current = await self.adapter.read([undo.ref for undo in chunk if undo.ref])
            plans = [self._plan(undo, current.get(undo.ref) if undo.ref else None) for undo in chunk]
            plans = await self._sparing(plans)
            done += await self._carry_out(scope, plans)
            progress.report(what, min(start + AT_ONCE, len(undos)), len(undos))
        return done

    async def _located(self, undos: Sequence[Undo]) -> list[Undo]:
        """Find the records whose create was never answered."""

        async def located(undo: Undo) -> Undo:
            if undo.ref is not None:
                return undo
            return replace(undo, ref=await find_delayed(self.adapter, undo.payload, self.target.time_scale))

        return list(await asyncio.gather(*(located(undo) for undo in undos)))

    def _plan(self, undo: Undo, current: Snapshot | None) -> Plan:
        """Decide on one record."""
        attached = tuple(undo.payload.links.values())
        if current is None:
            if undo.operation == "delete":
                return Plan(undo, Fate.REVERSED, "not in the CRM", attached)
            return Plan(undo, Fate.KEPT, "deleted in the CRM by a person", attached, work=False)
        attached += tuple(current.links.values())
        edited = edited_fields(undo, current, self.target.journal)
        if undo.operation == "delete":
            stays = self._staying.get(current.ref.crm_id)
            if edited or stays:
                reason = f"{EDITED}: {', '.join(edited)}" if edited else stays or ""
                return Plan(undo, Fate.KEPT, reason, attached, work=False)
            return Plan(undo, Fate.REVERSED, "", attached)
        remaining = replace(undo, payload=without(undo.payload, edited))
        if not edited:
            return Plan(remaining, Fate.REVERSED, "", attached)
        work = bool(flat(remaining.payload))
        rest = "; its other fields are restored" if work else ""
        return Plan(remaining, Fate.KEPT, f"{EDITED}: {', '.join(edited)}{rest}", attached, work)

    async def _sparing(self, plans: list[Plan]) -> list[Plan]:
        """Records on which people hung some of their own stay: those would go with them."""
        doomed = [plan for plan in plans if plan.fate is Fate.REVERSED and plan.undo.operation == "delete"]
        # What is not in the CRM any more has its reason, and nothing hangs on it.
        refs = [plan.undo.ref for plan in doomed if plan.undo.ref and not plan.reason]
        theirs = {ref: len(found - self._ours) for ref, found in (await self.adapter.hanging(refs)).items()}

        def spared(plan: Plan) -> Plan:
            number = theirs.get(plan.undo.ref, 0) if plan.undo.ref else 0
            reason = f"{HANGING}: {number}"
            return replace(plan, fate=Fate.KEPT, reason=reason, work=False) if number else plan

        return [spared(plan) for plan in plans]

    @cached_property
    def _ours(self) -> frozenset[str]:
        """Every id that the migration ever had in the account."""
        return self.target.journal.crm_ids(self.target.practice, self.target.destination, self.account)

    async def _carry_out(self, scope: Scope, plans: list[Plan]) -> list[Undone]:
        alone = self.adapter.deletes(scope.object)
        own = [plan for plan in plans if alone or plan.undo.operation != "delete"]
        done = [self._line(plan, scope) for plan in own if not plan.work]
        # What the API does not delete goes with the record it hangs on, or stays with it.
        self._with_parent += [(plan, scope) for plan in plans if not alone and plan.undo.operation == "delete"]
        work = [plan for plan in own if plan.work]
        if self.dry_run:
            done += [self._line(plan, scope) for plan in work]
        else:
            done += await self._write(scope, work)
        kept = {line.source_key: line for line in done if line.fate is not Fate.REVERSED}
        for plan in own:
            line = kept.get(plan.undo.source_key)
            if line is not None:
                reason = f"a record in {scope.object} that hangs on it {_still_there(line)}"
                self._staying = dict.fromkeys(plan.attached, reason) | self._staying
            elif plan.undo.ref and plan.undo.operation == "delete":
                self._removed.add(plan.undo.ref.crm_id)
        return done

    async def _write(self, scope: Scope, plans: Sequence[Plan]) -> list[Undone]:
        run = replace(self.target.run, load_pass=self.load_pass)
        writer = JournalWriter(self.target.journal, scope, run)
        slots = asyncio.Semaphore(CONCURRENCY)

        async def one(plan: Plan) -> Undone:
            async with slots:
                outcome = await self._undo(writer, plan.undo)
            if outcome.status is Status.DONE:
                return self._line(plan, scope)
            return self._line(replace(plan, fate=Fate.FAILED, reason=f"{outcome.code}: {outcome.reason}"), scope)

        return list(await asyncio.gather(*(one(plan) for plan in plans)))

    async def _undo(self, writer: JournalWriter, undo: Undo) -> Outcome:
        key, operation, ref = undo.source_key, undo.operation, undo.ref
        if operation == "restore" and undo.payload.attachment is not None:
            return Outcome(Status.REFUSED, ref, "file_stays", "what was in the file before is not kept")
        restored = undo.payload if operation == "restore" else None
        await writer.append([Intent(key, operation, "", ref, payload=restored)])
        outcome = Outcome(Status.DONE, None, "not_there")
        for _ in range(ATTEMPTS):  # both say the same each time, so that they may be repeated
            if ref is None:
                break
            write = self.adapter.delete(ref) if operation == "delete" else self.adapter.update(ref, undo.payload)
            outcome = await write
            if outcome.status is not Status.UNKNOWN:
                break
        said = (outcome.code, outcome.reason, outcome.trace_id)
        await writer.append([Result(key, operation, "", outcome.status.value, ref, *said)])
        return outcome

    def _gone_with_parents(self) -> list[Undone]:
        """What cannot be deleted on its own: gone where the record it hung on is gone."""
        lines = []
        for plan, scope in self._with_parent:
            parents = set(plan.attached) | ({plan.undo.ref.parent_id or ""} if plan.undo.ref else set())
            if plan.fate is Fate.REVERSED and (parents & self._removed or plan.undo.ref is None):
                if not self.dry_run:
                    self._note_gone(scope, plan.undo)
                lines.append(replace(self._line(plan, scope), did="with_parent"))
            else:
                reason = plan.reason or "the API does not delete it, and the record it hangs on stays"
                fate = plan.fate if plan.fate is Fate.KEPT else Fate.FAILED
                lines.append(self._line(replace(plan, fate=fate, reason=reason, work=False), scope))
        self._with_parent.clear()
        return lines

    def _note_gone(self, scope: Scope, undo: Undo) -> None:
        run = replace(self.target.run, load_pass=self.load_pass)
        intent = Intent(undo.source_key, "delete", "", undo.ref)
        result = Result(undo.source_key, "delete", "", "done", undo.ref, "with_parent")
        self.target.journal.append(scope, run, [intent, result])

    @staticmethod
    def _line(plan: Plan, scope: Scope) -> Undone:
        crm_id = plan.undo.ref.crm_id if plan.undo.ref else ""
        did = plan.undo.operation if plan.work else ""
        return Undone(scope.object, scope.account, plan.undo.source_key, crm_id, plan.fate, did, plan.reason)


def _still_there(line: Undone) -> str:
    if line.fate is Fate.FAILED:
        return "could not be removed"
    return "was edited" if line.reason.startswith(EDITED) else "stays"
