"""Rate limits as section 10 of the API notes has them: two sliding windows and five headers."""

from collections import deque

from perio_pipeline.sandbox.highlevel.config import RateLimit

DAY_SECONDS = 86_400.0


class SlidingWindow:
    """At most `limit` requests in any `seconds`; a slot is free again `seconds` after it was taken."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self._taken: deque[float] = deque()

    def remaining(self, now: float) -> int:
        """Free slots at `now`."""
        while self._taken and self._taken[0] <= now - self.seconds:
            self._taken.popleft()
        return self.limit - len(self._taken)

    def take(self, now: float) -> None:
        """Use one slot."""
        self._taken.append(now)

    def leave(self, remaining: int, now: float) -> None:
        """Use slots until only `remaining` are free."""
        self._taken.extend([now] * max(0, self.remaining(now) - remaining))

    def seconds_until_free(self, now: float) -> float:
        """How long until a slot is free."""
        return 0.0 if self.remaining(now) > 0 else self._taken[0] + self.seconds - now


class Quota:
    """The interval and the daily window of one location."""

    def __init__(self, limit: RateLimit) -> None:
        self.interval = SlidingWindow(limit.interval_max, limit.interval_seconds)
        self.daily = SlidingWindow(limit.daily_max, DAY_SECONDS)

    def take(self, now: float) -> bool:
        """Count one request; False, and nothing counted, when a window is full."""
        if self.interval.remaining(now) <= 0 or self.daily.remaining(now) <= 0:
            return False
        self.interval.take(now)
        self.daily.take(now)
        return True

    def wait(self, now: float) -> float:
        """Simulated seconds until a request would be let through."""
        return max(self.interval.seconds_until_free(now), self.daily.seconds_until_free(now))

    def headers(self, now: float) -> dict[str, str]:
        """The five headers every response carries."""
        return {
            "X-RateLimit-Limit-Daily": str(self.daily.limit),
            "X-RateLimit-Daily-Remaining": str(max(0, self.daily.remaining(now))),
            "X-RateLimit-Interval-Milliseconds": str(int(self.interval.seconds * 1000)),
            "X-RateLimit-Max": str(self.interval.limit),
            "X-RateLimit-Remaining": str(max(0, self.interval.remaining(now))),
        }
