"""Resources: what assets open. Thin: the work is done by `perio_pipeline.workplace`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from perio_pipeline.errors import PerioError
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.journal import Journal
from perio_pipeline.loading.objects import Target
from perio_pipeline.store import FrameStore
from perio_pipeline.workplace import Workplace

PASS_TAG = "perio/pass"
DESTINATION_TAG = "perio/destination"


class WorkplaceResource(dg.ConfigurableResource[None]):
    """The data folder and the mappings folder.

    Attributes:
        data: where frames, journal and reports lie.
        mappings: where the mapping files and the practices' files lie.
    """

    data: str
    mappings: str

    @property
    def open(self) -> Workplace:
        """The rooms, put together."""
        return Workplace(Path(self.data).absolute(), Path(self.mappings).absolute())

    def store(self) -> FrameStore:
        """Return the frames of all practices."""
        return self.open.store()

    @contextmanager
    def target(self, practice: str, crm: str, run: RunInfo) -> Iterator[Target]:
        """Open the journal and hand out a practice's destination, ready to be written to."""
        workplace = self.open
        journal: Journal = workplace.journal()
        try:
            yield workplace.target(workplace.practice(practice), crm, journal, run)
        finally:
            journal.close()


@contextmanager
def actionable() -> Iterator[None]:
    """Turn our own errors into failures that say what to do and are not tried again.

    Their texts hold no values; everything else stays redacted (`DAGSTER_REDACT_USER_CODE_ERRORS`).
    """
    try:
        yield
    except PerioError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None


def run_info(context: Any, load_pass: str) -> RunInfo:
    """Return who writes, for the journal."""
    return RunInfo(context.run.run_id, load_pass, context.run.tags.get("dagster/user", "dagster"))
