"""Files that records carry, the same for every CRM: names with a mark in them, and a look before anything is sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePath

from perio_pipeline.crm.answers import carries
from perio_pipeline.crm.protocol import Attachment, Payload


@dataclass(frozen=True)
class Obstacle:
    """Why a file cannot be sent: a machine-readable reason, and what is wrong."""

    code: str
    problem: str


def attachment_of(payload: Payload) -> Attachment:
    """The file of a payload.

    Raises:
        ValueError: it has none; a fault of the mapping.
    """
    if payload.attachment is None:
        raise ValueError(f"{payload.object}: the attachment is missing")
    return payload.attachment


def marked_name(name: str, mark: str) -> str:
    """The file's name with the mark in it, before the ending."""
    path = PurePath(name)
    return name if carries(name, mark) else f"{path.stem} {mark}{path.suffix}"


def letters(name: object) -> str:
    """Letters and digits of a name: services that take files replace others."""
    return "".join(letter for letter in str(name or "") if letter.isalnum()).casefold()


def obstacle(attachment: Attachment, most_bytes: float) -> Obstacle | None:
    """Why a file cannot be sent: it must be there, small enough, and the one that was meant."""
    path = Path(attachment.path)
    try:
        size = path.stat().st_size
        if size > most_bytes:
            return Obstacle("file_too_large", f"{size} bytes, {most_bytes:.0f} at most")
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        return Obstacle("file_unreadable", type(error).__name__)
    if found != attachment.sha256.lower():
        return Obstacle("file_changed", "its content is not what was recorded")
    return None
