"""`make bench-map`: writes the sample in every design, proposes its bindings, and says how many are right."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from perio_pipeline.mapping.proposing.model import Confidence
from perio_pipeline.mapping.proposing.propose import propose
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.panda.sample.designs.design import FOLDER, design_names, load_design
from perio_pipeline.panda.sample.designs.write import write_design
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.settings import PROJECT
from perio_pipeline_tests.bench_map.judging import Judged, judge

BINDINGS = PROJECT / "mappings" / "panda.yaml"
HELD_OUT = "held_out"
"""The folder of designs that nobody looks at while the proposer is developed."""


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("designs", nargs="*", help="by default all")
    asked.add_argument("--patients", type=int, default=60)
    asked.add_argument("--wrong", action="store_true", help="name each field of the development designs that is wrong")
    given = asked.parse_args()
    console = Console(soft_wrap=True, highlight=False)
    names = given.designs or ["harbor", *design_names()]
    judged: dict[str, list[Judged]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "harbor.db"
        generate(path, given.patients)
        sample = PandaSource(f"sqlite:///{path}", load_bindings(BINDINGS), str(BINDINGS))
        for name in names:
            judged[name] = _measured(name, sample, Path(folder) / f"{name}.db")
            if given.wrong and not _is_held_out(name):
                for each in judged[name]:
                    if not each.first:
                        among = " (among three)" if each.third else ""
                        console.print(f"  {name}: {each.table}.{each.field} {each.confidence}{among}")
    _show(judged, console)


def _measured(name: str, sample: PandaSource, path: Path) -> list[Judged]:
    source = sample
    if name != "harbor":
        design = load_design(name)
        write_design(design, sample, path)
        source = PandaSource(f"sqlite:///{path}", design.bindings, str(design.bindings_file))
    with source.connect() as connection:
        proposal = propose(name, connection)
    return list(judge(proposal, source))


def _is_held_out(name: str) -> bool:
    return any(HELD_OUT in path.parts for path in FOLDER.rglob(f"{name}.physical.yaml"))


def _show(judged: dict[str, list[Judged]], console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for header in ("design", "fields", "top-1", "top-3", "strong", "wrong strong", "codes", "right codes"):
        table.add_column(header, justify="left" if header == "design" else "right")
    for name, found in judged.items():
        table.add_row(*_row(name + (" *" if _is_held_out(name) else ""), found))
    for group, inside in (("development", False), ("held out *", True)):
        found = [each for name, many in judged.items() if _is_held_out(name) is inside for each in many]
        if found:
            table.add_row(*_row(group, found), style="bold")
    console.print(table)


def _row(name: str, found: Sequence[Judged]) -> list[str]:
    strong = [each for each in found if each.confidence is Confidence.STRONG]
    codes, right = sum(each.codes for each in found), sum(each.right_codes for each in found)
    return [
        name,
        str(len(found)),
        f"{sum(each.first for each in found) / len(found):.1%}",
        f"{sum(each.third for each in found) / len(found):.1%}",
        str(len(strong)),
        str(sum(not each.first for each in strong)),
        str(codes),
        f"{right / codes:.1%}" if codes else "",
    ]


if __name__ == "__main__":
    main()
