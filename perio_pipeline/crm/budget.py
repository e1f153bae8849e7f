"""What a load costs in requests, before it is begun, in words that name no CRM.

The planner counts records; each adapter's package knows how many requests they take (`budget_of`). Both see one object
of one account at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Work:
    """What is to be done with one object in one account.

    Attributes:
        object: the mapping's object, such as `contacts`.
        created: records that are new to the CRM.
        updated: records that the CRM holds in another state, or may hold.
        held: records that are read back afterwards: those of this run and those that are unchanged.
        others: records of objects that are loaded later and lie in the same module of the CRM.
        created_by: link → how many of the created records go to each of the records they link to.
        held_by: link → the same for the records that are read back.
    """

    object: str
    created: int = 0
    updated: int = 0
    held: int = 0
    others: int = 0
    created_by: Mapping[str, Sequence[int]] = field(default_factory=dict)
    held_by: Mapping[str, Sequence[int]] = field(default_factory=dict)


class Budget(Protocol):
    """What requests one account costs, when none fails and no search lags."""

    def opening(self, times: int, hours: float) -> int:
        """Requests that opening the account so many times costs, spread over so many of the CRM's hours."""
        ...

    def writing(self, work: Work) -> int:
        """Requests that creating and updating costs."""
        ...

    def reading(self, work: Work) -> int:
        """Requests that reading back costs."""
        ...
