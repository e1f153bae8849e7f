"""What lies where in the data folder, and in which of these places patients' values may lie.

A place that is not named here, or is named without values, must never hold one: the canary test looks through it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A part of the data folder.

    Attributes:
        name: what people call it.
        pattern: a glob below the data folder, with `{practice}` where the practice's name stands.
        holds: what lies there.
        values: whether patients' values may lie there.
    """

    name: str
    pattern: str
    holds: str
    values: bool

    def roots(self, data: Path, practice: str) -> list[Path]:
        """Return the files and folders of a practice that the pattern names."""
        return sorted(data.glob(self.pattern.format(practice=practice)))

    def files(self, data: Path, practice: str) -> list[Path]:
        """Return every file of a practice that lies there; a link is a file of its own and is not followed."""
        return [file for root in self.roots(data, practice) for file in _files(root)]


PLACES = (
    Place("frames", "frames/{practice}", "what was read, validated, shaped, loaded, read back and compared", True),
    Place("files", "files/{practice}", "letters and visit histories as PDF", True),
    Place("reports", "reports/{practice}", "reports for people, and exported audit logs", True),
    Place("staged exports", "staged/{practice}.db*", "the practice's CSV exports, as a database", True),
    Place("sandboxes", "sandbox/*-{practice}.sqlite*", "what local CRMs hold", True),
    Place("set-up", "set-up/{practice}.*.json", "what the accounts said of their fields and users", False),
    Place("windows", "cutover/{practice}.*.json", "cutover windows: which batches were loaded, with counts", False),
)
"""Everything that belongs to one practice."""

CERTIFICATES = "certificates"
"""The folder of what proves that values were removed."""

ERROR_LOG = Place("error log", "logs/redacted-errors.log*", "full texts of unforeseen errors, of all practices", True)

SHARED = (
    ERROR_LOG,
    Place("source", "sample", "the sample practice, where it was made: a source, which is never removed", True),
    Place("journal", "journal.*", "the journal and its key; patients' values are encrypted", False),
    Place("certificates", CERTIFICATES, "what proves that values were removed", False),
    Place("Dagster", "dagster", "runs and events: ids, counts, names and shapes", False),
)
"""Everything that practices share."""

WITHOUT_VALUES = (
    "audit/*",
    "exports.json",
    "*/checklist.*",
    "*/preflight.json",
    "*/rollback.*",
    "*/window.html",
)
"""Reports that can be passed on: they hold ids, field names, counts and causes, never a patient's value."""


def value_free(data: Path, practice: str) -> Iterator[Path]:
    """Every file of the data folder that must hold no patient's value."""
    with_values = [root for place in (*PLACES, *SHARED) if place.values for root in place.roots(data, practice)]
    reports = data / "reports" / practice
    passed_on = {file for pattern in WITHOUT_VALUES for file in reports.glob(pattern)}
    for file in _files(data):
        if file in passed_on or not any(file.is_relative_to(root) for root in with_values):
            yield file


def _files(root: Path) -> Iterator[Path]:
    if root.is_symlink() or root.is_file():
        yield root
    elif root.is_dir():
        for each in sorted(root.iterdir()):
            yield from _files(each)
