"""`perio ui`: the Dagster UI on the data folder, with sandboxes and reports beside it, until it is interrupted."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from perio_pipeline import settings
from perio_pipeline.cli import reportserver, runs, sandboxes
from perio_pipeline.cli.common import SAMPLE_PRACTICE, PracticeOption, clear_errors
from perio_pipeline.interrupts import run_server
from perio_pipeline.notifying import UI_URL


def register(app: typer.Typer) -> None:
    """Add the command to `perio`."""
    app.command()(ui)


def ui(
    practice: PracticeOption = SAMPLE_PRACTICE,
    port: Annotated[int, typer.Option(help="Port of the UI, on this machine only.")] = 3000,
) -> None:
    """Open the Dagster UI on the data folder, with the practice's sandboxes beside it."""
    console = Console()
    runs.prepare_environment()
    with clear_errors(), ExitStack() as running:
        chosen = settings.workplace().practice(practice)
        for crm in chosen.destinations:
            sandboxes.give_tokens(chosen, crm)
            running.enter_context(sandboxes.at_hand(chosen, crm))
        if not running.enter_context(reportserver.serving(settings.data_folder())):
            console.print(f"Reports are not served: {settings.REPORTS} names no free port of this machine.")
        url = f"http://127.0.0.1:{port}"
        console.print(f"In half a minute the Dagster UI is on {url}; Ctrl-C ends it.")
        command = ["dg", "dev", "--host", "127.0.0.1", "--port", str(port)]
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        environment = {UI_URL: url, **os.environ, "PATH": path, "VIRTUAL_ENV": sys.prefix}
        if run_server(command, settings.PROJECT, environment):
            console.print("Stopped.")
