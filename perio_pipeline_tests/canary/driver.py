"""Runs `perio` commands one after another in one process, as people would in a day; told on the command line how.

`python -m perio_pipeline_tests.canary.driver day|leaks`. Everything the commands print goes where theirs would go, and
Dagster's own log, which the command line hides, goes to standard error.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pandas as pd

from perio_pipeline.cli import runs
from perio_pipeline.cli.main import app
from perio_pipeline.defs import rollback
from perio_pipeline.defs.assets import destination

PRACTICE = ("--practice", "harbor")
LEAK = "PERIO_CANARY_LEAKS"
"""The canaries to leak, in the order of `LEAKS`; from the environment, which is no place the scanner looks at."""
LEAKS = ("a log line", "an exception", "metadata", "run config", "a temporary file")


def perio(*arguments: str) -> int:
    """Run one command; returns its exit code."""
    print(f"$ perio {' '.join(arguments)}", flush=True)
    try:
        app(list(arguments), prog_name="perio")
    except SystemExit as ended:
        return int(ended.code or 0)
    except Exception:  # an unforeseen one: what people would see
        traceback.print_exc()
        return 2
    return 0


def day(crms: Sequence[str]) -> None:
    """Everything people do with a practice, with what goes wrong on such days."""
    for crm in crms:
        to = (*PRACTICE, "--to", crm)
        with _failing_with_a_value():
            perio("migrate", *to, "--pass", "sample")
        perio("preflight", *to)
        perio("match", *to, "--show")
        perio("checklist", *to)
        perio("staff", *to)
        perio("cutover", "status", *to)
        perio("status", *PRACTICE)
        perio("rollback", *to, "--yes")
    perio("duplicates", *PRACTICE)
    perio("audit", "export", *PRACTICE)
    perio("audit", "export", *PRACTICE, "--format", "csv")
    perio("audit", "verify", *PRACTICE)


@contextmanager
def _failing_with_a_value() -> Iterator[None]:
    """Let the read-back of the notes fail of a reason nobody foresaw, which quotes what was read."""
    whole = destination.read_object

    async def broken(target: Any, name: str, *rest: Any, **named: Any) -> Any:
        found = await whole(target, name, *rest, **named)
        if name == "notes":
            raise ValueError(f"cannot read {found.iloc[0].to_dict()}")
        return found

    with _instead(destination, "read_object", broken):
        yield


def leaks(values: Sequence[str]) -> None:
    """A programmer's five mistakes in one step, each with its own value."""
    said, raised, noted, configured, written = values

    async def leaking(*arguments: Any, **named: Any) -> Any:
        context = dg.OpExecutionContext.get()
        context.log.info(f"taking back {said}")
        context.log_event(dg.AssetObservation("patients", metadata={"first": noted}))
        with tempfile.NamedTemporaryFile("w", prefix="patients-", suffix=".csv", delete=False) as file:
            pd.Series([written]).to_csv(file)
        raise dg.Failure(description=f"{raised} cannot be taken back")

    with _instead(rollback, "roll_back", leaking):
        perio("rollback", *PRACTICE, "--to", "highlevel", "--pass", configured, "--dry-run")


@contextmanager
def _instead(module: Any, name: str, other: Any) -> Iterator[None]:
    whole = getattr(module, name)
    setattr(module, name, other)
    try:
        yield
    finally:
        setattr(module, name, whole)


def main() -> None:
    """Run what is asked for."""
    logging.captureWarnings(True)
    runs.SILENT["loggers"]["console"]["config"]["log_level"] = "DEBUG"
    what, *rest = sys.argv[1:]
    if what == "day":
        day(rest)
    else:
        leaks(os.environ[LEAK].split(","))


if __name__ == "__main__":
    main()
