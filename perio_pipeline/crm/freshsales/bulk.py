"""Creating many records by bulk jobs, and taking apart those that fail until each bad row stands alone with its reason.

A job that is refused, fails or is lost as a whole goes again in halves. That makes no second record: a job that was not
taken wrote nothing, and what another one may have written is looked for first and goes again under the same key. Few
rows are upserted one by one, which tells what is wrong with each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from perio_pipeline.crm.concurrency import concurrently
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.jobs import End, Job, run_job
from perio_pipeline.crm.freshsales.keys import Key
from perio_pipeline.crm.freshsales.learning import AFTER_JOB, IN_DOUBT, LONG_IN_DOUBT, ids_of
from perio_pipeline.crm.freshsales.objects import ObjectSpec
from perio_pipeline.crm.freshsales.outcomes import row_failed
from perio_pipeline.crm.freshsales.session import Session
from perio_pipeline.crm.http import JsonObject
from perio_pipeline.crm.protocol import Outcome, Payload, Ref, Status

_FRUITLESS = 7
"""After so many jobs in a row that wrote nothing it is not one row's fault: two halvings of a batch are seven jobs."""


@dataclass(frozen=True)
class Row:
    """One record of a job."""

    key: Key
    payload: Payload
    body: JsonObject


Alone = Callable[[Row], Awaitable[Outcome]]


@dataclass
class _Halves:
    """The two parts of a job that was refused. Where both are taken, it was refused for its size alone."""

    taken: int = 0


@dataclass(frozen=True)
class _Part:
    """Rows that go as one job, by number."""

    numbers: Sequence[int]
    of: _Halves | None = None


@dataclass
class _Load:
    """One call's rows on their way.

    Attributes:
        outcomes: row → its outcome, as far as it is known.
        fruitless: jobs in a row that wrote nothing.
    """

    spec: ObjectSpec
    session: Session
    rows: Sequence[Row]
    alone: Alone
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    fruitless: int = 0

    async def run(self) -> None:
        """Send everything, smaller and smaller, until every row has its outcome."""
        size = self.session.rows_at_once(self.spec.plural)
        whole = range(len(self.rows))
        parts = deque(_Part(whole[start : start + size]) for start in range(0, len(whole), size))
        while parts:
            part = parts.popleft()
            if len(part.numbers) <= constants.FEW_ROWS or self.fruitless >= _FRUITLESS:
                await self._one_by_one(part.numbers)
                continue
            left = await self._job(part)
            if len(left) < len(part.numbers):
                parts += [_Part(left)] if left else []
            else:
                middle, halves = len(left) // 2, _Halves()
                parts += [_Part(left[:middle], halves), _Part(left[middle:], halves)]

    async def _job(self, part: _Part) -> Sequence[int]:
        """Send rows as one job; returns those that go again."""
        rows = [self.rows[number] for number in part.numbers]
        job = await run_job(self.spec, self.session, [(row.key, row.body) for row in rows])
        if job.end is End.BUSY:
            await self._one_by_one(part.numbers)
            return ()
        if job.end is End.REFUSED:
            self.fruitless += 1
            return part.numbers
        await self._learn(part, job)
        left = [number for number in part.numbers if number not in self.outcomes]
        if job.end is not End.DONE:
            self.fruitless = 0 if len(left) < len(part.numbers) else self.fruitless + 1
            return left
        self.fruitless = 0
        self._taken(part)
        await self._one_by_one(left)
        return ()

    async def _learn(self, part: _Part, job: Job) -> None:
        """Settle the rows that the report says failed, for a field or as a duplicate, and those whose ids are found."""
        keys = {number: self.rows[number].key for number in part.numbers}
        complaints = job.complaints(list(keys.values()), self.session.labels.get(self.spec.model, {}))
        for place, complaint in complaints.items():
            if complaint.fields or complaint.duplicate:
                self.outcomes[part.numbers[place]] = row_failed(complaint)
        named = {part.numbers[place] for place in complaints}
        pending = {number: key for number, key in keys.items() if number not in named}
        ids = job.ids(list(pending.values()))
        missing = [key for key in pending.values() if key not in ids]
        enough = len(missing) - max(0, job.failed - len(complaints))
        ids |= await ids_of(
            self.spec, self.session, missing, enough, self._looks(job), written=self._all_there(job, named)
        )
        for number, key in pending.items():
            if key in ids:
                self.outcomes[number] = Outcome(Status.DONE, Ref(self.spec.name, ids[key]))

    @staticmethod
    def _all_there(job: Job, named: set[int]) -> bool:
        """Whether the report leaves no doubt that all rows it does not name were written."""
        return job.end is End.DONE and job.failed <= len(named)

    def _looks(self, job: Job) -> Sequence[float]:
        if job.end is not End.OPEN or job.code == "job_stuck":
            return AFTER_JOB
        # It may be under way still. Where the CRM itself would let a second record in, that must be over first.
        unique = all(row.key.field != "name" or self.spec.name != constants.DEALS for row in self.rows)
        return IN_DOUBT if unique else LONG_IN_DOUBT

    def _taken(self, part: _Part) -> None:
        if part.of is None:
            return
        part.of.taken += 1
        if part.of.taken > 1:
            self.session.limit_rows(self.spec.plural, len(part.numbers))

    async def _one_by_one(self, numbers: Sequence[int]) -> None:
        rows = [self.rows[number] for number in numbers]
        done = await concurrently(self.alone, rows, self.session.settings.concurrency)
        self.outcomes |= dict(zip(numbers, done, strict=True))


async def create_rows(spec: ObjectSpec, session: Session, rows: Sequence[Row], alone: Alone) -> list[Outcome]:
    """Write rows by jobs; one outcome per row, in order. `alone` writes a row by a request of its own."""
    load = _Load(spec, session, rows, alone)
    await load.run()
    return [load.outcomes[number] for number in range(len(rows))]
