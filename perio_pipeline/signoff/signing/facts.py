"""What the sign-off report says, gathered from frames, journal and files of a practice; counts and names only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from perio_pipeline.loading.costs import PLANNED_LOAD
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.objects import UNDECIDED
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.filing import SENT_FRAME
from perio_pipeline.mapping.practice import Cutover, Destination, Practice
from perio_pipeline.signoff.accounting import ObjectStatus, destination_status
from perio_pipeline.signoff.causes import Cause
from perio_pipeline.signoff.diff import Diff
from perio_pipeline.signoff.leftovers import CATEGORIES, file_lines, left_out_lines
from perio_pipeline.signoff.objects import kept_diffs
from perio_pipeline.signoff.signing.arrivals import Arrivals, arrivals
from perio_pipeline.signoff.signing.unsettled import SETTLED, Unsettled, unsettled
from perio_pipeline.workplace import Workplace

PREFLIGHT = "preflight.json"
"""The report of the latest preflight, beside the others."""

TO_DO = {
    UNDECIDED: "Decide which records are the same: `perio match`.",
    "parent_not_loaded": "Mend what keeps the record it hangs on out of the CRM, then `perio retry`.",
    "not_sendable": "Correct the value in PANDA, or its entry in the mapping, then `perio retry`.",
    "rollback_open": "Let the interrupted rollback end: `perio rollback`.",
}
"""Code of a failure → what to do about it."""
OTHERWISE = "See what the CRM says; correct it there or in PANDA, then `perio retry`."


@dataclass(frozen=True)
class ObjectFacts:
    """One object.

    Attributes:
        name, description: of the object.
        status: its counts.
        arrived: what became of the rows that make records.
        left_out: category of `leftovers.CATEGORIES` → rows.
        compared: it was read back and compared.
    """

    name: str
    description: str
    status: ObjectStatus
    arrived: Arrivals
    left_out: dict[str, int]
    compared: bool

    @property
    def loaded(self) -> int:
        """Records that are in the CRM as they should be."""
        return self.status.created + self.status.updated + self.status.adopted + self.status.unchanged

    @property
    def adds_up(self) -> bool:
        """Whether source = quarantined + left out + what makes records, and each of these is accounted for."""
        status = self.status
        counted = status.quarantined + status.left_out + status.shaped
        return status.source == counted and status.shaped == self.arrived.total


@dataclass(frozen=True)
class Statement:
    """What a named person stands for; `by` is empty where nobody does."""

    what: str
    by: str
    on: str


@dataclass(frozen=True)
class Facts:
    """All of it.

    Attributes:
        practice, crm: names for people, and of the destination.
        load_pass: sample or full; both, joined by `and`, where objects differ.
        objects: in the order in which they are loaded.
        diffs: object → its field-level diff.
        statements: who confirmed what.
        failures: object, code, reason, records, to_do.
        left_out, files: as in `leftovers`.
        plan: what the latest load of a whole pass was planned to take; None where there was none.
        planned_run: requests that this load took.
        requests: that the latest runs took.
        absent: objects that are not loaded for this practice → why.
        unsettled: records that the latest load and read-back do not speak for.
        refused: checks of the latest preflight that are refused.
        window_until: until when a cutover window is open; empty where none is.
        share, few: of as many records, or of a few, it is believed that people deleted them in the CRM.
    """

    practice: str
    crm: str
    load_pass: str
    objects: tuple[ObjectFacts, ...]
    diffs: dict[str, Diff]
    statements: tuple[Statement, ...]
    failures: tuple[dict[str, Any], ...]
    left_out: tuple[dict[str, Any], ...]
    files: tuple[dict[str, Any], ...]
    plan: dict[str, Any] | None
    planned_run: int
    requests: int
    absent: dict[str, str]
    unsettled: Unsettled = SETTLED
    refused: tuple[str, ...] = ()
    window_until: str = ""
    share: float = Cutover().gone_share
    few: int = Cutover().gone_few

    def caused(self, cause: Cause) -> int:
        """How many differences have a cause."""
        return sum(int((diff.differences["cause"] == cause).sum()) for diff in self.diffs.values())

    @property
    def removed(self) -> int:
        """How many records were loaded, and are not in the CRM any more, as the load or the read-back found."""
        return self.caused(Cause.REMOVED)

    @property
    def many_removed(self) -> bool:
        """Whether so many are gone that the account may be a wrong or a broken one."""
        return self.removed > max(self.few, self.share * sum(each.arrived.total for each in self.objects))

    @property
    def open_points(self) -> list[str]:
        """What stands against signing, in words; none where the migration is proven."""
        points = []
        waiting = [each.name for each in self.objects if not each.compared]
        if waiting or not self.objects:
            points.append(f"Not loaded or not compared yet: {', '.join(waiting) or 'everything'}.")
        if " and " in self.load_pass:
            points.append(f"Objects are of different passes ({self.load_pass}): run one of them as a whole.")
        unexplained = sum(diff.unexplained for diff in self.diffs.values())
        if unexplained:
            points.append(f"{unexplained:,} cells differ without a reason.")
        failed = sum(each.status.failed for each in self.objects)
        if failed:
            points.append(f"{failed:,} records did not arrive.")
        wrong = [each.name for each in self.objects if not each.adds_up]
        if wrong:
            points.append(f"The counts do not add up: {', '.join(wrong)}.")
        if self.many_removed:
            points.append(
                f"{self.removed:,} records that were loaded are not in the CRM any more, too many to believe without a "
                "look that people deleted them: see whether it is the right account, then say why it is signed."
            )
        points += self.unsettled.points
        if self.refused:
            points.append(f"The latest preflight refuses {', '.join(self.refused)}: mend it, then `perio preflight`.")
        if self.window_until:
            points.append(f"The cutover window is open until {self.window_until}, so that what is there still changes.")
        return points

    @property
    def to_decide(self) -> list[str]:
        """What does not stand against signing, and is left to people, in words."""
        quarantined = sum(each.status.quarantined for each in self.objects)
        counts = (
            (
                "Values changed both in PANDA and by a person in the CRM",
                self.caused(Cause.CONFLICT),
                "Decide which is right, and correct it in the CRM.",
            ),
            (
                "Rows that are not sound in PANDA, and so are not in the CRM",
                quarantined,
                "Correct them in PANDA and migrate again, or accept that they stay behind.",
            ),
            (
                "Files that did not travel as they are",
                len(self.files),
                "Decide which of them the CRM must hold.",
            ),
            (
                "Records that people deleted in the CRM",
                self.removed,
                "Decide whether that is right; the migration does not bring them back.",
            ),
            (
                "Records that PANDA has no longer",
                self.caused(Cause.DELETED),
                "Decide whether somebody deletes them in the CRM; the migration deletes nothing.",
            ),
        )
        said = [f"{what}: {count:,}. {to_do}" for what, count, to_do in counts if count]
        sample = ["Only a sample was loaded: once it is signed, run the full migration."]
        return said + (sample if self.load_pass == "sample" else [])


def gather(rooms: Workplace, practice: Practice, crm: str, journal: Journal, window_until: str = "") -> Facts:
    """Gather the facts of a practice's destination as they are now."""
    store, mapping, name = rooms.store(), rooms.effective(practice, crm), practice.practice
    statuses = destination_status(store, name, crm, mapping, journal.traffic(name, crm), journal.costs(name, crm))
    diffs = kept_diffs(rooms, practice, crm)
    frames = {obj: store.frame(name, [crm, "left_out", obj]) for obj in mapping.objects}
    left_out = left_out_lines({obj: frame.read() for obj, frame in frames.items() if frame.exists()})
    sent, plan = store.frame(name, mapping.asset_key(SENT_FRAME)), store.frame(name, [crm, PLANNED_LOAD]).note()
    passes = {str(store.frame(name, [crm, "loaded", obj]).note().get("pass")) for obj in diffs}
    return Facts(
        practice=practice.name,
        crm=crm,
        load_pass=" and ".join(sorted(passes)),
        objects=tuple(
            ObjectFacts(
                obj,
                entry.description,
                statuses.get(obj, ObjectStatus()),
                arrivals(store, name, obj, mapping),
                _by_category(left_out, obj),
                obj in diffs,
            )
            for obj, entry in mapping.present().items()
        ),
        diffs={obj: diff for obj, diff in diffs.items() if obj in mapping.present()},
        statements=tuple(_statements(practice, practice.destination(crm))),
        failures=tuple(_failures(rooms, name, mapping)),
        left_out=tuple(left_out),
        files=tuple(file_lines(sent.read())) if sent.exists() else (),
        plan=plan or None,
        planned_run=journal.requests(name, crm, plan["run"]) if plan else 0,
        requests=sum(status.requests for status in statuses.values()),
        absent={obj: absence.reason for obj, absence in mapping.absent.items()},
        unsettled=unsettled(store, practice, mapping, journal),
        refused=tuple(_refused(rooms, name, crm)),
        window_until=window_until,
        share=practice.destination(crm).cutover.gone_share,
        few=practice.destination(crm).cutover.gone_few,
    )


