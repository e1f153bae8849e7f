"""Writes a document of `files.document` as Markdown, as a page that needs no network, and as DOCX."""

from __future__ import annotations

import html
import io
from collections.abc import Iterator, Sequence

import docx
from docx.document import Document as DocxDocument
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.shared import Emu, Inches
from docx.text.paragraph import Paragraph as DocxParagraph

from perio_pipeline.files.document import Block, Cell, Document, PageBreak, Paragraph, Rule, Run, Table
from perio_pipeline.signoff.templates import MARKDOWN, render

PAGE, MARGIN = (Inches(11), Inches(8.5)), Inches(0.8)
"""A Letter page on its side, which the tables need."""


def to_markdown(document: Document) -> str:
    """As Markdown: tables as pipes, boxes as task lists."""
    return "\n\n".join(_markdown(block) for block in _joined(document.body)) + "\n"


def to_html(document: Document, title: str, note: str) -> str:
    """As one page; `note` stands at its foot."""
    return render("rebuild.html", title=title, body="\n".join(_html(b) for b in _joined(document.body)), note=note)


def to_docx(document: Document, title: str, author: str) -> bytes:
    """As a Word document with real headings, lists and tables, for people to go on writing in."""
    made = docx.Document()
    made.core_properties.title, made.core_properties.author = title, author
    section = made.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = PAGE
    section.left_margin = section.right_margin = MARGIN
    for block in _joined(document.body):
        if isinstance(block, list):
            for item in block:
                _docx_runs(made.add_paragraph(style="List Bullet"), item)
        elif isinstance(block, Table):
            _docx_table(made, block)
        elif isinstance(block, PageBreak):
            made.add_page_break()  # type: ignore[no-untyped-call]
        elif isinstance(block, Paragraph):
            written = made.add_heading(level=block.heading) if block.heading else made.add_paragraph()
            _docx_runs(written, block)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def _joined(blocks: Sequence[Block]) -> Iterator[Block | list[Paragraph]]:
    """Blocks, with items of a list that follow one another as one."""
    listed: list[Paragraph] = []
    for block in blocks:
        if isinstance(block, Paragraph) and block.bullet:
            listed.append(block)
            continue
        if listed:
            yield listed
            listed = []
        if not isinstance(block, Paragraph) or block.parts:
            yield block
    if listed:
        yield listed


def _markdown(block: Block | list[Paragraph]) -> str:
    if isinstance(block, list):
        return "\n".join(f"- {'[ ] ' if item.bullet == '☐' else ''}{_markdown_runs(item)}" for item in block)
    if isinstance(block, Table):
        rows = [[_markdown_cell(cell) for cell in row] for row in block.rows]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]])
    if isinstance(block, Paragraph):
        return f"{'#' * block.heading}{' ' if block.heading else ''}{_markdown_runs(block)}"
    return "---"


def _markdown_cell(cell: Cell) -> str:
    return " ".join(_markdown_runs(each, marked=not cell.heading) for each in cell.paragraphs).replace("\n", " ")


def _markdown_runs(paragraph: Paragraph, *, marked: bool = True) -> str:
    return "".join(_markdown_run(run, marked=marked) for run in _runs(paragraph)).replace("\n", "  \n")


def _markdown_run(run: Run, *, marked: bool) -> str:
    escaped = MARKDOWN.sub(r"\\\1", run.text)
    bare = escaped.strip()
    mark = "**" if run.bold else "*" if run.italic else ""
    return escaped.replace(bare, f"{mark}{bare}{mark}", 1) if marked and mark and bare else escaped


def _html(block: Block | list[Paragraph]) -> str:
    if isinstance(block, list):
        boxes = block[0].bullet == "☐"
        tick = '<input type="checkbox"> ' if boxes else ""
        lines = "".join(f"<li>{tick and '<label>'}{tick}{_html_runs(i)}{tick and '</label>'}</li>" for i in block)
        return f'<ul class="{"ticks" if boxes else "plain"}">{lines}</ul>'
    if isinstance(block, Table):
        return _html_table(block)
    if isinstance(block, Paragraph):
        tag = f"h{block.heading}" if block.heading else "p"
        return f"<{tag}>{_html_runs(block)}</{tag}>"
    return "<hr>" if isinstance(block, Rule) else ""


def _html_table(table: Table) -> str:
    head, *rows = table.rows
    names = [" ".join(p.text for p in cell.paragraphs) for cell in head]
    if not any(cell.heading for cell in head):
        names, rows = [], list(table.rows)
    lines = "".join(
        "<tr>"
        + "".join(
            f'<td data-label="{html.escape(names[place] if place < len(names) else "")}">'
            + "<br>".join(_html_runs(p) for p in cell.paragraphs) + "</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )  # fmt: skip
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    whole = sum(table.widths)
    columns = "".join(f'<col style="width:{100 * share / whole:.1f}%">' for share in table.widths)
    top = f"<colgroup>{columns}</colgroup><thead><tr>{heads}</tr></thead>"
    return f'<div class="wide cards"><table>{top}<tbody>{lines}</tbody></table></div>'


def _html_runs(paragraph: Paragraph) -> str:
    return "".join(_html_run(run) for run in _runs(paragraph))


def _html_run(run: Run) -> str:
    text = html.escape(run.text, quote=False).replace("\n", "<br>")
    for mark, tag in ((run.bold, "b"), (run.italic, "i"), (run.underline, "u"), (run.strike, "s")):
        text = f"<{tag}>{text}</{tag}>" if mark else text
    return text


def _docx_table(made: DocxDocument, table: Table) -> None:
    columns = max(len(row) for row in table.rows)
    written = made.add_table(rows=0, cols=columns, style="Light Grid Accent 1")
    for row in table.rows:
        line = written.add_row()
        line._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # no row is torn between two pages
        cells = line.cells
        for place, cell in enumerate(row):
            for number, paragraph in enumerate(cell.paragraphs):
                _docx_runs(cells[place].paragraphs[0] if not number else cells[place].add_paragraph(), paragraph)
    if table.rows[0][0].heading:  # its row stands on top of every page
        written.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    written.autofit = not table.widths
    for place, share in enumerate(table.widths):
        # Word goes by the cells, LibreOffice by the columns.
        written.columns[place].width = width = Emu(int(share / sum(table.widths) * (PAGE[0] - 2 * MARGIN)))
        for cell in written.columns[place].cells:
            cell.width = width
    made.add_paragraph()


def _docx_runs(written: DocxParagraph, paragraph: Paragraph) -> None:
    for run in _runs(paragraph):
        added = written.add_run(run.text)
        added.bold, added.italic, added.underline = run.bold or None, run.italic or None, run.underline or None


def _runs(paragraph: Paragraph) -> list[Run]:
    return [part for part in paragraph.parts if isinstance(part, Run)]
