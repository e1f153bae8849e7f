"""Counts, times and amounts of data as people read them, and what every page of people keeps to."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from perio_pipeline.wording import duration, percent, things, volume


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("pair",), "0 pairs"),
        (1, ("pair",), "1 pair"),
        (1, ("entry", "entries"), "1 entry"),
        (1200, ("entry", "entries"), "1,200 entries"),
    ],
)
def test_one_thing_is_not_told_as_several(number: int, words: tuple[str, ...], said: str) -> None:
    assert things(number, *words) == said


@pytest.mark.parametrize(("share", "said"), [(0, "0.0%"), (0.0001, "under 0.1%"), (0.001, "0.1%"), (0.072, "7.2%")])
def test_a_small_share_is_not_told_as_nothing(share: float, said: str) -> None:
    assert percent(share) == said


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0, "under 1 min"), (0.05, "3 min"), (0.99, "59 min"), (0.999, "1.0 h"), (1.5, "1.5 h"), (1234, "1,234.0 h")],
)
def test_a_short_time_is_not_told_as_no_hours(hours: float, said: str) -> None:
    assert duration(hours) == said


@pytest.mark.parametrize(
    ("amount", "said"), [(1, "1 byte"), (512, "512 bytes"), (3_000_000, "3.0 MB"), (700_000_000_000, "700.0 GB")]
)
def test_little_data_is_not_told_as_no_gigabytes(amount: int, said: str) -> None:
    assert volume(amount) == said


def test_every_head_of_a_table_says_what_it_heads() -> None:
    folder = resources.files("perio_pipeline.signoff") / "templates"
    heads = [
        head
        for page in folder.iterdir()
        if page.name.endswith(".html")
        for head in re.findall(r"<th[ >].*?</th>", page.read_text(encoding="utf-8"))
    ]
    assert heads
    assert [head for head in heads if 'scope="' not in head or head.endswith("></th>")] == []
