"""Parquet frames in the data folder: one file per practice and asset, written whole or not at all.

`frames/<practice>/<asset key>.parquet` under a root that may be a local folder or an object store (UPath). Folders are
0700 and files 0600, since frames hold patients' values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from upath import UPath

ROW_GROUP = 100_000
SMALL = 100_000
"""Bytes of a file at most that is kept in memory once it was read."""


@dataclass(frozen=True)
class StoredFrame:
    """A frame that lies in the store and need not be in memory at once."""

    path: UPath

    def exists(self) -> bool:
        """Whether it has been written."""
        return self.path.exists()

    def note(self) -> dict[str, Any]:
        """Return what was noted beside the frame; nothing where there is no note."""
        path = self.path.with_suffix(".json")
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def rows(self) -> int:
        """How many rows it has; reads the file's footer only."""
        with self.path.open("rb") as file:
            return int(pq.ParquetFile(file).metadata.num_rows)

    def read(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read it, or some of its columns, into memory."""
        chosen = tuple(columns) if columns else None
        if not _is_local(self.path) or (stat := self.path.stat()).st_size > SMALL:
            return _read(self.path, chosen)
        # Nobody can change what is kept: pandas copies on write.
        return _kept(self.path, (stat.st_ino, stat.st_mtime_ns, stat.st_size), chosen).copy(deep=False)

    def chunks(self, rows: int, together: str | None = None) -> Iterator[pd.DataFrame]:
        """Read it piece by piece; rows that share a value of `together` and stand next to each other stay together.

        Each piece keeps the index its rows have in the whole frame. An empty frame is one empty piece.
        """
        start, rest = 0, None
        with self.path.open("rb") as file:
            for batch in pq.ParquetFile(file).iter_batches(batch_size=rows):
                frame = _pandas(pa.Table.from_batches([batch]))
                frame = frame if rest is None else pd.concat([rest, frame], ignore_index=True)
                cut = _cut(frame, together)
                piece, rest = frame.iloc[:cut], frame.iloc[cut:]
                if len(piece):
                    yield piece.set_axis(range(start, start + len(piece)))
                    start += len(piece)
        if rest is None:
            yield self.read()
        elif len(rest):
            yield rest.set_axis(range(start, start + len(rest)))

    def tables(self, column: str, wanted: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> Iterator[pa.Table]:
        """Read some of its rows as Arrow tables; at least one, which may be empty.

        Args:
            column: what the choice depends on; the other columns are read only where it chooses any row.
            wanted: values of that column → whether each row is wanted.
        """
        with self.path.open("rb") as opened:
            file = pq.ParquetFile(opened)
            yield file.schema_arrow.empty_table()
            for group in range(file.num_row_groups):
                chosen = wanted(file.read_row_group(group, [column])[column])
                if pc.any(chosen).as_py():
                    yield file.read_row_group(group).filter(chosen)

    def where(self, column: str, wanted: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> pd.DataFrame:
        """Read some of its rows into memory, chosen as in `tables`."""
        frame: pd.DataFrame = _pandas(pa.concat_tables(self.tables(column, wanted))).reset_index(drop=True)
        return frame


def _read(path: UPath, columns: tuple[str, ...] | None) -> pd.DataFrame:
    with path.open("rb") as file:
        frame: pd.DataFrame = _pandas(pq.read_table(file, columns=list(columns) if columns else None))
    return frame


@lru_cache(maxsize=128)
def _kept(path: UPath, stamp: tuple[int, int, int], columns: tuple[str, ...] | None) -> pd.DataFrame:
    """Read a small file once for as long as it is the same: a run comes back to each many times."""
    return _read(path, columns)


def _pandas(table: Any) -> Any:
    """Arrow's own note on the pandas types brings all of them back except decimals."""
    return table.to_pandas(types_mapper=lambda kind: pd.ArrowDtype(kind) if pa.types.is_decimal(kind) else None)


def _cut(frame: pd.DataFrame, together: str | None) -> int:
    """Where to cut, so that the last group, which may go on in the next batch, is kept back."""
    if together is None or frame.empty:
        return len(frame)
    last = frame[together].iloc[-1]
    group = frame[together]
    same = group.isna() if pd.isna(last) else group == last
    other = (~same.to_numpy(dtype=bool, na_value=False)).nonzero()[0]
    return int(other[-1]) + 1 if len(other) else 0


class FrameStore:
    """All frames of all practices under one root."""

    def __init__(self, root: str) -> None:
        self.root = UPath(root)

    def frame(self, practice: str, key: Sequence[str]) -> StoredFrame:
        """Return the frame of an asset, written or not."""
        return StoredFrame(self.root / "frames" / practice / "/".join(key[:-1]) / f"{key[-1]}.parquet")

    def write_note(self, practice: str, key: Sequence[str], note: dict[str, Any]) -> None:
        """Note something about a frame beside it: counts and names, never values."""
        path = self.frame(practice, key).path.with_suffix(".json")
        _make_folder(path.parent)
        _owner_only(path)
        path.write_text(json.dumps(note, indent=1), encoding="utf-8")

    def write(self, practice: str, key: Sequence[str], frames: pd.DataFrame | Iterable[pd.DataFrame | pa.Table]) -> int:
        """Write a frame, or pieces of one that share their columns; returns its rows."""
        with self.writing(practice, key) as pieces:
            for piece in [frames] if isinstance(frames, pd.DataFrame) else frames:
                pieces.add(piece)
        return pieces.rows

    @contextmanager
    def writing(self, practice: str, key: Sequence[str]) -> Iterator[Pieces]:
        """Write a frame piece by piece; it is there once the block ends well.

        Raises:
            ValueError: not even an empty frame was given.
        """
        path = self.frame(practice, key).path
        _make_folder(path.parent)
        aside = path.with_name(path.name + ".part")
        try:
            _owner_only(aside)
            with aside.open("wb") as file, closing(Pieces(file)) as pieces:
                yield pieces
            if pieces.rows < 0:
                raise ValueError(f"{'/'.join(key)}: not even an empty frame was given")
            aside.rename(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


class Pieces:
    """A frame that is being written, with the types of its first piece; `rows` is -1 while there is none.

    A piece is written while the next one is made: one at a time, so that no more than two are in memory.
    """

    def __init__(self, file: Any) -> None:
        self.rows = -1
        self._file = file
        self._writer: pq.ParquetWriter | None = None
        self._thread = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None

    def add(self, piece: pd.DataFrame | pa.Table) -> None:
        """Write the next piece."""
        schema = self._writer.schema if self._writer else None
        is_frame = isinstance(piece, pd.DataFrame)
        table = pa.Table.from_pandas(piece, schema=schema, preserve_index=False) if is_frame else piece
        self._writer = self._writer or pq.ParquetWriter(self._file, table.schema, compression="zstd")
        self._wait()
        self._under_way = self._thread.submit(self._writer.write_table, table, row_group_size=ROW_GROUP)
        self.rows = max(self.rows, 0) + len(piece)

    def close(self) -> None:
        """Write what belongs behind the last piece."""
        with self._thread:
            try:
                self._wait()
            finally:
                if self._writer:
                    self._writer.close()

    def _wait(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way:
            under_way.result()


def _is_local(path: UPath) -> bool:
    return path.protocol in ("", "file")


def _make_folder(path: UPath) -> None:
    """Make a folder and those above it that are missing, each for its owner only."""
    if not _is_local(path):
        path.mkdir(parents=True, exist_ok=True)
        return
    for folder in reversed([each for each in (path, *path.parents) if not each.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)


def _owner_only(path: UPath) -> None:
    """Close a file to others before anything is in it."""
    if _is_local(path):
        path.touch(mode=0o600)
        path.chmod(0o600)
