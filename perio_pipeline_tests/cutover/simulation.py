"""Two days of a cutover in minutes: people work in PANDA and in the CRM, and the daemon is killed on the way (P7).

At the end the CRM must be what PANDA says, except for what people edited in it: a full migration afterwards has nothing
to write, and every difference is one of the edits that were made. Each step of the daemon runs in a forked process.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import random
import signal
import time
import traceback
import warnings
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import httpx
import pandas as pd

from perio_pipeline.cli.sandboxes import SANDBOXES
from perio_pipeline.cutover.opening import Cutovers
from perio_pipeline.cutover.report import write_window_report
from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.defs.build import build_definitions
from perio_pipeline.defs.jobs import job_name, load_config
from perio_pipeline.defs.resources import WorkplaceResource
from perio_pipeline.defs.sensors import cutover_sensor
from perio_pipeline.sandbox.common.server import RunningSandbox
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.cutover.office import Office
from perio_pipeline_tests.end_to_end.world import CRM, PRACTICE, QUIET, lay_out, make_sample
from perio_pipeline_tests.faults.stage import TOKENS, free_port, wait_for

HOURS = 48
START = datetime(2026, 11, 27, 7, tzinfo=UTC)
CLOCK = 4000.0


@dataclass
class Outcome:
    """What the two days came to.

    Attributes:
        steps, runs, kills: of the daemon.
        done: what people did in PANDA.
        edits: contact and field that people edited in the CRM.
        kept: those that are named as edited or in conflict at the end.
        unexplained: cells that differ without a reason.
        written_after: what a full migration still had to write.
        records: of the CRM.
    """

    steps: int = 0
    runs: int = 0
    kills: int = 0
    done: dict[str, int] = field(default_factory=dict)
    edits: set[tuple[str, str]] = field(default_factory=set)
    kept: set[tuple[str, str]] = field(default_factory=set)
    unexplained: int = -1
    written_after: int = -1
    records: int = 0
    batches: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether nothing was lost, and nobody's edit was overwritten."""
        return self.unexplained == 0 and self.written_after == 0 and self.edits <= self.kept

    def __str__(self) -> str:
        lost = len(self.edits - self.kept)
        return (
            f"{self.steps} steps, {self.runs} runs, {self.kills} kills; {sum(self.done.values())} acts in PANDA, "
            f"{len(self.edits)} edits in the CRM, {lost} overwritten; {self.records} records, "
            f"{self.unexplained} cells differ without a reason, {self.written_after} left to write"
        )


