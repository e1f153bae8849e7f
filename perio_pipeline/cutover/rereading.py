"""Charts in a window: only the exams that a batch touches are read and validated again, the others are kept.

Charts are nearly all that a practice has, and an hour's changes touch a handful of exams. What is kept must be what
reading everything would give; so each extract is noted with a name of its own and with what it was made of, each
validated frame with the extract and the settings it was made of, and where these do not fit together without a gap,
everything is read, or validated, as in any other run. A window's last batch does so always.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from perio_pipeline.cutover.censuses import Censuses
from perio_pipeline.cutover.window import Kind, WindowFile
from perio_pipeline.mapping.practice import Practice
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.extract import Extract, Report
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.store import StoredFrame
from perio_pipeline.workplace import Workplace

EXAM = "exam_id"

MOST = 2_000
"""Exams from which on everything is read: it is as quick then, and bounded."""

Wanted = Callable[[pa.ChunkedArray], pa.ChunkedArray]


@dataclass(frozen=True)
class Touched:
    """The exams that the batch of a run touches.

    Attributes:
        batch: the run's key.
        exams: their ids.
    """

    batch: str
    exams: frozenset[str]


def touched(rooms: Workplace, practice: Practice, crm: str, batch: str) -> Touched | None:
    """Return what the batch under way touches; None where everything is to be looked at.

    Args:
        rooms: where windows are kept.
        practice: whose.
        crm: of the window into which destination.
        batch: the key of the run that asks; another run than that of the batch under way looks at everything.
    """
    window = WindowFile(rooms.data / "cutover", practice.practice, crm).read()
    under_way = window.under_way if window else None
    if window is None or under_way is None or window.run_key(under_way) != batch or under_way.kind is not Kind.CHANGES:
        return None
    exams = Censuses(rooms.store(), practice.practice, crm).touched_exams(under_way.look)
    if exams is None or len(exams) > MOST:
        return None
    return Touched(batch, frozenset(each.strip() for each in exams))


class Reread:
    """A chart table as an extract: the rows of the last one, but those of the touched exams as they are now.

    Attributes:
        note: names this extract and what it was made of.
    """

    def __init__(self, last: StoredFrame, now: Extract | None, batch: Touched) -> None:
        self._last, self._now, self._batch = last, now, batch
        self.note = {**last.note(), "reading": uuid4().hex, "of": last.note()["reading"], "batch": batch.batch}

    @property
    def report(self) -> Report:
        """How the touched exams were read."""
        return self._now.report if self._now else Report()

    def __iter__(self) -> Iterator[pd.DataFrame | pa.Table]:
        """Read it.

        Raises:
            SourceError: as for an extract.
        """
        yield from self._last.tables(EXAM, others(self._batch.exams))
        for piece in self._now or ():
            # The database may take other ids for the same, and blanks at their ends for none.
            yield piece[piece[EXAM].str.strip().isin(self._batch.exams)]


def reread(source: PandaSource, table: Table, last: StoredFrame, batch: Touched) -> Reread | None:
    """Return a chart table of which only the touched exams are read; None where all of it must be."""
    note = last.note() if last.exists() else {}
    if "reading" not in note or note.get("bindings") != source.fingerprint(table):
        return None
    now = source.extract_of(table, EXAM, batch.exams) if batch.exams else None
    return Reread(last, now, batch) if now or not batch.exams else None


@dataclass(frozen=True)
class ValidCharts:
    """What validation has made of a chart table: its valid rows, and the lines on those held back and treated."""

    table: Table
    valid: StoredFrame
    quarantine: StoredFrame
    treatments: StoredFrame

    @property
    def frames(self) -> tuple[StoredFrame, StoredFrame, StoredFrame]:
        """All three."""
        return self.valid, self.quarantine, self.treatments

    def to_validate(
        self, extract: StoredFrame, parents: pd.Index, settings: str, batch: Touched
    ) -> frozenset[str] | None:
        """Return the exams to validate again; None for all.

        Those that are touched, and those that have become valid or invalid themselves since.

        Args:
            extract: what is to be validated.
            parents: the valid exams.
            settings: names the settings that rows are validated with.
            batch: what is touched.
        """
        made_of, read = self.valid.note(), extract.note()
        known = made_of.get("extract")
        is_same = known == read.get("reading")
        is_next = known == read.get("of") and read.get("batch") == batch.batch
        fits = known is not None and made_of.get("settings") == settings and (is_same or is_next)
        if not fits or not all(frame.exists() for frame in self.frames):
            return None
        held = set(self.valid.read([EXAM])[EXAM].unique())
        lines = pa.concat_tables(self.quarantine.tables("rule", lambda rules: pc.equal(rules, "orphan")))
        orphans, valid = set(self._exam_of(lines["row_key"]).to_pylist()), set(parents)
        exams = batch.exams | (held - valid) | (orphans & valid)
        return exams if len(exams) <= MOST else None

    def rows_of(self, exams: Collection[str], extract: StoredFrame) -> pd.DataFrame:
        """Return some exams' rows of the extract, numbered on behind the extract's rows and those that lines name."""
        lasts = [frame.read(["row"])["row"].max() for frame in (self.quarantine, self.treatments) if frame.rows()]
        first = max([extract.rows(), *(int(last) + 1 for last in lasts)])
        rows = extract.where(EXAM, of(exams))
        return rows.set_axis(range(first, first + len(rows)))

    def kept(self, exams: Collection[str]) -> list[Iterator[pa.Table]]:
        """Return the rows of each of the frames that are not of some exams."""
        rows, lines = others(exams), others(exams, self._exam_of)
        return [self.valid.tables(EXAM, rows), *(each.tables("row_key", lines) for each in self.frames[1:])]

    def _exam_of(self, keys: pa.ChunkedArray) -> pa.ChunkedArray:
        """What stands before the rest of the key."""
        rest = len(self.table.key) - 1
        parts = pc.split_pattern(keys, "|", max_splits=rest, reverse=True)
        return pc.list_element(parts, 0)


def of(
    exams: Collection[str], exam_of: Callable[[pa.ChunkedArray], pa.ChunkedArray] = pc.utf8_trim_whitespace
) -> Wanted:
    """Return the choice of some exams' rows, by a column that says which exam's a row is."""
    ids = sorted(exams)

    def wanted(column: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.is_in(exam_of(column), pa.array(ids, column.type))

    return wanted


def others(
    exams: Collection[str], exam_of: Callable[[pa.ChunkedArray], pa.ChunkedArray] = pc.utf8_trim_whitespace
) -> Wanted:
    """Return the choice of all rows but some exams', as in `of`."""
    chosen = of(exams, exam_of)
    return lambda column: pc.invert(chosen(column))
