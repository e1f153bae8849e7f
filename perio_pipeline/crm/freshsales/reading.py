"""Reading records back: by lists where that costs fewer requests, and by id what no list shows beyond doubt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from perio_pipeline.crm.answers import id_of, record_in, records
from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.freshsales import constants, routes
from perio_pipeline.crm.freshsales.listing import has_lists, listed, number_of
from perio_pipeline.crm.freshsales.objects import SPECS, LinkStyle, ObjectSpec
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.freshsales.snapshots import accounts_of, has_field, snapshot
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Ref, Snapshot

LINK = "links/"
"""Precedes the ids of links to files, which may be those of files too."""


async def read(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, Snapshot]:
    """The records that are there, as they are now; they may be of several objects that lie in one module."""
    if has_lists(spec, session):
        found = await _by_view(spec, session, refs)
    else:
        siblings = [ref for group in _by_parent(refs).values() if _worth_a_list(spec, group) for ref in group]
        found = await _by_list(spec, session, siblings)
    # What a list does not show may still be there: nothing says that it shows all.
    found |= await _by_id(spec, session, [ref for ref in refs if ref not in found])
    return {ref: snapshot(SPECS[ref.object], found[ref], ref, session) for ref in refs if ref in found}


async def get(spec: ObjectSpec, session: Session, crm_id: str) -> JsonObject | None:
    """One record by id; None when it is not there, lies in the recycle bin, or the object has no such call."""
    route = spec.routes.get
    if route is None:
        return None
    answer = await session.fetch(route, route.at(id=crm_id), query={"include": spec.include} if spec.include else None)
    record = record_in(answer or {}, (spec.entity,))
    # What was included may stand inside the record or beside it.
    beside = {name: value for name, value in (answer or {}).items() if isinstance(value, list)}
    if id_of(record) != crm_id or record.get("is_deleted") is True:
        return None
    whole = beside | record
    if spec.links.get("sales_account_id") is LinkStyle.PRIMARY_ACCOUNT:
        session.memory.read_accounts(crm_id, accounts_of(whole))
    return whole


async def children_of(spec: ObjectSpec, session: Session, parent_id: str) -> list[JsonObject]:
    """All records of the object that belong to a parent; none when the parent is not there."""
    module, _, crm_id = parent_id.rpartition("/")
    if module == constants.APPOINTMENTS:
        # An appointment has no list of its notes; they come with it.
        return records(await get(SPECS[constants.APPOINTMENTS], session, crm_id), spec.plural)
    path = routes.CHILDREN.at(module=module or constants.CONTACTS, id=crm_id, children=spec.children)
    return [record async for page in session.pages(routes.CHILDREN, path, spec.plural) for record in page]


async def files_of(session: Session, parent_id: str) -> dict[str, JsonObject]:
    """The files and links of a record, by id; none when it is not there."""
    module, _, crm_id = parent_id.rpartition("/")
    spec, route = SPECS[constants.LETTERS], routes.CHILDREN
    path = route.at(module=module or constants.CONTACTS, id=crm_id, children=spec.children)
    found: dict[str, JsonObject] = {}
    page, pages = 1, 1
    while page <= pages:
        answer = await session.fetch(route, path, query={"page": page, "per_page": constants.PAGE})
        files, links = records(answer, spec.plural), records(answer, "links")
        found |= {id_of(item): item for item in files} | {LINK + id_of(item): item for item in links}
        meta = (answer or {}).get("meta")
        stated = meta.get("total_pages") if isinstance(meta, dict) else None
        more = page + 1 if len(files) + len(links) >= constants.PAGE else page
        page, pages = page + 1, stated if isinstance(stated, int) else more
    return found


async def _by_view(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, JsonObject]:
    """Records out of view lists, of those that hold what a single read holds."""
    by_id: dict[str, list[Ref]] = defaultdict(list)
    for ref in refs:
        by_id[ref.crm_id].append(ref)
    shown = await listed(spec, session, list(by_id))
    if not shown:
        return {}
    # The newest record shows best whether a list is late, the emptiest one whether it leaves something out.
    emptiest = min(shown, key=lambda crm_id: (_filled(shown[crm_id]), number_of(crm_id)))
    chosen = {max(shown, key=number_of), emptiest}
    single = {crm_id: await get(spec, session, crm_id) for crm_id in sorted(chosen)}
    proofs = {crm_id: record for crm_id, record in single.items() if record is not None}
    if len(proofs) < len(chosen) or not all(_agree(spec, session, shown[each], proofs[each]) for each in proofs):
        shown = {}
    needed = {name for record in proofs.values() for name in (*spec.fields, *spec.links) if has_field(record, name)}
    whole = {crm_id: record for crm_id, record in shown.items() if all(has_field(record, name) for name in needed)}
    return {ref: record for crm_id, record in (whole | proofs).items() for ref in by_id[crm_id]}


def _agree(spec: ObjectSpec, session: Session, shown: JsonObject, single: JsonObject) -> bool:
    """Whether a list says of a record what a single read says, wherever it says anything."""
    ref = Ref(spec.name, id_of(single))
    one, other = (snapshot(spec, record, ref, session) for record in (shown, single))
    same = all(one.fields[name] == other.fields[name] for name in one.fields.keys() & other.fields.keys())
    return same and (one.custom, one.links) == (other.custom, other.links)


def _filled(record: JsonObject) -> int:
    held = record.get("custom_field")
    values = [*record.values(), *(held.values() if isinstance(held, dict) else ())]
    return sum(value not in (None, "", []) for value in values)


def _worth_a_list(spec: ObjectSpec, siblings: Sequence[Ref]) -> bool:
    return bool(spec.children) and (spec.routes.get is None or len(siblings) > 1)


def _by_parent(refs: Iterable[Ref]) -> dict[str, list[Ref]]:
    grouped: dict[str, list[Ref]] = defaultdict(list)
    for ref in refs:
        grouped[ref.parent_id or ""].append(ref)
    return grouped


async def _by_list(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, JsonObject]:
    grouped = _by_parent(refs)
    if "" in grouped:
        raise ValueError(f"{spec.name}: the reference does not name the record it belongs to")

    async def one(parent: str) -> dict[Ref, JsonObject]:
        by_id = {id_of(record): record for record in await children_of(spec, session, parent)}
        return {ref: by_id[ref.crm_id] for ref in grouped[parent] if ref.crm_id in by_id}

    lists = await concurrently(one, grouped, session.settings.concurrency)
    return {ref: record for found in lists for ref, record in found.items()}


async def _by_id(spec: ObjectSpec, session: Session, refs: Sequence[Ref]) -> dict[Ref, JsonObject]:
    async def one(ref: Ref) -> JsonObject | None:
        return await get(spec, session, ref.crm_id)

    found = await concurrently(one, refs if spec.routes.get else [], session.settings.concurrency)
    return {ref: record for ref, record in zip(refs, found, strict=False) if record is not None}
