"""Sets a `Document` as PDF: the same document gives the same bytes, with fonts embedded and pages numbered."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image as Pictures
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, HRFlowable, Image, PageTemplate, Spacer
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as Set
from reportlab.platypus import Table as Grid

from perio_pipeline.files import fonts
from perio_pipeline.files.document import Align, Block, Document, PageBreak, Paragraph, Picture, Rule, Run, Table

CONTENT_TYPE = "application/pdf"
RENDERING = 1
"""Goes up whenever the same document is to be set another way, so that what is kept on disk is made anew."""

_MARGIN, _FOOT = 64.0, 40.0
_SIZE, _LEADING = 10.0, 1.35
_SMALLEST, _LARGEST = 7.0, 24.0
_LARGEST_HEADING, _HEADING_STEP = 16.0, 1.5
_SMALL = 8.0
_BELOW_HEADER = 16.0
_GREY = colors.HexColor("#5b6470")
_LINE = colors.HexColor("#b8c0c8")
_BLANKS = re.compile(" {2,}")
_ALIGNS = {Align.LEFT: 0, Align.CENTER: 1, Align.RIGHT: 2, Align.JUSTIFY: 4}
_PAPERS = {"US": LETTER, "CA": LETTER}
"""Country → its paper; A4 elsewhere."""


class UnprintableError(ValueError):
    """A document that cannot be set."""


@dataclass(frozen=True)
class Letterhead:
    """What stands at the top of a practice's paper. Everything but the name may be missing."""

    name: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """What a PDF says about itself.

    Attributes:
        title, author, subject: its metadata.
        written: its date; also that of the file, so that the same document gives the same bytes.
        reference: stands at the foot of every page, before the page number.
        country: ISO-2; decides on the paper.
    """

    title: str
    author: str
    written: datetime
    subject: str = ""
    reference: str = ""
    country: str = "US"


def render(document: Document, about: About, letterhead: Letterhead | None = None) -> bytes:
    """Return the PDF of a document.

    Args:
        document: what it says. Its own header, if any, takes the place of the letterhead.
        about: what the file says about itself.
        letterhead: stands on the first page.

    Raises:
        UnprintableError: there is nothing to print, or something in it cannot be set.
    """
    if document.is_empty:
        raise UnprintableError("nothing to print")
    fonts.register()
    target = io.BytesIO()
    paper = _PAPERS.get(about.country, A4)
    template = BaseDocTemplate(
        target,
        pagesize=paper,
        invariant=1,
        title=fonts.printable(about.title),
        author=fonts.printable(about.author),
        subject=fonts.printable(about.subject),
        creator="perio-pipeline",
        lang="en-US",
    )
    width = paper[0] - 2 * _MARGIN
    frame = Frame(_MARGIN, _MARGIN, width, paper[1] - 2 * _MARGIN, 0, 0, 0, 0)
    template.addPageTemplates(PageTemplate(frames=[frame]))
    own = [*_blocks(document.header, width), Spacer(1, _BELOW_HEADER)] if document.header else []
    top = own or _letterhead(letterhead)
    story = [*top, *_blocks(document.body, width), *_blocks(document.footer, width)]
    try:
        template.build(story, canvasmaker=lambda *args, **kwargs: _Pages(*args, about=about, **kwargs))
    except (ValueError, IndexError, AttributeError) as error:  # what reportlab raises, none of it our own
        raise UnprintableError(type(error).__name__) from None
    return target.getvalue()


