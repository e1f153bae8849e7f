"""Documents for the laws: any that a reader can make, in normal form."""

from __future__ import annotations

from hypothesis import strategies as st

from perio_pipeline.richtext.document import Builder, Document, Item, Paragraph, Style

LETTERS = st.text("abc é≥5<>&\"' \t\n[]:", min_size=1, max_size=12)
STYLES = st.builds(Style, st.booleans(), st.booleans(), st.booleans(), st.booleans())
RUNS = st.lists(st.tuples(LETTERS, st.just(Style()) | STYLES), min_size=1, max_size=4)
ITEMS = st.none() | st.builds(Item, st.integers(0, 2), st.none() | st.integers(1, 12))


@st.composite
def documents(draw: st.DrawFn, max_blocks: int = 6, long: bool = False) -> Document:
    """A document as the readers make them, without headings and empty lines."""
    out = Builder()
    depth = 0
    for _ in range(draw(st.integers(0, max_blocks))):
        if draw(st.integers(0, 5)) == 0:
            out.end_paragraph()
            for _ in range(draw(st.integers(1, 3))):
                for _ in range(draw(st.integers(1, 3))):
                    _write(draw, out, long=False)
                    out.end_cell()
                out.end_row()
            depth = 0
            continue
        item = draw(ITEMS)
        _write(draw, out, long=long)
        # A list has no level without the one above it.
        out.item = item and Item(min(item.level, depth), item.number)
        depth = 0 if out.item is None else out.item.level + 1
        out.end_paragraph()
    return out.document()


def _write(draw: st.DrawFn, out: Builder, *, long: bool) -> None:
    said_first = draw(st.booleans())
    out.write("x" if said_first else "")
    for text, style in draw(RUNS):
        out.write(text * draw(st.integers(1, 60)) if long else text, style)
    out.write("" if said_first else "x")


def said(document: Document) -> str:
    """All that a document says, without white space."""
    texts = []
    for block in document.blocks:
        cells = (block,) if isinstance(block, Paragraph) else tuple(cell for row in block.rows for cell in row)
        texts += [cell.text for cell in cells]
    return "".join("".join(texts).split())
