"""Writing the objects: in bulk where the account can, else one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace

from perio_pipeline.crm.answers import id_of, record_in
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.dispatch import READ_AT_ONCE
from perio_pipeline.crm.freshsales import constants, finding, hanging, identity, outcomes, reading, walking
from perio_pipeline.crm.freshsales.bodies import (
    ACCOUNT_LIST,
    account_list,
    create_body,
    moved,
    parent_of,
    target_of,
    update_body,
    wrapped,
)
from perio_pipeline.crm.freshsales.bulk import Row, create_rows
from perio_pipeline.crm.freshsales.keys import Key, bulk_key, upsert_key
from perio_pipeline.crm.freshsales.limits import RefusedValueError
from perio_pipeline.crm.freshsales.listing import has_lists
from perio_pipeline.crm.freshsales.objects import TARGETS, LinkStyle, ObjectSpec
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.freshsales.snapshots import accounts_of, snapshot
from perio_pipeline.crm.http import Failure, JsonObject, Response
from perio_pipeline.crm.lookups import UnknownLookupError
from perio_pipeline.crm.moments import is_past
from perio_pipeline.crm.protocol import Outcome, Payload, Ref, Snapshot, Status

_ALL_AT_ONCE = 1_000_000


class Records:
    """One object of the account, driven by its specification."""

    def __init__(self, spec: ObjectSpec, session: Session) -> None:
        self._spec, self._session = spec, session

    @property
    def batch_size(self) -> int:
        """How many payloads one request can carry."""
        bulk = self._session.capabilities.bulk_upsert and self._spec.routes.bulk is not None
        return self._session.capabilities.bulk_rows if bulk else 1

    @property
    def read_size(self) -> int:
        """How many references one `read` may be given; a walk through lists is worth more, the more it looks for."""
        return _ALL_AT_ONCE if has_lists(self._spec, self._session) else READ_AT_ONCE

    def batch_key(self, payload: Payload) -> str:
        """Payloads that can go into a bulk job share one; the others are requests of their own."""
        return self._spec.name if bulk_key(self._spec, payload, self._session.capabilities) else payload.source_key

    async def create(self, batch: Sequence[Payload]) -> list[Outcome]:
        """Write new records; those that can share a job do."""
        found: dict[int, Outcome] = {}
        bodies: dict[int, JsonObject] = {}
        for number, payload in enumerate(batch):
            try:
                bodies[number] = self._body(payload)
            except (RefusedValueError, UnknownLookupError) as error:
                found[number] = outcomes.refused(error)
        claimed = {number: self._shared_key(batch[number]) for number in bodies}
        try:
            found |= await self._in_bulk(batch, bodies)
            self._done(batch, claimed, found)
            singles = [number for number in bodies if number not in found]

            async def one(number: int) -> Outcome:
                return await self._single(batch[number], bodies[number])

            done = await concurrently(one, singles, self._session.settings.concurrency)
            found |= dict(zip(singles, done, strict=True))
        finally:
            self._done(batch, claimed, bodies)
        return [self._said(payload, found[number]) for number, payload in enumerate(batch)]

    async def update(self, ref: Ref, payload: Payload) -> Outcome:
        """Set the payload's fields; a contact keeps the accounts it has besides the payload's, an activity may move."""
        route = self._spec.routes.update
        if route is None:
            return Outcome(Status.REFUSED, code="not_updatable", reason="Freshsales cannot change this over the API.")
        try:
            body = update_body(self._spec, payload, self._session)
        except (RefusedValueError, UnknownLookupError) as error:
            return outcomes.refused(error)
        if self._spec.links.get("sales_account_id") is LinkStyle.PRIMARY_ACCOUNT:
            body |= await self._accounts(ref, payload)
        place = moved(self._spec, payload, self._session, ref.parent_id)
        body |= place
        if not body:
            return Outcome(Status.DONE, ref)
        result = await self._session.call(route, route.at(id=ref.crm_id), body=wrapped(self._spec, body))
        self._remember(result)
        outcome = self._said(payload, outcomes.changed(result, ref, self._labels))
        if place and isinstance(result, Response) and outcome.status is Status.DONE:
            return replace(outcome, ref=self._now_at(result, ref, payload))
        return outcome

    @property
    def deletes(self) -> bool:
        """Whether records can be deleted on their own."""
        return self._spec.routes.delete is not None

    async def delete(self, ref: Ref) -> Outcome:
        """Remove a record; for good, where that is wanted and the object can be forgotten."""
        route, forget = self._spec.routes.delete, self._spec.routes.forget
        allowed = self._session.capabilities
        if route is None or not self.deletes:
            return undeletable(ref)
        outcome = outcomes.removed(await self._session.call(route, route.at(id=ref.crm_id)), ref)
        if outcome.status is not Status.DONE or forget is None or not allowed.forget_deleted:
            return outcome
        # A record that is gone may still lie in the recycle bin, where it holds its unique values.
        final = outcomes.removed(await self._session.call(forget, forget.at(id=ref.crm_id)), ref)
        if final.status is Status.REFUSED:
            return Outcome(Status.REFUSED, ref, "not_forgotten", final.reason)
        return outcome if final.code == "already_gone" else final

    async def hanging(self, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
        """CRM ids of what would go, or lose its place, with each of these records."""
        return await hanging.of_each(self._spec, self._session, refs)

    async def read(self, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
        """Read records back with as few requests as the object allows."""
        return await reading.read(self._spec, self._session, refs)

    async def find(self, payload: Payload) -> Ref | None:
        """Look for the record with the payload's mark."""
        return await finding.find(self._spec, self._session, payload)

    def _now_at(self, answer: Response, ref: Ref, payload: Payload) -> Ref:
        """Where a record lies after it was to move: the answer says whether it did."""
        target = parent_of(*target_of(self._spec, payload, self._session))
        there = replace(ref, parent_id=target)
        shown = snapshot(self._spec, record_in(answer.object, (self._spec.entity,)), there, self._session).links
        stated = [parent_of(TARGETS[name], crm_id) for name, crm_id in shown.items() if name in TARGETS]
        return there if target in stated else ref

    async def _accounts(self, ref: Ref, payload: Payload) -> JsonObject:
        """The list of accounts as it should be after an update, where the payload says anything about it."""
        account = payload.links.get("sales_account_id")
        if not account and "sales_account_id" not in payload.unlinked:
            return {}
        held = self._session.memory.fresh_accounts(ref.crm_id)
        if held is None:
            held = accounts_of(await reading.get(self._spec, self._session, ref.crm_id) or {})
        if account:
            return {ACCOUNT_LIST: account_list(account, held)}
        others = [id_of(item) for item in held if item.get("is_primary") is not True]
        return {ACCOUNT_LIST: account_list(others[0], held) if others else []}

    def existing(self) -> AsyncIterator[list[Snapshot]]:
        """Walk all records that the account holds."""
        return walking.walk(self._spec, self._session)

    @property
    def _labels(self) -> outcomes.Labels:
        """The account's own labels; where it has no list of an object's fields, their names in plain words."""
        known = self._session.labels.get(self._spec.model)
        return known or {name.replace("_", " "): name for name in self._spec.fields}

    def _body(self, payload: Payload) -> JsonObject:
        body = create_body(self._spec, payload, self._session)
        if not self._session.capabilities.past_appointments and is_past(body.get("from_date")):
            raise RefusedValueError("past_appointment", "from_date", "the account takes no appointments in the past")
        return body

    async def _in_bulk(self, batch: Sequence[Payload], bodies: Mapping[int, JsonObject]) -> dict[int, Outcome]:
        """Write the records that can go by bulk jobs; the same key must not stand there twice."""
        keys = {number: bulk_key(self._spec, batch[number], self._session.capabilities) for number in bodies}
        counts = Counter(key.folded for key in keys.values() if key)
        usable = {number: key for number, key in keys.items() if key and counts[key.folded] == 1}
        if len(usable) <= constants.FEW_ROWS:
            return {}
        shared = await identity.own_keys(self._spec, self._session, usable, dict(enumerate(batch)))
        rows = [Row(key, batch[number], bodies[number]) for number, key in shared.items()]
        return dict(zip(shared, await create_rows(self._spec, self._session, rows, self._alone), strict=True))

    def _shared_key(self, payload: Payload) -> Key | None:
        return identity.shared_key(self._spec, payload, self._session.capabilities)

    def _done(self, batch: Sequence[Payload], claimed: Mapping[int, Key | None], numbers: Iterable[int]) -> None:
        for number in numbers:
            key = claimed.get(number)
            if key is not None:
                identity.done(self._spec, self._session, key, batch[number])

    async def _alone(self, row: Row) -> Outcome:
        return await self._single(row.payload, row.body)

    async def _single(self, payload: Payload, body: JsonObject) -> Outcome:
        spec, session = self._spec, self._session
        key, shared = upsert_key(spec, payload, session.capabilities), self._shared_key(payload)
        try:
            if shared is not None:
                identity.is_first(spec, session, shared, payload)
                await identity.first_is_done(spec, session, shared, payload)
            if key is not None:
                key = (await identity.own_keys(spec, session, {0: key}, {0: payload})).get(0)
            result = await self._send(key, wrapped(spec, body))
        finally:
            self._done([payload], {0: shared}, [0])
        self._remember(result)
        parent = parent_of(*target_of(spec, payload, session)) if spec.children else None
        return outcomes.created(result, spec, parent, self._labels)

    async def _send(self, key: Key | None, request: JsonObject) -> Response | Failure:
        upsert, create = self._spec.routes.upsert, self._spec.routes.create
        if key is None or upsert is None:
            return await self._session.call(create, create.path, body=request)
        return await self._session.call(
            upsert, upsert.path, body={"unique_identifier": {key.field: key.value}, **request}
        )

    def _remember(self, result: Response | Failure) -> None:
        """When the record was changed: a list that shows it as it was before is not to be believed."""
        if isinstance(result, Response) and result.ok:
            record = record_in(result.object, (self._spec.entity,))
            self._session.memory.wrote(self._spec.plural, id_of(record), record)

    def _said(self, payload: Payload, outcome: Outcome) -> Outcome:
        """The outcome with what was left out of the record."""
        why = self._session.lookups.left_out({name: payload.fields.get(name) for name in self._spec.fields})
        if outcome.status is not Status.DONE or outcome.code or not why:
            return outcome
        reason = "; ".join(f"{name}: {words}" for name, words in sorted(why.items()))
        return replace(outcome, code="left_out", reason=reason)


def undeletable(ref: Ref) -> Outcome:
    """What is said of a record that the API does not delete."""
    return Outcome(Status.REFUSED, ref, "cannot_delete", "Freshsales deletes this only with its contact.")
