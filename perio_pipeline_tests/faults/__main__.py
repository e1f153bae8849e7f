"""`python -m perio_pipeline_tests.faults`: prints one line of what it counted, and fails unless it is all zeros."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from perio_pipeline_tests.faults.plays import CRMS, Count, play


def main() -> int:
    """Play both CRMs, loads and rollbacks, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=7, help="patients of the load")
    parser.add_argument("--every", type=int, default=1, help="kill at every so-many-th boundary")
    parser.add_argument("--crm", choices=CRMS, help="only this one")
    parser.add_argument("--only", choices=("load", "rollback"), help="only this part")
    given = parser.parse_args()
    parts = [
        (crm, given.patients, given.every, rollback)
        for crm in ([given.crm] if given.crm else CRMS)
        for rollback in ([given.only == "rollback"] if given.only else (False, True))
    ]
    began = time.monotonic()
    total = Count()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for part, count in zip(parts, pool.map(play, *zip(*parts, strict=True)), strict=True):
            what = "rollback" if part[3] else "load"
            print(f"{part[0]} {what}: kill points {count.points}, wrong {count.wrong}", flush=True)
            total.points += count.points
            total.wrong += count.wrong
            total.verdict += count.verdict
    print(f"({time.monotonic() - began:.0f} s)")
    verdict = total.verdict
    print(
        f"kill points {total.points}, lost {verdict.lost}, duplicated {verdict.duplicated}, "
        f"orphaned {verdict.orphaned}, mislinked {verdict.mislinked}"
    )
    return 1 if total.wrong or not total.points else 0


if __name__ == "__main__":
    sys.exit(main())
