"""Finds what of a destination the CRM holds already: walks its accounts once per model and offers pairs to people.

Records that the journal knows are no candidates, nor are those that carry a mark of this project, but for one: the mark
of a record that is not loaded yet was written by a run whose journal is lost, and names that record for certain.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from perio_pipeline import progress
from perio_pipeline.crm.protocol import Snapshot, Value
from perio_pipeline.loading.entries import Entry, State
from perio_pipeline.loading.matching.decisions import Decided, decided, taken
from perio_pipeline.loading.matching.judging import MARKED, Level
from perio_pipeline.loading.matching.marks import OURS, Marks
from perio_pipeline.loading.matching.pairing import Index, Offer, Pair, RecordKey, assign, find_pairs
from perio_pipeline.loading.matching.profiles import Profile, profile, texts_of
from perio_pipeline.loading.objects import Target
from perio_pipeline.loading.payloads import drafts
from perio_pipeline.panda import canonical as c
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.frames import table_kinds, typed_frame

MATCH_TABLE = Table(
    "matches",
    ("match",),
    (
        c.identifier("match", "the pair's name in lists for people"),
        c.identifier("account", "the CRM account"),
        c.identifier("object", "what the record is"),
        c.identifier("source_key", "the record's key in PANDA"),
        c.identifier("crm_id", "the CRM's id of the record it held before"),
        c.text(
            "level",
            "how surely they are one; household: they only share a phone or an e-mail",
            choices=tuple(level.name.lower() for level in Level if level),
            phi=False,
        ),
        c.text("reasons", "what speaks for it or against it; no values", phi=False),
        c.boolean("offered", "a person is asked about the pair", phi=False),
        c.boolean("holds", "the record is not loaded before somebody decided about the pair", phi=False),
        c.text("decision", "what a person said", choices=("link", "separate"), phi=False),
        c.text("decided_by", "who said it", phi=False),
    ),
    "Records that the CRM may have held before, and what people decided about them.",
)
MATCH_KINDS = table_kinds(MATCH_TABLE)

Texts = Mapping[str, tuple[str, ...]]
"""Role → what the fields of a record say: a patient's values."""


@dataclass
class Matches:
    """What was found.

    Attributes:
        frame: one row per pair (`MATCH_TABLE`).
        texts: pair's name → what PANDA's record says and what the CRM's does; for those that decide.
        seen: records of the accounts that were looked at.
        crowded: what is shared → how many values of it too many share to tell anybody apart.
    """

    frame: pd.DataFrame
    texts: dict[str, tuple[Texts, Texts]] = field(default_factory=dict, repr=False)
    seen: int = 0
    crowded: Counter[str] = field(default_factory=Counter)


@dataclass
class _Side:
    """The records of one model and account on one side."""

    profiles: dict[Any, Profile] = field(default_factory=dict)
    texts: dict[Any, Texts] = field(default_factory=dict)

    def add(self, key: Any, name: str, texts: Texts, country: str) -> None:
        self.profiles[key], self.texts[key] = profile(name, texts, country), texts


async def find_matches(target: Target, shaped: Mapping[str, pd.DataFrame], country: str) -> Matches:
    """Look for records that the accounts hold already. An account of which everything is loaded is not asked.

    Args:
        target: the destination.
        shaped: object → shaped frame, for all objects that the mapping matches.
        country: ISO-2 code of the practice's country, which national phone numbers belong to.

    Raises:
        DestinationError: an account refuses as a whole.
    """
    found = Matches(typed_frame(MATCH_KINDS))
    rows: list[dict[str, Any]] = []
    models = {target.mapping.objects[name].model for name in target.mapping.matched()}
    accounts = sorted({str(account) for frame in shaped.values() for account in frame["account"]})
    for account in accounts:
        for model in sorted(models):
            search = _Search(target, account, model, country)
            search.ask(shaped)
            if search.asked.profiles:
                await search.walk()
                rows += search.rows(found)
    rows.sort(key=lambda row: (row["account"], row["object"], row["source_key"], row["crm_id"]))
    found.frame = typed_frame(MATCH_KINDS, rows)
    return found


def match_name(account: str, obj: str, source_key: str, crm_id: str) -> str:
    """Return the name of a pair: the same in every run, and left alone by spreadsheets, which spoil long ids."""
    pair = "\n".join((account, obj, source_key, crm_id))
    return f"M{hashlib.sha256(pair.encode()).hexdigest()[:12]}"