class _Pages(Canvas):  # type: ignore[misc]  # reportlab has no types
    """A canvas that numbers its pages once it knows how many there are."""

    def __init__(self, *args: Any, about: About, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "initialFontName": fonts.FAMILY})  # else Helvetica, which is not embedded
        self._about = about
        self._kept: list[dict[str, Any]] = []
        # reportlab takes the date of an invariant file from the environment or from the year 2000.
        stamp = self._doc._timeStamp
        stamp.YMDhms, stamp.dhh, stamp.dmm = about.written.timetuple()[:6], 0, 0

    def showPage(self) -> None:  # noqa: N802 (reportlab's name)
        """Keep the page until the last one is known."""
        self._kept.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Number all pages and write the file."""
        total = len(self._kept)
        for number, page in enumerate(self._kept, start=1):
            self.__dict__.update(page)
            self._foot(number, total)
            super().showPage()
        super().save()

    def _foot(self, number: int, total: int) -> None:
        width = self._pagesize[0]
        self.setFont("Vera", 7)
        self.setFillColor(_GREY)
        self.drawString(_MARGIN, _FOOT, fonts.printable(self._about.reference))
        self.drawRightString(width - _MARGIN, _FOOT, f"Page {number} of {total}")


def _letterhead(letterhead: Letterhead | None) -> list[Flowable]:
    if letterhead is None:
        return []
    lines = "<br/>".join(_escaped(line) for line in letterhead.lines)
    return [
        Set(_escaped(letterhead.name), _style(_Look(size=15, bold=True))),
        *([Set(lines, _style(_Look(size=_SMALL, color=_GREY)))] if lines else []),
        HRFlowable(width="100%", thickness=0.8, color=_LINE, spaceBefore=6, spaceAfter=_BELOW_HEADER),
    ]


@dataclass(frozen=True)
class _Look:
    """How a whole paragraph looks."""

    size: float = _SIZE
    bold: bool = False
    align: Align = Align.LEFT
    indent: float = 0
    first: float = 0
    after: float = 0
    keep: bool = False
    color: Any = field(default=colors.black)


def _style(look: _Look) -> ParagraphStyle:
    return ParagraphStyle(
        "text",
        fontName=fonts.FAMILY if not look.bold else "VeraBd",
        bulletFontName=fonts.FAMILY,
        fontSize=look.size,
        bulletFontSize=look.size,
        leading=look.size * _LEADING,
        alignment=_ALIGNS[look.align],
        leftIndent=look.indent,
        firstLineIndent=look.first,
        bulletIndent=max(0, look.indent - 14),
        spaceAfter=look.after,
        keepWithNext=look.keep,
        textColor=look.color,
        splitLongWords=1,
        allowWidows=0,
        allowOrphans=0,
    )


def _blocks(blocks: Sequence[Block], width: float) -> list[Flowable]:
    """Flowables of blocks. Where a source has no empty lines between paragraphs, space stands in for them."""
    spaced = any(isinstance(block, Paragraph) and not block.parts for block in blocks)
    flowables: list[Flowable] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            flowables += _paragraph(block, width, 0 if spaced else 6)
        elif isinstance(block, Table):
            flowables += [_table(block, width), Spacer(1, 6)]
        elif isinstance(block, Rule):
            flowables.append(HRFlowable(width="100%", thickness=0.6, color=_LINE, spaceBefore=4, spaceAfter=8))
        elif isinstance(block, PageBreak):
            flowables.append(NewPage())
    return flowables


def _paragraph(paragraph: Paragraph, width: float, after: float) -> list[Flowable]:
    """A paragraph, with its pictures on lines of their own."""
    sizes = [part.size or _SIZE for part in paragraph.parts if isinstance(part, Run)]
    size = min(max(sizes, default=_SIZE), _LARGEST)
    if paragraph.heading:
        size = _LARGEST_HEADING - _HEADING_STEP * (paragraph.heading - 1)
    if not paragraph.parts:
        return [Spacer(1, size * _LEADING)]
    look = _Look(
        size=size,
        bold=bool(paragraph.heading),
        align=paragraph.align,
        indent=min(paragraph.indent, width / 2),
        first=max(paragraph.first, -min(paragraph.indent, width / 2)),
        after=after,
        keep=bool(paragraph.heading),
    )
    flowables: list[Flowable] = []
    bullet = fonts.printable(paragraph.bullet) or None
    runs: list[Run] = []
    for part in [*paragraph.parts, None]:
        if isinstance(part, Run):
            runs.append(part)
            continue
        if runs or (bullet and part is None):
            text = "".join(_markup(run, size, paragraph.heading) for run in runs)
            flowables.append(Set(text, _style(look), bulletText=bullet))
            runs, bullet, look = [], None, replace(look, first=0)
        if isinstance(part, Picture):
            flowables.append(_picture(part, width, paragraph.align))
    return flowables


def _markup(run: Run, size: float, heading: int) -> str:
    """A run in reportlab's markup."""
    text = _BLANKS.sub(lambda match: "\u00a0" * (len(match[0]) - 1) + " ", _escaped(run.text))
    text = text.replace("\t", "\u00a0" * 4).replace("\n", "<br/>")
    own = min(max(run.size or size, _SMALLEST), _LARGEST)
    if own != size and not heading:
        text = f'<font size="{own:g}">{text}</font>'
    looks = {"b": run.bold and not heading, "i": run.italic, "u": run.underline, "strike": run.strike}
    looks |= {"super": run.raised > 0, "sub": run.raised < 0}
    for tag in (tag for tag, wanted in looks.items() if wanted):
        text = f"<{tag}>{text}</{tag}>"
    return text