def _refused(rooms: Workplace, practice: str, crm: str) -> Iterator[str]:
    """Names of the checks that the latest preflight refuses, by its report."""
    path = rooms.report_file(practice, crm, PREFLIGHT)
    for check in json.loads(path.read_text(encoding="utf-8"))["checks"] if path.is_file() else ():
        if check["verdict"] == "refused":
            yield f"{check['requirement']} {check['name']}"


def _by_category(lines: Sequence[dict[str, Any]], obj: str) -> dict[str, int]:
    return {
        category: sum(line["count"] for line in lines if line["object"] == obj and line["meaning"] == meaning)
        for category, meaning in CATEGORIES.items()
    }


def _failures(rooms: Workplace, practice: str, mapping: EffectiveMapping) -> Iterator[dict[str, Any]]:
    for name in mapping.present():
        manifest = rooms.store().frame(practice, [mapping.destination, "loaded", name])
        if not manifest.exists():
            continue
        rows = manifest.read(["action", "code", "reason"])
        counts = rows[rows["action"] == "failed"].fillna("").value_counts(["code", "reason"]).reset_index()
        for code, reason, records in counts.itertuples(index=False, name=None):
            to_do = TO_DO.get(str(code), OTHERWISE)
            yield {"object": name, "code": code, "reason": reason, "records": int(records), "to_do": to_do}


def _statements(practice: Practice, destination: Destination) -> Iterator[Statement]:
    baa, said = practice.baa, destination.confirmation
    yield Statement("The agreement (BAA) is signed", *((baa.confirmed_by, f"{baa.on}") if baa else ("", "")))
    yield Statement("The mapping is right", *((said.by, f"{said.on}") if said else ("", "")))
    silence, probing = destination.messages_off, destination.probing
    yield Statement("Whatever writes to patients is off", *((silence.by, f"{silence.on}") if silence else ("", "")))
    if probing:
        yield Statement("Throwaway records may be made in the account", probing.by, f"{probing.on}")
    if destination.schema_plan.create_fields:
        yield Statement("Custom fields may be created", destination.schema_plan.approved_by, "")