@dataclass
class Simulation:
    """A practice in its cutover, and the two groups of people who work meanwhile."""

    rooms: Workplace
    sandbox: RunningSandbox
    rng: random.Random
    notes: Path
    outcome: Outcome = field(default_factory=Outcome)
    longest: float = 1.0  # seconds that a step took at most

    def run(self, steps: int, kills: int, acts: int) -> Outcome:
        """Live through the window."""
        office = Office(self.rooms.data / "sample" / f"{PRACTICE}.db", self.rng, self.outcome.done)
        self.child(self.migrate)
        self.child(lambda: str(self.cutovers().start(START, HOURS, "simulation").closes_at))
        for number in range(steps):
            now = START + timedelta(hours=HOURS) * number / steps
            office.work(now.replace(tzinfo=None), self.rng.randint(0, acts))
            if number and self.rng.random() < 0.7:
                self.edit_contact()
            due = kills - self.outcome.kills
            self.live(now, killed=due > 0 and (due >= steps - number or self.rng.random() < 0.6))
        now = START + timedelta(hours=HOURS)
        for _ in range(20):
            if self.live(now).get("closed"):
                break
            now += timedelta(hours=2)
        self.judge()
        return self.outcome

    def live(self, now: datetime, *, killed: bool = False) -> dict[str, Any]:
        """Let the daemon take a step, and another while there is something to do; or die in the middle of one."""
        for _ in range(4):
            self.outcome.steps += 1
            began = time.monotonic()
            words = self.child(partial(self.step, now), after=self.rng.uniform(0, self.longest) if killed else None)
            if words is None:
                self.outcome.kills += 1
                killed = False
                now += timedelta(minutes=5)  # until the daemon is up again, and a failed batch is due
                continue
            self.longest = max(self.longest, time.monotonic() - began)
            said: dict[str, Any] = json.loads(words)
            self.outcome.runs += bool(said["run"])
            if not said["run"]:
                return said
            self.outcome.batches.append(said["run"])
        return {}

    def step(self, now: datetime) -> str:
        """One tick of the sensor, and the run it asks for."""
        definitions = self.definitions()
        resources = {"workplace": definitions.resources["workplace"]}  # type: ignore[index]
        sensor = cutover_sensor(PRACTICE, CRM, self.rooms.mapping(CRM), list(definitions.assets or ()), lambda: now)  # type: ignore[arg-type]
        with (
            self.instance() as instance,
            dg.build_sensor_context(instance=instance, resources=resources) as context,
        ):
            asked: Any = sensor(context)
            if isinstance(asked, dg.RunRequest):
                job = definitions.resolve_job_def(job_name(LoadPass.DELTA, CRM))
                result = job.execute_in_process(
                    run_config={**asked.run_config, **QUIET},
                    instance=instance,
                    partition_key=PRACTICE,
                    asset_selection=asked.asset_selection,
                    tags=asked.tags,
                    raise_on_error=False,
                )
                return json.dumps({"run": f"{asked.run_key} {'good' if result.success else 'failed'}"})
        window = self.cutovers().file.read()
        return json.dumps({"run": "", "closed": bool(window and window.closed_at), "why": asked.skip_message})

    def migrate(self) -> str:
        """Run a full migration; returns how many records it wrote."""
        with self.instance() as instance:
            result = (
                self.definitions()
                .resolve_job_def(job_name(LoadPass.FULL, CRM))
                .execute_in_process(
                    run_config={**load_config(LoadPass.FULL, CRM, anyway=True), **QUIET},
                    instance=instance,
                    partition_key=PRACTICE,
                    raise_on_error=False,
                )
            )
        if not result.success:
            raise RuntimeError("the full migration failed")
        manifests = [self.frame("loaded", name) for name in self.rooms.mapping(CRM).objects]
        actions = pd.concat([manifest["action"] for manifest in manifests])
        return str(int(actions.isin(["created", "updated", "adopted", "failed"]).sum()))

    def edit_contact(self) -> None:
        """A person changes something of a contact in the CRM."""
        contacts = self.frame("readback", "contacts")
        row = contacts.iloc[self.rng.randrange(len(contacts))]
        name = self.rng.choice(["city", "address1", "firstName"])
        answer = httpx.put(
            f"{self.sandbox.base_url}/contacts/{row['crm_id']}",
            headers={"Authorization": f"Bearer {TOKENS['PERIO_HARBOR_HIGHLEVEL_TOKEN']}", "Version": "2021-07-28"},
            json={name: f"Edited {self.rng.randint(1, 10**6)}"},
            trust_env=False,
        )
        answer.raise_for_status()
        self.outcome.edits.add((str(row["source_key"]), name))

    def judge(self) -> None:
        """Compare the end with what must be."""
        differences = pd.concat([self.frame("diff", name) for name in self.rooms.mapping(CRM).objects])
        gone = set(differences.loc[differences["cause"] == "deleted", "source_key"])
        told = differences[differences["cause"].isin(["edited", "conflict"])]
        self.outcome.edits = {edit for edit in self.outcome.edits if edit[0] not in gone}
        self.outcome.kept = set(told[["source_key", "field"]].itertuples(index=False, name=None))
        self.outcome.unexplained = int((~differences["explained"]).sum())
        self.outcome.written_after = int(self.child(self.migrate) or -1)
        self.outcome.records = sum(len(self.frame("loaded", name)) for name in self.rooms.mapping(CRM).objects)
        window = self.cutovers().file.read()
        if window is not None:
            write_window_report(self.rooms, self.rooms.practice(PRACTICE), CRM, window)

    def cutovers(self) -> Cutovers:
        """The window."""
        return Cutovers(self.rooms, self.rooms.practice(PRACTICE), CRM)

    def instance(self) -> dg.DagsterInstance:
        """Dagster's memory, which outlives the daemon."""
        return dg.DagsterInstance.local_temp(str(self.rooms.data / "dagster"), {"telemetry": {"enabled": False}})

    def definitions(self) -> dg.Definitions:
        """What Dagster loads."""
        resource = WorkplaceResource(data=str(self.rooms.data), mappings=str(self.rooms.mappings))
        return build_definitions(self.rooms, resource)

    def frame(self, *key: str) -> pd.DataFrame:
        """A frame of the destination."""
        return self.rooms.store().frame(PRACTICE, [CRM, *key]).read()

    def child(self, work: Callable[[], str], after: float | None = None) -> str | None:
        """Run work in a forked process; returns its words, or None where it was killed after some seconds.

        Raises:
            RuntimeError: it ended in an error.
        """
        self.notes.write_text("")
        process = os.fork()
        if process == 0:
            status = 1
            try:
                logging.disable(logging.CRITICAL)
                self.notes.write_text(work())
                status = 0
            except BaseException:
                self.notes.write_text(traceback.format_exc())
            finally:
                os._exit(status)
        deadline = None if after is None else time.monotonic() + after
        while True:
            done, ended = os.waitpid(process, os.WNOHANG if deadline else 0)
            if done:
                break
            if deadline and time.monotonic() > deadline:
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                return None
            time.sleep(0.02)
        if ended:
            raise RuntimeError(self.notes.read_text())
        return self.notes.read_text()


def simulate(folder: Path, patients: int, steps: int, kills: int, acts: int, seed: int) -> Outcome:
    """Live through a cutover in an empty folder."""
    os.environ.update(TOKENS)
    port = free_port()
    window = {"poll_minutes": 0, "sweep_minutes": 6 * 60, "gone_few": 200}
    changes = {"url": f"http://127.0.0.1:{port}", "time_scale": CLOCK, "cutover": window}
    rooms, config = lay_out(folder, make_sample(folder, patients), changes, CRM)
    (rooms.data / "dagster").mkdir()
    server = multiprocessing.get_context("spawn").Process(
        target=SANDBOXES[CRM].serve, args=(config,), kwargs={"host": "127.0.0.1", "port": port}, daemon=True
    )
    server.start()
    try:
        wait_for(port)
        sandbox = RunningSandbox(f"http://127.0.0.1:{port}")
        return Simulation(rooms, sandbox, random.Random(seed), folder / "notes").run(steps, kills, acts)
    finally:
        server.terminate()
        server.join()


def main() -> None:
    """Print how two days of a cutover ended; exit with 1 unless all is right."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=800)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--acts", type=int, default=12, help="things done in PANDA between two steps, at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with TemporaryDirectory() as folder:
        outcome = simulate(Path(folder), **vars(options))
    print("\n".join(outcome.batches))
    print(f"cutover of {options.patients} patients: {outcome}")
    raise SystemExit(not outcome.right)


if __name__ == "__main__":
    main()
