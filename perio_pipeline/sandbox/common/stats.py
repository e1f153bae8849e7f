"""What a sandbox has seen: counts per route, when the quota was used, and the requests themselves when recording."""

import json
from array import array
from collections import Counter, defaultdict
from typing import Any

RECORDED_HEADERS = ("version", "accept", "content-type", "user-agent")


class Stats:
    """Counts requests by location, method, route template and status ("dropped" where no answer was sent)."""

    def __init__(self, record_requests: bool) -> None:
        self._counts: Counter[tuple[str, str, str, str, bool]] = Counter()
        self._moments: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self._requests: list[dict[str, Any]] | None = [] if record_requests else None

    def count(self, location: str, method: str, route: str, status: str, write: bool) -> None:
        """Count one request."""
        self._counts[location, method, route, status, write] += 1

    def spend(self, location: str, now: float) -> None:
        """Note when a request took its slot of the quota."""
        self._moments[location].append(now)

    def record(
        self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes, status: str
    ) -> None:
        """Keep one request when recording is on; the token never."""
        if self._requests is None:
            return
        kept = {name: headers[name] for name in RECORDED_HEADERS if name in headers}
        is_json = headers.get("content-type", "").startswith("application/json")
        self._requests.append(
            {
                "method": method,
                "path": path,
                "query": query,
                "headers": kept,
                "body": _json_or_none(body) if is_json else None,
                "status": status,
            }
        )

    def clear(self) -> None:
        """Begin again at nothing."""
        self._counts.clear()
        self._moments.clear()
        if self._requests is not None:
            self._requests.clear()

    def requests(self) -> list[dict[str, Any]] | None:
        """All recorded requests, or None when recording is off."""
        return self._requests

    def moments(self) -> dict[str, list[float]]:
        """Location → when each of its requests took a slot, in simulated seconds; refused ones took none."""
        return {location: list(moments) for location, moments in self._moments.items()}

    def report(self) -> dict[str, Any]:
        """The counts, by route and in sums."""
        return {
            "total": self._counts.total(),
            "writes": sum(count for key, count in self._counts.items() if key[4]),
            "reads": sum(count for key, count in self._counts.items() if not key[4]),
            "throttled": sum(count for key, count in self._counts.items() if key[3] == "429"),
            "by_location": dict(self._sum_by_location()),
            "routes": [
                {"location": location, "method": method, "route": route, "status": status, "count": count}
                for (location, method, route, status, _), count in sorted(self._counts.items())
            ],
        }

    def _sum_by_location(self) -> Counter[str]:
        sums: Counter[str] = Counter()
        for (location, *_), count in self._counts.items():
            sums[location] += count
        return sums


def _json_or_none(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
