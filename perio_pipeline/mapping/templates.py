"""Fills templates for all rows: plain text, or HTML in which values are escaped and rich values stand as they are.

A line whose placeholders are all empty is left out, and blanks that empty values leave behind close up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import nh3
import pandas as pd

from perio_pipeline.mapping.model import PLACEHOLDER, RICH
from perio_pipeline.mapping.transforms import TRANSFORMS, Locale, per_value
from perio_pipeline.panda.frames import TEXT
from perio_pipeline.richtext.writing import WRITTEN

Cells = Any  # a pandas Series; its type parameters add nothing here
Hole = tuple[str, str]
"""Column and transform of a placeholder."""
BREAK = "<br>\n"
"""A line break; in the source, too, so that lines stay apart where a CRM drops elements."""


@dataclass(frozen=True)
class _Line:
    """A line of a template and its placeholders; `rich` when it is nothing but a rich value."""

    text: str
    holes: tuple[Hole, ...]

    @property
    def rich(self) -> bool:
        return any(transform == RICH for _, transform in self.holes)

    def filled(self, values: Sequence[str | None]) -> str | None:
        """None where there is nothing to say."""
        if self.holes and not any(values):
            return None
        if self.rich:
            return values[0]
        given = iter(value or "" for value in values)
        text = PLACEHOLDER.sub(lambda _: next(given), self.text)
        return text if "\n" in text else " ".join(text.split())


def render_text(template: str, rows: pd.DataFrame, locale: Locale) -> Cells:
    """Fill a template of plain text."""
    lines = _lines(template)
    cells = _cells(lines, rows, locale, lambda values: values)
    filled = ("\n".join(text for text in texts if text is not None).strip() for texts in _fill(lines, cells, len(rows)))
    return pd.Series([text or None for text in filled], index=rows.index, dtype=TEXT)


def render_html(template: str, rows: pd.DataFrame, locale: Locale) -> Cells:
    """Fill a template of HTML: lines are those of a paragraph, an empty line or a rich value ends it."""
    lines = _lines(template)
    cells = _cells(lines, rows, locale, lambda values: per_value(values, _escaped))
    filled = (_paragraphs(lines, texts) for texts in _fill(lines, cells, len(rows)))
    return pd.Series([text or None for text in filled], index=rows.index, dtype=TEXT)


RENDER: Mapping[str, Callable[[str, pd.DataFrame, Locale], Cells]] = {"text": render_text, "html": render_html}
"""Format → how a template of it is filled: (template, rows, locale) → one text per row."""


def misuse(template: str, *, html: bool) -> str | None:
    """Say what a template does that its format cannot take; None when all is well."""
    lines = _lines(template)
    if not html:
        return f"`|{RICH}` makes HTML, and this is plain text" if any(line.rich for line in lines) else None
    if any(line.rich and PLACEHOLDER.fullmatch(line.text.strip()) is None for line in lines):
        return f"a `|{RICH}` value must stand on a line of its own"
    literal = [PLACEHOLDER.sub("x", line.text) for line in lines]
    attributes = {tag: names for tag, names in WRITTEN.items() if names}
    if any(nh3.clean(text, tags=set(WRITTEN), attributes=attributes, link_rel=None) != text for text in literal):
        return f"each line must be whole HTML of these elements: {', '.join(WRITTEN)}"
    return None


def _lines(template: str) -> list[_Line]:
    return [_Line(line, tuple(PLACEHOLDER.findall(line))) for line in template.split("\n")]


def _cells(
    lines: Sequence[_Line], rows: pd.DataFrame, locale: Locale, plain: Callable[[Cells], Cells]
) -> dict[Hole, list[str | None]]:
    """The values of each placeholder; those that are not rich go through `plain`."""
    cells = {}
    for name, transform in dict.fromkeys(hole for line in lines for hole in line.holes):
        values = TRANSFORMS[transform or "text"].apply(rows[name], locale).astype(TEXT)
        values = values if transform == RICH else plain(values)
        cells[name, transform] = values.astype(object).where(values.notna(), None).tolist()
    return cells


def _fill(lines: Sequence[_Line], cells: dict[Hole, list[str | None]], size: int) -> Iterator[list[str | None]]:
    columns = [[cells[hole] for hole in line.holes] for line in lines]
    for place in range(size):
        yield [line.filled([column[place] for column in held]) for line, held in zip(lines, columns, strict=True)]


def _paragraphs(lines: Sequence[_Line], texts: Sequence[str | None]) -> str:
    blocks: list[str] = []
    paragraph: list[str] = []
    for line, text in zip([*lines, _Line("", ())], [*texts, ""], strict=True):
        if line.rich or text == "":
            blocks += ["<p>" + BREAK.join(paragraph) + "</p>"] if paragraph else []
            paragraph = []
        if text:
            (blocks if line.rich else paragraph).append(text)
    return "\n".join(blocks)


def _escaped(text: str) -> str:
    return escape(text, quote=False).replace("\n", BREAK)
