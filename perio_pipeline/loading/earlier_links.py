"""Links that a record had before a person linked it: noted before ours replace them, so that they can be restored.

Some records of a CRM are nothing but a link, such as a contact's company: making one replaces the link that was there.
On records of our own there was none. A reference to such a record names what it belongs to; one without a parent reads
the link that is there, whatever it points to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from perio_pipeline.crm.protocol import Adapter, Ref
from perio_pipeline.loading.entries import Item, Known, Result, State
from perio_pipeline.loading.payloads import Draft
from perio_pipeline.loading.writer import JournalWriter
from perio_pipeline.mapping.model import ObjectMap

ADOPT = "adopt"
"""The operation by which the journal learns of such a link; the loader then updates it like any record."""


async def note_earlier_links(
    name: str,
    obj: ObjectMap,
    adapter: Adapter,
    writer: JournalWriter,
    known: Mapping[str, Known],
    linked: Mapping[str, Mapping[str, Known]],
    drafts: Iterable[Draft],
) -> bool:
    """Journal the links that records held before have already.

    Args:
        name: the object.
        obj: its map; nothing is done unless its mark is a link.
        adapter: the connected account.
        writer: the journal of this object.
        known: source key → what the journal knows of it.
        linked: object → source key → what the journal knows of the records that are linked.
        drafts: the records about to be loaded.

    Returns:
        Whether anything was noted.
    """
    if obj.mark.field not in obj.links:
        return False
    owners: dict[Ref, str] = {}
    for draft in drafts:
        for link, (other, key) in draft.links.items():
            owner = linked.get(other, {}).get(key)
            if link != obj.mark.field and owner and owner.held_before and draft.source_key not in known:
                owners[Ref(name, str(owner.crm_id))] = draft.source_key
    found = await adapter.read(list(owners)) if owners else {}
    noted: list[Item] = [
        Result(owners[ref], ADOPT, "", State.LINKED.value, snapshot.ref) for ref, snapshot in found.items()
    ]
    if noted:
        await writer.append(noted)
    return bool(noted)
