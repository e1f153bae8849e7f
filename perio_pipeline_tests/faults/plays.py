"""The plays: a load, or a rollback, killed at its boundaries one after the other, each resumed and judged."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from perio_pipeline.loading.journal import open_journal
from perio_pipeline_tests.end_to_end.world import PRACTICE
from perio_pipeline_tests.faults.killing import KILLED, boundaries_of, run, run_and_kill
from perio_pipeline_tests.faults.stage import Stage, staged
from perio_pipeline_tests.faults.verdict import Picture, Verdict, compare, known_ids, picture

CRMS = ("highlevel", "freshsales")


@dataclass
class Count:
    """What one part of the harness found."""

    points: int = 0
    wrong: int = 0
    verdict: Verdict = field(default_factory=Verdict)


def play(crm: str, patients: int, every: int, rollback: bool) -> Count:
    """Kill a load, or a rollback, at every so-many-th boundary."""
    with tempfile.TemporaryDirectory() as name, staged(Path(name), crm, patients) as stage:
        return _rollbacks(stage, every) if rollback else _loads(stage, every)


def _loads(stage: Stage, every: int) -> Count:
    notes = stage.rooms.data / "notes"
    journal = stage.journal_folder("undisturbed")
    points = boundaries_of(lambda: stage.load(journal), notes)
    right, digest = picture_of(stage, journal), stage.sandbox.state_digest()
    count = Count()
    for point in range(1, points + 1, every):
        stage.sandbox.reset()
        journal = stage.journal_folder("killed")
        ended = run_and_kill(lambda journal=journal: stage.load(journal), point, notes)
        run(lambda journal=journal: stage.load(journal, read_back=False), notes)
        _judge(stage, count, point, ended, digest, lambda journal=journal: compare(picture_of(stage, journal), right))
    return count


def _rollbacks(stage: Stage, every: int) -> Count:
    """The same for a rollback: killed anywhere and resumed, the CRM is as it was before the load, but for edits."""
    notes = stage.rooms.data / "notes"
    loaded = stage.journal_folder("loaded")
    run(lambda: stage.load(loaded), notes)
    _edit(stage)
    stage.sandbox.checkpoint()
    journal = _copied(stage, loaded)
    points = boundaries_of(lambda: stage.roll_back(journal), notes)
    right, digest = picture_of(stage, journal), stage.sandbox.state_digest()
    count = Count()
    for point in range(1, points + 1, every):
        stage.sandbox.reset()
        journal = _copied(stage, loaded)
        ended = run_and_kill(lambda journal=journal: stage.roll_back(journal), point, notes)
        run(lambda journal=journal: stage.roll_back(journal), notes)
        _judge(stage, count, point, ended, digest, lambda journal=journal: compare(picture_of(stage, journal), right))
    return count


def _judge(stage: Stage, count: Count, point: int, ended: str, digest: str, why: Callable[[], Verdict]) -> None:
    count.points += ended == KILLED
    if stage.sandbox.state_digest() != digest:
        verdict = why()
        count.wrong += 1
        count.verdict += verdict
        print(f"{stage.crm}: kill point {point}: {verdict}", flush=True)


def picture_of(stage: Stage, journal_folder: Path) -> Picture:
    """Return what the CRM holds, by what the journal knows of it."""
    journal = open_journal(journal_folder)
    try:
        return picture(stage.sandbox.state(), known_ids(journal, PRACTICE, stage.crm, list(stage.mapping.objects)))
    finally:
        journal.close()


def _copied(stage: Stage, journal_folder: Path) -> Path:
    folder = stage.journal_folder("rolled-back")
    shutil.copytree(journal_folder, folder, dirs_exist_ok=True)
    return folder


EDITS = {"highlevel": ("note", {"body": "seen by the hygienist"}), "freshsales": ("notes", {"description": "seen"})}


def _edit(stage: Stage) -> None:
    """A person edits one note: it stays, with everything it hangs on."""
    kind, changes = EDITS[stage.crm]
    (records,) = (kinds[kind] for kinds in stage.sandbox.state().values())
    stage.sandbox.edit(kind, records[0]["id"], changes)
