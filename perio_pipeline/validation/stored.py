"""A table's extract, validated piece by piece into the three frames in the store, so that memory stays small."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.tables import BY_EXAM
from perio_pipeline.store import FrameStore, StoredFrame
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.findings import Validated
from perio_pipeline.validation.readable import unread_rows
from perio_pipeline.validation.validate import validate

FRAMES = ("validated", "quarantine", "treatments")
"""First parts of the keys: rows that are valid, lines on rows held back, lines on cells that were treated."""

PIECE = 300_000
"""Rows of a chart's table that are validated at a time."""


@dataclass
class Tally:
    """What became of a table's rows.

    Attributes:
        valid: rows.
        quarantined: rows.
        refused: column and rule → lines on rows held back.
        treated: column and rule → lines on cells.
        unread: entry of the bindings and reason → rows it could not read.
    """

    valid: int = 0
    quarantined: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    treated: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)


def pieces(table: Table, extract: StoredFrame) -> Iterator[pd.DataFrame]:
    """Hand out an extract in pieces in which keys and exams lie whole."""
    return extract.chunks(PIECE, "exam_id") if table.name in BY_EXAM else iter([extract.read()])


def validated_pieces(
    table: Table, extract: Iterable[pd.DataFrame], parents: Mapping[str, pd.Index], context: Context
) -> Iterator[Validated]:
    """Validate piece by piece; arguments as for `validate`."""
    for piece in extract:
        yield validate(table, piece, parents, context)


def write(
    store: FrameStore,
    practice: str,
    table: Table,
    found: Iterable[Validated],
    kept: Sequence[Iterable[pa.Table]] = ((), (), ()),
) -> Tally:
    """Write the three frames, and count what is in them.

    Args:
        store: where they lie.
        practice: whose.
        table: of which table.
        found: what was validated.
        kept: what of each frame was so before, and is so still.
    """
    with ExitStack() as stack:
        frames = [stack.enter_context(store.writing(practice, [kind, table.name])) for kind in FRAMES]
        for frame, before in zip(frames, kept, strict=True):
            for rows in before:
                frame.add(rows)
        for each in found:
            for frame, piece in zip(frames, (each.valid, each.quarantine, each.treatments), strict=True):
                frame.add(piece)
    return _tally(*(store.frame(practice, [kind, table.name]) for kind in FRAMES))


def _tally(valid: StoredFrame, quarantine: StoredFrame, treatments: StoredFrame) -> Tally:
    tally = Tally(valid.rows())
    rows = []
    for lines in quarantine.chunks(PIECE):
        rows.append(lines["row"].drop_duplicates())
        tally.refused += _by_rule(lines)
        tally.unread += unread_rows(lines)
    tally.quarantined = int(pd.concat(rows).nunique())
    for lines in treatments.chunks(PIECE):
        tally.treated += _by_rule(lines)
    return tally


def _by_rule(lines: pd.DataFrame) -> Counter[str]:
    counts = (lines["column"].astype(str) + ": " + lines["rule"].astype(str)).value_counts()
    return Counter({str(rule): int(rows) for rule, rows in counts.items()})
