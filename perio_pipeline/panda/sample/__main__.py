"""Command line of the sample generator: `python -m perio_pipeline.panda.sample --patients 250 --out sample.db`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perio_pipeline.panda.sample.generate import SEED, generate


def main(
    out: Annotated[Path, typer.Option(help="the SQLite file to write")],
    patients: Annotated[int, typer.Option(min=1, help="number of patients")] = 250,
    seed: Annotated[int, typer.Option(help="another seed gives another practice")] = SEED,
) -> None:
    """Write a synthetic practice and say how large it became."""
    planted = generate(out, patients, seed)
    for table, rows in planted.rows.items():
        typer.echo(f"{table:<16}{rows:>10,}")
    typer.echo(f"{sum(planted.problems.values()):,} problems of {len(planted.problems)} kinds: {out}.planted.json")


if __name__ == "__main__":
    typer.run(main)
