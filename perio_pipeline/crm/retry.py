"""When a request may be sent again, and after how long. Pure rules; `http.Transport` applies them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with jitter.

    Attributes:
        attempts: how often a request is sent at most.
        base: seconds before the first repetition; doubled each time.
        cap: longest pause of the backoff itself.
        patience: longest pause the CRM can ask for by Retry-After; beyond it the answer is handed back.
        time_scale: how many of the CRM's seconds pass in one of ours.
        chance: a random number from 0 up to 1.
    """

    attempts: int = 8
    base: float = 0.5
    cap: float = 30.0
    patience: float = 600.0
    time_scale: float = 1.0
    chance: Callable[[], float] = random.random

    def pause(self, attempt: int, headers: Mapping[str, str]) -> float | None:
        """Seconds to wait after the attempt with this number (from 1), or None when it was the last."""
        if attempt >= self.attempts:
            return None
        asked = retry_after(headers, datetime.now(UTC))
        if asked > self.patience:
            return None
        # Half of the pause is random, so that many callers refused at once do not come back at once.
        backoff: float = min(self.cap, self.base * 2 ** (attempt - 1)) * (0.5 + self.chance() / 2)
        return max(asked, backoff) / self.time_scale


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """The seconds that a Retry-After header asks for, as a number or a date; 0 when it is absent or unreadable."""
    stated = headers.get("retry-after", "").strip()
    if stated.isdecimal():
        return float(stated)
    try:
        moment = parsedate_to_datetime(stated)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def may_repeat(reads: bool, status: int) -> bool:
    """Whether an answer with this status allows the request to be sent again.

    A 429 means that nothing was done. A 5xx leaves open whether a write was carried out, so only reads are repeated.
    """
    return status == TOO_MANY_REQUESTS or (reads and status >= 500)
