"""Removes a practice's values from the data folder and the journal, and proves it with a certificate.

What is kept is what proves: the audit log without values, whose chain can still be followed, and the certificates. The
source (PANDA, its exports, the image store) and the CRM are never touched. Nothing is removed while a run works on one
of the practice's destinations.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from perio_pipeline.errors import GateError, PerioError
from perio_pipeline.loading import audit
from perio_pipeline.loading.auditfile import Format
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.erasing import Erased, erase_values, values_held
from perio_pipeline.loading.journal import KEY_FILE, Journal
from perio_pipeline.ownerfile import write_whole
from perio_pipeline.retention.places import CERTIFICATES, ERROR_LOG, PLACES, Place
from perio_pipeline.workplace import Workplace

LOST = (
    "A rollback cannot give back earlier values, nor tell what people have edited since: it keeps such records as they "
    "are.",
    "A later load cannot tell what people have edited in the CRM from what it wrote itself: where PANDA changes such a "
    "record, it writes over their edits.",
    "The cell-by-cell comparison cannot be shown again without another read-back.",
)
"""What can no longer be done, in words for people."""

BEYOND = (
    "Backups and snapshots of the data folder and of the journal's database hold what they held; they end by their own "
    "retention, or with the journal's key.",
    "Copies that people made of reports are not known to the pipeline.",
)
"""What a purge cannot reach."""


@dataclass(frozen=True)
class Found:
    """What lies in one place: its files, and for the journal its entries."""

    place: str
    holds: str
    files: tuple[Path, ...] = ()
    entries: int = 0
    bytes: int = 0

    @property
    def count(self) -> int:
        """How many files or entries."""
        return len(self.files) + self.entries


def survey(rooms: Workplace, journal: Journal, practice: str, before: datetime | None) -> list[Found]:
    """Say what of a practice a purge would remove, place by place; with `before` only what has not changed since."""
    places = PLACES if before is None else tuple(place for place in PLACES if place.values)
    found = [_found(place, rooms.data, practice, before) for place in (*places, ERROR_LOG)]
    entries, size = values_held(journal, practice, before)
    return [*found, Found("journal", "sealed values of what was written, replaced and read", (), entries, size)]


def purge(
    rooms: Workplace, journal: Journal, practice: str, run: RunInfo, before: datetime | None = None
) -> tuple[Path, dict[str, Any]]:
    """Remove what `survey` names, look again, and write the certificate; returns where it is, and what it says.

    Args:
        rooms: the data folder.
        journal: open.
        practice: whose values.
        run: under which the purge stands in the audit log; its actor is who asked for it.
        before: only what is older; None for everything.

    Raises:
        LockedError: a run works on one of the practice's destinations.
        PerioError: something could not be removed; what was, is said there.
    """
    destinations = rooms.practice(practice).destinations
    at = datetime.now(UTC)
    with ExitStack() as held:
        for crm in destinations:
            held.enter_context(journal.locked(practice, crm, run))
        found = survey(rooms, journal, practice, before)
        lines = [_line(each, rooms.data) for each in found]
        erased = erase_values(journal, practice, run, before)
        for each in found:
            _remove(each.files)
        left = survey(rooms, journal, practice, before)
    folder = rooms.data / CERTIFICATES / practice
    log = audit.export(journal, practice, None, folder, Format.JSONL)
    certificate = _certificate(practice, run, before, at, lines, erased, left, log)
    certificate["seal"] = journal.seal.digest({"certificate": certificate})
    path = folder / f"purge-{practice}-{at:%Y%m%dT%H%M%SZ}.json"
    write_whole(path, json.dumps(certificate, indent=1).encode())
    if remaining := sum(each.count for each in left):
        raise PerioError(
            f"{remaining} files or entries are still there: {', '.join(each.place for each in left if each.count)}.",
            f"See {path}, look who writes there, and purge again.",
        )
    return path, certificate


def check_key_can_go(journal: Journal, practice: str) -> None:
    """Forbid to destroy the journal's key while values of other practices are sealed with it.

    Raises:
        GateError: whose.
    """
    others = [name for name in journal.practices() if name != practice and values_held(journal, name, None)[0]]
    if others:
        raise GateError(
            f"The journal's key also seals values of: {', '.join(others)}.", "Purge those first, or leave the key."
        )


def destroy_key(rooms: Workplace) -> bool:
    """Remove the journal's key file, so that copies of the journal can be read no more; whether there was one."""
    file = rooms.data / KEY_FILE
    if not file.is_file():
        return False
    size = file.stat().st_size
    with file.open("r+b") as key:
        key.write(os.urandom(size))
        os.fsync(key.fileno())
    file.unlink()
    return True


def _found(place: Place, data: Path, practice: str, before: datetime | None) -> Found:
    files, size = [], 0
    for file in place.files(data, practice):
        state = file.lstat()
        if before is None or state.st_mtime < before.timestamp():
            files.append(file)
            size += state.st_size
    return Found(place.name, place.holds, tuple(files), 0, size)


def _line(found: Found, data: Path) -> dict[str, Any]:
    """What is removed of a place; the digest covers each file's path and content, in order."""
    if found.entries:
        return {"place": found.place, "entries": found.entries, "bytes": found.bytes}
    digest = hashlib.sha256()
    for file in found.files:
        content = b"" if file.is_symlink() else hashlib.sha256(file.read_bytes()).digest()
        digest.update(str(file.relative_to(data)).encode() + b"\0" + content)
    return {"place": found.place, "files": len(found.files), "bytes": found.bytes, "sha256": digest.hexdigest()}


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
    for folder in sorted({parent for file in files for parent in file.parents}, key=lambda f: -len(f.parts)):
        # The first level below the data folder, and what still holds something, stays.
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _certificate(
    practice: str,
    run: RunInfo,
    before: datetime | None,
    at: datetime,
    lines: Sequence[dict[str, Any]],
    erased: Sequence[Erased],
    left: Sequence[Found],
    log: Path,
) -> dict[str, Any]:
    return {
        "certificate": "purge of patients' values",
        "practice": practice,
        "by": run.actor,
        "run": run.run,
        "at": at.isoformat(timespec="seconds"),
        "scope": f"older than {before.isoformat()}" if before else "everything",
        "removed": list(lines),
        "journal": [asdict(each) for each in erased],
        "left_after_another_look": {each.place: each.count for each in left},
        "kept": {"audit_log_without_values": log.name, "sha256": hashlib.sha256(log.read_bytes()).hexdigest()},
        "no_longer_possible": list(LOST),
        "out_of_reach": list(BEYOND),
    }
