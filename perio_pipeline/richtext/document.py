"""The document model: blocks of runs, with the formatting that survives in notes and letters.

A document is in normal form when `Builder` made it: neighbouring runs differ in style, no run is empty, lines have no
blanks at their ends, paragraphs neither begin nor end with a line break, and no character is one that nobody can see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain


@dataclass(frozen=True)
class Style:
    """How a run is set."""

    bold: bool = False
    italic: bool = False
    underline: bool = False
    struck: bool = False


PLAIN = Style()


@dataclass(frozen=True)
class Run:
    r"""Text of one style; `\n` is a line break, `\t` a tab."""

    text: str
    style: Style = PLAIN


@dataclass(frozen=True)
class Item:
    """The place of a paragraph in a list.

    Attributes:
        level: 0 for the outermost list.
        number: what a numbered list shows; None for a bullet.
    """

    level: int = 0
    number: int | None = None


@dataclass(frozen=True)
class Paragraph:
    """One paragraph; a cell of a table is one, too.

    Attributes:
        heading: 1 to 6; 0 for none.
        item: set when it stands in a list.
    """

    runs: tuple[Run, ...] = ()
    heading: int = 0
    item: Item | None = None

    @property
    def text(self) -> str:
        """What it says, without its list mark."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True)
class Table:
    """Rows of cells; rows may differ in length."""

    rows: tuple[tuple[Paragraph, ...], ...]


Block = Paragraph | Table


@dataclass(frozen=True)
class Document:
    """What a body says.

    Attributes:
        blocks: in order; an empty paragraph is an empty line.
        malformed: the body is damaged: what could be read is here, something may be missing.
    """

    blocks: tuple[Block, ...] = ()
    malformed: bool = False


STRUCK = ("[struck out: ", "]")
"""Words around struck text wherever it is written: where its line is lost, it would read as if it held."""
UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
"""Control characters and the like: nobody sees them, and HTML, XML and PDF do not take them."""
BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
"""All that breaks a line besides a plain line feed."""
_BEFORE_BREAK = re.compile(r"[^\S\n]+(?=\n)")
_HALVES = re.compile("[\ud800-\udfff]")


class Builder:
    """Collects text into blocks in normal form; shared by the readers.

    Args:
        unusual: characters that stand for others, once a paragraph is whole.

    Attributes:
        heading, item: of the paragraph under way.
    """

    def __init__(self, unusual: Mapping[int, str] | None = None) -> None:
        self._unusual = unusual or {}
        self.heading = 0
        self.item: Item | None = None
        self._blocks: list[Block] = []
        self._runs: list[tuple[str, Style]] = []
        self._cells: list[Paragraph] = []
        self._rows: list[tuple[Paragraph, ...]] = []

    @property
    def last(self) -> str:
        """The last character of the paragraph under way; empty at its beginning."""
        return self._runs[-1][0][-1] if self._runs else ""

    def write(self, text: str, style: Style = PLAIN) -> None:
        """Add text to the paragraph under way."""
        if text:
            self._runs.append((text, style))

    def take_back(self, text: str) -> bool:
        """Remove text from the end of the paragraph under way; False where it does not end so."""
        if not (self._runs and self._runs[-1][0].endswith(text)):
            return False
        last, style = self._runs.pop()
        self.write(last.removesuffix(text), style)
        return True

    def end_line(self) -> None:
        """Begin a new line within the paragraph, unless it is at the beginning of one."""
        if self.last not in ("", "\n"):
            self.write("\n")

    def end_paragraph(self, *, keep_empty: bool = False) -> None:
        """Close the paragraph under way; with `keep_empty` also one that says nothing."""
        self._end_table()
        runs = self._normal()
        if runs or keep_empty:
            self._blocks.append(Paragraph(runs, self.heading if runs else 0, self.item if runs else None))
        self._runs, self.heading, self.item = [], 0, None

    def end_cell(self) -> None:
        """Close the cell under way."""
        self._cells.append(Paragraph(self._normal()))
        self._runs, self.heading, self.item = [], 0, None

    def end_row(self) -> None:
        """Close the row under way."""
        if self._normal():
            self.end_cell()
        if self._cells:
            self._rows.append(tuple(self._cells))
            self._cells = []

    def document(self, *, malformed: bool = False) -> Document:
        """Close everything; empty lines at both ends go."""
        if self._cells:
            self.end_row()
        self.end_paragraph()
        blocks = self._blocks
        filled = [place for place, block in enumerate(blocks) if _says_something(block)]
        kept = blocks[filled[0] : filled[-1] + 1] if filled else []
        return Document(tuple(kept), malformed)

    def _normal(self) -> tuple[Run, ...]:
        if not self._runs:
            return ()
        if not self._unusual:
            return normal(self._runs)
        return normal((text.translate(self._unusual), style) for text, style in self._runs)

    def _end_table(self) -> None:
        if self._cells:
            self._rows.append(tuple(self._cells))
            self._cells = []
        if self._rows:
            self._blocks.append(Table(tuple(self._rows)))
            self._rows = []


def words(text: str) -> frozenset[str]:
    """The words of a list in one text."""
    return frozenset(text.split())


def normal(runs: Iterable[tuple[str, Style]]) -> tuple[Run, ...]:
    """Bring the runs of a paragraph into normal form."""
    merged: list[Run] = []
    for text, style in runs:
        _append(merged, UNSEEN.sub("", BREAKS.sub("\n", text)), style)
    trimmed: list[Run] = []
    for run in map(_whole, merged):
        text = _BEFORE_BREAK.sub("", run.text)
        if text.startswith("\n"):
            _trim(trimmed, "\n")
        style = run.style if text.strip() else replace(run.style, struck=False)  # no line goes through nothing
        _append(trimmed, text if trimmed else text.lstrip("\n"), style)
    _trim(trimmed, "")
    return tuple(trimmed)


def _append(runs: list[Run], text: str, style: Style) -> None:
    if runs and runs[-1].style == style:
        runs[-1] = Run(runs[-1].text + text, style)
    elif text:
        runs.append(Run(text, style))


def _whole(run: Run) -> Run:
    """Join the halves in which RTF writes characters beyond U+FFFF; a half alone is no character."""
    if not _HALVES.search(run.text):
        return run
    return replace(run, text=run.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _trim(runs: list[Run], keep: str) -> None:
    """Take the white space from the end, but for characters in `keep`."""
    while runs:
        text = runs[-1].text
        end = len(text)
        while end and text[end - 1].isspace() and text[end - 1] not in keep:
            end -= 1
        if end:
            runs[-1] = replace(runs[-1], text=text[:end])
            return
        runs.pop()


def _says_something(block: Block) -> bool:
    paragraphs = (block,) if isinstance(block, Paragraph) else chain.from_iterable(block.rows)
    return any(paragraph.runs for paragraph in paragraphs)
