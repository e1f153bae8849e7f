"""A formatted text as data: what a reader of RTF or HTML finds, and what the PDF is set from.

Lengths are points (1/72 inch).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Align(StrEnum):
    """How the lines of a paragraph stand."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    JUSTIFY = "justify"


@dataclass(frozen=True)
class Run:
    r"""Text of one look. `\n` is a line break within the paragraph, `\t` a gap.

    Attributes:
        text: what is read.
        bold, italic, underline, strike: how it looks.
        raised: 1 above the line, -1 below it, 0 on it.
        size: of the letters; None for the document's own.
    """

    text: str
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    raised: int = 0
    size: float | None = None


@dataclass(frozen=True)
class Picture:
    """A picture in the text, as PNG or JPEG; width and height are None where the source does not say."""

    content: bytes
    width: float | None = None
    height: float | None = None


@dataclass(frozen=True)
class Paragraph:
    """A paragraph.

    Attributes:
        parts: runs and pictures in order; none for an empty line.
        align: how its lines stand.
        indent: of all its lines, from the left.
        first: further indent of the first line; may be negative.
        bullet: what stands before a list item, such as `•` or `2.`.
        heading: 1 to 6 for headings, 0 for text.
    """

    parts: tuple[Run | Picture, ...] = ()
    align: Align = Align.LEFT
    indent: float = 0
    first: float = 0
    bullet: str = ""
    heading: int = 0

    @property
    def text(self) -> str:
        """What is read, without its look."""
        return "".join(part.text for part in self.parts if isinstance(part, Run))


@dataclass(frozen=True)
class Cell:
    """A cell of a table; `heading` ones stand out."""

    paragraphs: tuple[Paragraph, ...] = ()
    heading: bool = False


@dataclass(frozen=True)
class Table:
    """A table. `widths` are shares of its width; none where the source does not say."""

    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A line across the page."""


@dataclass(frozen=True)
class PageBreak:
    """What follows begins on a new page."""


Block = Paragraph | Table | Rule | PageBreak


@dataclass(frozen=True)
class Document:
    """A formatted text. `header` stands at the top of its first page, `footer` below its last line."""

    body: tuple[Block, ...]
    header: tuple[Block, ...] = ()
    footer: tuple[Block, ...] = ()

    def paragraphs(self) -> Iterator[Paragraph]:
        """Every paragraph in reading order, those in tables too."""
        for block in (*self.header, *self.body, *self.footer):
            if isinstance(block, Paragraph):
                yield block
            elif isinstance(block, Table):
                for row in block.rows:
                    for cell in row:
                        yield from cell.paragraphs

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(isinstance(part, Picture) or part.text.strip() for p in self.paragraphs() for part in p.parts)
