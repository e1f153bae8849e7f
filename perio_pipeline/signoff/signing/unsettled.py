"""What the journal says against signing: records whose state in the CRM is not known, or that were taken back since."""

from __future__ import annotations

from dataclasses import dataclass

from perio_pipeline.loading.entries import Scope, State
from perio_pipeline.loading.journal import Journal
from perio_pipeline.mapping.effective import EffectiveMapping
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.store import FrameStore


@dataclass(frozen=True)
class Unsettled:
    """Records of a destination that the latest load and read-back do not speak for.

    Attributes:
        unanswered: a write is under way, or its answer was lost.
        unread: written, and not read back since.
        taken_back: loaded, and taken back by a rollback since.
    """

    unanswered: int = 0
    unread: int = 0
    taken_back: int = 0

    @property
    def points(self) -> list[str]:
        """What stands against signing, in words."""
        said = (
            (self.unanswered, "records were sent without an answer: run the migration again, it looks them up."),
            (self.unread, "records were written and not read back since: `perio reconcile`."),
            (self.taken_back, "records were taken back by a rollback since they were loaded."),
        )
        return [f"{count:,} {words}" for count, words in said if count]


SETTLED = Unsettled()


def unsettled(store: FrameStore, practice: Practice, mapping: EffectiveMapping, journal: Journal) -> Unsettled:
    """Count them, in all accounts."""
    crm, name = mapping.destination, practice.practice
    unanswered = unread = taken_back = 0
    for obj in mapping.present():
        manifest = store.frame(name, [crm, "loaded", obj])
        if not manifest.exists():
            continue
        rows = manifest.read(["source_key", "account"])
        loaded = set(rows.itertuples(index=False, name=None))
        for account in practice.destination(crm).accounts:
            for key, known in journal.known(Scope(name, crm, account.name, obj)).items():
                unanswered += known.state == State.INTENDED
                unread += known.state == State.DONE and known.as_written is None
                taken_back += known.state == State.REVERSED and (key, account.name) in loaded
    return Unsettled(unanswered, unread, taken_back)
