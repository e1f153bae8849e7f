"""`python -m perio_pipeline_tests.faults.troubled`: loads under random faults, run again until they are through.

Each seed's load goes wrong as its schedule says, is run again as an operator would, and is finished in quiet. Then the
CRM must hold what it holds after an undisturbed load. Prints one line of what it counted, and fails unless it is all
zeros.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import mock

from perio_pipeline.crm.http import Transport
from perio_pipeline.errors import PerioError
from perio_pipeline_tests.faults.plays import CRMS, picture_of
from perio_pipeline_tests.faults.schedules import schedule
from perio_pipeline_tests.faults.stage import Frames, Stage, staged, unlike
from perio_pipeline_tests.faults.verdict import Verdict, compare

QUIET_RUNS = 3
"""Loads without a fault that may be needed: what was found wrong when read back is written again by the next."""
REPORTED = 50
"""Schedules between two signs of life."""
TIMEOUT = 0.5
"""Seconds that a load in trouble waits for an answer."""


@dataclass
class Tally:
    """What the schedules of one CRM came to: `faults` counts those that struck, by kind."""

    schedules: int = 0
    wrong: list[int] = field(default_factory=list)
    stopped: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)


def main() -> int:
    """Play both CRMs side by side, half of the schedules each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=4, help="patients of the load")
    parser.add_argument("--count", type=int, default=1000, help="schedules")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--crm", choices=CRMS, help="all of them on this one")
    given = parser.parse_args()
    crms = [given.crm] if given.crm else list(CRMS)
    seeds = range(given.first, given.first + given.count)
    parts = [(crm, given.patients, list(seeds[place :: len(crms)])) for place, crm in enumerate(crms)]
    began = time.monotonic()
    total = Tally()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for part, tally in zip(parts, pool.map(play, *zip(*parts, strict=True)), strict=True):
            struck = ", ".join(f"{kind} {times}" for kind, times in sorted(tally.faults.items()))
            print(
                f"{part[0]}: {tally.schedules} schedules, {tally.stopped} loads stopped; faults: {struck}", flush=True
            )
            total.schedules += tally.schedules
            total.wrong += tally.wrong
            total.verdict += tally.verdict
    print(f"({time.monotonic() - began:.0f} s)")
    verdict = total.verdict
    print(
        f"schedules {total.schedules}, lost {verdict.lost}, duplicated {verdict.duplicated}, "
        f"orphaned {verdict.orphaned}, mislinked {verdict.mislinked}"
    )
    return 1 if total.wrong or not total.schedules else 0


def play(crm: str, patients: int, seeds: list[int]) -> Tally:
    """Play schedules against one CRM."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as name, staged(Path(name), crm, patients) as stage:
        journal = stage.journal_folder("undisturbed")
        _, frames = stage.load(journal)
        right, digest = picture_of(stage, journal), stage.sandbox.state_digest()
        fields = sorted({each for obj in stage.mapping.objects.values() for each, _ in obj.all_fields()})
        for seed in seeds:
            stage.sandbox.reset()
            journal = stage.journal_folder("troubled")
            _trouble(stage, journal, schedule(seed, crm, fields).runs, frames, tally)
            failed = _finish(stage, journal, frames)
            tally.schedules += 1
            if tally.schedules % REPORTED == 0:
                print(f"{crm}: {tally.schedules} of {len(seeds)}, wrong {len(tally.wrong)}", flush=True)
            if failed or stage.sandbox.state_digest() != digest:
                verdict = compare(picture_of(stage, journal), right)
                tally.wrong.append(seed)
                tally.verdict += verdict
                print(f"{crm}: seed {seed}: {verdict}, failed {failed}", flush=True)
    return tally


def _trouble(
    stage: Stage, journal: Path, runs: tuple[tuple[dict[str, Any], ...], ...], right: Frames, tally: Tally
) -> None:
    for faults in runs:
        stage.sandbox.admin("POST", "/faults", list(faults))
        try:
            with _impatient():
                stage.load(journal, right=right)
        except PerioError:  # the account as a whole refused: the operator looks, puts it right, and runs it again
            tally.stopped += 1
        for fault in stage.sandbox.admin("GET", "/faults")["faults"]:
            kind = str(fault["status"]) if fault["kind"] == "status" else str(fault["kind"])
            tally.faults[kind] += int(fault["strikes"])
        stage.sandbox.clear_faults()


def _finish(stage: Stage, journal: Path, right: Frames) -> int:
    """Load without faults until nothing is left to do; returns the records that did not arrive."""
    for _ in range(QUIET_RUNS):
        actions, found = stage.load(journal, right=right)
        # A record whose read-back was lost in trouble may be found wrong only now, and is written by the next load.
        if set(actions) == {"unchanged"} and all(unlike(found[name], right[name]).empty for name in found):
            break
    return actions.get("failed", 0)


@contextmanager
def _impatient() -> Iterator[None]:
    begin = Transport.__init__

    def hurried(transport: Transport, *given: Any, **settings: Any) -> None:
        begin(transport, *given, **{**settings, "timeout": TIMEOUT})

    with mock.patch.object(Transport, "__init__", hurried):
        yield


if __name__ == "__main__":
    sys.exit(main())
