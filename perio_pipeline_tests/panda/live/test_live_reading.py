"""P1 on a server: one moment, every row once, odd names, and errors that name the table."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.extract import SourceChangedError
from perio_pipeline.panda.isolation import Isolation
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.statements import reading_of
from perio_pipeline.panda.stored_columns import stored_columns
from perio_pipeline_tests.panda.bound import small_table
from perio_pipeline_tests.panda.live.cutting import Way, way_to
from perio_pipeline_tests.panda.live.room import Room

SHAPE = small_table("id", "value", "note", key=("id",))
COLUMNS = {"id": "Id", "value": "Value", "note": "Note"}
ROWS = 3000


def filled(room: Room, note: str = "x") -> BoundTable:
    room.run(
        f"CREATE TABLE {room.schema}.Facts (Id int NOT NULL PRIMARY KEY, Value int NOT NULL, Note nvarchar(400) NULL,"
        " Stamp int NOT NULL)"
    )
    room.insert("Facts", [(number, 0, note, 0) for number in range(ROWS)])
    return BoundTable(table=f"{room.schema}.Facts", columns=COLUMNS, version="Stamp")  # type: ignore[arg-type]


def numbers(frames: list[pd.DataFrame], column: str = "id") -> list[int]:
    return [int(value) for frame in frames for value in frame[column]]


def test_rows_come_in_the_order_of_their_key_and_it_is_said_how(room: Room, reader: str) -> None:
    source = room.source(SHAPE, filled(room))
    source.check([SHAPE])
    extract = source.extract(SHAPE, rows=700)
    assert numbers(list(extract)) == list(range(ROWS))
    assert source.count(SHAPE) == extract.report.source_rows == ROWS
    assert (extract.report.reader, extract.report.resumed, extract.report.changed) == (reader, 0, False)
    assert extract.report.isolation in (Isolation.SNAPSHOT, Isolation.COMMITTED)


@contextmanager
def writer(room: Room) -> Iterator[threading.Event]:
    """Another program that moves amounts between the first and the last rows, so that all of them together stay 0."""
    stop, wrote = threading.Event(), threading.Event()

    def write() -> None:
        step = 0
        while not stop.is_set():
            step += 1
            first, last = step % 10, ROWS - 1 - step % 10
            try:
                room.run(
                    f"UPDATE {room.schema}.Facts SET Value = Value - 1, Stamp = {step} WHERE Id = {first}",
                    f"UPDATE {room.schema}.Facts SET Value = Value + 1, Stamp = {step} WHERE Id = {last}",
                )
                wrote.set()
            except DBAPIError:  # it may be the one that gives way
                continue

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert wrote.wait(60)
        yield wrote
    finally:
        stop.set()
        thread.join(60)


@pytest.mark.usefixtures("reader")
def test_a_table_is_read_as_of_one_moment_or_it_is_noticed(room: Room) -> None:
    source = room.source(SHAPE, filled(room, "n" * 300))
    extract = source.extract(SHAPE, rows=200)
    with writer(room) as wrote:
        frames: list[pd.DataFrame] = []
        noticed = False
        try:
            for frame in extract:
                frames.append(frame)
                wrote.clear()
                wrote.wait(0.2)
        except SourceChangedError:
            noticed = True
    if extract.report.isolation is Isolation.SNAPSHOT and not extract.report.resumed:
        assert not noticed
        assert sum(numbers(frames, "value")) == 0
    else:
        assert noticed
    assert numbers(frames) == list(range(ROWS))


@contextmanager
def narrow_way(room: Room, bound: BoundTable, after: int, times: int) -> Iterator[tuple[Way, PandaSource]]:
    """The same server by a way that is cut after so many bytes."""
    url = sa.make_url(room.url)
    if not url.host or "\\" in url.host or url.host.startswith("tcp:"):
        pytest.skip("the URL names no host and port that a way can lead to")
    query = {key: value for key, value in url.query.items() if key.lower() != "trustservercertificate"}
    with way_to(url.host, url.port or 1433, after, times) as way:
        around = url.set(host="127.0.0.1", port=way.port, query={**query, "TrustServerCertificate": "yes"})
        yield way, room.source(SHAPE, bound, around.render_as_string(hide_password=False))


@pytest.mark.usefixtures("reader")
def test_a_connection_that_is_cut_costs_no_row(room: Room) -> None:
    with narrow_way(room, filled(room, "n" * 400), after=600_000, times=1) as (way, source):
        extract = source.extract(SHAPE, rows=100)
        frames = list(extract)
    assert way.cuts == 1
    assert extract.report.resumed >= 1
    assert numbers(frames) == list(range(ROWS))


def test_a_server_that_is_lost_for_good_is_named_with_how_far_it_got(room: Room) -> None:
    with narrow_way(room, filled(room, "n" * 400), after=300_000, times=10**6) as (way, source):
        frames = iter(source.extract(SHAPE, rows=50))
        read = len(next(frames))
        way.after = 0  # nothing comes through any more
        message = r"Facts of the PANDA database at 127\.0\.0\.1 \([0-9,]+ rows were read\)"
        with pytest.raises(SourceError, match=message):
            list(frames)
    assert 0 < read < ROWS


KEYS = [
    (None, None), (None, "a"), ("a", "1"), ("A", "1"), ("a", "2"), ("a ", "2"), ("\xe4", "1"), ("ae", "1"),
    ("\xe6", "1"), ("a-b", "1"), ("ab", "1"), ("a'b", "1"), ("", "1"), ("10", None), ("9", None), ("\u0142", "1"),
]  # fmt: skip


@pytest.mark.parametrize("kind", ["varchar(20)", "nvarchar(20)", "char(20)"])
def test_behind_each_key_lie_exactly_the_rows_that_follow(room: Room, kind: str) -> None:
    shape = small_table("one", "two", "value", key=("one", "two"))
    room.run(f"CREATE TABLE {room.schema}.Pairs (A {kind} NULL, B {kind} NULL, V int NOT NULL)")
    room.insert("Pairs", [(one, two, number) for number, (one, two) in enumerate(KEYS)])
    bound = BoundTable(table=f"{room.schema}.Pairs", columns={"one": "A", "two": "B", "value": "V"})  # type: ignore[arg-type]
    with room.source(shape, bound).connect() as connection:
        reading = reading_of(shape, bound, stored_columns(connection, bound.table), None)
        parts = [reading.columns.index(name) for name in reading.keys]
        rows = [tuple(row) for row in connection.execute(reading.rows())]
        keys = [tuple(row[at] for at in parts) for row in rows]
        assert len(rows) == len(KEYS)
        for place in range(len(keys)):
            same = [at for at, each in enumerate(keys) if _bare(each) == _bare(keys[place])]
            assert same == list(range(same[0], same[-1] + 1)), "rows of one key must stand together"
            behind = [tuple(row) for row in connection.execute(reading.rows(keys[same[-1]]))]
            assert sorted(behind, key=str) == sorted(rows[same[-1] + 1 :], key=str)


def _bare(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part.rstrip(" ") if isinstance(part, str) else part for part in key)


@pytest.mark.parametrize(
    ("table", "column"), [("Perio Exam", "Exam No"), ("order", "group"), ("a.b", "c.d"), ("it]s", "x]y"), ("q'1", "[")]
)
def test_odd_names_are_read(room: Room, reader: str, table: str, column: str) -> None:
    def quoted(name: str) -> str:
        return "[" + name.replace("]", "]]") + "]"

    shape = small_table("id", key=("id",))
    room.run(
        f"CREATE TABLE {room.schema}.{quoted(table)} ({quoted(column)} int NOT NULL)",
        f"INSERT INTO {room.schema}.{quoted(table)} VALUES (2)",
        f"INSERT INTO {room.schema}.{quoted(table)} VALUES (1)",
    )
    database = room.ask("SELECT DB_NAME()")
    places = [f"{room.schema}.{quoted(table)}"]
    if not re.search(r"[\[\]]", database):
        places.append(f"{quoted(database)}.{room.schema}.{quoted(table)}")
    for place in places:
        source = room.source(shape, BoundTable(table=place, columns={"id": column}))  # type: ignore[dict-item]
        source.check([shape])
        extract = source.extract(shape)
        assert numbers(list(extract)) == [1, 2]
        assert extract.report.reader == reader


def test_a_missing_table_and_a_missing_column_are_named(room: Room) -> None:
    bound = filled(room)
    missing = bound.model_copy(
        update={"columns": {**bound.columns, "note": bound.columns["id"].model_copy(update={"column": "Nope"})}}
    )
    with pytest.raises(SourceError, match=r"Facts has no column Nope \(tables\.small\.columns\)"):
        room.source(SHAPE, missing).check([SHAPE])
    with pytest.raises(
        SourceError, match=r"Table .*Facts of the PANDA database .* a column that is bound is not there"
    ):
        list(room.source(SHAPE, missing).chunks(SHAPE))
    gone = bound.model_copy(update={"table": f"{room.schema}.Gone"})
    with pytest.raises(SourceError, match=r"there is no table .*Gone"):
        room.source(SHAPE, gone).check([SHAPE])
    with pytest.raises(SourceError, match=r"Table .*Gone of the PANDA database .* it is not there"):
        list(room.source(SHAPE, gone).chunks(SHAPE))


def test_a_table_that_the_login_may_not_read_is_named(room: Room) -> None:
    bound, user = filled(room), f"{room.schema}_user"
    try:
        room.run(f"CREATE USER {user} WITHOUT LOGIN")
    except DBAPIError:
        pytest.skip("the login may make no user, which the other tests do without")

    def become(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"EXECUTE AS USER = '{user}'")
        cursor.close()
        connection.commit()

    sa.event.listen(sa.Engine, "connect", become)
    try:
        # SQL Server hides such a table; a compatible server may show its columns.
        assert all("that the login can see" in problem for problem in room.source(SHAPE, bound).problems([SHAPE]))
        with pytest.raises(SourceError, match=r"Facts of the PANDA database .* the login may not read it .*229"):
            list(room.source(SHAPE, bound).chunks(SHAPE))
    finally:
        sa.event.remove(sa.Engine, "connect", become)
        room.run(f"DROP USER {user}")


def test_a_wrong_password_is_said_without_it(room: Room) -> None:
    url = sa.make_url(room.url)
    if not url.password:
        pytest.skip("the URL has no password")
    source = room.source(SHAPE, filled(room), url.set(password="wrong-secret").render_as_string(hide_password=False))
    with pytest.raises(SourceError) as error:
        source.check([SHAPE])
    assert "wrong-secret" not in str(error.value)
    assert "the login was refused" in str(error.value)
