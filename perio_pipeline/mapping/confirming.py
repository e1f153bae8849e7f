"""A named person confirms the mapping (P3): who and when in the practice's file, and a copy of what was confirmed.

The copies are `mappings/practices/confirmed/<practice>.<crm>/<number>-<digest>.json`, one more for every confirmation,
and none is ever written over. They stand beside the practice's file and not in the journal, so that both go together
through review, version control and from machine to machine, and the gate needs no database to name what has changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from perio_pipeline.errors import GateError, MappingError, SettingsError
from perio_pipeline.mapping.practice import Confirmation, Practice, Statement, load_practice, practice_path
from perio_pipeline.mapping.settled import Settled
from perio_pipeline.yamledit import edit, set_entry
from perio_pipeline.yamlfile import Entry

SHORT = 12
"""Digits of a digest that people see."""
LEAST_DIGITS = 4
"""Digits of a digest that are taken for one; shorter ones are numbers of versions."""


class Version(Entry):
    """What one person confirmed.

    Attributes:
        number: from 1, in the order of confirmations.
        by, at: who, and when (UTC).
        second: it was confirmed by somebody else before.
        digest: of the content.
        content: a copy of it.
    """

    number: int
    practice: str
    destination: str
    by: str
    at: datetime
    second: bool = False
    digest: str
    content: Settled

    def __str__(self) -> str:
        """How the version is named to people."""
        return f"version {self.number} ({self.digest[:SHORT]}), confirmed by {self.by} on {self.at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Versions:
    """The folder of what was confirmed for one practice and destination."""

    folder: Path
    practice: str
    destination: str

    @property
    def place(self) -> Path:
        """Where the copies lie."""
        return self.folder / "practices" / "confirmed" / f"{self.practice}.{self.destination}"

    def all(self) -> list[Version]:
        """All versions, the oldest first.

        Raises:
            MappingError: a copy was changed since it was written.
        """
        return sorted((_read(path) for path in self.place.glob("*.json")), key=lambda version: version.number)

    def of(self, digest: str) -> Version | None:
        """The latest version with this content; None where no copy is kept."""
        return next((each for each in reversed(self.all()) if each.digest == digest), None)

    def named(self, name: str) -> Version:
        """A version by its number or by the first digits of its digest.

        Raises:
            SettingsError: there is none, or several differ.
        """
        versions = self.all()
        if name.isdecimal() and len(name) < LEAST_DIGITS:
            found = [each for each in versions if each.number == int(name)]
        else:
            found = [each for each in versions if each.digest.startswith(name.lower())]
        if len({each.digest for each in found}) == 1:
            return found[-1]
        known = (
            "; ".join(str(each) for each in versions[-5:]) or f"`perio map confirm --to {self.destination}` makes one"
        )
        state = "Several confirmed versions begin" if found else "No confirmed version is named or begins"
        raise SettingsError(f"{state} with {name}.", f"Use one of: {known}.")

    def keep(self, by: Statement, at: datetime, content: Settled, *, second: bool) -> Version:
        """Write one more copy.

        Raises:
            MappingError: the mappings folder cannot be written to.
        """
        number = max((each.number for each in self.all()), default=0) + 1
        version = Version(
            number=number,
            practice=self.practice,
            destination=self.destination,
            by=by.by,
            at=at,
            second=second,
            digest=content.digest,
            content=content,
        )
        path = self.place / f"{number:04}-{version.digest[:SHORT]}.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                json.dump(version.model_dump(mode="json"), file, indent=1, ensure_ascii=False)
                file.write("\n")
        except OSError as error:
            problem = f"the copy of what is confirmed cannot be written ({type(error).__name__})."
            raise MappingError(
                str(path), 1, "file", problem, "Confirm where the mappings folder is writable."
            ) from None
        return version


def confirm(folder: Path, practice: Practice, crm: str, content: Settled, by: str, at: datetime) -> Version:
    """Record that a person confirmed a content: a copy of it, and the entry in the practice's file.

    Args:
        folder: the mappings folder.
        practice: as it is now.
        crm: the destination.
        content: what the person was shown.
        by: the person's name.
        at: aware.

    Raises:
        GateError: no name; the same content is confirmed already; or the second person is the first one.
        MappingError: the files cannot be written.
    """
    said = Statement.model_construct(by=" ".join(by.split()), on=at.astimezone(practice.locale.zone).date())
    if not said.by:
        raise GateError("A mapping is confirmed by a person, and no name is given.", 'Add `--by "NAME"`.')
    earlier = practice.destination(crm).confirmation
    same = earlier if earlier is not None and earlier.digest == content.digest else None
    if same is not None:
        _check_second(practice, crm, same, said)
    version = Versions(folder, practice.practice, crm).keep(said, at, content, second=same is not None)
    entry: dict[str, Any] = {"by": said.by, "on": said.on, "digest": content.digest}
    if same is not None:
        entry = {"by": same.by, "on": same.on, "digest": same.digest, "second": {"by": said.by, "on": said.on}}
    _write(folder, practice.practice, crm, entry)
    return version


def missing_second(practice: Practice, confirmation: Confirmation) -> bool:
    """Whether the practice asks for a second person, and none has confirmed yet."""
    return practice.second_person == "required" and confirmation.second is None


def _check_second(practice: Practice, crm: str, first: Confirmation, said: Statement) -> None:
    """Only a second person has something to add to what is confirmed already."""
    if not missing_second(practice, first):
        others = f" and {first.second.by}" if first.second else ""
        raise GateError(
            f"This very mapping to {crm} is confirmed already, by {first.by}{others} on {first.on}.",
            "Nothing is left to do; load.",
        )
    if said.by.casefold() == " ".join(first.by.split()).casefold():
        raise GateError(
            f"{first.by} confirmed this mapping to {crm} as the first person, and cannot be the second one as well.",
            "Let somebody else look at it: `perio map confirm --by OTHER`.",
        )


def _write(folder: Path, practice: str, crm: str, entry: Mapping[str, Any]) -> None:
    path = practice_path(folder, practice)
    edit(
        path,
        lambda text: set_entry(path, text, ("destinations", crm, "confirmation"), entry),
        lambda _: load_practice(folder, practice),
    )


def _read(path: Path) -> Version:
    """A copy counts only as it was written, since people rely on it."""
    try:
        version = Version.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        version = None
    if version is None or version.content.digest != version.digest:
        problem = "this copy of what was confirmed is not as it was written."
        raise MappingError(str(path), 1, "file", problem, "Restore it, or take it away and confirm the mapping again.")
    return version
