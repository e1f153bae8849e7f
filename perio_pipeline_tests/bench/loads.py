"""A load of the sample practice into a sandbox, step by step as the assets do it, without Dagster."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from perio_pipeline.cli.sandboxes import configuration
from perio_pipeline.crm.protocol import Adapter
from perio_pipeline.loading.accounts import prepare_accounts
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.journal import open_journal
from perio_pipeline.loading.objects import Target, load_object, read_object
from perio_pipeline_tests.end_to_end.world import PRACTICE
from perio_pipeline_tests.shaped import ShapedPractice

RUN = RunInfo("bench", "full", "bench")


@dataclass
class Load:
    """One account of a CRM, and the practice's frames for it."""

    target: Target
    shaped: Mapping[str, pd.DataFrame]
    account: str = "main"

    async def prepare(self) -> None:
        """Check the account and create the custom fields it lacks."""
        await prepare_accounts(self.target, approved_by="ann")

    async def load(self, name: str, frame: pd.DataFrame | None = None) -> pd.DataFrame:
        """Load an object, or some rows of it, and return the manifest.

        Raises:
            RuntimeError: a record failed, so that the time it took means nothing.
        """
        rows = self.shaped[name] if frame is None else frame
        manifest = await load_object(self.target, name, rows.assign(account=self.account))
        failed = manifest[manifest["action"] == "failed"]
        if len(failed):
            raise RuntimeError(f"{len(failed)} of {len(manifest)} {name} failed: {sorted(set(failed['code']))}")
        return manifest

    async def read(self, name: str, manifest: pd.DataFrame) -> None:
        """Read an object back.

        Raises:
            RuntimeError: a record is missing.
        """
        frame = await read_object(self.target, name, manifest)
        if len(frame) != len(manifest):
            raise RuntimeError(f"{len(manifest) - len(frame)} of {len(manifest)} {name} are missing")


@contextmanager
def load_of(
    practice: ShapedPractice, crm: str, *accounts: tuple[str, Callable[[], Adapter]], time_scale: float = 1.0
) -> Iterator[list[Load]]:
    """Open a journal of its own, on the same disk as any other, for loads into some accounts."""
    mapping, shaped = practice.rooms.effective(practice.practice, crm), practice.shaped(crm)
    with tempfile.TemporaryDirectory() as folder:
        journal = open_journal(Path(folder))
        try:
            target = Target(PRACTICE, crm, mapping, dict(accounts), journal, RUN, time_scale)
            yield [Load(_only(target, name), shaped, name) for name, _ in accounts]
        finally:
            journal.close()


def _only(target: Target, account: str) -> Target:
    own = {account: target.adapters[account]}
    return Target(
        target.practice, target.destination, target.mapping, own, target.journal, target.run, target.time_scale
    )


def sandbox_of(practice: ShapedPractice, crm: str, clock_factor: float = 1.0) -> Any:
    """Return the configuration of the practice's sandbox, kept in memory."""
    config = configuration(practice.rooms, practice.practice, crm)
    return config.model_copy(update={"state_path": None, "clock_factor": clock_factor})


def renamed(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Return the first rows of contacts, each with another middle name."""
    return frame.head(rows).assign(Middle_Name__c="Bench")
