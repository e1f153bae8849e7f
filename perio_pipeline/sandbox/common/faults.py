"""Planned faults: which request goes wrong, when, and how. Carrying them out is the gateway's work."""

import random
import re
from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator

from perio_pipeline.sandbox.common.config import Frozen

CommonKind = Literal[
    "status", "lost_response", "reset", "cut", "slow", "silent", "drop_field", "expire_token", "stall_search"
]


class BaseFault(Frozen):
    """One planned fault. With none of `nth`, `every` and `probability` it strikes each match, `times` at most.

    Kinds every CRM has: `status` answers `status` and does nothing; `reset` drops the connection and does nothing;
    `lost_response` commits, then drops the connection; `cut` commits, then breaks the connection in the middle of the
    answer; `slow` commits, then answers after `seconds` of simulated time; `silent` does nothing and never answers;
    `drop_field` accepts the body but does not store `field` (a property, or a custom field by any of its names);
    `expire_token` makes the token of the request unknown from then on; `stall_search` keeps the search index as it is
    for `seconds` of simulated time.
    """

    kind: str
    method: str | None = None
    path: str = Field("", description="regular expression, searched in the request's path")
    body: str = Field("", description="regular expression, searched in the request's body as text")
    location: str | None = None
    nth: int | None = Field(None, ge=1)
    every: int | None = Field(None, ge=1)
    probability: float | None = Field(None, ge=0, le=1)
    seed: int = 0
    times: int | None = Field(None, ge=1)
    status: Literal[400, 413, 422, 429, 500, 502, 503] = 500
    seconds: float = Field(0.0, ge=0)
    field: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> "BaseFault":
        re.compile(self.path)
        re.compile(self.body)
        if self.kind == "drop_field" and not self.field:
            raise ValueError("a drop_field fault needs `field`")
        if sum(choice is not None for choice in (self.nth, self.every, self.probability)) > 1:
            raise ValueError("give at most one of `nth`, `every` and `probability`")
        return self


class PlannedFault:
    """A fault with the count of its matches and strikes."""

    def __init__(self, fault: BaseFault) -> None:
        self.fault = fault
        self._path, self._body = re.compile(fault.path), re.compile(fault.body)
        self._random = random.Random(fault.seed)
        self._matches = 0
        self.strikes = 0

    def strikes_now(self, method: str, path: str, location: str, body: bytes = b"") -> bool:
        """Count the request when it matches; True when the fault strikes it."""
        fault = self.fault
        if (fault.method and fault.method.upper() != method) or (fault.location and fault.location != location):
            return False
        if not self._path.search(path) or (fault.body and not self._body.search(body.decode("utf-8", "replace"))):
            return False
        self._matches += 1
        if fault.times is not None and self.strikes >= fault.times:
            return False
        hit = self._due()
        self.strikes += hit
        return hit

    def _due(self) -> bool:
        fault = self.fault
        if fault.nth is not None:
            return self._matches == fault.nth
        if fault.every is not None:
            return self._matches % fault.every == 0
        if fault.probability is not None:
            return self._random.random() < fault.probability
        return True


class FaultPlan:
    """The faults in force. The first that strikes a request is the one that happens to it."""

    def __init__(self, faults: Iterable[BaseFault]) -> None:
        self._planned = [PlannedFault(fault) for fault in faults]

    def add(self, fault: BaseFault) -> None:
        """Plan one more fault."""
        self._planned.append(PlannedFault(fault))

    def clear(self) -> None:
        """Forget all faults."""
        self._planned.clear()

    def pick(self, method: str, path: str, location: str, body: bytes = b"") -> BaseFault | None:
        """The fault that strikes this request, if any; each fault counts each of its matches."""
        struck = [planned.fault for planned in self._planned if planned.strikes_now(method, path, location, body)]
        return struck[0] if struck else None

    def report(self) -> list[dict[str, object]]:
        """Each fault with the number of times it struck."""
        return [{**planned.fault.model_dump(), "strikes": planned.strikes} for planned in self._planned]
