"""The gate before every real CRM: what a named person must have confirmed before a record moves."""

from __future__ import annotations

from pathlib import Path

from perio_pipeline.errors import GateError
from perio_pipeline.mapping.confirming import Versions, missing_second
from perio_pipeline.mapping.entries import Change, changes
from perio_pipeline.mapping.practice import Confirmation, Practice, is_sandbox
from perio_pipeline.mapping.settled import settle

MOST_NAMED = 8
"""Changed entries that a refusal names; of further ones it says how many there are."""


def check_gates(folder: Path, practice: Practice, crm: str) -> None:
    """Forbid loading to a real CRM before a person has confirmed the agreement, silence, and this very mapping.

    Args:
        folder: the mappings folder.
        practice: whose records would move.
        crm: where to; a sandbox on this machine is never forbidden.

    Raises:
        GateError: what is missing, and what of the mapping has changed (requirements P3, G6, G11, G12).
        MappingError: one of the mapping files is wrong.
    """
    destination = practice.destination(crm)
    if is_sandbox(destination.url):
        return
    if practice.baa is None:
        raise GateError(
            f"Nobody has confirmed the signed BAA for practice {practice.practice}, so no patient data may leave.",
            "Add `baa: {confirmed_by: NAME, on: DATE}` to the practice's file once it is signed.",
        )
    if destination.messages_off is None:
        raise GateError(
            f"Nobody has confirmed that whatever writes to patients is off in {crm} while the load runs.",
            f"Switch it off, then write `messages_off: {{by: NAME, on: DATE}}` under destinations.{crm}.",
        )
    check_confirmed(folder, practice, crm)


def check_confirmed(folder: Path, practice: Practice, crm: str) -> Confirmation:
    """Return who confirmed the mapping as it is now.

    Raises:
        GateError: nobody, or it has changed since: the entries are named.
    """
    command = f"perio map confirm --practice {practice.practice} --to {crm}"
    confirmation = practice.destination(crm).confirmation
    if confirmation is None:
        raise GateError(
            f"The mapping of practice {practice.practice} to {crm} is not confirmed.",
            f'Let a named person review it: `{command} --by "NAME"`.',
        )
    now = settle(folder, practice, crm)
    if confirmation.digest != now.digest:
        known = Versions(folder, practice.practice, crm).of(confirmation.digest)
        said = told(changes(known.content.files, now.files)) if known else "no copy of that version is kept here"
        raise GateError(
            f"The mapping of practice {practice.practice} to {crm} has changed since {confirmation.by} confirmed it on "
            f"{confirmation.on}: {said}.",
            f'Undo the change, or let a named person confirm it: `{command} --by "NAME"`.',
        )
    if missing_second(practice, confirmation):
        raise GateError(
            f"The mapping of practice {practice.practice} to {crm} is confirmed by {confirmation.by} alone, and the "
            "practice's file says `second_person: required`.",
            f'Let another person confirm it: `{command} --by "OTHER"`.',
        )
    return confirmation


def told(differences: list[Change]) -> str:
    """Return changed entries in words, the first of them by name."""
    named = "; ".join(str(change) for change in differences[:MOST_NAMED])
    more = len(differences) - MOST_NAMED
    return f"{named}; and {more} more (`perio map diff` shows all)" if more > 0 else named
