"""What people decided about records that the CRM held before: journaled, and open to revision until one is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from perio_pipeline.crm.protocol import Ref
from perio_pipeline.errors import PerioError
from perio_pipeline.loading.entries import MATCH, Entry, Item, Known, Result, RunInfo, State
from perio_pipeline.loading.objects import Target, Waiting

LINK = "link"
STATUSES = {LINK: State.LINKED.value, "separate": State.SEPARATE.value}
"""What a person says → the journal's word for it."""

ASKED = "the CRM may hold it already: a person decides with `perio match`"
BY_POLICY = "; linked by the practice's policy"
ASKED_ELSEWHERE = "the CRM may hold it already, as another record may be: a person decides about that one first"

_ACTOR_LENGTH = 64


class DecisionError(PerioError):
    """Decisions that cannot be taken as they are; none of them was."""


@dataclass(frozen=True)
class Decided:
    """What stands in the journal about one object of one account.

    Attributes:
        known: source key → what the journal knows.
        entries: (source key, CRM id) → the latest decision about them.
    """

    known: Mapping[str, Known]
    entries: Mapping[tuple[str, str], Entry]

    def linked(self, source_key: str, crm_id: str) -> bool:
        """Whether the record is that one of the CRM, which held it before."""
        known = self.known.get(source_key)
        return known is not None and known.held_before and known.crm_id == crm_id

    def separate(self, source_key: str, crm_id: str) -> bool:
        """Whether a person said that they are two, or the record was created beside it."""
        entry, known = self.entries.get((source_key, crm_id)), self.known.get(source_key)
        created = known is not None and known.created_by_us and known.crm_id is not None
        return created or (entry is not None and entry.status == State.SEPARATE)

    def is_open(self, source_key: str) -> bool:
        """Whether a decision about the record can still be taken: nothing of it was written, or may have been."""
        known = self.known.get(source_key)
        if known is None or known.crm_id is None:
            return known is None or known.state != State.INTENDED
        untouched = known.held is None and known.fingerprint is None  # neither written nor read back since
        return known.held_before and untouched and known.state != State.INTENDED


def decided(target: Target, account: str, obj: str) -> Decided:
    """Read what stands in the journal."""
    scope = target.scope(account, obj)
    entries = {(entry.source_key, entry.crm_id): entry for entry in target.journal.decisions(scope) if entry.crm_id}
    return Decided(target.journal.known(scope), entries)


def taken(target: Target, account: str, model: str) -> dict[str, tuple[str, str]]:
    """Return CRM id → object and source key of the record that it is known to be, for all records of a model."""
    return {
        known.crm_id: (name, key)
        for name, obj in target.mapping.objects.items()
        if obj.model == model and obj.match
        for key, known in target.journal.known(target.scope(account, name)).items()
        if known.crm_id
    }


def decide(target: Target, rows: pd.DataFrame, said: Mapping[str, str]) -> dict[str, int]:
    """Journal decisions; those that stand already are passed over.

    Args:
        target: the destination; its run says who decides.
        rows: the candidates (`finding.MATCH`).
        said: candidate's name → `link` or `separate`.

    Returns:
        How many of each were new.

    Raises:
        DecisionError: names every line that cannot be taken, and nothing is journaled.
    """
    _check_actor(target.run)
    chosen = rows_of(rows[rows["match"].isin(said)])
    counts = dict.fromkeys(STATUSES, 0)
    problems: list[str] = []
    todo: list[tuple[str, str, list[Result]]] = []
    for (account, obj), group in _grouped(chosen).items():
        state = decided(target, account, obj)
        wanted = [(row, said[row["match"]]) for row in group if not _stands(state, row, said[row["match"]])]
        problems += [f"{row['match']} is loaded already" for row, _ in wanted if not state.is_open(row["source_key"])]
        todo.append((account, obj, _results(state, wanted)))
        for word in STATUSES:
            counts[word] += sum(each == word for _, each in wanted)
    problems += _conflicts(target, chosen, said)
    if problems:
        raise DecisionError(
            f"{len(problems)} decisions cannot be taken: {'; '.join(problems)}.",
            "Correct these lines and give the file again; nothing was taken from it. A record that is loaded is "
            "separated by a rollback.",
        )
    for account, obj, results in todo:
        items: list[Item] = [*results]
        target.journal.append(target.scope(account, obj), target.run, items)
    return counts


