"""How much of a CRM's quota a load uses, told by the sandbox: it notes when each request took its slot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from perio_pipeline.sandbox.common.server import RunningSandbox
from perio_pipeline_tests.bench.figures import Figure

MINUTE, HOUR = 60.0, 3600.0
WORDS = {MINUTE: "min", HOUR: "h"}


@dataclass(frozen=True)
class Limit:
    """At most `requests` in any `seconds`; a load must use `least` of it over `over` seconds of the CRM's clock."""

    requests: int
    seconds: float
    over: float = MINUTE
    least: float = 0.98

    @property
    def full(self) -> int:
        """How many requests the limit lets through in `over` seconds."""
        return round(self.requests * self.over / self.seconds)

    def words(self) -> str:
        """Return it for the table."""
        return f"{self.requests:,} requests / {self.seconds:g} s"


@dataclass
class Meter:
    """Reads what steps of a load used of one account's quota."""

    sandbox: RunningSandbox
    account: str
    limit: Limit
    figures: list[Figure] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure the requests of the block.

        Raises:
            RuntimeError: the block sent too few requests to fill the quota once and once more in part.
        """
        before, refused = len(self._moments()), self._refused()
        yield
        moments = self._moments()[before:]
        rate = self.limit.over / slowest(moments, self.limit.full) * self.limit.full
        self.figures.append(
            Figure(
                name=name,
                figure=rate,
                unit=f"requests/{WORDS[self.limit.over]}",
                reference=self.limit.words(),
                ratio=rate / self.limit.full,
                machine_independent=True,
                least=self.limit.least,
                refused=self._refused() - refused,
            )
        )

    def _moments(self) -> list[float]:
        return self.sandbox.moments().get(self.account, [])

    def _refused(self) -> int:
        routes = self.sandbox.stats()["routes"]
        return sum(row["count"] for row in routes if row["location"] == self.account and row["status"] == "429")


def slowest(moments: list[float], requests: int) -> float:
    """Return the longest time that so many requests took, wherever one begins to count them.

    A limit that is used in full lets `requests` through in exactly its own time: not in any stretch of that length,
    since requests come in the bursts in which slots come free, but from each request to the one that takes its slot.
    """
    return float(np.max(_spans(moments, requests)))


def usual(moments: list[float], requests: int) -> float:
    """Return the time that so many requests took on average, counted from each of them in turn."""
    return float(np.mean(_spans(moments, requests)))


def _spans(moments: list[float], requests: int) -> np.ndarray:
    ordered = np.sort(np.asarray(moments))
    if len(ordered) <= requests:
        raise RuntimeError(f"{len(ordered)} requests are too few to tell; more than {requests} are needed")
    return ordered[requests:] - ordered[:-requests]
