"""The check of how long patients' values have been kept on this machine, against what the practice's file states."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

from perio_pipeline.mapping.practice import Practice
from perio_pipeline.preflight.checks import Check, ok, warning
from perio_pipeline.retention.purge import survey
from perio_pipeline.wording import things
from perio_pipeline.workplace import Workplace


def kept_too_long(rooms: Workplace, practice: Practice) -> Check:
    """G12: nothing lies here for longer than the practice's file says."""
    if practice.retention is None:
        return ok(
            "G12", "retention", "The practice's file states no `retention`, so values stay until they are purged."
        )
    days = practice.retention.days
    with closing(rooms.journal()) as journal:
        found = survey(rooms, journal, practice.practice, datetime.now(UTC) - timedelta(days=days))
    files, entries = sum(len(each.files) for each in found), sum(each.entries for each in found)
    if not files + entries:
        return ok("G12", "retention", f"No value has been kept for more than {days} days.")
    return warning(
        "G12",
        "retention",
        f"{things(files, 'file')} and the values of {things(entries, 'journal entry', 'journal entries')} "
        f"have been kept for more than {days} days.",
        f"Look at them with `perio purge --practice {practice.practice}`, then purge them.",
    )
