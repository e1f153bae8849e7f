"""What the harness plays on: a small practice, shaped once, and its sandbox in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

from perio_pipeline.cli.sandboxes import SANDBOXES, sandbox_token
from perio_pipeline.loading.accounts import prepare_accounts
from perio_pipeline.loading.entries import RunInfo
from perio_pipeline.loading.journal import open_journal
from perio_pipeline.loading.objects import Target, load_object, mark_unproven, read_object
from perio_pipeline.loading.payloads import LINK
from perio_pipeline.loading.rollback import roll_back
from perio_pipeline.loading.sampling import choose, sample_frame
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.sandbox.common.server import RunningSandbox
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.end_to_end.world import PRACTICE, lay_out
from perio_pipeline_tests.shaped import materialise_shaped

GENERATED = 20
"""Patients of the sample practice; the stage plays with some of them."""
TOKENS = {
    "PERIO_HARBOR_HIGHLEVEL_TOKEN": sandbox_token(PRACTICE, "main"),
    "PERIO_HARBOR_FRESHSALES_TOKEN": sandbox_token(PRACTICE, "main"),
}
Frames = dict[str, pd.DataFrame]
CLOCK = 4000.0
"""How fast the sandbox's clock runs: waiting for its limits and its search must not cost the harness time."""


@dataclass(frozen=True)
class Stage:
    """A practice ready to be loaded, again and again.

    Attributes:
        rooms: its folders.
        crm: the destination.
        mapping: the destination's mapping.
        shaped: object → its records.
        sandbox: the CRM.
    """

    rooms: Workplace
    crm: str
    mapping: Mapping
    shaped: dict[str, pd.DataFrame]
    sandbox: RunningSandbox

    def journal_folder(self, name: str) -> Path:
        """Return an empty folder for a journal."""
        folder = self.rooms.data / "journals" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def load(
        self, journal_folder: Path, *, read_back: bool = True, right: Frames | None = None
    ) -> tuple[dict[str, int], Frames]:
        """Load everything, and read it back; returns action → records, and object → its records as read back.

        What does not read back as in `right` is noted, as the diff does, so that the next load writes it again.
        """

        async def run(target: Target) -> tuple[dict[str, int], Frames]:
            manifests = {name: await load_object(target, name, self.shaped[name]) for name in self.mapping.objects}
            found = {}
            for name, manifest in manifests.items() if read_back else ():
                found[name] = await read_object(target, name, manifest)
                if right is not None:
                    mark_unproven(target, name, unlike(found[name], right[name]))
            actions = pd.concat([manifest["action"] for manifest in manifests.values()]).value_counts()
            return {str(action): int(rows) for action, rows in actions.items()}, found

        done: tuple[dict[str, int], Frames] = self._on_target(journal_folder, "full", run)
        return done

    def roll_back(self, journal_folder: Path) -> dict[str, int]:
        """Take everything back; returns fate → records."""

        async def run(target: Target) -> dict[str, int]:
            lines = await roll_back(target, dry_run=False)
            fates = [line.fate.value for line in lines]
            return {fate: fates.count(fate) for fate in sorted(set(fates))}

        found: dict[str, int] = self._on_target(journal_folder, "rollback", run)
        return found

    def prepare(self, journal_folder: Path) -> None:
        """Make the account ready, with its custom fields."""

        async def run(target: Target) -> None:
            await prepare_accounts(target, approved_by="ann")

        self._on_target(journal_folder, "prepare", run)

    def _on_target(self, journal_folder: Path, load_pass: str, work: Any) -> Any:
        journal = open_journal(journal_folder)
        try:
            practice = self.rooms.practice(PRACTICE)
            run = RunInfo(f"run-{os.getpid()}", load_pass, "harness")
            return asyncio.run(work(self.rooms.target(practice, self.crm, journal, run)))
        finally:
            journal.close()


def unlike(found: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    """The records whose values are others than in `right`, wherever their ids lead (source_key, account)."""
    values = [name for name in right if name not in ("account", "crm_id") and not name.startswith(LINK)]
    texts = found[values].astype(object).map(str)
    same = texts.merge(right[values].astype(object).map(str), how="left", indicator=True)["_merge"] == "both"
    return found.loc[~same.to_numpy(), ["source_key", "account"]]


@contextmanager
def staged(folder: Path, crm: str, patients: int) -> Iterator[Stage]:
    """Make a practice, shape it, and serve its sandbox for as long as the block lasts."""
    os.environ.update(TOKENS)
    sample = folder / f"{PRACTICE}.db"
    generate(sample, patients=GENERATED)
    port = free_port()
    changes = {"url": f"http://127.0.0.1:{port}", "time_scale": CLOCK}
    rooms, config = lay_out(folder, sample, changes, crm)
    server = multiprocessing.get_context("spawn").Process(
        target=SANDBOXES[crm].serve, args=(config,), kwargs={"host": "127.0.0.1", "port": port}, daemon=True
    )
    server.start()
    try:
        wait_for(port)
        # Shaping happens in a process that ends, so that the one that forks stays free of threads.
        shaper = multiprocessing.get_context("spawn").Process(target=materialise_shaped, args=(rooms, crm))
        shaper.start()
        shaper.join()
        assert shaper.exitcode == 0, "the practice could not be shaped"
        mapping = rooms.effective(rooms.practice(PRACTICE), crm)
        shaped = {name: rooms.store().frame(PRACTICE, [crm, "shaped", name]).read() for name in mapping.objects}
        records = sample_frame(mapping, shaped, choose(mapping, shaped, patients))
        chosen = {
            name: frame[frame["source_key"].isin(records.loc[records["object"] == name, "source_key"])]
            for name, frame in shaped.items()
        }
        stage = Stage(rooms, crm, mapping, chosen, RunningSandbox(f"http://127.0.0.1:{port}"))
        stage.prepare(stage.journal_folder("prepared"))
        stage.sandbox.checkpoint()
        yield stage
    finally:
        server.terminate()
        server.join()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until the sandbox answers."""
    for _ in range(400):
        try:
            httpx.get(f"http://127.0.0.1:{port}/__sandbox/stats", trust_env=False).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the sandbox did not start")
