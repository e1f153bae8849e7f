"""What a benchmark found, as one table for people and one file for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured figure beside what it is measured against.

    Attributes:
        name: what was measured.
        figure, unit: the measurement.
        reference: what the ratio is taken against: a limit, or a bare way to do the same, measured in the same run.
        ratio: figure over reference, as far as it means something on every machine.
        machine_independent: whether the figure itself is the same on every machine.
        least: the ratio must not be lower; None for figures that promise nothing.
        refused: requests that the CRM answered with 429; None where the figure is not about requests.
    """

    name: str
    figure: float
    unit: str
    reference: str
    ratio: float
    machine_independent: bool
    least: float | None = None
    refused: int | None = None

    @property
    def kept(self) -> bool:
        """Whether the figure is what is promised."""
        return not self.refused and (self.least is None or self.ratio >= self.least)


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table."""
    table = Table(title="Benchmarks", title_justify="left")
    for column in ("what", "figure", "unit", "against", "ratio", "at least", "429"):
        table.add_column(column, justify="left" if column in ("what", "unit", "against") else "right")
    for each in figures:
        table.add_row(
            each.name,
            f"{each.figure:,.1f}",
            each.unit,
            each.reference,
            f"{each.ratio:.3f}",
            "" if each.least is None else f"{each.least:g}",
            "" if each.refused is None else str(each.refused),
            style=None if each.kept else "red",
        )
    console.print(table)


def write(figures: Sequence[Figure], folder: Path) -> Path:
    """Write `bench.json` and return where it is."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "bench.json"
    rows = [{**asdict(each), "kept": each.kept} for each in figures]
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return path
