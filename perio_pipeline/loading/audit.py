"""The audit log outside of the journal: exported to a file, and verified there and in the journal itself.

A file holds the whole chain of a practice. Where only one destination is asked for, the entries of the others stand
there as their hashes alone, so that the chain can be followed without showing them. No value is opened for it.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from perio_pipeline.errors import PerioError
from perio_pipeline.loading import auditfile
from perio_pipeline.loading.auditfile import FileHead, Format
from perio_pipeline.loading.chain import Head, HeadError, read_head
from perio_pipeline.loading.entries import CHAIN_START, Entry, entry_hash
from perio_pipeline.loading.erasing import ERASURE, Residue, lost_its_values
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.sealing import Seal
from perio_pipeline.loading.tables import ENTRY

COLUMNS = tuple(Entry.__dataclass_fields__)
HASHES = ("number", "previous_hash", "hash")
"""What is shown of an entry of another destination."""
_CHANGED = "does not say what was written: its content or its hash was changed"
MOST_PROBLEMS = 100
"""How many are listed; more would say no more."""


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was written: where (line of a file, number of an entry, 0 for all), and what."""

    place: int
    what: str


@dataclass
class Verified:
    """What a verification found.

    Attributes:
        practice: whose log, as its first line or the caller says.
        head: the first line of a file.
        entries: how many entries it has.
        shown: how many of them with their content.
        last_hash: of the last one; None where it cannot be read.
        problems: none where all is as it was written.
        sealed: whether a key was at hand, so that a log written anew by somebody without it would have been found.
        taken_over: entries that were there when the journal began to keep heads: for them no seal speaks.
        residues: destination → what stays of its entries whose values were erased.
    """

    practice: str
    head: FileHead | None = None
    entries: int = 0
    shown: int = 0
    last_hash: str | None = CHAIN_START
    problems: list[Problem] = field(default_factory=list)
    sealed: bool = False
    taken_over: int = 0
    residues: dict[str, Residue] = field(default_factory=dict)

    @property
    def erased(self) -> int:
        """How many entries had values that were erased, as a later entry vouches."""
        return sum(residue.erased for residue in self.residues.values())

    def problem(self, place: int, what: str) -> None:
        """Note a problem."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(place, what))

    def follow(self, place: int, entry: Mapping[str, Any] | None, number: Any = None) -> None:
        """Look at the next entry; `number` is its place in the chain, where it says so itself."""
        self.entries += 1
        if entry is None:
            self.problem(place, "is not as it was exported")
            self.last_hash = None
            return
        if number is not None and number != self.entries:
            self.problem(place, f"is entry {number} where {self.entries} belongs: some were removed, added or moved")
            self.entries = number if isinstance(number, int) else self.entries
        elif self.last_hash is not None and entry.get("previous_hash") != self.last_hash:
            self.problem(place, "does not follow the entry before it: some were changed, removed, added or moved")
        if any(value is not None for name, value in entry.items() if name not in HASHES):
            self.shown += 1
            self._look_into(place, entry)
        self.last_hash = entry.get("hash")

    def _look_into(self, place: int, entry: Mapping[str, Any]) -> None:
        residue = self.residues.setdefault(str(entry.get("destination")), Residue())
        if lost_its_values(entry):
            residue.take(place, entry)
        elif entry_hash(entry) != entry.get("hash"):
            self.problem(place, _CHANGED)
        elif entry.get("kind") == ERASURE and not residue.vouched(entry):
            self.problem(place, "says what stays of erased entries, and they are not as it says")
        if entry.get("practice") != self.practice:
            self.problem(place, f"is not of practice {self.practice}")

    def end(self) -> None:
        """Note the entries without values for which no erasure vouches."""
        for place in sorted(place for residue in self.residues.values() for place in residue.waiting):
            self.problem(place, _CHANGED)


def export(journal: Journal, practice: str, destination: str | None, folder: Path, form: Format) -> Path:
    """Write the audit log of a practice to a new file in a folder, readable by its owner only; returns it.

    Args:
        journal: where the log is.
        practice: whose log.
        destination: the only destination whose entries are shown; None for all.
        folder: made where it is not there.
        form: how the file is written.

    Raises:
        HeadError: the head of the log is missing or was changed.
        PerioError: the file cannot be written.
    """
    with journal.engine.connect() as connection:
        chain = read_head(connection, practice, journal.seal)
        shown = _count(connection, practice, destination, chain.entries)
    now = datetime.now(UTC)
    at = now.isoformat(timespec="milliseconds")
    head = FileHead(practice, destination, chain.entries, shown, chain.last_hash, chain.taken_over, at)
    name = "-".join(["audit", practice, *([destination] if destination else []), f"{now:%Y%m%dT%H%M%S%fZ}"])
    path = folder / f"{name}.{form.value}"
    part = folder / f"{name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(part, "xb", opener=_private) as file:
            file.write(auditfile.opening_lines(form, head, COLUMNS, journal.seal))
            # What is written to the log meanwhile is neither in the head nor in the file.
            for number, entry in enumerate(islice(journal.entries(practice), chain.entries), start=1):
                shows = destination in (None, entry.destination)
                file.write(auditfile.entry_line(form, _content(entry, number, shows), COLUMNS))
        part.rename(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise PerioError(
            f"{path} cannot be written: {error.strerror}.", "Look at the folder's rights and room."
        ) from None
    return path


def verify_file(path: Path, seal: Seal | None = None) -> Verified:
    """Follow the chain of an exported log, from the file alone; a problem's place is its line.

    Args:
        path: the file.
        seal: with the journal's key, if it is at hand: a file that was written anew, head and all, is then told too.

    Raises:
        PerioError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            opening = auditfile.read_opening(file)
            head = opening.head
            found = Verified(head.practice if head else "", head)
            if head is None:
                found.problem(1, "is no head as it was exported")
            elif seal is not None:
                found.sealed = True
                if not hmac.compare_digest(head.sealed(seal, opening.columns), opening.seal):
                    found.problem(1, "is forged, or was sealed with another key")
            line = opening.lines
            for line, entry in auditfile.read_lines(file, opening):
                found.practice = found.practice or str(entry and entry.get("practice"))
                found.follow(line, entry, (entry.get("number") or 0) if entry else None)
    except OSError as error:
        raise PerioError(f"{path} cannot be read: {error.strerror}.", "Name an exported audit log.") from None
    found.end()
    if head is not None:
        found.taken_over = head.taken_over
        if (found.entries, found.last_hash) != (head.entries, head.last_hash):
            found.problem(line + 1, f"is where the file ends; its head says it ends after entry {head.entries}")
        if found.shown != head.shown:
            found.problem(line + 1, f"is the end: {found.shown} entries are shown, and {head.shown} in the head")
    return found


