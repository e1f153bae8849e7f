"""Reading records back: by id, by their contact's list, or by the account's list, whichever costs fewest requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from perio_pipeline.crm.answers import id_of, record_in, records
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.highlevel.objects import ObjectSpec
from perio_pipeline.crm.highlevel.routes import Route
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.highlevel.snapshots import snapshot
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Ref, Snapshot


async def read(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
    """The records that are there, as they are now."""
    if spec.of_contact:
        found = await _by_contact(spec, session, refs)
    elif spec.listing is not None and len(refs) > 1:
        found = await _by_list(spec, session, refs)
    else:
        found = await _by_id(spec, session, refs)
    return {ref: snapshot(spec, found[ref], ref, session) for ref in refs if ref in found}


def path_of(route: Route, ref: Ref) -> str:
    """The path to one record.

    Raises:
        ValueError: the record lives in a contact's path and its reference does not say whose.
    """
    if "{contact}" in route.path and not ref.parent_id:
        raise ValueError(f"{ref.object}: the reference does not name the contact it belongs to")
    return route.at(id=ref.crm_id, contact=ref.parent_id or "")


async def get(spec: ObjectSpec, session: Session, crm_id: str) -> JsonObject | None:
    """One record by id, for objects that have such a call; None when it is not there."""
    if spec.get is None:
        return None
    answer = await session.fetch(spec.get, spec.get.at(id=crm_id))
    record = record_in(answer or {}, spec.envelope)
    return record if id_of(record) == crm_id else None


async def of_contact(spec: ObjectSpec, session: Session, contact_id: str) -> list[JsonObject]:
    """All records of the object that a contact has; none when the contact is not there."""
    if spec.listing is None:
        return []
    return records(await session.fetch(spec.listing, spec.listing.at(contact=contact_id)), spec.list_key)


async def _by_id(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, JsonObject]:
    async def one(ref: Ref) -> JsonObject | None:
        return await get(spec, session, ref.crm_id)

    found = await concurrently(one, refs, session.settings.concurrency)
    return {ref: record for ref, record in zip(refs, found, strict=True) if record is not None}


async def _by_contact(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, JsonObject]:
    grouped: dict[str, list[Ref]] = defaultdict(list)
    for ref in refs:
        if not ref.parent_id:
            raise ValueError(f"{ref.object}: the reference does not name the contact it belongs to")
        grouped[ref.parent_id].append(ref)

    async def one(contact: str) -> dict[Ref, JsonObject]:
        return _matched(grouped[contact], await of_contact(spec, session, contact))

    lists = await concurrently(one, grouped, session.settings.concurrency)
    return {ref: record for found in lists for ref, record in found.items()}


async def _by_list(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, JsonObject]:
    found: dict[Ref, JsonObject] = {}
    if spec.listing is None:
        return found
    async for page in session.pages(spec.listing, spec.listing.path, spec.list_key):
        found |= _matched(refs, page)
        if len(found) == len(set(refs)):
            break
    return found


def _matched(refs: Iterable[Ref], page: Sequence[JsonObject]) -> dict[Ref, JsonObject]:
    by_id = {id_of(record): record for record in page}
    return {ref: by_id[ref.crm_id] for ref in refs if ref.crm_id in by_id}
