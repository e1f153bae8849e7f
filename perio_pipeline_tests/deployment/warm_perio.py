"""A `perio` that starts at once: each command is a process of its own, forked from one that has everything imported."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

TYPED, WRITTEN = ".typed", ".written"
PRELOADED = ["perio_pipeline.cli.main", "perio_pipeline.panda.sample.designs.generate"]


def context() -> ForkServerContext:
    """Return the context whose processes have the pipeline imported."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(PRELOADED)
    return made


def perio(
    processes: ForkServerContext, arguments: Sequence[str], folder: Path, variables: Mapping[str, str], typed: str
) -> tuple[int, str]:
    """Run one command as a shell would; returns its exit code and what it wrote.

    Args:
        processes: where it is forked from.
        arguments: its words, without the program.
        folder: the folder it is called in.
        variables: its whole environment.
        typed: what a person types.
    """
    process = started(processes, arguments, folder, variables, typed)
    process.join()
    assert process.exitcode is not None
    return process.exitcode, (folder / WRITTEN).read_text(encoding="utf-8")


def started(
    processes: ForkServerContext, arguments: Sequence[str], folder: Path, variables: Mapping[str, str], typed: str = ""
) -> BaseProcess:
    """Start one command and return its process; parameters as those of `perio`."""
    (folder / TYPED).write_text(typed, encoding="utf-8")
    (folder / WRITTEN).unlink(missing_ok=True)
    process = processes.Process(target=_become, args=(list(arguments), folder, dict(variables)))
    process.start()
    return process


def _become(arguments: list[str], folder: Path, variables: dict[str, str]) -> None:
    gc.freeze()  # what is imported is never garbage
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    paper = os.open(WRITTEN, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(os.open(TYPED, os.O_RDONLY), 0)
    os.dup2(paper, 1)
    os.dup2(paper, 2)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.argv = ["perio", *arguments]

    from perio_pipeline.cli.main import app

    try:
        app()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
