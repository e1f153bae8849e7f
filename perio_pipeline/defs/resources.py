"""Resources: what assets open. Thin: the work is done by `perio_pipeline.workplace`."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from perio_pipeline import progress
from perio_pipeline.cutover.rereading import Touched, touched
from perio_pipeline.defs.earlier_runs import process_tags
from perio_pipeline.errors import PerioError
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.lock import LockedError
from perio_pipeline.loading.objects import Target
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.store import FrameStore
from perio_pipeline.workplace import Workplace

PASS_TAG = "perio/pass"
DESTINATION_TAG = "perio/destination"
BATCH_TAG = "perio/batch"
"""Names the attempt at a window's batch that a run is."""
LOOK_SECONDS = 15
"""How often a step that waits for another run looks whether that has ended."""


class WorkplaceResource(dg.ConfigurableResource[None]):
    """The data folder and the mappings folder."""

    data: str = Field(description="The folder where frames, journal and reports lie.")
    mappings: str = Field(description="The folder where the mapping files and the practices' files lie.")
    wait_minutes: float = Field(
        default=0,
        description="How long a run waits for another one on the same practice and destination; 0 refuses at once.",
    )
    _running: ExitStack = PrivateAttr(default_factory=ExitStack)
    _journal: Journal | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Say which process the run is, so that it can be told when that has died."""
        if context.instance and context.run and context.instance.has_run(context.run.run_id):
            context.instance.add_run_tags(context.run.run_id, process_tags())

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Let other runs in, and close the journal: all steps of this process have ended."""
        self._running.close()
        self._journal = None

    def fixed(self) -> dg.ResourceDefinition:
        """Return the same with nothing to fill in: where things lie says the environment, not somebody's launchpad."""
        folders = {"data": self.data, "mappings": self.mappings, "wait_minutes": self.wait_minutes}
        return self.get_resource_definition().configured(
            folders, description="The data folder and the mappings folder."
        )

    @property
    def open(self) -> Workplace:
        """The rooms, put together."""
        return Workplace(Path(self.data).absolute(), Path(self.mappings).absolute())

    def store(self) -> FrameStore:
        """Return the frames of all practices."""
        return self.open.store()

    @contextmanager
    def target(self, practice: str, crm: str, run: RunInfo, *, remembering: bool = False) -> Iterator[Target]:
        """Hand out a practice's destination, ready to be written to; it is this run's until its process has ended.

        With `remembering`, the account is not asked again for a set-up that it stated to an earlier run.

        Raises:
            LockedError: another run works on it.
            RetryRequested: another run works on it, and this one is to wait.
        """
        workplace = self.open
        if self._journal is None:
            self._journal = self._running.enter_context(closing(workplace.journal()))
        try:
            self._running.enter_context(self._journal.locked(practice, crm, run))
        except LockedError as locked:
            self._wait(locked)
            raise
        chosen = workplace.practice(practice)
        yield workplace.target(chosen, crm, self._journal, run, remembering=remembering)

    def _wait(self, locked: LockedError) -> None:
        """Let Dagster start the step again later: waiting inside, it would keep the CRM's pool from the other run."""
        times = math.ceil(self.wait_minutes * 60 / LOOK_SECONDS)
        step = dg.OpExecutionContext.get() if times else None
        if step and step.retry_number < times:
            text = f"{locked.problem} Waiting for it, {self.wait_minutes:g} minutes at most."
            step.log.info(text)
            if step.retry_number == 0:
                progress.notice(text)
            raise dg.RetryRequested(times, LOOK_SECONDS) from locked


@contextmanager
def actionable() -> Iterator[None]:
    """Turn our own errors into failures that say what to do and are not tried again.

    Their texts hold no values; everything else stays redacted (`DAGSTER_REDACT_USER_CODE_ERRORS`).
    """
    try:
        yield
    except PerioError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None


def touched_by(context: dg.AssetExecutionContext, workplace: Workplace, practice: Practice) -> Touched | None:
    """Return the exams that the run's batch touches; None where it loads none, or everything is to be looked at."""
    tags = context.run.tags
    batch = tags.get(BATCH_TAG)
    return touched(workplace, practice, tags[DESTINATION_TAG], batch) if batch else None


def run_info(context: Any, load_pass: str) -> RunInfo:
    """Return who writes, for the journal."""
    return RunInfo(context.run.run_id, load_pass, context.run.tags.get("dagster/user", "dagster"))
