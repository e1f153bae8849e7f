"""The sandbox's own time, which may run faster than the wall clock."""

import time
from datetime import UTC, datetime


class SandboxClock:
    """Tells simulated time: `factor` simulated seconds pass in each real one."""

    def __init__(self, factor: float = 1.0, start: float | None = None) -> None:
        self._factor = factor
        self._start = time.time() if start is None else start
        self._origin = time.monotonic()

    def now(self) -> float:
        """Simulated seconds since the epoch; never goes back."""
        return self._start + (time.monotonic() - self._origin) * self._factor

    def real_seconds(self, simulated: float) -> float:
        """How long to wait for `simulated` seconds to pass."""
        return simulated / self._factor

    def moment(self) -> datetime:
        """Simulated now, in UTC."""
        return datetime.fromtimestamp(self.now(), UTC)

    def timestamp(self) -> str:
        """Simulated now with milliseconds, e.g. 2026-05-04T13:02:11.123Z."""
        return api_timestamp(self.moment())


def api_timestamp(moment: datetime, timespec: str = "milliseconds") -> str:
    """An aware moment in UTC with a Z."""
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def parse_timestamp(text: str) -> datetime | None:
    """Read an ISO 8601 moment (UTC where no offset is given), or None when it is not one."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
