"""What hangs on a contact: its notes, tasks, appointments, opportunities and files go with it (section 15)."""

from __future__ import annotations

from collections.abc import Sequence

from perio_pipeline.crm.answers import id_of, records
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.highlevel import constants, routes
from perio_pipeline.crm.highlevel.filefields import held_files
from perio_pipeline.crm.highlevel.objects import SPECS, ObjectSpec
from perio_pipeline.crm.highlevel.reading import get, of_contact
from perio_pipeline.crm.highlevel.session import Session
from perio_pipeline.crm.http import Query
from perio_pipeline.crm.protocol import Ref

_CHILDREN = tuple({spec.listing: spec for spec in SPECS.values() if spec.of_contact}.values())
"""One object for each list that a contact has."""


async def of_each(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
    """CRM ids of what each contact has; other records have nothing that goes with them."""
    if spec.name != constants.CONTACTS:
        return {}

    async def one(ref: Ref) -> frozenset[str]:
        found = {id_of(record) for child in _CHILDREN for record in await of_contact(child, session, ref.crm_id)}
        query: Query = {"location_id": session.location_id, "contact_id": ref.crm_id, "limit": constants.PAGE}
        answer = await session.fetch(routes.OPPORTUNITY_SEARCH, routes.OPPORTUNITY_SEARCH.path, query=query)
        found |= {id_of(record) for record in records(answer, "opportunities")}
        contact = await get(spec, session, ref.crm_id)
        return frozenset(found | {file.id for file in held_files(contact or {})})

    return dict(zip(refs, await concurrently(one, refs, session.settings.concurrency), strict=True))
