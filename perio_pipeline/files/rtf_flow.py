"""What an RTF reader carries along: the state of the group at hand, and the blocks that are in the making."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from perio_pipeline.files.document import Align, Block, Cell, Paragraph, Picture, Run, Table

PLAIN_SIZE = 11.0
"""Letters of a document that does not say how large they are."""
_ITEM_INDENT = 18.0


@dataclass
class Group:
    r"""What a group hands down to those in it.

    Attributes:
        target: where its text goes: into the text, a list item's bullet, the font table, a picture, or nowhere.
        opened: the header, footer or picture that ends with this very group.
        replacements: characters that follow each `\uN`.
    """

    target: str = "text"
    opened: str = ""
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    hidden: bool = False
    caps: bool = False
    raised: int = 0
    size: float = PLAIN_SIZE
    font: int = -1
    replacements: int = 1
    align: Align = Align.LEFT
    indent: float = 0
    first: float = 0
    in_table: bool = False


@dataclass
class Flow:
    """Blocks in the making: of the body, or of a header or footer."""

    blocks: list[Block] = field(default_factory=list)
    parts: list[Run | Picture] = field(default_factory=list)
    bullet: str = ""
    cell: list[Paragraph] = field(default_factory=list)
    row: list[Cell] = field(default_factory=list)
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    edges: list[float] = field(default_factory=list)
    widths: tuple[float, ...] = ()

    def add(self, run: Run) -> None:
        """Add text, to the run before it where it looks the same."""
        last = self.parts[-1] if self.parts else None
        if isinstance(last, Run) and replace(last, text="") == replace(run, text=""):
            self.parts[-1] = replace(last, text=last.text + run.text)
        else:
            self.parts.append(run)

    def end_paragraph(self, group: Group) -> None:
        """Close the paragraph at hand, in the table where it stands in one."""
        indent, first = (group.indent, group.first) if not self.bullet else (max(group.indent, _ITEM_INDENT), 0)
        paragraph = Paragraph(tuple(self.parts), group.align, indent, first, self.bullet)
        self.parts, self.bullet = [], ""
        if group.in_table:
            self.cell.append(paragraph)
        else:
            self.end_table()
            self.blocks.append(paragraph)

    def end_cell(self, group: Group) -> None:
        """Close a cell."""
        if self.parts or not self.cell:
            self.end_paragraph(replace(group, in_table=True))
        self.row.append(Cell(tuple(self.cell)))
        self.cell = []

    def end_row(self) -> None:
        """Close a row."""
        if self.row:
            self.rows.append(tuple(self.row))
            starts = [0.0, *self.edges]
            self.widths = self.widths or tuple(right - left for left, right in zip(starts, self.edges, strict=False))
        self.row = []

    def end_table(self) -> None:
        """Close the table at hand, with rows and cells that were left open."""
        if self.cell:
            self.row.append(Cell(tuple(self.cell)))
            self.cell = []
        self.end_row()
        if self.rows:
            self.blocks.append(Table(tuple(self.rows), self.widths))
        self.rows, self.widths = [], ()

    def finished(self, group: Group) -> tuple[Block, ...]:
        """All blocks, without empty lines at the ends."""
        if self.parts:
            self.end_paragraph(group)
        self.end_table()
        blocks = list(self.blocks)
        for end in (0, -1):
            while blocks and isinstance(block := blocks[end], Paragraph) and not block.parts:
                blocks.pop(end)
        return tuple(blocks)
