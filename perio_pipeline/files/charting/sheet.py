"""The geometry of a page of charts, in points, and its lines, which are the same for all patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from reportlab.lib.pagesizes import A4, LETTER, landscape

from perio_pipeline.files.charting import ink, pen
from perio_pipeline.files.charting.order import HALF, SITES_OF_TOOTH, UPPER

PAPERS = {"US": LETTER, "CA": LETTER}
"""Country → its paper; A4 elsewhere."""

MARGIN_X, MARGIN_TOP, FOOT = 28.0, 22.0, 26.0
HEAD = 48.0
_LABELS = 84.0
_LETTERS, NUMBERS, BAND_ROW, _BETWEEN = 7.5, 12.0, 7.6, 9.0
_LOWEST, _HIGHEST = 7.0, 12.0
"""Heights of a row at least and at most."""


@dataclass(frozen=True)
class Sheet:
    """A page of charts.

    Attributes:
        width, height: of the paper.
        charts: rows per measure.
        groups: measures on each side of an arch, and whether each has a row of overall changes.
        banded: whether mobility and furcation stand between the sides.
        beneath: height that is kept free beneath the charts.
    """

    width: float
    height: float
    charts: int
    groups: tuple[bool, ...]
    banded: bool
    beneath: float

    @property
    def left(self) -> float:
        """Where the grid begins; to the left of it are the labels."""
        return MARGIN_X + _LABELS

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.width - MARGIN_X

    @property
    def tooth(self) -> float:
        """Width of a tooth."""
        return (self.right - self.left) / len(UPPER)

    @property
    def site(self) -> float:
        """Width of a site."""
        return self.tooth / SITES_OF_TOOTH

    @cached_property
    def centers(self) -> tuple[float, ...]:
        """Middle of each site, from left to right."""
        return tuple(self.left + (place + 0.5) * self.site for place in range(len(UPPER) * SITES_OF_TOOTH))

    @property
    def rows(self) -> int:
        """Rows of one side of an arch."""
        return sum(self.charts + (with_changes and self.charts > 1) for with_changes in self.groups)

    @property
    def band(self) -> float:
        """Height of what stands between the two sides of an arch."""
        return NUMBERS + (BAND_ROW * self.charts if self.banded else 0)

    @cached_property
    def row(self) -> float:
        """Height of a row."""
        room = self.height - MARGIN_TOP - HEAD - FOOT - self.beneath - _BETWEEN
        return min(max((room - 2 * self.band - 4 * _LETTERS) / (4 * self.rows), _LOWEST), _HIGHEST)

    @property
    def size(self) -> float:
        """Size of what is written in a row."""
        return min(self.row - 1.6, 7.6)

    @property
    def baseline(self) -> float:
        """Height of its baseline above the bottom of the row."""
        return (self.row - self.size * 0.73) / 2

    @property
    def side(self) -> float:
        """Height of a side with its site letters."""
        return _LETTERS + self.rows * self.row

    @property
    def top(self) -> float:
        """Where the upper arch begins."""
        return self.height - MARGIN_TOP - HEAD

    def arch_top(self, arch: int) -> float:
        """Where an arch begins, 0 for the upper one."""
        return self.top - arch * (2 * self.side + self.band + _BETWEEN)

    @property
    def bottom(self) -> float:
        """Where the lower arch ends."""
        return self.arch_top(1) - 2 * self.side - self.band

    def sides_top(self, arch: int) -> tuple[float, float]:
        """Where the rows of an arch's two sides begin, beneath their letters."""
        top = self.arch_top(arch) - _LETTERS
        return top, top - self.rows * self.row - self.band - _LETTERS

    def band_top(self, arch: int) -> float:
        """Where the tooth numbers of an arch begin."""
        return self.arch_top(arch) - self.side

    def ground(self, center: float, y: float) -> str:
        """The ground of a value, as a path."""
        return pen.box(center - self.site / 2 + 0.5, y + 0.5, self.site - 1, self.row - 1)


def paper(country: str) -> tuple[float, float]:
    """Width and height of a country's paper, laid across."""
    width, height = landscape(PAPERS.get(country, A4))
    return float(width), float(height)


@lru_cache(maxsize=64)
def lines(sheet: Sheet) -> str:
    """The lines of all four sides."""
    drawn: dict[str, list[str]] = {"faint": [], "line": [], "strong": []}
    for arch in (0, 1):
        for top in sheet.sides_top(arch):
            _side(sheet, top, drawn)
        top, bottom = sheet.band_top(arch), sheet.band_top(arch) - sheet.band
        drawn["line"] += [_upright(sheet, column, top, bottom) for column in range(len(UPPER) + 1)]
        drawn["strong"].append(_upright(sheet, HALF, top, bottom))
    looks = {"faint": (ink.FAINT, 0.3), "line": (ink.LINE, 0.5), "strong": (ink.BLACK, 1.1)}
    return "\n".join(f"{pen.stroke(*looks[name])} {' '.join(paths)} S" for name, paths in drawn.items())


def _side(sheet: Sheet, top: float, drawn: dict[str, list[str]]) -> None:
    bottom = top - sheet.rows * sheet.row
    for number in range(1, sheet.rows):
        y = top - number * sheet.row
        drawn["faint"].append(pen.line(MARGIN_X, y, sheet.right, y))
    for place in range(len(UPPER) * SITES_OF_TOOTH):
        if place % SITES_OF_TOOTH:
            drawn["faint"].append(_upright(sheet, place / SITES_OF_TOOTH, top, bottom))
    drawn["line"] += [_upright(sheet, column, top, bottom) for column in range(len(UPPER) + 1)]
    for y in _divisions(sheet, top):
        drawn["line"].append(pen.line(MARGIN_X, y, sheet.right, y))
    drawn["strong"].append(_upright(sheet, HALF, top, bottom))


def _divisions(sheet: Sheet, top: float) -> Sequence[float]:
    """The upper edge, and the lower one of every measure."""
    found, y = [top], top
    for with_changes in sheet.groups:
        y -= (sheet.charts + (with_changes and sheet.charts > 1)) * sheet.row
        found.append(y)
    return found


def _upright(sheet: Sheet, column: float, top: float, bottom: float) -> str:
    x = sheet.left + column * sheet.tooth
    return pen.line(x, top, x, bottom)
