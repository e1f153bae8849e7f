"""Reading HighLevel's error bodies: what was refused, why, and whether it concerns one record or the account."""

from __future__ import annotations

import re
from dataclasses import dataclass

from perio_pipeline.crm.highlevel.objects import SPECS
from perio_pipeline.crm.http import JsonObject, Response
from perio_pipeline.crm.redaction import IDENTIFIER, scrub
from perio_pipeline.errors import DestinationError

_PROPERTIES = frozenset(
    {name for spec in SPECS.values() for name in spec.fields}
    | {"locationId", "contactId", "businessId", "customFields", "field_value", "id", "ids", "key", "model", "dataType"}
)
_ID = re.compile(r"[\w-]+\Z")

_ABSENT = re.compile(r"\bnot found\b|\bdoes not exist\b|\bno longer exists\b|\bis deleted\b", re.IGNORECASE)
_UNKNOWN_ROUTE = re.compile(r"Cannot (GET|POST|PUT|DELETE) /")
_SHAPE_COMPLAINT = re.compile(
    r"should not exist|\bmust be\b|\bmust not be\b|should not be empty|\bis required\b|\bare required\b|\bmust match\b"
    r"|\bmust contain\b|\bmust have\b|\bmust conform\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ApiError:
    """An error answer.

    Attributes:
        status: of HTTP.
        messages: the CRM's words; may hold values, so never log them.
        code: the CRM's own code, if any.
        existing_id: the record that stands in the way, in a duplicate error.
        matching_field: the field it matched by.
        trace_id: for the CRM's support.
    """

    status: int
    messages: tuple[str, ...] = ()
    code: str = ""
    existing_id: str = ""
    matching_field: str = ""
    trace_id: str = ""

    @property
    def text(self) -> str:
        """All messages in one; not safe to log."""
        return "; ".join(self.messages)

    @property
    def absent(self) -> bool:
        """Whether it says that the record is not there; HighLevel uses 404 and 400 for that."""
        if _UNKNOWN_ROUTE.match(self.text):
            return False
        return self.status == 404 or (self.status == 400 and bool(_ABSENT.search(self.text)))

    @property
    def duplicate(self) -> bool:
        """Whether another record stands in the way."""
        return self.status in (400, 409) and (bool(self.existing_id) or "duplicate" in self.text.lower())

    @property
    def about_shape(self) -> bool:
        """Whether it complains of the body's shape, which is tested before anything is written."""
        return bool(_SHAPE_COMPLAINT.search(self.text))

    @property
    def reason(self) -> str:
        """The CRM's words without values; safe to log."""
        return scrub(self.text, _PROPERTIES)


def parse_error(response: Response) -> ApiError:
    """Read an error answer, whatever its shape."""
    body = response.object
    message = body.get("message")
    messages = message if isinstance(message, list) else [message]
    stated_meta = body.get("meta")
    meta: JsonObject = stated_meta if isinstance(stated_meta, dict) else {}
    matching = str(meta.get("matchingField") or "")
    existing = str(meta.get("contactId") or meta.get("existingId") or "")
    return ApiError(
        status=response.status,
        messages=tuple(text for text in messages if isinstance(text, str)),
        code=str(body.get("code") or ""),
        existing_id=existing if _ID.match(existing) else "",
        matching_field=matching if IDENTIFIER.match(matching) else "",
        trace_id=str(body.get("traceId") or ""),
    )


def denial(error: ApiError, scope: str, location_id: str) -> DestinationError:
    """The error for a 401 or 403: which of its several causes it is, and what to do about it."""
    text = error.text.lower()
    if "scope" in text:
        return DestinationError(
            f"The HighLevel token lacks the scope {scope}.",
            f"Tick {scope} at the private integration (Settings > Private Integrations); the token stays the same.",
        )
    if "version" in text:
        return DestinationError(
            "HighLevel no longer accepts the API version that this pipeline sends.",
            "Install a newer release of the pipeline.",
        )
    if "location" in text:
        return DestinationError(
            f"The HighLevel token does not open the location {location_id}.",
            "Use a token of that sub-account, or correct the location id in the practice's file.",
        )
    if error.status == 401:
        return DestinationError(
            "HighLevel does not accept the token.",
            "Create or rotate the private integration token of the sub-account and put it into the environment.",
        )
    return DestinationError(
        f"HighLevel refuses access (HTTP 403{', ' + error.reason if error.reason else ''}).",
        "Check that the sub-account is active and that no firewall stands between.",
    )
