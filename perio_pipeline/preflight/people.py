"""Checks of what only people can say: messages are off, the agreement is signed; and what no migration carries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from perio_pipeline.errors import GateError
from perio_pipeline.mapping.gates import check_confirmed
from perio_pipeline.mapping.practice import Practice, is_sandbox
from perio_pipeline.preflight.checks import Check, ok, refused, warning

ROWS = {"freshsales": "G6", "highlevel": "G11"}
SENDERS = {
    "freshsales": "workflows, sequences, e-mail and SMS notifications",
    "highlevel": "workflows and campaigns",
}
NOT_CARRIED = {
    "freshsales": "Freddy AI (not in the lower plans), bot sessions and phone credits are bought and set up anew; "
    "none of them is carried over.",
    "highlevel": "Telephony, e-mail and AI are charged by use; white-label settings and the history of messages "
    "do not travel.",
}
"""What each CRM costs or lacks beyond its records (G6, G11)."""


def messages(practice: Practice, crm: str, today: date) -> Iterator[Check]:
    """G6, G11: nothing that the load touches may write to patients; and what does not come along."""
    row, senders = ROWS.get(crm, "G6"), SENDERS.get(crm, "everything that writes to patients")
    stated = practice.destination(crm).messages_off
    if is_sandbox(practice.destination(crm).url):
        yield ok(row, "messages_off", "A sandbox sends no messages.")
    elif stated is None:
        yield refused(
            row,
            "messages_off",
            f"Nobody has confirmed that {senders} are off while the load runs.",
            f"Switch them off, then write `messages_off: {{by: NAME, on: {today}}}` under destinations.{crm}.",
        )
    elif stated.on > today:
        yield refused(
            row, "messages_off", f"It is confirmed for {stated.on}, which is to come.", "Confirm it once it is done."
        )
    else:
        yield ok(row, "messages_off", f"{stated.by} confirmed on {stated.on} that {senders} are off.")
    if crm in NOT_CARRIED:
        yield ok(row, "not_carried", NOT_CARRIED[crm])


def agreement(practice: Practice, crm: str, today: date) -> Check:
    """G12: a named person has confirmed the signed business associate agreement."""
    baa = practice.baa
    to_do = f"Add `baa: {{confirmed_by: NAME, on: {today}}}` to the practice's file once it is signed."
    if baa is None and is_sandbox(practice.destination(crm).url):
        said = "Nobody has confirmed the signed BAA; a sandbox needs none, the real account does."
        return warning("G12", "baa", said, to_do)
    if baa is None:
        return refused("G12", "baa", "Nobody has confirmed the signed BAA, so no patient data may leave.", to_do)
    if not baa.confirmed_by.strip() or baa.on > today:
        return refused("G12", "baa", "The BAA is confirmed by nobody, or for a day that is to come.", to_do)
    return ok("G12", "baa", f"{baa.confirmed_by} confirmed the signed BAA on {baa.on}.")


def confirmation(folder: Path, practice: Practice, crm: str) -> Check:
    """P3: the mapping is as named people have confirmed it; otherwise the entries that changed since.

    Args:
        folder: the mappings folder.
        practice: whose.
        crm: where to.
    """
    try:
        said = check_confirmed(folder, practice, crm)
    except GateError as error:
        verdict = warning if is_sandbox(practice.destination(crm).url) else refused
        return verdict("P3", "mapping", error.problem, error.remedy)
    return ok("P3", "mapping", f"{said.by} confirmed it on {said.on}.")
