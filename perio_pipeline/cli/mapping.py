"""`perio map`: the group of commands by which a practice's mapping is made, looked at and confirmed."""

from __future__ import annotations

import typer

from perio_pipeline.cli import confirming, editing, proposing, reviewing

app = typer.Typer(no_args_is_help=True, help="The mapping: proposed by the machine, confirmed by a named person.")

proposing.register(app)
reviewing.register(app)
editing.register(app)
confirming.register(app)
