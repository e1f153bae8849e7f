"""The store gives back what was put in, in pieces where asked, for its owner only, and whole or not at all."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perio_pipeline.panda.canonical import Kind
from perio_pipeline.panda.frames import typed_frame
from perio_pipeline.store import FrameStore

KINDS = {
    "id": Kind.TEXT,
    "tooth": Kind.INTEGER,
    "fee": Kind.DECIMAL,
    "bop": Kind.BOOLEAN,
    "on": Kind.DATE,
    "at": Kind.DATETIME,
}
KEY = ["validated", "perio_site"]

ROW = st.fixed_dictionaries(
    {
        "id": st.none() | st.sampled_from(["E1", "E2", "Ä"]),
        "tooth": st.none() | st.integers(1, 3),
        "fee": st.none() | st.decimals(-(10**14), 10**14, places=4),
        "bop": st.none() | st.booleans(),
        "at": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    }
)
ROWS = st.lists(ROW, max_size=25)


def sites(*rows: dict[str, Any]) -> pd.DataFrame:
    return typed_frame(KINDS, rows)


TWO = sites(
    {
        "id": "E1",
        "tooth": 3,
        "fee": Decimal("13.7"),
        "bop": True,
        "on": datetime(2024, 2, 29),
        "at": datetime(2024, 1, 1, 9),
    },
    {},
)


@pytest.fixture
def store(tmp_path: Path) -> FrameStore:
    return FrameStore(str(tmp_path / "data"))


def files(store: FrameStore) -> set[str]:
    return {path.name for path in Path(str(store.root)).rglob("*") if path.is_file()}


@given(ROWS)
@settings(max_examples=30, deadline=None)
def test_what_is_read_is_what_was_written_type_by_type(rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, frame = FrameStore(folder), sites(*rows)
        assert store.write("harbor", KEY, frame) == len(frame)
        stored = store.frame("harbor", KEY)
        pd.testing.assert_frame_equal(stored.read(), frame)
        pd.testing.assert_frame_equal(stored.read(["fee", "id"]), frame[["fee", "id"]])
        assert stored.rows() == len(frame)


@given(ROWS, st.integers(1, 9), st.sampled_from([None, "id", "tooth", "bop"]))
@settings(max_examples=50, deadline=None)
def test_pieces_together_are_the_whole_and_no_group_is_cut(
    rows: list[dict[str, Any]], size: int, together: str | None
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, frame = FrameStore(folder), sites(*rows)
        store.write("harbor", KEY, frame)
        pieces = list(store.frame("harbor", KEY).chunks(size, together))
    whole = pd.concat(pieces)
    pd.testing.assert_frame_equal(whole, frame, check_index_type=False)
    assert len(pieces) == 1 or all(len(piece) for piece in pieces)
    for before, after in pairwise(pieces):
        if together is None:
            assert len(before) == size
            continue
        last, first = before[together].iloc[-1], after[together].iloc[0]
        assert not (last == first if pd.notna(last) and pd.notna(first) else pd.isna(last) and pd.isna(first))


def test_pieces_hold_as_much_as_asked_unless_a_group_is_longer(store: FrameStore) -> None:
    store.write("harbor", KEY, sites(*({"id": key} for key in "aabbbbcdd")))
    pieces = store.frame("harbor", KEY).chunks(3, "id")
    assert ["".join(piece["id"]) for piece in pieces] == ["aa", "bbbbc", "dd"]
    assert max(len(piece) for piece in store.frame("harbor", KEY).chunks(3)) == 3


@pytest.mark.parametrize("together", [None, "id"])
def test_an_empty_frame_is_one_empty_typed_piece(store: FrameStore, together: str | None) -> None:
    store.write("harbor", KEY, sites())
    (piece,) = store.frame("harbor", KEY).chunks(5, together)
    pd.testing.assert_frame_equal(piece, sites())
    store.write("harbor", KEY, [sites(), TWO, sites()])
    pd.testing.assert_frame_equal(
        pd.concat(store.frame("harbor", KEY).chunks(5, together)), TWO, check_index_type=False
    )


def test_pieces_are_written_one_after_the_other_with_the_types_of_the_first(store: FrameStore) -> None:
    assert store.write("harbor", KEY, (TWO.iloc[[place]] for place in (0, 1))) == 2
    pd.testing.assert_frame_equal(store.frame("harbor", KEY).read(), TWO)


def test_a_frame_that_was_read_before_is_read_anew_once_it_was_written_anew(store: FrameStore) -> None:
    for number in range(3):
        store.write("harbor", KEY, pd.DataFrame({"a": [number], "b": [0]}))
        first = store.frame("harbor", KEY).read(["a"])
        first.loc[0, "a"] = 99  # what one reader changes, no other one sees
        assert store.frame("harbor", KEY).read(["a"])["a"].tolist() == [number]
        assert store.frame("harbor", KEY).read().columns.tolist() == ["a", "b"]


def test_a_failure_while_writing_leaves_the_old_frame_and_nothing_else(store: FrameStore) -> None:
    def pieces(error: BaseException) -> Iterator[pd.DataFrame]:
        yield sites({"id": "new"})
        raise error

    for error in (RuntimeError("source gone"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            store.write("harbor", KEY, pieces(error))
        assert files(store) == set()
    store.write("harbor", KEY, TWO)
    with pytest.raises(RuntimeError):
        store.write("harbor", KEY, pieces(RuntimeError("source gone")))
    with pytest.raises(ValueError, match="validated/perio_site: not even an empty frame"):
        store.write("harbor", KEY, [])
    with pytest.raises(KeyError):
        store.write("harbor", KEY, [TWO, TWO.drop(columns="fee")])
    assert files(store) == {"perio_site.parquet"}
    pd.testing.assert_frame_equal(store.frame("harbor", KEY).read(), TWO)


def test_values_are_for_their_owner_only_even_while_they_are_written(store: FrameStore) -> None:
    modes = []

    def pieces() -> Iterator[pd.DataFrame]:
        yield TWO
        modes.extend(path.stat().st_mode for path in Path(str(store.root)).rglob("*.part"))
        yield TWO

    store.write("harbor", KEY, pieces())
    store.write_note("harbor", KEY, {"pass": "sample"})
    root = Path(str(store.root))
    everything = [root, *root.rglob("*")]
    assert [stat.S_IMODE(mode) for mode in modes] == [0o600]
    assert {stat.S_IMODE(path.stat().st_mode) for path in everything if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in everything if path.is_dir()} == {0o700}


def test_practices_and_assets_have_files_of_their_own(store: FrameStore) -> None:
    store.write("harbor", KEY, TWO)
    assert store.frame("harbor", KEY).exists()
    assert not store.frame("elm", KEY).exists()
    assert not store.frame("harbor", ["clinical", "perio_site"]).exists()


def test_a_note_lies_beside_its_frame_and_is_replaced(store: FrameStore) -> None:
    frame = store.frame("harbor", KEY)
    assert frame.note() == {}
    store.write_note("harbor", KEY, {"pass": "sample", "rows": 7})
    store.write_note("harbor", KEY, {"pass": "full"})
    assert frame.note() == {"pass": "full"}
    assert not frame.exists()


def test_an_object_store_is_the_same_to_the_code() -> None:
    store = FrameStore("memory://perio-store-test")
    store.write("harbor", KEY, TWO)
    store.write_note("harbor", KEY, {"pass": "full"})
    pd.testing.assert_frame_equal(store.frame("harbor", KEY).read(), TWO)
    assert store.frame("harbor", KEY).note() == {"pass": "full"}
    with pytest.raises(ValueError, match="not even"):
        store.write("harbor", KEY, [])
    assert store.frame("harbor", KEY).rows() == 2


def test_a_disk_that_is_full_is_told_and_the_earlier_frame_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FrameStore(str(tmp_path))
    store.write("harbor", ["panda", "patient"], pd.DataFrame({"a": ["old"]}))
    write_table = pq.ParquetWriter.write_table

    def full(self: pq.ParquetWriter, table: pa.Table, *rest: Any, **named: Any) -> None:
        if table["a"][0].as_py() == "second":
            raise OSError("No space left on device")
        write_table(self, table, *rest, **named)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    for pieces in (["first", "second"], ["first", "second", "third"]):  # found at the end, or at the next piece
        with pytest.raises(OSError, match="No space left"):
            store.write("harbor", ["panda", "patient"], (pd.DataFrame({"a": [piece]}) for piece in pieces))
    frame = store.frame("harbor", ["panda", "patient"])
    assert frame.read()["a"].tolist() == ["old"]
    assert [path.name for path in Path(frame.path.parent).iterdir()] == ["patient.parquet"]


def test_some_rows_are_read_and_the_other_row_groups_are_not(tmp_path: Path) -> None:
    store = FrameStore(str(tmp_path))
    store.write("harbor", ["panda", "x"], (pd.DataFrame({"a": [name] * 3, "b": range(3)}) for name in ("p", "q")))
    frame = store.frame("harbor", ["panda", "x"])
    found = frame.where("a", lambda names: pc.equal(names, "q"))
    assert found.to_dict("list") == {"a": ["q"] * 3, "b": [0, 1, 2]}
    assert [table.num_rows for table in frame.tables("a", lambda names: pc.equal(names, "q"))] == [0, 3]
    assert frame.where("a", lambda names: pc.equal(names, "r")).columns.tolist() == ["a", "b"]