def link_certain(target: Target, rows: pd.DataFrame) -> pd.DataFrame:
    """Link what is certain, as the practice's policy allows; returns the candidates with these decisions."""
    certain = (rows["level"] == "certain") & rows["offered"] & rows["decision"].isna()
    said = dict.fromkeys(rows.loc[certain, "match"], LINK)
    decide(target, rows.assign(reasons=rows["reasons"].mask(certain, rows["reasons"] + BY_POLICY)), said)
    decision = rows["decision"].mask(certain, LINK)
    return rows.assign(decision=decision, decided_by=rows["decided_by"].mask(certain, target.run.actor))


def waiting(target: Target, obj: str, rows: pd.DataFrame) -> Waiting:
    """Return the records that must not be loaded before somebody decides.

    Args:
        target: the destination.
        obj: the object that is about to be loaded.
        rows: the candidates (`finding.MATCH_TABLE`), which may be older than the latest decisions.
    """
    found: dict[tuple[str, str], str] = {}
    for (account, _), group in _grouped(rows_of(rows[(rows["object"] == obj) & rows["holds"]])).items():
        state, held = decided(target, account, obj), taken(target, account, target.mapping.objects[obj].model)
        for row in group:
            key, crm_id = row["source_key"], row["crm_id"]
            known = state.known.get(key)
            settled = (known is not None and known.crm_id is not None) or crm_id in held
            if not settled and not state.separate(key, crm_id):
                found[account, key] = ASKED if row["offered"] else found.get((account, key), ASKED_ELSEWHERE)
    return found


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the candidates as plain rows, with None where there is no value."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _check_actor(run: RunInfo) -> None:
    if not run.actor.strip() or len(run.actor) > _ACTOR_LENGTH:
        raise DecisionError(
            "A decision needs the name of the person who takes it.",
            f'Say who decides: --by "Name", {_ACTOR_LENGTH} characters at most.',
        )


def _grouped(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["account"], row["object"]), []).append(row)
    return groups


def _stands(state: Decided, row: Mapping[str, Any], word: str) -> bool:
    check = state.linked if word == LINK else state.separate
    return check(row["source_key"], row["crm_id"])


def _results(state: Decided, wanted: list[tuple[dict[str, Any], str]]) -> list[Result]:
    """Separations first: one takes a link away, and the last word about a record is its link."""
    results = [_result(row, word) for row, word in wanted]
    results.sort(key=lambda result: result.status == State.LINKED)
    separated = {(r.source_key, r.ref.crm_id) for r in results if r.status == State.SEPARATE and r.ref}
    relinked = {r.source_key for r in results if r.status == State.LINKED}
    for key in sorted({key for key, _ in separated} - relinked):
        known = state.known.get(key)
        # The link to another record, which is not among these separations, still stands.
        if known and known.held_before and known.crm_id and (key, known.crm_id) not in separated:
            entry = state.entries[key, known.crm_id]
            results.append(
                Result(
                    key,
                    MATCH,
                    "",
                    State.LINKED.value,
                    Ref(entry.object, known.crm_id),
                    code=entry.code,
                    reason=entry.reason,
                )
            )
    return results


def _result(row: Mapping[str, Any], word: str) -> Result:
    ref = Ref(row["object"], row["crm_id"])
    return Result(row["source_key"], MATCH, "", STATUSES[word], ref, code=row["level"], reason=row["reasons"])


def _conflicts(target: Target, chosen: list[dict[str, Any]], said: Mapping[str, str]) -> list[str]:
    """Links of one record to two, or of two records to one, counting those that stand."""
    problems: list[str] = []
    for account in sorted({row["account"] for row in chosen}):
        links = [row for row in chosen if row["account"] == account and said[row["match"]] == LINK]
        of_record: dict[tuple[str, str], str] = {}
        models = {target.mapping.objects[row["object"]].model for row in links}
        holders = {crm_id: key for model in models for crm_id, key in taken(target, account, model).items()}
        freed = {
            row["crm_id"] for row in chosen if row["account"] == account and said[row["match"]] != LINK
        }  # a separation in the same file
        for row in links:
            record, crm_id = (row["object"], row["source_key"]), row["crm_id"]
            if record in of_record:
                problems.append(f"{of_record[record]} and {row['match']} link one record to two of the CRM")
            holder = holders.get(crm_id)
            if holder not in (None, record) and crm_id not in freed:
                problems.append(f"{row['match']} links a record of the CRM that another record is linked to")
            of_record[record], holders[crm_id] = row["match"], record
    return problems
