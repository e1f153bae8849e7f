"""The pages' templates, and how documents for people are written: a page, Markdown, or CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


MARKDOWN = re.compile(r"([\\`*_<>\[\]|#])")
"""What means something in Markdown."""


def render(template: str, **values: object) -> str:
    """Render a template of this folder; values are escaped in pages, and by the filter `plain` in Markdown."""
    environment = Environment(
        loader=PackageLoader("perio_pipeline.signoff"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = lambda text: MARKDOWN.sub(r"\\\1", text)
    return environment.get_template(template).render(values)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as CSV; what a spreadsheet would run as a formula is marked as text by an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in row])
    return text.getvalue()
