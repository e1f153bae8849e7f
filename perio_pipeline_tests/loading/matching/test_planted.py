"""How many of the persons that the CRM holds are found, and how many of those found are right; printed with -s."""

from __future__ import annotations

import time
import tracemalloc
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pytest

from perio_pipeline.loading.matching.judging import Level
from perio_pipeline.loading.matching.pairing import Index, assign, find_pairs
from perio_pipeline_tests.loading.matching.people import person
from perio_pipeline_tests.loading.matching.planted import Planted, plant


@dataclass
class Figures:
    """What came of a planted set: right and wrong offers per level, and found or not per way of writing."""

    right: Counter[Level] = field(default_factory=Counter)
    wrong: Counter[Level] = field(default_factory=Counter)
    found: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    planted: int = 0

    def precision(self, *levels: Level) -> float:
        right, wrong = sum(self.right[level] for level in levels), sum(self.wrong[level] for level in levels)
        return right / max(right + wrong, 1)

    def recall(self, *levels: Level) -> float:
        return sum(self.right[level] for level in levels) / self.planted

    def table(self) -> str:
        lines = ["level       right  wrong  precision"]
        for level in (Level.CERTAIN, Level.LIKELY, Level.POSSIBLE):
            lines.append(
                f"{level.name.lower():10} {self.right[level]:6} {self.wrong[level]:6}  {self.precision(level):9.4f}"
            )
        lines.append("written                          certain likely possible missed")
        for name, counts in self.found.items():
            lines.append(f"{name:32} {counts['certain']:7} {counts['likely']:6} {counts['possible']:8} {counts['']:6}")
        return "\n".join(lines)


def measure(planted: Planted) -> Figures:
    records = {("contacts", key): person(key, **said) for key, said in planted.panda.items()}
    index = Index(person(key, **said) for key, said in planted.crm.items())
    offers = assign(find_pairs(records, index))
    figures = Figures(planted=len(planted.truth))
    level_of: dict[str, Level] = {}
    for offer in offers:
        key = offer.pair.record[1]
        is_right = planted.truth.get(key, ("", ""))[0] == offer.pair.crm_id
        (figures.right if is_right else figures.wrong)[offer.level] += 1
        if is_right:
            level_of[key] = offer.level
    for key, (_, written) in planted.truth.items():
        figures.found[written][level_of[key].name.lower() if key in level_of else ""] += 1
    return figures


@pytest.mark.parametrize("seed", [7, 8])
def test_persons_that_the_crm_holds_are_found_and_others_are_not(seed: int) -> None:
    figures = measure(plant(3000, seed))
    print(f"\n{figures.table()}")
    assert figures.precision(Level.CERTAIN) == 1
    assert figures.precision(Level.CERTAIN, Level.LIKELY) >= 0.99
    assert figures.recall(Level.CERTAIN, Level.LIKELY) >= 0.85
    assert figures.recall(Level.CERTAIN, Level.LIKELY, Level.POSSIBLE) >= 0.97


@pytest.mark.slow
def test_twenty_thousand_patients_and_as_many_contacts_take_little_time_and_memory() -> None:
    planted = plant(20_000)
    assert len(planted.crm) >= 20_000
    started = time.perf_counter()
    figures = measure(planted)
    seconds = time.perf_counter() - started
    small = plant(2_000)
    tracemalloc.start()
    measure(small)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = f"{len(planted.panda):,} × {len(planted.crm):,}"
    print(f"\n{size}: {seconds:.1f} s; 2,000 patients: {peak / 1e6:.0f} MB\n{figures.table()}")
    assert seconds < 120
    assert peak < 60e6
    assert figures.precision(Level.CERTAIN) == 1
