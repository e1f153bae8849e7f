"""Records that a probe makes and that are removed in any case: by this run, or by the next one after it was killed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from perio_pipeline.errors import DestinationError

NAME = "ZZ Perio probe"
"""How the names of all throwaways begin; nothing else is ever removed by what looks for them."""
MARK = "perio-probe:"
"""How their external ids begin, where records have one."""
REMARK = "(may be deleted)"


@dataclass(frozen=True)
class Throwaway:
    """Something that a probe made.

    Attributes:
        kind: what it is, in the words of the CRM's routes.
        id: the CRM's.
        parent: the record in whose path it lives, where there is one.
    """

    kind: str
    id: str
    parent: str = ""


Remove = Callable[[Throwaway], Awaitable[str]]
"""Removes one; says why it stays, or nothing where it is gone."""
Find = Callable[[], Awaitable[Sequence[Throwaway]]]
"""Looks for throwaways of earlier runs, the ones that go last first."""


@dataclass
class Throwaways:
    """What one run of the probes has made so far.

    Attributes:
        remove: of the CRM.
        find: of the CRM.
        made: in the order in which they were made.
        doubtful: the answer to a creation was lost, so that something may be there that is not listed.
        kept: what could not be removed, and why.
        patience: seconds to wait before a creation in doubt is looked for, since searches lag.
    """

    remove: Remove
    find: Find
    made: list[Throwaway] = field(default_factory=list)
    doubtful: bool = False
    kept: list[str] = field(default_factory=list)
    patience: float = 30.0

    def add(self, kind: str, crm_id: str, parent: str = "") -> str:
        """Remember something that was just made; returns its id."""
        self.made.append(Throwaway(kind, crm_id, parent))
        return crm_id

    async def drop(self, kind: str, crm_id: str) -> bool:
        """Remove one now, as a part of a probe; whether it is gone."""
        for each in [each for each in self.made if (each.kind, each.id) == (kind, crm_id)]:
            if await self._without(each):
                return False
            self.made.remove(each)
        return True

    def forget(self, kind: str, crm_id: str) -> None:
        """Take over that one is gone already."""
        self.made = [each for each in self.made if (each.kind, each.id) != (kind, crm_id)]

    async def clear_earlier(self) -> int:
        """Remove what an interrupted run left; returns how many there were."""
        earlier = list(await self.find())
        for each in reversed(earlier):
            await self._removed(each)
        return len(earlier)

    async def clear(self) -> None:
        """Remove everything, the latest first; one that fails does not keep the others. Can be begun again."""
        if self.doubtful:
            await self._look_again()
            self.doubtful = False
        while self.made:
            await self._removed(self.made[-1])
            self.made.pop()

    async def _look_again(self) -> None:
        """Take over what a creation in doubt has made after all."""
        await asyncio.sleep(self.patience)
        known = {(each.kind, each.id) for each in self.made}
        try:
            found = await self.find()
        except DestinationError as error:
            self.kept.append(f"what a creation without an answer may have made: {error.problem}")
        else:
            self.made = [*(each for each in found if (each.kind, each.id) not in known), *self.made]

    async def _removed(self, each: Throwaway) -> None:
        obstacle = await self._without(each)
        if obstacle:
            self.kept.append(f"{each.kind} {each.id}: {obstacle}")

    async def _without(self, each: Throwaway) -> str:
        try:
            return await self.remove(each)
        except DestinationError as error:
            return error.problem
