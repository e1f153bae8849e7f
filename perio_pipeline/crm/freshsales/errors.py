"""Reading Freshsales' error bodies and failure reports: what was refused, which field, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.objects import SPECS
from perio_pipeline.crm.http import Response
from perio_pipeline.crm.redaction import scrub
from perio_pipeline.errors import DestinationError

_PROPERTIES = frozenset(
    {name for spec in SPECS.values() for name in spec.fields} | {spec.plural for spec in SPECS.values()}
)
_TYPE_OF = "The type for "
_TAKEN = ("already been taken", "not unique", "already exists", "duplicate")


@dataclass(frozen=True)
class Complaint:
    """Why something was refused.

    Attributes:
        messages: the CRM's words; may hold values, so never log them.
        labels: folded label of a field → its API name. The CRM speaks of fields by label, which an admin may change.
    """

    messages: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def duplicate(self) -> bool:
        """Whether another record holds a value that must be unique."""
        return any(words in message.lower() for message in self.messages for words in _TAKEN)

    @property
    def fields(self) -> tuple[str, ...]:
        """The API names of the fields it is about, as far as they are known."""
        return tuple(name for name in (self._split(message)[0] for message in self.messages) if name)

    @property
    def mark_taken(self) -> bool:
        """Whether a record with the same external id is there already: ours, since nobody else writes such ids."""
        return self.duplicate and constants.EXTERNAL_ID in self.fields

    @property
    def reason(self) -> str:
        """The CRM's words without values; safe to log."""
        parts = [self._split(message) for message in self.messages]
        return "; ".join(f"{name}: {scrub(rest)}" if name else scrub(rest, _PROPERTIES) for name, rest in parts)

    def _split(self, message: str) -> tuple[str, str]:
        """The field that a message begins with, or that it says the type of, and the rest."""
        begun = len(_TYPE_OF) if message.startswith(_TYPE_OF) else 0
        folded = message[begun:].casefold()
        for label in sorted(self.labels, key=len, reverse=True):
            if label and folded.startswith(f"{label} "):
                return self.labels[label], message[:begun] + message[begun + len(label) + 1 :]
        return "", message


@dataclass(frozen=True)
class ApiError:
    """An error answer."""

    status: int
    complaint: Complaint = field(default_factory=Complaint)

    @property
    def code(self) -> str:
        """Machine-readable reason."""
        if self.complaint.duplicate:
            return "duplicate"
        return "not_found" if self.status == 404 else f"http_{self.status}"


def parse_error(response: Response, labels: Mapping[str, str] | None = None) -> ApiError:
    """Read an error answer, whatever its shape."""
    return ApiError(response.status, Complaint(messages_in(response.json), labels or {}))


def messages_in(body: Any) -> tuple[str, ...]:
    """The messages in an error body or in a row of a failure report: a text or a list, under any of several keys."""
    if isinstance(body, str):
        return (body,)
    if isinstance(body, list):
        return tuple(message for part in body for message in messages_in(part))
    if not isinstance(body, dict):
        return ()
    for key in ("errors", "error", "message", "messages", "reason", "error_message", "description"):
        if key in body:
            return messages_in(body[key])
    return ()


class ForbiddenError(DestinationError):
    """The key's user may not do something, or the plan does not have it."""


def denial(status: int, request: str, alias: str) -> DestinationError:
    """The error for a 401 or 403, and what to do about it."""
    if status == 401:
        return DestinationError(
            f"Freshsales does not accept the API key for {alias}.",
            "Copy it again from Profile Settings > API Settings of an administrator and put it into the environment.",
        )
    return ForbiddenError(
        f"The API key's user may not do {request} in {alias}.",
        "Give the integration's user the administrator role with access to all records; check that the plan has it.",
    )
