"""The pages' templates, and how documents for people are written: a self-contained page, or CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def render_page(template: str, **values: object) -> str:
    """Render a template of this folder; every value is escaped."""
    environment = Environment(
        loader=PackageLoader("perio_pipeline.signoff"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values)


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as CSV; what a spreadsheet would run as a formula is marked as text by an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell for cell in row])
    return text.getvalue()
