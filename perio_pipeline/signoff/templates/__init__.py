"""The pages' templates, and how documents for people are written: a page, Markdown, or CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from perio_pipeline.wording import duration, things, volume

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


MARKDOWN = re.compile(r"([\\`*_<>\[\]|#])")
"""What means something in Markdown."""


def render(template: str, **values: object) -> str:
    """Render a template of this folder; values are escaped in pages, and by the filter `plain` in Markdown.

    Further filters: `count` sets a whole number in groups of three, `percent` a share; both show nothing as a dash.
    `things`, `duration` and `volume` are those of `wording`.
    """
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("perio_pipeline.signoff"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = lambda text: MARKDOWN.sub(r"\\\1", text)
    environment.filters["count"] = _count
    environment.filters["percent"] = _percent
    for word in (things, duration, volume):
        environment.filters[word.__name__] = word
    return environment


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as CSV; what a spreadsheet would run as a formula is marked as text by an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in row])
    return text.getvalue()


def _count(number: int | float | None) -> str:
    return "–" if number is None or number != number else f"{int(number):,}"


def _percent(part: int, whole: int) -> str:
    if not whole:
        return "–"
    share = 100 * part / whole
    # Rounding must not call an incomplete field complete, nor a rare one empty.
    if 0 < part < whole:
        share = min(max(share, 0.1), 99.9)
    return f"{share:.1f} %"