def verify_journal(journal: Journal, practice: str, file: FileHead | None = None) -> Verified:
    """Follow a practice's chain in the journal to its head; a problem's place is the entry's number in the database.

    Args:
        journal: where the log is.
        practice: whose log.
        file: the head of an exported log, of which the journal's must be the continuation.
    """
    found = Verified(practice, file, sealed=True)
    before = _sound_head(journal, found)
    hashes: dict[int, str | None] = {0: CHAIN_START}
    number = 0
    for entry in journal.entries(practice):
        number = entry.number
        found.follow(number, vars(entry))
        if found.entries in (before and before.entries, file and file.entries):
            hashes[found.entries] = found.last_hash
    found.end()
    after = _sound_head(journal, found) if before else None  # others may write meanwhile
    if before and after:
        found.taken_over = before.taken_over
        if not before.entries <= found.entries <= after.entries or hashes.get(before.entries) != before.last_hash:
            found.problem(number, f"is where the log ends; its head says it ends after entry {after.entries}")
    if file and hashes.get(file.entries) != file.last_hash:
        found.problem(number, f"is the end, and entry {file.entries} is not the last one of the exported file")
    return found


def _sound_head(journal: Journal, found: Verified) -> Head | None:
    """Return the head of a chain; None, and a problem, where it is not sound."""
    try:
        with journal.engine.connect() as connection:
            return read_head(connection, found.practice, journal.seal)
    except HeadError as error:
        found.problem(0, error.what)
        return None


def _count(connection: sa.Connection, practice: str, destination: str | None, entries: int) -> int:
    """How many of the first entries are of a destination."""
    if destination is None:
        return entries
    first = sa.select(ENTRY.c.destination).where(ENTRY.c.practice == practice).order_by(ENTRY.c.number).limit(entries)
    chosen = first.subquery()
    query = sa.select(sa.func.count()).select_from(chosen).where(chosen.c.destination == destination)
    return int(connection.execute(query).scalar_one())


def _content(entry: Entry, number: int, shows: bool) -> dict[str, Any]:
    """What is exported of an entry: with its place in the chain; what is sealed as hex of its ciphertext."""
    content = {**vars(entry), "number": number}
    names = COLUMNS if shows else HASHES
    return {name: value.hex() if isinstance(value := content[name], bytes) else value for name in names}


def _private(file: str, flags: int) -> int:
    return os.open(file, flags, 0o600)
