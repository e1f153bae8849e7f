"""What all commands of `perio` share: options, clear errors, paths as people type them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perio_pipeline.defs.assets.destination import LoadPass
from perio_pipeline.errors import PerioError

SAMPLE_PRACTICE = "harbor"
PracticeOption = Annotated[str, typer.Option("--practice", "-p", help="A file in mappings/practices/, without .yaml.")]
PassOption = Annotated[LoadPass, typer.Option("--pass", help="A sample first, then everything.")]
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


def object_table(crm: str, headers: Sequence[str]) -> Table:
    """Return an empty table with a row per object of a destination."""
    table = Table(
        title=f"PANDA → {crm}", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False
    )
    table.add_column("object", no_wrap=True)
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    return table


def shown(path: Path) -> str:
    """Return a path as people would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
