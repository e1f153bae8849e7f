"""Hashing what a sandbox holds so that equal content gives equal hashes.

Ids and timestamps are the server's own and differ between two equal loads; references are replaced by labels of what
they point at, and the rest is compared as sets.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from perio_pipeline.sandbox.common.store import Json, Key

Labels = dict[Key, str]


def sha256(text: str) -> str:
    """The hash of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any) -> str:
    """A value as text, the same whatever the order of its properties."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def normal(value: Any, labels: Mapping[Key, str], volatile: frozenset[str]) -> Any:
    """A value without volatile properties, with labels in place of ids. A cleared property is as one never set."""
    if isinstance(value, list):
        return [normal(item, labels, volatile) for item in value]
    if isinstance(value, dict):
        return {
            labels.get(name, name): normal(item, labels, volatile)
            for name, item in value.items()
            if name not in volatile and item is not None
        }
    return labels.get(value, value) if isinstance(value, str | int) else value


def described(records: Iterable[Json], labels: Labels, volatile: frozenset[str]) -> list[str]:
    """Canonical texts of records, sorted; their ids get labels for the records that come later."""
    texts = {record["id"]: canonical(normal(record, labels, volatile)) for record in records}
    labels.update((record_id, sha256(text)) for record_id, text in texts.items())
    return sorted(texts.values())
