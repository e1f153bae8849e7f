"""Command line of the sample generator: `python -m perio_pipeline.panda.sample --patients 250 --out sample.db`.

`--copy-to URL --schema NAME` writes the same practice into a new schema of a SQL Server as well.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from perio_pipeline.panda.sample.generate import SEED, generate
from perio_pipeline.panda.sample.sqlserver import copy_to


def main(
    out: Annotated[Path, typer.Option(help="the SQLite file to write")],
    patients: Annotated[int, typer.Option(min=1, help="number of patients")] = 250,
    seed: Annotated[int, typer.Option(help="another seed gives another practice")] = SEED,
    copy: Annotated[
        str,
        typer.Option("--copy-to", help="mssql+pyodbc URL of a SQL Server to copy it to, with ${NAME} for a variable"),
    ] = "",
    schema: Annotated[str, typer.Option(help="the new schema there")] = "perio_sample",
) -> None:
    """Write a synthetic practice and say how large it became."""
    planted = generate(out, patients, seed)
    for table, rows in planted.rows.items():
        typer.echo(f"{table:<16}{rows:>10,}")
    typer.echo(f"{sum(planted.problems.values()):,} problems of {len(planted.problems)} kinds: {out}.planted.json")
    if copy:
        copy_to(out, os.path.expandvars(copy), schema)  # a password has no place on a command line
        typer.echo(f"copied to schema {schema}")


if __name__ == "__main__":
    typer.run(main)
