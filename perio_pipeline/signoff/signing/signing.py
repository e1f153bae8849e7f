"""Writes the sign-off report, and signs it: the signed file is kept as it is, its hash stands in the audit log."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from perio_pipeline.errors import GateError, SettingsError
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.journal import REASON_LENGTH
from perio_pipeline.loading.signatures import Signature, sign, signatures
from perio_pipeline.signoff.signing.facts import Facts, gather
from perio_pipeline.signoff.signing.page import render_signoff
from perio_pipeline.workplace import Workplace

REPORT = "signoff.html"
SIGNED = "signed"


@dataclass(frozen=True)
class Report:
    """What was written.

    Attributes:
        facts: what it says.
        path: where it lies.
        signed: who has signed, the latest last.
    """

    facts: Facts
    path: Path
    signed: tuple[Signature, ...]


def write_signoff(
    rooms: Workplace, practice: str, crm: str, *, window_until: str = "", with_values: bool = False
) -> Report:
    """Write the report as things stand now.

    Args:
        rooms: put together.
        practice: whose.
        crm: the destination.
        window_until: until when a cutover window is open; empty where none is.
        with_values: show differing values; the file is then patients' data.

    Raises:
        SettingsError: the practice does not move to this CRM.
    """
    chosen = rooms.practice(practice)
    chosen.destination(crm)
    with closing(rooms.journal()) as journal:
        facts = gather(rooms, chosen, crm, journal, window_until)
        signed = signatures(journal, practice, crm)
    page = render_signoff(facts, signed, datetime.now(ZoneInfo(chosen.time_zone)), with_values=with_values)
    return Report(facts, rooms.write_report(page, practice, crm, REPORT), tuple(signed))


def sign_off(
    rooms: Workplace, practice: str, crm: str, run: RunInfo, *, window_until: str = "", despite: str = ""
) -> Report:
    """Sign the report as things stand now; the run's actor is who signs. Nobody can load meanwhile.

    Args:
        rooms: put together.
        practice: whose.
        crm: the destination.
        run: who signs.
        window_until: until when a cutover window is open; empty where none is.
        despite: why, where points are open.

    Raises:
        GateError: points are open, and no reason is given.
        SettingsError: nobody is named, or the reason has no room in the audit log.
        LockedError: a run works on the practice's destination.
    """
    if not run.actor.strip():
        raise SettingsError("Nobody is named who signs.", "Say who: `--by NAME`.")
    if len(despite) > REASON_LENGTH:
        raise SettingsError(
            f"The reason has {len(despite)} characters; the audit log has room for {REASON_LENGTH}.", "Say it shorter."
        )
    with closing(rooms.journal()) as journal, journal.locked(practice, crm, run):
        report = write_signoff(rooms, practice, crm, window_until=window_until)
        points = report.facts.open_points
        if points and not despite.strip():
            raise GateError(
                f"Not signed, since this is open: {' '.join(points)}",
                "Settle them, or sign with `--despite REASON`; the reason stands in the report and in the audit log.",
            )
        content = report.path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        rooms.write_report(content, practice, crm, SIGNED, f"signoff-{digest[:12]}.html")
        sign(journal, practice, crm, run, digest, despite.strip() if points else "")
    return write_signoff(rooms, practice, crm, window_until=window_until)
