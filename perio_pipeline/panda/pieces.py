"""Cuts a stream of fetched rows where their key changes, so that reading can go on behind the last whole key.

Chart tables have no key that the database enforces: a tooth can be charted twice. Rows of one key are therefore held
back until the next key is seen; whoever reads again `WHERE key > last` then neither loses nor repeats any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from perio_pipeline.panda.decoding import physical_text
from perio_pipeline.panda.statements import Key, Reading

Values = Sequence[Any]
"""Of one column: what the driver gave, or an Arrow array."""


@dataclass(frozen=True)
class Piece:
    """Some source rows, as text under their physical names.

    Attributes:
        text: the rows.
        last: the key of the last one; no later row has the same. None where the rows have no key.
    """

    text: pd.DataFrame
    last: Key | None


def pieces_of(reading: Reading, batches: Iterable[Sequence[Values]]) -> Iterator[Piece]:
    """Turn fetched batches into pieces; each row is in exactly one, in order.

    Args:
        reading: what was selected.
        batches: values by column, in the order of the reading's columns.
    """
    positions = [reading.columns.index(name) for name in reading.keys]
    held = _Held()
    for values in batches:
        text = physical_text(reading.bound, reading.columns, values, reading.moments)
        if not positions:
            yield Piece(text, None)
            continue
        key_at = _keys(values, positions)
        yield from held.before(key_at(0))
        held.add(text, key_at)
    yield from held.rest()


class _Held:
    """What was fetched and not handed out yet: a batch, since the next one may go on with its last key."""

    def __init__(self) -> None:
        self._texts: list[pd.DataFrame] = []
        self._rows = 0
        self._open = 0  # the row at which the last key begins
        self._whole: Key | None = None  # the key before it
        self._last: Key = ()

    def before(self, key: Key) -> Iterator[Piece]:
        """Hand out what is complete when rows of this key come next."""
        if self._texts and not _same(self._last, key):
            yield from self.rest()
        elif self._open:
            whole = _joined(self._texts)
            yield Piece(whole.iloc[: self._open], self._whole)
            self._texts, self._rows, self._open = [whole.iloc[self._open :]], self._rows - self._open, 0

    def add(self, text: pd.DataFrame, key_at: Callable[[int], Key]) -> None:
        """Hold a batch."""
        start = _start_of_last(key_at, len(text))
        if start:
            self._open, self._whole = self._rows + start, key_at(start - 1)
        self._texts.append(text)
        self._rows += len(text)
        self._last = key_at(len(text) - 1)

    def rest(self) -> Iterator[Piece]:
        """Hand out everything."""
        if self._texts:
            piece = Piece(_joined(self._texts), self._last)
            self._texts, self._rows, self._open = [], 0, 0
            yield piece


def _keys(values: Sequence[Values], positions: Sequence[int]) -> Callable[[int], Key]:
    columns = [values[position] for position in positions]

    def key_at(row: int) -> Key:
        return tuple(_plain(column[row]) for column in columns)

    return key_at


def _start_of_last(key_at: Callable[[int], Key], rows: int) -> int:
    """The row at which the last key begins."""
    row, last = rows - 1, key_at(rows - 1)
    while row and _same(key_at(row - 1), last):
        row -= 1
    return row


def _plain(value: Any) -> object:
    return value.as_py() if isinstance(value, pa.Scalar) else value


def _same(one: Key, other: Key) -> bool:
    """Whether two neighbours may be one key for the server, which takes no notice of blanks at the end of a text."""
    return all(_bare(a) == _bare(b) for a, b in zip(one, other, strict=True))


def _bare(value: object) -> object:
    return value.rstrip(" ") if isinstance(value, str) else value


def _joined(texts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(texts, ignore_index=True) if len(texts) > 1 else texts[0].reset_index(drop=True)
