"""Writes documents: as minimal, safe HTML, and as plain text that keeps their structure.

HTML: what is set apart stands on lines of its own also in the source, and cells are set apart by white space, so that
nothing runs together where a reader drops elements.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from itertools import groupby

from perio_pipeline.richtext.document import STRUCK, Block, Document, Item, Paragraph, Run, Style, Table, normal

WRITTEN: dict[str, set[str]] = {
    **{tag: set() for tag in ("p", "br", "b", "i", "u", "s", "ul", "li", "table", "tr", "td")},
    "ol": {"start"},
}
"""Every element that is written → its attributes. No other may stand in a rich text."""

_TAGS = (("struck", "s"), ("underline", "u"), ("italic", "i"), ("bold", "b"))


def to_html(document: Document) -> str:
    """Write a document as HTML of the elements in `WRITTEN`; empty lines between paragraphs are left out."""
    lines: list[str] = []
    lists = _Lists(lines)
    for block in document.blocks:
        if isinstance(block, Paragraph) and block.item is not None and block.runs:
            lists.item(block.item, _inline(block))
            continue
        lists.end()
        if isinstance(block, Table):
            lines.append(_table(block))
        elif block.runs:
            lines.append(f"<p>{_inline(block)}</p>")
    lists.end()
    return "\n".join(lines)


def to_text(document: Document) -> str:
    """Write a document as plain text.

    A paragraph is a line, an item begins with its number or a dash, cells are parted by bars. A bold label at the
    beginning of a paragraph, such as `Subjective:`, stands on a line of its own, since nothing else sets it apart.
    """
    return "\n".join(_lines(block) for block in document.blocks)


class _Lists:
    """The lists that are open; the levels of items open and close them."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.open: list[tuple[str, int]] = []  # element, and the number its next item has by itself

    def item(self, item: Item, html: str) -> None:
        level = min(item.level, len(self.open))
        element = "ul" if item.number is None else "ol"
        while len(self.open) > level + 1:
            self.close()
        if len(self.open) == level + 1:
            if self.open[-1][0] != element or item.number not in (None, self.open[-1][1]):
                self.close()
            else:
                self.lines[-1] += "</li>"
        number = item.number or 0
        if len(self.open) == level:
            start = "" if number in (0, 1) and item.number != 0 else f' start="{number}"'
            self.lines.append(f"<{element}{start}>")
            self.open.append((element, number))
        self.open[-1] = (element, number + 1)
        self.lines.append(f"<li>{html}")

    def close(self) -> None:
        element, _ = self.open.pop()
        self.lines[-1] += "</li>"
        self.lines.append(f"</{element}>")

    def end(self) -> None:
        while self.open:
            self.close()


def _inline(paragraph: Paragraph) -> str:
    written, before = [], "\n"
    runs = _bold(paragraph.runs) if paragraph.heading else paragraph.runs
    for struck, group in groupby(runs, key=lambda run: run.style.struck):
        pieces = []
        for run in group:
            text = _blanks(escape(run.text, quote=False), before).replace("\xa0", "&nbsp;")
            pieces.append(_set(text.replace("\n", "<br>\n"), run.style))
            before = run.text[-1]
        written.append("".join(pieces).join(STRUCK) if struck else "".join(pieces))
    return "".join(written)


def _bold(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """A heading: not every reader keeps the elements for headings."""
    return normal((run.text, replace(run.style, bold=True)) for run in runs)


def _blanks(text: str, before: str) -> str:
    """Keep blanks that HTML would close up, and tabs."""
    if "  " in text or "\t" in text or "\n " in text or (text[0] == " " and before in " \n"):
        out = []
        for letter in text:
            if letter == "\t":
                out.append("\u2003")
            else:
                out.append("&nbsp;" if letter == " " and before in " \n" else letter)
            before = letter
        return "".join(out)
    return text


def _set(text: str, style: Style) -> str:
    for name, tag in _TAGS:
        if getattr(style, name):
            text = f"<{tag}>{text}</{tag}>"
    return text


def _table(table: Table) -> str:
    rows = ["<tr>\n" + "\n".join(f"<td>{_inline(cell)}</td>" for cell in row) + "\n</tr>" for row in table.rows]
    return "\n".join(["<table>", *rows, "</table>"])


def _lines(block: Block) -> str:
    if isinstance(block, Table):
        return "\n".join(" | ".join(_said(cell.runs).replace("\n", " ") for cell in row) for row in block.rows)
    text = _said(block.runs)
    if block.item is not None:
        indent = "  " * block.item.level
        mark = "- " if block.item.number is None else f"{block.item.number}. "
        return indent + mark + text.replace("\n", "\n" + indent + " " * len(mark))
    label, rest = block.runs[:1], block.runs[1:]
    if label and rest and label[0].style.bold and label[0].text.rstrip().endswith(":"):
        return f"{label[0].text.rstrip()}\n{_said(rest).lstrip()}"
    return text


def _said(runs: tuple[Run, ...]) -> str:
    groups = groupby(runs, key=lambda run: run.style.struck)
    texts = [(struck, "".join(run.text for run in group)) for struck, group in groups]
    return "".join(text.join(STRUCK) if struck else text for struck, text in texts)