class _Search:
    """One model of one account: the records that are not loaded yet, and all that the CRM holds."""

    def __init__(self, target: Target, account: str, model: str, country: str) -> None:
        self.target, self.account, self.country = target, account, country
        self.objects = {n: o for n, o in target.mapping.present().items() if o.model == model and o.match}
        self.decided: dict[str, Decided] = {name: decided(target, account, name) for name in self.objects}
        self.taken = taken(target, account, model)
        self.asked, self.held = _Side(), _Side()
        self.marked: list[Pair] = []
        self._marks: dict[str, dict[str, str]] = defaultdict(dict)

    def ask(self, shaped: Mapping[str, pd.DataFrame]) -> None:
        """Take the records about which a decision can still be taken."""
        for name, obj in self.objects.items():
            frame = shaped[name]
            for draft in drafts(obj, frame[frame["account"] == self.account]):
                if draft.problem or not self.decided[name].is_open(draft.source_key) or obj.match is None:
                    continue
                texts = texts_of(obj.match.roles, {**draft.fields, **draft.custom})
                self.asked.add((name, draft.source_key), draft.source_key, texts, self.country)
                if draft.mark:
                    self._marks[name][draft.mark] = draft.source_key

    async def walk(self) -> None:
        """Read all records of the account."""
        first = next(iter(self.objects))
        readers = {name: Marks(obj, self._marks[name]) for name, obj in self.objects.items()}
        roles = self._roles()
        async with self.target.adapters[self.account]() as adapter:
            try:
                await adapter.connect()
                await adapter.missing_fields(self.target.mapping.field_specs())
                async for page in adapter.existing(first):
                    for snapshot in page:
                        self._take(snapshot, readers, roles)
                    progress.report(f"look through {first}", len(self.held.texts), len(self.held.texts))
            finally:
                scope = self.target.scope(self.account, first)
                self.target.journal.record_traffic(scope, self.target.run, "match", adapter.stats)

    def rows(self, found: Matches) -> list[dict[str, Any]]:
        """Pair what was read; adds to the sums and texts of `found`."""
        index = Index(one for one in self.held.profiles.values() if one.key not in self.taken)
        undecided = self._undecided()
        pairs = [pair for pair in self.marked if pair.record in undecided] + find_pairs(undecided, index)
        separated = {(pair.record, pair.crm_id) for pair in pairs if self._decision(pair).separate(*_ids(pair))}
        offers = {(o.pair.record, o.pair.crm_id): o for o in assign(pairs, separated)}
        rows = [self._row(pair, offers, separated) for pair in pairs]
        rows = [row for row in rows if row["offered"] or row["holds"] or row["decision"] or row["level"] == "household"]
        rows += self._linked()
        for row in rows:
            sides = self.asked.texts[row["object"], row["source_key"]], self.held.texts.get(row["crm_id"], {})
            found.texts[row["match"]] = sides
        found.seen += len(self.held.texts)
        found.crowded += index.crowded
        return rows

    def _roles(self) -> dict[str, tuple[str, ...]]:
        """Role → the fields that any object of the model has for it."""
        merged: dict[str, dict[str, None]] = defaultdict(dict)
        for obj in self.objects.values():
            for role, fields in obj.match.roles.items() if obj.match else ():
                merged[role] |= dict.fromkeys(fields)
        return {role: tuple(fields) for role, fields in merged.items()}

    def _take(self, snapshot: Snapshot, readers: Mapping[str, Marks], roles: Mapping[str, tuple[str, ...]]) -> None:
        crm_id = snapshot.ref.crm_id
        values: dict[str, Value] = {**snapshot.fields, **snapshot.custom}
        if crm_id in self.held.texts:
            return
        texts = texts_of(roles, values)
        self.held.texts[crm_id] = texts
        if crm_id in self.taken:
            return
        carried = {name: key for name, reader in readers.items() if (key := reader.read(values)) is not None}
        if not carried:
            self.held.profiles[crm_id] = profile(crm_id, texts, self.country)
        self.marked += [Pair((name, key), crm_id, MARKED) for name, key in carried.items() if key != OURS]

    def _undecided(self) -> dict[RecordKey, Profile]:
        linked = {record for record in self.asked.profiles if self._entry_of_link(record) is not None}
        return {record: one for record, one in self.asked.profiles.items() if record not in linked}

    def _entry_of_link(self, record: RecordKey) -> Entry | None:
        name, key = record
        known = self.decided[name].known.get(key)
        return self.decided[name].entries.get((key, known.crm_id)) if known and known.crm_id else None

    def _decision(self, pair: Pair) -> Decided:
        return self.decided[pair.record[0]]

    def _row(
        self, pair: Pair, offers: Mapping[tuple[RecordKey, str], Offer], separated: set[tuple[RecordKey, str]]
    ) -> dict[str, Any]:
        this = pair.record, pair.crm_id
        offer = offers.get(this)
        entry = self._decision(pair).entries.get(_ids(pair)) if this in separated else None
        return self._named(
            pair.record,
            pair.crm_id,
            level=(offer.level if offer else pair.verdict.level).name.lower(),
            reasons="; ".join(offer.reasons if offer else pair.verdict.reasons),
            offered=offer is not None or entry is not None,
            holds=pair.verdict.level >= Level.LIKELY and this not in separated,
            decision="separate" if entry else None,
            decided_by=entry.actor if entry else None,
        )

    def _linked(self) -> list[dict[str, Any]]:
        """The links that stand and are not loaded yet."""
        rows = []
        for record in self.asked.profiles:
            entry = self._entry_of_link(record)
            if entry is not None and entry.status == State.LINKED and entry.crm_id:
                rows.append(
                    self._named(
                        record,
                        entry.crm_id,
                        level=entry.code,
                        reasons=entry.reason,
                        offered=True,
                        holds=False,
                        decision="link",
                        decided_by=entry.actor,
                    )
                )
        return rows

    def _named(self, record: RecordKey, crm_id: str, **row: Any) -> dict[str, Any]:
        name, key = record
        names = {"account": self.account, "object": name, "source_key": key, "crm_id": crm_id}
        return {"match": match_name(self.account, name, key, crm_id), **names, **row}


def _ids(pair: Pair) -> tuple[str, str]:
    return pair.record[1], pair.crm_id
