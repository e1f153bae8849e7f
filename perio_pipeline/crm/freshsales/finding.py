"""Looking for a record by its mark, after an answer was lost. Nothing is repeated here; searches may lag behind."""

from __future__ import annotations

from perio_pipeline.crm.answers import id_of
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.bodies import parent_of, target_of
from perio_pipeline.crm.freshsales.objects import TARGETS, ObjectSpec
from perio_pipeline.crm.freshsales.reading import children_of, get
from perio_pipeline.crm.freshsales.searching import filtered, looked_up, searched
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.freshsales.snapshots import carries_mark, has_field
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Payload, Ref

_HITS = 20
"""Hits that are opened at most; a mark is in one record only, so more of them are noise."""


async def find(spec: ObjectSpec, session: Session, payload: Payload) -> Ref | None:
    """The first record that carries the mark now."""
    if spec.children:
        return await _among_siblings(spec, session, payload)
    seen: set[str] = set()
    for hit in (await _hits(spec, session, payload))[:_HITS]:
        crm_id = id_of(hit)
        if crm_id and crm_id not in seen:
            seen.add(crm_id)
            # An index also shows records that are deleted; only the record itself counts.
            record = await get(spec, session, crm_id)
            if record is not None and carries_mark(spec, record, payload, session):
                return Ref(spec.name, crm_id)
    return None


async def _hits(spec: ObjectSpec, session: Session, payload: Payload) -> list[JsonObject]:
    if spec.routes.upsert is None:
        return await searched(spec, session, payload.mark)
    marked = payload.mark_field
    if session.custom.knows(spec.model, marked):
        return await looked_up(spec, session, session.custom.api_name(spec.model, marked), payload.mark)
    if marked == constants.EXTERNAL_ID and not session.capabilities.lookup_external_id:
        return await filtered(spec, session, marked, [payload.mark]) or []
    return await looked_up(spec, session, marked, str(payload.fields.get(marked) or payload.mark))


async def _among_siblings(spec: ObjectSpec, session: Session, payload: Payload) -> Ref | None:
    others = [parent_of(TARGETS[name], crm_id) for name, crm_id in payload.elsewhere.items() if name in spec.links]
    for parent in dict.fromkeys([parent_of(*target_of(spec, payload, session)), *others]):
        for record in await children_of(spec, session, parent):
            full: JsonObject | None = record
            if not has_field(record, payload.mark_field):
                full = await get(spec, session, id_of(record))
            if full is not None and carries_mark(spec, full, payload, session):
                return Ref(spec.name, id_of(record), parent)
    return None
