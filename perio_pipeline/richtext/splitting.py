"""Cuts a document into parts that fit, each a whole document of its own.

Cuts fall between blocks where they can; a block that is too long alone is cut at a line break, at a blank, or where it
must be.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from perio_pipeline.richtext.document import Block, Document, Paragraph, Run, Style, Table, normal
from perio_pipeline.richtext.writing import to_html

LEAST = 200
"""Characters that a part must be able to hold: the markup of nested formatting and a few words."""


def split(document: Document, limit: int) -> list[Document]:
    """Cut a document so that no part's HTML is longer than `limit` characters.

    Only white space at the cuts is lost. A row of a table that is longer than a part becomes a paragraph.

    Raises:
        ValueError: the limit is less than `LEAST`.
    """
    if limit < LEAST:
        raise ValueError(f"a part must have room for {LEAST} characters")
    parts: list[list[Block]] = [[]]
    waiting = list(reversed(document.blocks))
    while waiting:
        block, part = waiting.pop(), parts[-1]
        if _length([*part, block]) <= limit:
            part.append(block)
        elif part and (_length(part) > limit // 2 or _length([block]) <= limit // 2):
            parts.append([])
            waiting.append(block)
        else:
            head, rest = _cut(block, part, limit)
            part.extend(head)
            waiting.extend(reversed(rest))
            if not head:
                parts.append([])
    return [Document(tuple(part), document.malformed) for part in parts if part]


def _length(blocks: list[Block]) -> int:
    return len(to_html(Document(tuple(blocks))))


def _cut(block: Block, part: list[Block], limit: int) -> tuple[list[Block], list[Block]]:
    """What of a block still fits into a part, and what is left of it; nothing fits where too little room is left."""
    if isinstance(block, Table):
        return _cut_table(block, part, limit)
    sizes = range(1, len(block.text) + 1)
    fits = bisect_right(sizes, limit, key=lambda size: _length([*part, _slice(block, 0, size)]))
    size = _good_place(block.text, fits)
    if part and size < LEAST // 2:
        return [], [block]
    head = _slice(block, 0, size)
    rest = replace(_slice(block, size, len(block.text)), heading=0, item=None)
    return [head] if head.runs else [], [rest] if rest.runs else []


def _cut_table(table: Table, part: list[Block], limit: int) -> tuple[list[Block], list[Block]]:
    counts = range(1, len(table.rows) + 1)
    fits = bisect_right(counts, limit, key=lambda count: _length([*part, Table(table.rows[:count])]))
    if fits:
        return [Table(table.rows[:fits])], _rows(table, fits)
    return [], [table] if part else [_line(table.rows[0]), *_rows(table, 1)]


def _rows(table: Table, start: int) -> list[Block]:
    return [Table(table.rows[start:])] if table.rows[start:] else []


def _line(row: tuple[Paragraph, ...]) -> Paragraph:
    runs = [(run.text, run.style) for cell in row for run in (*cell.runs, Run(" | "))]
    return Paragraph(normal(runs[:-1]))


def _good_place(text: str, most: int) -> int:
    """The best place to cut: behind the last line break or blank, unless that would waste half."""
    for blanks in ("\n", " \t"):
        place = max(text.rfind(blank, most // 2, most) for blank in blanks) + 1
        if place:
            return place
    return most


def _slice(paragraph: Paragraph, start: int, end: int) -> Paragraph:
    runs: list[tuple[str, Style]] = []
    at = 0
    for run in paragraph.runs:
        runs.append((run.text[max(0, start - at) : max(0, end - at)], run.style))
        at += len(run.text)
    return replace(paragraph, runs=normal(runs))
