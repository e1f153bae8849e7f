"""When a bulk job is looked at, since each look costs a request and nothing says how long jobs take.

The first look comes when a job of its size should have ended, later ones ever further apart. Eight jobs run side by
side, so that a first look that comes late holds nothing up: the hourly limit does. What jobs really took is learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

FIRST_SECONDS, SECONDS_PER_ROW = 5.0, 0.1
"""Of the CRM's clock, until the first look: a job of a hundred rows is looked at after 15 seconds."""
_BACKOFF, _LONGEST_SECONDS = 2.0, 60.0
_SHORTER = 0.8
"""When a first look found the job ended, the next one comes a little sooner."""


@dataclass
class Pace:
    """What is learned of the account's jobs. `slow` is how many times longer than expected they take."""

    slow: float = 1.0

    def looks(self, rows: int, deadline: float) -> Iterator[float]:
        """Seconds to wait before each look at a job; the last one is at the deadline."""
        waited, wait = 0.0, self._expected(rows) * self.slow
        while waited < deadline:
            wait = min(wait, deadline - waited)
            yield wait
            waited += wait
            wait = min(max(wait, FIRST_SECONDS) * _BACKOFF, _LONGEST_SECONDS)

    def ended(self, rows: int, waited: float, looks: int) -> None:
        """Take over that a job was seen to have ended after so many seconds and looks."""
        if looks > 1:
            self.slow = max(self.slow, waited / self._expected(rows))
        else:
            self.slow = max(1.0, self.slow * _SHORTER)

    @staticmethod
    def _expected(rows: int) -> float:
        return FIRST_SECONDS + SECONDS_PER_ROW * rows
