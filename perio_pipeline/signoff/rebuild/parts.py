"""The parts that the documents are put together from, as blocks of `files.document`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perio_pipeline.files.document import Cell, Paragraph, Run, Table

BOX = "☐"
"""Stands before what is ticked on paper."""


def heading(level: int, text: str) -> Paragraph:
    """A heading; 1 is the document's title."""
    return Paragraph((Run(text),), heading=level)


def text(*parts: str | Run) -> Paragraph:
    """A paragraph."""
    return Paragraph(tuple(part if isinstance(part, Run) else Run(part) for part in parts))


def bold(words: str) -> Run:
    """Words that stand out."""
    return Run(words, bold=True)


def items(lines: Iterable[str], bullet: str = "•") -> list[Paragraph]:
    """A list."""
    return [Paragraph((Run(line),), indent=18, bullet=bullet) for line in lines]


def table(header: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[float] = ()) -> Table:
    """A table with a row of headings."""
    head = tuple(Cell((text(bold(name)),), heading=True) for name in header)
    body = [tuple(Cell((text(value),)) for value in row) for row in rows]
    return Table((head, *body), tuple(widths))
