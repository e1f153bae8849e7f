"""Chooses and runs the benchmarks.

Those that mostly wait for a CRM's clock run side by side; those that keep the machine busy run alone, one by one.
"""

from __future__ import annotations

import importlib
import multiprocessing
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console

from perio_pipeline.settings import data_folder
from perio_pipeline_tests.bench.figures import Figure, show, write
from perio_pipeline_tests.shaped import ShapedPractice, shape_practice

WAITING = ("quota_highlevel", "quota_freshsales")
BUSY = ("quota_freshsales_hour", "overhead", "journal", "shaping", "charts", "volume")
PATIENTS = 760
"""So many have the 620 contacts and 5,500 visits that the benchmarks need."""


def main(names: Sequence[str]) -> int:
    """Run benchmarks by name; 1 when a figure is not what is promised."""
    unknown = sorted(set(names) - {*WAITING, *BUSY})
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. Use: {', '.join((*WAITING, *BUSY))}.", file=sys.stderr)
        return 2
    chosen = names or (*WAITING, *BUSY)
    console = Console(stderr=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        console.print(f"A sample practice of {PATIENTS} patients is made and shaped ...")
        practice = shape_practice(folder, PATIENTS)
        context = multiprocessing.get_context("spawn")
        for group in ([each for each in WAITING if each in chosen], *([each] for each in BUSY if each in chosen)):
            if not group:
                continue
            console.print(f"{' and '.join(group)} ...")
            with ProcessPoolExecutor(len(group), mp_context=context) as pool:
                for found in pool.map(_run, group, [practice] * len(group)):
                    figures += found
    show(figures, Console())
    print(f"Written to {write(figures, data_folder())}")
    return 0 if all(figure.kept for figure in figures) else 1


def _run(name: str, practice: ShapedPractice) -> list[Figure]:
    return list(importlib.import_module(f"perio_pipeline_tests.bench.{name}").figures(practice))
