"""What PANDA has deleted since we loaded it: which records those are, and what they say of it in the CRM (P7).

Nothing is deleted in the CRM. A record is marked in the fields that its object's `deleted` names, once; when it is in
PANDA again, the next load writes over the mark. A record that is only left out now (quarantined, merged, skipped by
policy) is not deleted, and a table that has lost a large share of its records is taken for a broken one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perio_pipeline.crm.protocol import Value
from perio_pipeline.loading.entries import Known
from perio_pipeline.mapping.model import WAS, ObjectMap
from perio_pipeline.mapping.parts import whole_key

NOT_IN_PANDA = "not_in_panda"
"""The code of a record that we loaded and PANDA has no longer."""

MARKED = "PANDA has it no longer, which it says now"


@dataclass(frozen=True)
class Deleted:
    """What an object's table still has, by which it is told what was deleted.

    Attributes:
        present: the keys of all its rows, valid or not.
        share, few: of as many records, or of a few, it is believed that they were deleted at once.
    """

    present: frozenset[str]
    share: float
    few: int

    def unmarked(self, obj: ObjectMap, gone: Sequence[Known]) -> list[Known]:
        """Return the records that were deleted and do not say so yet; none where too many are gone to believe it.

        Args:
            obj: the object.
            gone: the records that we loaded and that are not shaped any more.
        """
        deleted = [each for each in gone if whole_key(each.source_key) not in self.present]
        if not obj.deleted or len(deleted) > max(self.few, self.share * (len(self.present) + len(deleted))):
            return []
        fingerprint = deletion_fingerprint(obj)
        return [each for each in deleted if each.fingerprint != fingerprint]


def deletion_fingerprint(obj: ObjectMap) -> str:
    """SHA-256 of what makes a record say that it was deleted; no shaped record has the same."""
    return hashlib.sha256(json.dumps(["deleted", obj.deleted], sort_keys=True).encode()).hexdigest()


def deletion_marks(obj: ObjectMap, sent: Mapping[str, Value], *, own: bool) -> dict[str, Value]:
    """Return field → what it says of a record that was deleted; fields that have no room for it are left out.

    Args:
        obj: the object.
        sent: field → what we last wrote to the record.
        own: we made the record; on one that the CRM held before only the migration's own fields are marked.
    """
    fields = {**(obj.fields if own else {}), **obj.custom}
    room = {name: field.limit for name, field in fields.items()}
    if obj.split:
        room[obj.split.field] = obj.split.limit
    texts = {
        name: text.replace(WAS, str(sent.get(name) or "")).strip()
        for name, text in obj.deleted.items()
        if name in fields
    }
    return {name: text for name, text in texts.items() if len(text) <= (room[name] or len(text))}
