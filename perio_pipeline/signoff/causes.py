"""Why a cell in the CRM may differ from its source, and which of these reasons need no further look. One table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """The name of a cause, as it stands in frames and reports."""

    NORMALISED = "normalised"
    MADE_PLAIN = "made_plain"
    WITHHELD = "withheld"
    UNMATCHED_USER = "unmatched_user"
    KEPT = "kept"
    UNPROVEN = "unproven"
    EDITED = "edited"
    CONFLICT = "conflict"
    DELETED = "deleted"
    REMOVED = "removed"
    TRUNCATED = "truncated"
    DROPPED = "dropped"
    ALTERED = "altered"
    UNFORMATTED = "unformatted"
    REFORMATTED = "reformatted"
    EXTRA = "extra"
    MISSING = "missing"


@dataclass(frozen=True)
class Meaning:
    """What a cause means.

    Attributes:
        explained: the difference is as agreed, so it does not stand against signing off.
        description: for the people who sign off.
    """

    explained: bool
    description: str


CAUSES: dict[Cause, Meaning] = {
    Cause.NORMALISED: Meaning(
        True,
        "Only the form differs: letter case of e-mails and user names, phone format, white space, a time that the "
        "change of the clocks leaves open.",
    ),
    Cause.MADE_PLAIN: Meaning(
        True, "Every word is there; the field or the account does not keep all the formatting of rich text."
    ),
    Cause.WITHHELD: Meaning(
        True, "Another record holds the value, which the CRM keeps unique; this one has it in a custom field."
    ),
    Cause.UNMATCHED_USER: Meaning(
        True, "The CRM account has no such user, or the user is switched off, so nobody was assigned."
    ),
    Cause.KEPT: Meaning(
        True,
        "The CRM held the record before, and PANDA has nothing better here: no value, only a no, a value that another "
        "record holds, a user whom the account does not have, or the same for every record.",
    ),
    Cause.UNPROVEN: Meaning(
        True, "The CRM was not asked for the file's content, so only its name and size were compared, not its hash."
    ),
    Cause.EDITED: Meaning(True, "A person changed it in the CRM after it was loaded, and that stays."),
    Cause.CONFLICT: Meaning(
        True,
        "Both have changed since it was loaded, in PANDA and by a person in the CRM. The person's value stays until "
        "somebody decides.",
    ),
    Cause.DELETED: Meaning(
        True, "PANDA has the record no longer, or leaves it out now. It stays in the CRM; people decide."
    ),
    Cause.REMOVED: Meaning(
        True, "A person deleted it in the CRM after it was loaded, or what it would hang on, and that stays."
    ),
    Cause.TRUNCATED: Meaning(False, "The CRM holds only the beginning of the text."),
    Cause.DROPPED: Meaning(False, "The CRM is empty where the source has a value."),
    Cause.ALTERED: Meaning(False, "The CRM holds something else than the source."),
    Cause.UNFORMATTED: Meaning(False, "Every word is there, but formatting was lost that the account should keep."),
    Cause.REFORMATTED: Meaning(False, "Every word is there, but set in another way than in the source."),
    Cause.EXTRA: Meaning(False, "The CRM has a value, or a record of ours, that the source does not have."),
    Cause.MISSING: Meaning(False, "The record is not in the CRM."),
}
"""Every cause, explained ones first."""

WHOLE_RECORD = "*"
"""Stands in place of a field where the difference is that of a whole record."""