def _escaped(text: str) -> str:
    return escape(fonts.printable(text))


def _picture(picture: Picture, width: float, align: Align) -> Flowable:
    """A picture in its own size or the one that is stated, no wider than the text."""
    try:
        with Pictures.open(io.BytesIO(picture.content)) as opened:
            opened.load()
            wide, high = picture.width or opened.width * 0.75, picture.height or opened.height * 0.75
    except (OSError, ValueError, SyntaxError, Pictures.DecompressionBombError):
        return Set("[picture]", _style(_Look(align=align)))
    scale = min(1.0, width / wide, 480 / high)
    image = Image(io.BytesIO(picture.content), wide * scale, high * scale)
    image.hAlign = {Align.CENTER: "CENTER", Align.RIGHT: "RIGHT"}.get(align, "LEFT")
    return image


def _table(table: Table, width: float) -> Flowable:
    """A table over the width of the text, its rows cut at the end of a page where they have to be."""
    columns = max(len(row) for row in table.rows)
    shares = table.widths if len(table.widths) == columns and sum(table.widths) > 0 else _shares(table, columns)
    widths = [width * share / sum(shares) for share in shares]
    padded = [[*row, *[None] * (columns - len(row))] for row in table.rows]
    cells = [
        [_cell(cell.paragraphs, inner - 8) if cell else "" for cell, inner in zip(row, widths, strict=True)]
        for row in padded
    ]
    styles: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), fonts.FAMILY),
        ("GRID", (0, 0), (-1, -1), 0.5, _LINE),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 4),
        ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    shaded = [number for number, row in enumerate(table.rows) if row and all(cell.heading for cell in row)]
    styles += [("BACKGROUND", (0, number), (-1, number), colors.HexColor("#eef1f4")) for number in shaded]
    return Grid(cells, colWidths=widths, style=styles, hAlign="LEFT", splitInRow=1, repeatRows=int(shaded[:1] == [0]))


def _shares(table: Table, columns: int) -> list[float]:
    """Widths of columns by what stands in them."""
    longest = [1.0] * columns
    for row in table.rows:
        for place, cell in enumerate(row):
            longest[place] = max(
                longest[place], *(len(paragraph.text) for paragraph in cell.paragraphs or [Paragraph()])
            )
    return [min(max(length, 6.0), 60.0) for length in longest]


def _cell(paragraphs: Sequence[Paragraph], width: float) -> list[Flowable]:
    return [flowable for paragraph in paragraphs for flowable in _paragraph(paragraph, width, 0)]
