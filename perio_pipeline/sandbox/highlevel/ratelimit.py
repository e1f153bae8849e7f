"""Rate limits as section 10 of the API notes has them: two sliding windows and five headers."""

from perio_pipeline.sandbox.common.ratelimit import SlidingWindow, Windows
from perio_pipeline.sandbox.highlevel.config import RateLimit

DAY_SECONDS = 86_400.0


class Quota(Windows):
    """The interval and the daily window of one location."""

    def __init__(self, limit: RateLimit) -> None:
        self.interval = SlidingWindow(limit.interval_max, limit.interval_seconds)
        self.daily = SlidingWindow(limit.daily_max, DAY_SECONDS)
        super().__init__(self.interval, self.daily)

    def headers(self, now: float) -> dict[str, str]:
        """The five headers every response carries."""
        return {
            "X-RateLimit-Limit-Daily": str(self.daily.limit),
            "X-RateLimit-Daily-Remaining": str(max(0, self.daily.remaining(now))),
            "X-RateLimit-Interval-Milliseconds": str(int(self.interval.seconds * 1000)),
            "X-RateLimit-Max": str(self.interval.limit),
            "X-RateLimit-Remaining": str(max(0, self.interval.remaining(now))),
        }
