"""Sliding windows over the requests of one location, on the sandbox's clock."""

from collections import deque


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

    def take(self, now: float, slots: int = 1) -> None:
        """Use slots."""
        self._taken.extend([now] * slots)

    def leave(self, remaining: int, now: float) -> None:
        """Use slots until only `remaining` are free."""
        self._taken.extend([now] * max(0, self.remaining(now) - remaining))

    def seconds_until_free(self, now: float) -> float:
        """How long until a slot is free."""
        if self.remaining(now) > 0:
            return 0.0
        return self._taken[len(self._taken) - self.limit] + self.seconds - now


class Windows:
    """Several windows that a request must all fit into."""

    def __init__(self, *windows: SlidingWindow) -> None:
        self._windows = windows

    def take(self, now: float) -> bool:
        """Count one request; False, and nothing counted, when a window is full."""
        if any(window.remaining(now) <= 0 for window in self._windows):
            return False
        self.charge(now)
        return True

    def charge(self, now: float, slots: int = 1) -> None:
        """Count slots whether or not they fit."""
        for window in self._windows:
            window.take(now, slots)

    def wait(self, now: float) -> float:
        """Simulated seconds until a request would be let through."""
        return max((window.seconds_until_free(now) for window in self._windows), default=0.0)
