"""Moments as records state them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def is_past(stated: Any) -> bool:
    """Whether an ISO moment has been; one without an offset is taken as UTC, and what is no moment has not been."""
    try:
        moment = datetime.fromisoformat(str(stated))
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) < datetime.now(UTC)
