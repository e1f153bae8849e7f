"""What all commands of `perio` share: options, clear errors, paths as people type them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from perio_pipeline.errors import PerioError

PracticeOption = Annotated[str, typer.Option("--practice", "-p", help="A file in mappings/practices/, without .yaml.")]
CrmOption = Annotated[str, typer.Option("--to", help="The destination, such as highlevel.")]


@contextmanager
def clear_errors() -> Iterator[None]:
    """Show our own errors as two lines, without a traceback, and end with exit code 1."""
    try:
        yield
    except PerioError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(f"[bold red]Error:[/] {escape(error.problem)}")
        console.print(f"[bold]What to do:[/] {escape(error.remedy)}")
        raise typer.Exit(1) from None


def shown(path: Path) -> str:
    """Return a path as people would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
