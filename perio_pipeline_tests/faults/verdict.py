"""Compares the CRM after a killed and resumed run with the CRM after an undisturbed one, record by record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from perio_pipeline.loading.entries import Scope
from perio_pipeline.loading.journal import Journal
from perio_pipeline.sandbox.freshsales.digest import VOLATILE as FRESHSALES_VOLATILE
from perio_pipeline.sandbox.highlevel.digest import VOLATILE as HIGHLEVEL_VOLATILE

State = dict[str, dict[str, list[dict[str, Any]]]]
VOLATILE = HIGHLEVEL_VOLATILE | FRESHSALES_VOLATILE | {"dateAdded", "dateUpdated"}
UNKNOWN = "(a record nobody knows)"
PASSING = frozenset({"jobs", "outbox"})
"""What a CRM keeps of requests rather than of records."""


@dataclass
class Verdict:
    """What is wrong, in records. `changed` counts records whose content, other than their links, is another."""

    lost: int = 0
    duplicated: int = 0
    orphaned: int = 0
    mislinked: int = 0
    changed: int = 0

    def __iadd__(self, other: Verdict) -> Verdict:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return any(getattr(self, each.name) for each in fields(self))

    def __str__(self) -> str:
        """All counts, in words."""
        return ", ".join(f"{each.name} {getattr(self, each.name)}" for each in fields(self))


@dataclass(frozen=True)
class Picture:
    """A CRM's content with our records by their source keys.

    Attributes:
        ours: (object, source key) → the record, with the records it points to by their source keys.
        others: how many records there are besides.
    """

    ours: Mapping[tuple[str, str], Any]
    others: int


def known_ids(journal: Journal, practice: str, crm: str, objects: list[str]) -> dict[str, tuple[str, str]]:
    """Return CRM id → (object, source key), as the journal says; of several objects on one record the first."""
    found: dict[str, tuple[str, str]] = {}
    for obj in objects:
        for key, known in journal.known(Scope(practice, crm, "main", obj)).items():
            if known.crm_id:
                found.setdefault(known.crm_id.rpartition("/")[2], (obj, key))  # links name their list before the id
    return found


def picture(state: State, labels: Mapping[str, tuple[str, str]]) -> Picture:
    """Return what the CRM holds, with ids as source keys."""
    present = {str(record["id"]) for kinds in state.values() for records in kinds.values() for record in records}
    ours: dict[tuple[str, str], Any] = {}
    others = 0
    for kinds in state.values():
        for records in (records for kind, records in kinds.items() if kind not in PASSING):
            for record in records:
                label = labels.get(str(record["id"]))
                if label is None:
                    others += 1
                else:
                    ours[label] = _named(record, labels, present)
    return Picture(ours, others)


def compare(found: Picture, right: Picture) -> Verdict:
    """Return what is wrong with a CRM's content."""
    verdict = Verdict(lost=len(right.ours.keys() - found.ours.keys()), duplicated=max(0, found.others - right.others))
    for label in right.ours.keys() & found.ours.keys():
        record, expected = found.ours[label], right.ours[label]
        if record == expected:
            continue
        if UNKNOWN in _texts(record):
            verdict.orphaned += 1
        elif _links(record) != _links(expected):
            verdict.mislinked += 1
        else:
            verdict.changed += 1
    return verdict


def _named(value: Any, labels: Mapping[str, tuple[str, str]], present: set[str]) -> Any:
    if isinstance(value, list):
        return [_named(item, labels, present) for item in value]
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if name not in VOLATILE and item is not None}
        return {labels.get(name, name): _named(item, labels, present) for name, item in kept.items()}
    text = str(value)
    if isinstance(value, str | int) and not isinstance(value, bool) and text in labels:
        return labels[text] if text in present else UNKNOWN
    return value


def _texts(value: Any) -> list[Any]:
    """All leaves."""
    if isinstance(value, list):
        return [leaf for item in value for leaf in _texts(item)]
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _texts(item)]
    return [value]


def _links(value: Any) -> list[tuple[str, str]]:
    return sorted(leaf for leaf in _texts(value) if isinstance(leaf, tuple))
