"""How this sub-account behaves where the published sources leave it open: one name each, a safe default, what it means.

The marks in brackets are the sections and probes of the API facts (`reference/highlevel-api.md`) that leave the point
open. What a sub-account says of itself, such as whether it allows duplicates, is read and not stated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from perio_pipeline.crm.protocol import Behaviour
from perio_pipeline.crm.stated import check_values, from_stated

NAME = "HighLevel"
DATE, NOON = "date", "noon"
CHOICES: Mapping[str, tuple[str, ...]] = {"date_form": (DATE, NOON)}
SHAPING = ("company_name_updatable", "date_form", "note_characters", "past_appointments")
"""Those by which other records are sent: all there are."""


@dataclass(frozen=True)
class Capabilities:
    """One sub-account's behaviours.

    Attributes:
        company_name_updatable: a contact's `companyName` may be changed after its creation (2, P2). If not, an update
            leaves it out and says so.
        date_form: how the value of a date field is written: as the `date` alone, or as `noon` of that day in UTC, which
            is the same day in every zone the CRM may show it in (6.3, P3).
        note_characters: characters of a note at most (7.1, P4); a longer one is refused before it is sent, and a
            mapping that would send longer ones before the load.
        past_appointments: appointments may lie in the past (7.4, P6). If not, one that does is refused before it is
            sent.
        file_values_replace: writing the value of a file field replaces the files in it, so that one can be taken out
            (8, P18). If not, an earlier version stays beside the new one, and a rollback leaves files to go with their
            contact.
        download_files: the address of a file in a field gives its content to the token (8, P18). If not, a file is read
            back by its name and size alone, and the diff says that its hash was not read.
    """

    company_name_updatable: bool = False
    date_form: str = DATE
    note_characters: int = 5_000
    past_appointments: bool = True
    file_values_replace: bool = True
    download_files: bool = True

    def __post_init__(self) -> None:
        """Check values.

        Raises:
            SettingsError: a value that the capability does not have.
        """
        check_values(NAME, self, CHOICES, {})

    def as_mapping(self) -> dict[str, Behaviour]:
        """All of them by name."""
        return asdict(self)


def capabilities_from(stated: Mapping[str, Behaviour]) -> Capabilities:
    """The defaults with what the practice's file states in their place.

    Raises:
        SettingsError: a name that is none, or a value that it does not have.
    """
    return from_stated(NAME, Capabilities, stated)
