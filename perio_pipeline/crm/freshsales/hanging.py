"""What hangs on a contact, an account or a deal: it goes with it, or loses its place (sections 2, 9 and 15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from perio_pipeline.crm.answers import id_of, record_in, records
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.reading import files_of
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.protocol import Ref

_ACTIVITIES = ("notes", "tasks", "appointments")
_INCLUDED: Mapping[str, tuple[str, ...]] = {
    "contacts": (*_ACTIVITIES, "deals"),
    "sales_accounts": (*_ACTIVITIES, "deals"),
    "deals": _ACTIVITIES,
}
"""Module → what a single read shows of it."""


async def of_each(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, frozenset[str]]:
    """CRM ids of what each record has, by one request; of a contact's files by another one."""
    names, route = _INCLUDED.get(spec.plural, ()), spec.routes.get
    if not names or route is None:
        return {}

    async def one(ref: Ref) -> frozenset[str]:
        answer = await session.fetch(route, route.at(id=ref.crm_id), query={"include": ",".join(names)})
        # What was included may stand inside the record or beside it.
        parts = (answer, record_in(answer or {}, (spec.entity,)))
        found = {id_of(item) for part in parts for name in names for item in records(part, name)}
        files = await files_of(session, ref.crm_id) if spec.plural == constants.CONTACTS else {}
        return frozenset(found | files.keys())

    return dict(zip(refs, await concurrently(one, refs, session.settings.concurrency), strict=True))
