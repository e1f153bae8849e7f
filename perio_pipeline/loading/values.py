"""What two versions of a record have in common: what was sent, what was there before, what the CRM shows now."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perio_pipeline.crm.protocol import Payload, Snapshot, Value

_TAG = re.compile(r"<[^>]*>")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PHONE = re.compile(r"[+()\d\s./-]{7,}")


@dataclass(frozen=True)
class EarlierUpdate:
    """An update whose result is not in the journal: what it was to write, and what was there when it began."""

    payload: Payload
    before: Mapping[str, Value]


def replaced_values(payload: Payload, current: Snapshot, earlier: EarlierUpdate | None = None) -> dict[str, Value]:
    """Return what an update replaces, by field and link; what the record does not have is None.

    After an interrupted update the record may hold what that one wrote already: then what it had replaced counts, so
    that a rollback does not take our own values for the practice's.
    """
    there = flat(current)
    found = {name: there.get(name) for name in flat(payload)}
    if earlier is not None and _was_written(earlier, there):
        found |= {name: value for name, value in earlier.before.items() if name in found}
    return found


def flat(record: Payload | Snapshot) -> dict[str, Value]:
    """Return fields, custom fields and links by name; a link that is taken away, or not there, is None."""
    taken = dict.fromkeys([*record.unlinked, *record.elsewhere]) if isinstance(record, Payload) else {}
    return {**taken, **record.links, **record.fields, **record.custom}


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same to a reader, however the CRM writes them.

    The CRMs trim, sanitise and reformat: letter case, blanks, markup, a day with or without its time and the
    punctuation of a phone number do not count; empty and false count as nothing.
    """
    return bool(_meaning(one) == _meaning(other))


def _was_written(earlier: EarlierUpdate, there: Mapping[str, Value]) -> bool:
    """An update writes all its fields or none, so that one changed field which shows is enough."""
    sent = flat(earlier.payload)
    return any(same(sent[name], there.get(name)) and not same(sent[name], earlier.before.get(name)) for name in sent)


def _meaning(value: Any) -> Any:
    if value is None or value is False or value in ("", (), []):
        return None
    if isinstance(value, list | tuple):
        return sorted(str(_meaning(part)) for part in value)
    if isinstance(value, bool):
        return "true"
    if isinstance(value, int | float):
        return f"{float(value):g}"
    text = " ".join(html.unescape(_TAG.sub(" ", str(value))).casefold().split())
    if _DAY.match(text):
        return text[:10]
    if _PHONE.fullmatch(text):
        return re.sub(r"\D", "", text)[-10:]
    try:
        return f"{float(text):g}"
    except ValueError:
        return text or None
