"""P1: a connection that is cut costs no row and repeats none; what a database refuses is said without its words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perio_pipeline.errors import SourceError
from perio_pipeline.panda import extract as extract_module
from perio_pipeline.panda.arrow import ArrowError
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.extract import WAITS, Extract, SourceChangedError
from perio_pipeline.panda.isolation import Isolation
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.store import FrameStore
from perio_pipeline_tests.panda.bound import bindings, small_table

SHAPE = small_table("one", "two", "value", key=("one", "two"))
BOUND = BoundTable(table="Rows", columns={"one": "A", "two": "B", "value": "V"})
Row = tuple[Any, Any, int]


class Faults:
    """Raises errors of a driver at chosen fetches, counted over all connections."""

    def __init__(self, at: Sequence[int] = (), error: Callable[[], Exception] | None = None) -> None:
        self.at, self.count = set(at), 0
        self.error = error or (lambda: sqlite3.OperationalError("08S01", "[08S01] Ann Smith (0) (SQLFetch)"))

    def check(self) -> None:
        self.count += 1
        if self.count in self.at:
            raise self.error()


@contextmanager
def faulty(faults: Faults) -> Iterator[None]:
    """Let the cursors of every new connection fail."""

    class Cursor(sqlite3.Cursor):
        def fetchmany(self, size: int | None = 1) -> list[Any]:
            faults.check()
            return super().fetchmany(size or 1)

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any, **__: Any) -> Any:
            return super().cursor(Cursor)

    def use(dialect: Any, record: Any, arguments: Any, parameters: dict[str, Any]) -> None:
        parameters["factory"] = Connection

    sa.event.listen(sa.Engine, "do_connect", use)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "do_connect", use)


def database(path: Path, rows: Sequence[Row]) -> PandaSource:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("pragma journal_mode = wal")  # a writer need not wait for readers, nor they for it
        connection.execute("drop table if exists Rows")
        connection.execute("create table Rows (A, B text, V integer)")
        connection.executemany("insert into Rows values (?, ?, ?)", rows)
    return PandaSource(f"sqlite:///{path}", bindings().model_copy(update={"tables": {"small": BOUND}}), "panda.yaml")


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(extract_module.time, "sleep", waited.append)
    return waited


def numbers(frames: Sequence[pd.DataFrame]) -> list[int]:
    return [int(value) for frame in frames for value in frame["value"]]


def in_order(frames: Sequence[pd.DataFrame]) -> bool:
    whole = pd.concat(frames, ignore_index=True)
    keys = [
        (one if pd.notna(one) else "", two if pd.notna(two) else "") for one, two in zip(*keys_of(whole), strict=True)
    ]
    return keys == sorted(keys)


def keys_of(frame: pd.DataFrame) -> tuple[list[Any], list[Any]]:
    return frame["one"].tolist(), frame["two"].tolist()


# Few values, so that rows share keys; NULL, case, blanks at the end and accents among them.
PARTS = st.sampled_from([None, "a", "A", "a ", "b", "\xe4", "10", "9"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(st.tuples(PARTS, PARTS), max_size=40),
    size=st.integers(1, 12),
    cuts=st.sets(st.integers(1, 45), max_size=len(WAITS)),
)
def test_every_row_comes_once_and_in_order_wherever_the_connection_is_cut(
    tmp_path_factory: pytest.TempPathFactory, keys: list[tuple[Any, Any]], size: int, cuts: set[int]
) -> None:
    path = tmp_path_factory.mktemp("cut") / "panda.db"
    source = database(path, [(one, two, number) for number, (one, two) in enumerate(keys)])
    faults = Faults(sorted(cuts))
    with faulty(faults):
        extract = source.extract(SHAPE, rows=size)
        frames = list(extract)
    assert sorted(numbers(frames)) == list(range(len(keys)))
    assert in_order(frames)
    assert extract.report.source_rows == len(keys)
    assert extract.report.resumed == len([cut for cut in cuts if cut <= faults.count])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(st.integers(-5, 5) | st.none(), min_size=1, max_size=40),
    size=st.integers(1, 12),
    cut=st.integers(1, 45),
)
def test_keys_that_are_numbers_are_gone_on_behind_as_well(
    tmp_path_factory: pytest.TempPathFactory, keys: list[int | None], size: int, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "panda.db"
    source = database(path, [(key, "x", number) for number, key in enumerate(keys)])
    with faulty(Faults([cut])):
        frames = list(source.chunks(SHAPE, rows=size))
    ordered = sorted(range(len(keys)), key=lambda n: (keys[n] is not None, keys[n] or 0))
    assert [keys[n] for n in numbers(frames)] == [keys[n] for n in ordered]
    assert sorted(numbers(frames)) == sorted(ordered)


def many(count: int) -> list[Row]:
    return [(f"{number:04}", "x", number) for number in range(count)]


def test_pieces_stay_as_large_as_was_asked_for(tmp_path: Path) -> None:
    frames = list(database(tmp_path / "panda.db", many(25)).chunks(SHAPE, rows=10))
    assert [len(frame) for frame in frames] == [10, 10, 5]
    assert all(frame.index.tolist() == list(range(len(frame))) for frame in frames)


def test_a_connection_that_is_cut_again_and_again_is_given_up_and_nothing_is_quoted(
    tmp_path: Path, waits: list[float]
) -> None:
    source = database(tmp_path / "panda.db", many(100))
    with faulty(Faults(range(3, 200))), pytest.raises(SourceError) as error:
        list(source.chunks(SHAPE, rows=10))
    assert "Table Rows of the PANDA database" in str(error.value)
    assert "(10 rows were read)" in str(error.value)
    assert "the connection was cut (OperationalError, 08S01)" in str(error.value)
    assert "Ann Smith" not in str(error.value)
    assert error.value.__cause__ is None
    assert waits == list(WAITS)


def test_what_will_not_pass_is_not_tried_again(tmp_path: Path, waits: list[float]) -> None:
    source = database(tmp_path / "panda.db", many(100))
    refused = Faults([3], lambda: sqlite3.ProgrammingError("42000", "[42000] no (229) (SQLFetch)"))
    with faulty(refused), pytest.raises(SourceError, match=r"the login may not read it.*Grant the login SELECT"):
        list(source.chunks(SHAPE, rows=10))
    assert waits == []


def test_a_table_that_is_gone_is_named(tmp_path: Path) -> None:
    source = database(tmp_path / "panda.db", [])
    with closing(sqlite3.connect(tmp_path / "panda.db")) as connection, connection:
        connection.execute("drop table Rows")
    with pytest.raises(SourceError, match=r"Table Rows of the PANDA database at .* cannot be read"):
        list(source.chunks(SHAPE))


def test_rows_without_a_key_cannot_be_gone_on_behind(tmp_path: Path) -> None:
    source = database(tmp_path / "panda.db", many(30))
    bound = BoundTable(table="Rows", columns={"one": {"value": "x"}, "two": {"value": "y"}, "value": "V"})  # type: ignore[dict-item]
    source.bindings.tables["small"] = bound
    with faulty(Faults([1])):
        assert len(numbers(list(source.chunks(SHAPE, rows=10)))) == 30
    with faulty(Faults([3])), pytest.raises(SourceError, match=r"\(20 rows were read\)"):
        list(source.chunks(SHAPE, rows=10))


def test_half_a_character_is_said_without_its_text(tmp_path: Path) -> None:
    source = database(tmp_path / "panda.db", many(30))
    broken = Faults([4], lambda: UnicodeDecodeError("utf-16-le", b"Ann Smith", 0, 1, "unexpected end of data"))
    with faulty(broken), pytest.raises(SourceError, match=r"\([0-9]+ rows were read\) holds a text with half") as error:
        list(source.chunks(SHAPE, rows=10))
    assert error.value.__suppress_context__


class Writer:
    """Another program that changes the table while it is read."""

    def __init__(self, path: Path, times: int) -> None:
        self.path, self.left = path, times

    def __call__(self, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            yield frame
            if self.left:
                self.left -= 1
                with closing(sqlite3.connect(self.path)) as connection, connection:
                    connection.execute("insert into Rows values ('zz', 'new', ?)", [900 + self.left])


@pytest.fixture
def committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract_module, "isolate", lambda *_: Isolation.COMMITTED)


@pytest.mark.usefixtures("committed")
def test_a_table_that_changed_while_it_was_read_is_read_again(tmp_path: Path) -> None:
    extract = database(tmp_path / "panda.db", many(25)).extract(SHAPE, rows=10)
    writer = Writer(tmp_path / "panda.db", times=1)
    with pytest.raises(SourceChangedError, match="Table Rows changed"):
        list(writer(iter(extract)))
    again = numbers(list(writer(iter(extract))))
    assert again == [*range(25), 900]
    assert (extract.report.changed, extract.report.readings) == (False, 2)


@pytest.mark.usefixtures("committed")
def test_a_table_that_never_rests_is_reported(tmp_path: Path) -> None:
    extract = database(tmp_path / "panda.db", many(25)).extract(SHAPE, rows=10)
    for _ in range(extract_module.READINGS - 1):
        with pytest.raises(SourceChangedError):
            list(Writer(tmp_path / "panda.db", times=1)(iter(extract)))
    assert len(numbers(list(Writer(tmp_path / "panda.db", times=1)(iter(extract))))) >= 25
    assert extract.report.metadata() == {
        "source/isolation": "read committed, looked at twice",
        "source/reader": "rows",
        "source/source_rows": extract.report.source_rows,
        "source/resumed": 0,
        "source/readings": extract_module.READINGS,
        "source/changed": True,
    }


@pytest.mark.usefixtures("committed")
def test_a_frame_of_a_table_that_changed_is_not_kept(tmp_path: Path) -> None:
    extract = database(tmp_path / "panda.db", many(25)).extract(SHAPE, rows=10)
    store, writer = FrameStore(str(tmp_path / "data")), Writer(tmp_path / "panda.db", times=1)
    with pytest.raises(SourceChangedError):
        store.write("harbor", ["panda", "small"], writer(iter(extract)))
    assert not store.frame("harbor", ["panda", "small"]).exists()
    assert store.write("harbor", ["panda", "small"], extract) == 26


def test_a_snapshot_is_looked_at_twice_only_when_it_took_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract_module, "isolate", lambda *_: Isolation.SNAPSHOT)
    source = database(tmp_path / "panda.db", many(25))
    extract = source.extract(SHAPE, rows=10)
    list(Writer(tmp_path / "panda.db", times=1)(iter(extract)))  # a snapshot would not have seen it
    assert (extract.report.changed, extract.report.isolation) == (False, Isolation.SNAPSHOT)
    with faulty(Faults([3])), pytest.raises(SourceChangedError):
        list(Writer(tmp_path / "panda.db", times=1)(iter(source.extract(SHAPE, rows=10))))


def failing_after(rows: list[Row]) -> Iterator[list[pa.Array]]:
    yield [pa.array([number for _, _, number in rows])]
    raise ArrowError


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("batches", [0, 1, 2])
def test_large_tables_come_as_arrow_and_as_rows_where_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches: int
) -> None:
    def read(words: str, query: Any, rows: int, isolation: Isolation) -> Iterator[list[pa.Array]]:
        assert (words, rows, isolation) == ("words", 10, Isolation.COMMITTED)
        for start in range(0, 10 * batches, 10):
            part = many(25)[start : start + 10]
            yield [pa.array(list(column)) for column in zip(*part, strict=True)]
        raise ArrowError

    monkeypatch.setattr(extract_module, "ARROW_ROWS", 25)
    monkeypatch.setattr(extract_module, "arrow_connection", lambda url: "words")
    monkeypatch.setattr(extract_module, "arrow_batches", read)
    extract = database(tmp_path / "panda.db", many(25)).extract(SHAPE, rows=10)
    assert numbers(list(extract)) == list(range(25))
    assert (extract.report.reader, extract.report.resumed) == ("rows", 1)
    keyless = BoundTable(table="Rows", columns={"one": {"value": "x"}, "two": {"value": "y"}, "value": "V"})  # type: ignore[dict-item]
    source = database(tmp_path / "panda.db", many(25))
    source.bindings.tables["small"] = keyless
    monkeypatch.setattr(extract_module, "arrow_batches", lambda *_: failing_after(many(25)[:5]))
    with pytest.raises(SourceError, match="cannot be read on: it has no key"):
        list(source.extract(SHAPE, rows=10))
    small = database(tmp_path / "panda.db", many(24)).extract(SHAPE, rows=10)
    assert isinstance(small, Extract)
    assert numbers(list(small)) == list(range(24))
    assert small.report.resumed == 0
