"""The page and the summary say what was found, and show values only when asked."""

from __future__ import annotations

import re
from datetime import datetime

import pandas as pd
import pytest

from perio_pipeline.signoff.diff import Diff
from perio_pipeline.signoff.report import render_report
from perio_pipeline.signoff.summary import to_markdown
from perio_pipeline_tests.signoff.small_practice import Practice, compare, patient

SECRET = "<b>Zelda</b>"

ACCOUNTING = pd.DataFrame(
    [
        {
            "object": "contacts",
            "source": 1234,
            "quarantined": 3,
            "left_out": 2,
            "shaped": 1229,
            "created": 1000,
            "updated": 20,
            "unchanged": 200,
            "failed": 9,
        }
    ]
)


def practice() -> Practice:
    return Practice([patient(1, first_name=SECRET, birth_date=datetime(1960, 1, 2))], {}, [], [], [])


@pytest.fixture
def good() -> Diff:
    return compare(practice(), "contacts")


@pytest.fixture
def bad() -> Diff:
    records = practice().crm()["contacts"]
    return compare(practice(), "contacts", [records[0] | {"firstName": "Link", "birthDate": None}])


def page(diff: Diff, **options: bool) -> str:
    return render_report("Harbor", "HighLevel", "sample", {"contacts": diff}, ACCOUNTING, **options)


def test_p5_the_verdict_stands_at_the_top_in_words_and_shape(good: Diff, bad: Diff) -> None:
    verdicts = [re.search(r"<strong>.*?</span> (.*?)</strong>", page(diff)) for diff in (good, bad)]
    assert [found and found[1] for found in verdicts] == [
        f"0 unexplained of {good.cells} cells",
        f"2 unexplained of {good.cells} cells",
    ]
    assert "✓ 0" in page(good)
    assert "✗ 2" in page(bad)
    assert page(bad).index("</strong>") < page(bad).index("Counts by object") < page(bad).index("Population of")


def test_p5_nothing_compared_is_no_success() -> None:
    assert "nothing is proven" in render_report("Harbor", "HighLevel", "full", {}, ACCOUNTING)


def test_p8_counts_add_up_in_the_table(good: Diff) -> None:
    cells = dict(re.findall(r'data-label="(\w[\w ]*)">([^<]*)</td>', page(good).split("Differences by")[0]))
    assert cells["Source"] == "1,234"
    assert cells["Loaded"] == "1,220"


def test_p8_every_custom_field_has_a_population_rate(good: Diff) -> None:
    section = page(good).split("Population of custom fields")[1]
    assert section.count('<td class="bar"') == int(good.population["custom"].sum())
    assert "100.0 %" in section


def test_values_stand_in_the_page_only_when_asked_and_never_as_markup(bad: Diff) -> None:
    masked, open_page = page(bad), page(bad, with_values=True)
    assert "Zelda" not in masked
    assert "1960" not in masked
    assert "P1" in masked
    assert "CP1" in masked
    assert "&lt;b&gt;Zelda" in open_page
    assert SECRET not in open_page
    assert "Holds patients" in open_page


def test_the_page_needs_no_network(bad: Diff) -> None:
    assert not re.findall(r"https?:|src=|url\(|@import|<script|<link", page(bad))


def test_the_summary_holds_counts_and_no_values_or_keys(good: Diff, bad: Diff) -> None:
    text = to_markdown(bad)
    assert text.startswith(f"**2 unexplained of {bad.cells} cells** in 1 records of `contacts`")
    assert "| `birthDate` | dropped | 1 |" in text
    assert not re.search(r"Zelda|1960|Link|P1", text)
    assert to_markdown(good).startswith("**0 unexplained")


def test_the_summary_is_cut_at_its_limit(bad: Diff) -> None:
    assert "| 1 more | | |" in to_markdown(bad, limit=1)


def test_f10_what_is_not_in_the_crm_stands_in_the_page_with_its_reason(good: Diff) -> None:
    lines = [{"object": "radiographs", "meaning": "left out by policy", "reason": "too large", "count": 1200}]
    files = [
        {
            "kind": "radiograph",
            "file_id": f"I{number}",
            "what": "not sent",
            "reason": "<too large>",
            "bytes": 30_000_000,
        }
        for number in range(250)
    ]
    text = render_report("Harbor", "Freshsales", "full", {"contacts": good}, ACCOUNTING, left_out=lines, files=files)
    assert "Left out, by reason" in text
    assert "1,200" in text
    assert "I199" in text
    assert "I200" not in text
    assert "50 more stand in the table" in text
    assert "&lt;too large&gt;" in text
    assert "30,000,000" in text
    assert "Left out, by reason" not in page(good)
