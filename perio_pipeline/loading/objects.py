"""Loads and reads back whole objects: the step between shaped frames, adapters and the journal.

A manifest (`MANIFEST`) has one row per shaped record; a read-back has one per record the CRM holds.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from perio_pipeline import progress
from perio_pipeline.crm.protocol import Adapter, Ref, Snapshot
from perio_pipeline.loading.deletions import NOT_IN_PANDA, Deleted
from perio_pipeline.loading.earlier_links import note_earlier_links
from perio_pipeline.loading.entries import Known, Reading, RunInfo, Scope, State, Verdict
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.loader import Loader
from perio_pipeline.loading.merging import Written, written_records
from perio_pipeline.loading.payloads import LINK, drafts
from perio_pipeline.loading.sending import Loaded
from perio_pipeline.loading.writer import JournalWriter
from perio_pipeline.mapping.model import FieldMap, Mapping
from perio_pipeline.mapping.parts import whole_key
from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Kind, Table
from perio_pipeline.panda.frames import PANDAS_TYPES, table_kinds, typed_frame

ACTIONS = ("created", "updated", "adopted", "unchanged", "failed", "leftover", "marked", "removed")
MANIFEST = Table(
    "manifest",
    ("source_key", "account"),
    (
        c.identifier("source_key", "the record's key in PANDA; `key#2`, `key#3` for the further parts of a long text"),
        c.identifier("account", "the CRM account it lies in"),
        c.text(
            "action",
            "what this run did; `leftover`: PANDA lacks it; `marked`: it says so; `removed`: by a person, in the CRM",
            choices=ACTIONS,
            phi=False,
        ),
        c.text("crm_id", "the CRM's id; empty where the record is not there", phi=False),
        c.text("parent_id", "the record in whose path it lies", phi=False),
        c.text("fingerprint", "SHA-256 of what was to be written", phi=False),
        c.text("code", "why it failed, or what was left out of it, for programs", phi=False),
        c.text("reason", "the same for people; no values", phi=False),
        c.boolean("linked", "the CRM held it before, and a person linked it", phi=False),
    ),
    "What became of each record.",
)
MANIFEST_KINDS = table_kinds(MANIFEST)
NOT_LOADED = frozenset({"failed"})
WRITTEN = frozenset({"created", "updated", "adopted", "marked"})

UNDECIDED = "match_undecided"
"""The code of a record that waits for a person to say whether the CRM holds it already."""

_THERE = frozenset({State.DONE, State.REFUSED, State.INTENDED})

Waiting = Dictionary[tuple[str, str], str]
"""Account and source key of the records that must not be loaded before a person has decided → why."""


@dataclass(frozen=True)
class Target:
    """One practice's destination, ready to be written to.

    Attributes:
        practice, destination: names.
        mapping: the destination's mapping.
        adapters: account name → a new adapter for it, not yet connected.
        journal, run: where writes are recorded, and as whose.
        time_scale: how much faster than real time the CRM's clock runs.
    """

    practice: str
    destination: str
    mapping: Mapping
    adapters: dict[str, Callable[[], Adapter]]
    journal: Journal
    run: RunInfo
    time_scale: float = 1

    def scope(self, account: str, obj: str) -> Scope:
        """Return the journal scope of an object in an account."""
        return Scope(self.practice, self.destination, account, obj)


async def load_object(
    target: Target,
    name: str,
    shaped: pd.DataFrame,
    waiting: Waiting = MappingProxyType({}),
    *,
    every: bool = False,
    deleted: Deleted | None = None,
) -> pd.DataFrame:
    """Load one object into all its accounts.

    Args:
        target: the destination.
        name: the object.
        shaped: its shaped frame.
        waiting: the records that are held back.
        every: the shaped rows are all that PANDA has, so that what else we loaded before is gone from it.
        deleted: tells which of those PANDA has deleted; they are marked in the CRM. None where nothing is marked.

    Returns:
        The manifest, one row per shaped row, and one per record that should not be there any more: a part of a text
        that has become shorter, or what PANDA has no longer. Nothing is deleted here, so that they are still in the
        CRM.

    Raises:
        DestinationError: an account refuses as a whole.
    """
    obj, relations = target.mapping.objects[name], target.mapping.relations(name)
    rows: list[dict[str, Any]] = []
    for account, group in shaped.groupby("account", sort=True):
        account = str(account)
        scope = target.scope(account, name)
        linked = {o: target.journal.known(target.scope(account, o)) for o in {v.object for v in relations.values()}}
        holds = [(account, key) in waiting for key in group["source_key"]]
        known, ready = target.journal.known(scope), group[~np.array(holds, dtype=bool)]
        adapter = target.adapters[account]()
        writer = JournalWriter(target.journal, scope, target.run)
        report = partial(_report, f"load {name}", len(group))
        loader = Loader(name, obj, adapter, writer, linked, target.time_scale, report)
        # Where no record needs a request, not even the account is asked for its set-up.
        loaded = loader.idle(known, drafts(obj, ready, relations))
        left = _leftover(name, known, set(group["source_key"]), every=every)
        to_mark = deleted.unmarked(obj, [known[each.source_key] for each in left if each.code]) if deleted else []
        try:
            if loaded is None or to_mark:
                async with adapter:
                    await adapter.connect()
                    await adapter.missing_fields(target.mapping.field_specs())
                    if await note_earlier_links(name, obj, adapter, writer, known, linked, drafts(obj, ready)):
                        known = target.journal.known(scope)
                    loaded = await loader.load(known, drafts(obj, ready, relations))
                    marked = {each.source_key: each for each in await loader.mark_deleted(to_mark)}
                    left = [marked.get(each.source_key, each) for each in left]
        finally:
            target.journal.record_traffic(scope, target.run, "load", adapter.stats)
        loaded += left
        for draft in drafts(obj, group[holds]):
            why = waiting[account, draft.source_key]
            loaded.append(Loaded(draft.source_key, "failed", None, "", UNDECIDED, why))
        rows += [
            {
                "source_key": item.source_key,
                "account": account,
                "action": item.action,
                "crm_id": item.ref.crm_id if item.ref else None,
                "parent_id": item.ref.parent_id if item.ref else None,
                "fingerprint": item.fingerprint,
                "code": item.code,
                "reason": item.reason,
                "linked": item.source_key in known and known[item.source_key].held_before,
            }
            for item in loaded
        ]
    return typed_frame(MANIFEST_KINDS, sorted(rows, key=lambda row: (row["account"], row["source_key"])))


def _leftover(name: str, known: dict[str, Known], present: set[str], *, every: bool) -> list[Loaded]:
    """The records that the CRM holds and that are not shaped any more."""
    there = [each for key, each in known.items() if key not in present and each.crm_id and each.state in _THERE]
    shorter = [each for each in there if whole_key(each.source_key) in present]
    gone = [each for each in there if whole_key(each.source_key) not in present] if every else []
    return [
        Loaded(each.source_key, "leftover", each.ref(name), each.fingerprint or "", code, reason)
        for lines, code, reason in (
            (shorter, "", "the text has become shorter"),
            (gone, NOT_IN_PANDA, "PANDA has it no longer, or it is left out now"),
        )
        for each in lines
    ]


async def read_object(target: Target, name: str, manifest: pd.DataFrame) -> pd.DataFrame:
    """Read back every loaded record of an object as the CRM holds it now.

    Returns:
        source_key, account, crm_id (str), every mapped field as the CRM returned it (str, Float64 or boolean), and
        `link.<field>` (the linked record's CRM id); records the CRM does not have are left out.
    """
    obj = target.mapping.objects[name]
    rows: list[dict[str, Any]] = []
    loaded = manifest[~manifest["action"].isin(NOT_LOADED) & manifest["crm_id"].notna()]
    for account, group in loaded.groupby("account", sort=True):
        account = str(account)
        scope = target.scope(account, name)
        async with target.adapters[account]() as adapter:
            await adapter.connect()
            await adapter.missing_fields(target.mapping.field_specs())
            places = group[["crm_id", "parent_id"]].astype(object).where(group[["crm_id", "parent_id"]].notna(), None)
            keys = group["source_key"].tolist()
            refs = {Ref(name, *place): key for place, key in zip(places.to_numpy().tolist(), keys, strict=True)}
            try:
                # In the order of their parents, so that one listing serves all records of a parent.
                order = sorted(refs, key=lambda ref: (ref.parent_id or "", ref.crm_id))
                known = target.journal.known(scope)
                size = adapter.read_size(name)
                for start in range(0, len(order), size):
                    asked = order[start : start + size]
                    found = await adapter.read(asked)
                    readings = [_reading(refs[ref], ref, found.get(ref)) for ref in asked]
                    target.journal.append_readings(scope, target.run, readings, known)
                    rows += [_flat(refs[ref], account, snapshot) for ref, snapshot in found.items()]
                    progress.report(f"read back {name}", min(start + size, len(order)), len(order))
            finally:
                target.journal.record_traffic(scope, target.run, "readback", adapter.stats)
    rows.sort(key=lambda row: (row["account"], row["source_key"]))
    kinds: dict[str, Kind | None] = dict.fromkeys(("source_key", "account", "crm_id"), Kind.TEXT)
    kinds |= {field: _kind(entry) for field, entry in obj.all_fields()}
    kinds |= {LINK + link: Kind.TEXT for link in obj.links}
    return pd.DataFrame({column: _column([row.get(column) for row in rows], kind) for column, kind in kinds.items()})


def mark_unproven(target: Target, name: str, records: pd.DataFrame) -> None:
    """Note records that do not hold what we wrote, so that the next load writes them again.

    Args:
        target: the destination.
        name: the object.
        records: source_key, account (str), one row per record.
    """
    for account, group in records.groupby("account", sort=True):
        scope = target.scope(str(account), name)
        known = target.journal.known(scope)
        refs = {key: known[key].ref(name) for key in group["source_key"] if key in known}
        readings = [Reading(key, ref, Verdict.UNPROVEN) for key, ref in refs.items() if ref]
        target.journal.append_readings(scope, target.run, readings, known)


def written_of(target: Target, name: str, account: str, keys: frozenset[str]) -> dict[str, Written]:
    """Return what was written to some records of an object, and to their parts, by source key."""
    entries = target.journal.scope_entries(target.scope(account, name))
    return written_records((entry for entry in entries if whole_key(entry.source_key) in keys), target.journal)


def _reading(source_key: str, ref: Ref, snapshot: Snapshot | None) -> Reading:
    return Reading(source_key, ref, Verdict.HELD if snapshot else Verdict.GONE, snapshot)


def _report(step: str, total: int, done: int) -> None:
    progress.report(step, done, total)


def _flat(source_key: str, account: str, snapshot: Snapshot) -> dict[str, Any]:
    links = {LINK + name: crm_id for name, crm_id in snapshot.links.items()}
    identity = {"source_key": source_key, "account": account, "crm_id": snapshot.ref.crm_id}
    return {**snapshot.fields, **snapshot.custom, **links, **identity}


def _kind(entry: FieldMap) -> Kind | None:
    """The type a field's values come back in; None for numbers, which have no canonical kind of their own."""
    if isinstance(entry.value, bool) or entry.transform == "flag":
        return Kind.BOOLEAN
    return None if entry.transform == "number" and not entry.template else Kind.TEXT


def _column(values: list[Any], kind: Kind | None) -> Any:
    if kind is Kind.BOOLEAN and all(value is None or isinstance(value, bool) for value in values):
        return pd.Series(values, dtype=PANDAS_TYPES[Kind.BOOLEAN])
    if kind is None and all(value is None or isinstance(value, int | float) for value in values):
        return pd.Series(values, dtype="Float64")
    return pd.Series([None if value is None else str(value) for value in values], dtype=PANDAS_TYPES[Kind.TEXT])
