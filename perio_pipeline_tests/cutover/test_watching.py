"""P7: a window finds every change, loads it once, and survives a death between any two of its acts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perio_pipeline.cutover.censuses import Censuses
from perio_pipeline.cutover.watching import RunState, Step, Watcher
from perio_pipeline.cutover.window import Batch, Counts, Kind, Window, WindowFile
from perio_pipeline.errors import SourceError
from perio_pipeline.mapping.practice import Cutover
from perio_pipeline.panda.sample.schema import TABLES as PHYSICAL
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.store import FrameStore
from perio_pipeline_tests.panda.test_source import source

START = datetime(2026, 12, 1, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Cutting:
    """A window on a database with a few rows; its runs do what they are told."""

    def __init__(self, folder: Path, **settings: float) -> None:
        self.path = folder / "panda.db"
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for table in PHYSICAL.values():
                connection.execute(table.ddl())
        self.now = START
        self.states: dict[str, RunState] = {}
        self.file = WindowFile(folder / "cutover", "harbor", "test")
        self.settings = Cutover(**{"poll_minutes": 5, "sweep_minutes": 60, **settings})
        self.store = FrameStore(str(folder))
        closes = START + timedelta(hours=24)
        self.file.write(
            Window(practice="harbor", destination="test", opened_at=START, closes_at=closes, opened_by="jo")
        )

    def do(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def provider(self, key: str, stamp: str = "2026-12-01 08:00:00") -> None:
        self.do(f"insert into Provider (ProvNo, LastName, LastModified) values ('{key}', 'N', '{stamp}')")

    def step(self, minutes: float = 0) -> Step:
        """One step of a new process."""
        self.now += minutes * MINUTE
        state = self.states.get
        censuses = Censuses(self.store, "harbor", "test")
        watcher = Watcher(
            self.file,
            self.settings,
            lambda: source(f"sqlite:///{self.path}"),
            censuses,
            lambda k: state(k, RunState.UNKNOWN),
        )
        return watcher.step(self.now)

    @property
    def window(self) -> Window:
        window = self.file.read()
        assert window is not None
        return window

    def settle(self, batch: Batch | None, state: RunState = RunState.SUCCEEDED) -> None:
        assert batch is not None
        self.states[self.window.run_key(batch)] = state

    def load(self, minutes: float = 0) -> Batch:
        """A step that finds something, whose run succeeds."""
        batch = self.step(minutes).run
        assert batch is not None
        self.settle(batch)
        return batch


@pytest.fixture
def cutting(tmp_path: Path) -> Cutting:
    return Cutting(tmp_path)


@pytest.fixture
def opened(cutting: Cutting) -> Iterator[Cutting]:
    cutting.provider("P1")
    assert cutting.load().kind is Kind.OPENING
    assert cutting.step(5).why == "Nothing has changed."
    return cutting


def test_what_the_first_look_finds_is_no_change_even_where_it_is_the_last(cutting: Cutting) -> None:
    cutting.provider("P1")
    assert cutting.load(minutes=25 * 60).kind is Kind.CLOSING
    assert cutting.step().closed
    assert cutting.window.picked_up == []


def test_the_first_batch_looks_at_everything_again(cutting: Cutting) -> None:
    cutting.provider("P1")
    batch = cutting.step().run
    assert batch is not None
    assert (batch.kind, batch.affected, batch.tables["provider"]) == (
        Kind.OPENING,
        tuple(TABLES),
        Counts(new=1, changed=0, deleted=0),
    )


def test_p7_a_change_becomes_one_batch_with_its_tables(opened: Cutting) -> None:
    opened.provider("P2")
    assert opened.step(1).why == "It is not yet time to look again."
    batch = opened.step(4).run
    assert batch is not None
    assert (batch.number, batch.kind, batch.affected) == (2, Kind.CHANGES, ("provider",))
    opened.settle(batch)
    assert opened.step(5).why == "Nothing has changed."


def test_p7_a_lost_cursor_or_a_dead_daemon_asks_for_the_same_run_again(opened: Cutting) -> None:
    opened.provider("P2")
    first, second = opened.step(5).run, opened.step(1).run
    assert first is not None
    assert first == second
    assert opened.window.run_key(first).endswith(":2.1")
    opened.settle(first, RunState.RUNNING)
    assert opened.step(1).run is None


def test_p7_what_changes_while_a_batch_is_loaded_is_found_after_it(opened: Cutting) -> None:
    opened.provider("P2")
    batch = opened.step(5).run
    opened.settle(batch, RunState.RUNNING)
    opened.provider("P3")
    assert opened.step(5).run is None
    opened.settle(batch)
    later = opened.step(5).run
    assert later is not None
    assert later.tables["provider"] == Counts(new=1, changed=0, deleted=0)


def test_a_failed_run_is_tried_again_ever_more_patiently(opened: Cutting) -> None:
    opened.provider("P2")
    batch = opened.step(5).run
    opened.settle(batch, RunState.FAILED)
    assert opened.step(0).run is None
    assert opened.step(1).run is None
    again = opened.step(1).run
    assert again is not None
    assert (again.number, again.attempt) == (2, 2)
    opened.settle(again, RunState.FAILED)
    assert opened.step(3).run is None
    assert opened.step(4).run is not None


def test_a_change_past_the_stamp_is_found_by_the_hourly_sweep(opened: Cutting) -> None:
    opened.do("update Provider set LastName = 'Other'")
    assert opened.step(30).run is None
    batch = opened.step(30).run
    assert batch is not None
    assert batch.tables["provider"].changed == 1


def test_charts_follow_their_exam_at_once(opened: Cutting) -> None:
    opened.do(
        "insert into PerioExam (ExamNo, PatID, LastModified) values (1, 'A', '2026-12-01 09:00:00')",
        "insert into PerioTooth (ExamNo, ToothNo) values (1, 3)",
    )
    batch = opened.step(5).run
    assert batch is not None
    assert batch.affected == ("perio_exam", "perio_site", "perio_tooth")


def test_p7_an_emptied_source_stops_the_window_until_a_person_says_so(tmp_path: Path) -> None:
    cutting = Cutting(tmp_path, gone_few=2)
    for number in range(10):
        cutting.provider(f"P{number}")
    cutting.load()
    cutting.step(5)
    cutting.do("delete from Provider where ProvNo > 'P4'")
    with pytest.raises(SourceError, match="5 of 10 records of table provider are gone at once"):
        cutting.step(5)
    assert "provider" in cutting.window.problem
    assert cutting.step(1).run is None
    window = cutting.window
    window.trusted, window.looked_at = frozenset({"provider"}), None
    cutting.file.write(window)
    batch = cutting.step(1).run
    assert batch is not None
    assert batch.tables["provider"].deleted == 5
    assert cutting.window.trusted == frozenset(), "trusted once"


def test_p7_an_empty_database_at_the_opening_is_compared_with_the_extract(tmp_path: Path) -> None:
    cutting = Cutting(tmp_path, gone_few=2)
    cutting.store.write("harbor", ["panda", "provider"], pd.DataFrame({"provider_id": list("abcdefgh")}))
    with pytest.raises(SourceError, match="8 of 8 records of table provider"):
        cutting.step()


def test_p7_the_window_closes_itself_with_a_last_sweep(opened: Cutting) -> None:
    opened.do("update Provider set LastName = 'Late'")
    last = opened.step(24 * 60).run
    assert last is not None
    assert (last.kind, last.affected, last.records) == (Kind.CLOSING, tuple(TABLES), 1)
    assert opened.step(1).run == last
    opened.settle(last)
    assert opened.step(1).closed
    assert opened.window.closed_at == opened.now
    assert opened.step(1).why == "No window is open."


class Death(BaseException):
    """The daemon is killed."""


class DyingStore(FrameStore):
    """A store whose process dies when it has written a number of times."""

    def __init__(self, root: str, after: int) -> None:
        super().__init__(root)
        self.after = after

    def _live(self) -> None:
        self.after -= 1
        if self.after < 0:
            raise Death

    def write(self, practice: str, key: Sequence[str], frames: Any) -> int:
        self._live()
        return super().write(practice, key, frames)

    def write_note(self, practice: str, key: Sequence[str], note: dict[str, Any]) -> None:
        self._live()
        super().write_note(practice, key, note)


class Troubled(Cutting):
    """A window in which anything happens; `loaded` is the table as the last run that read it found it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, poll_minutes=0, gone_few=100)
        self.loaded: list[tuple[str, ...]] = []
        self.number = 0

    def rows(self) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute("select ProvNo, LastName, LastModified from Provider order by 1").fetchall()

    def run(self, batch: Batch | None) -> None:
        if batch is None:
            return
        if "provider" in batch.affected:
            self.loaded = self.rows()
        self.settle(batch)

    def happen(self, event: str, cut: int) -> None:
        self.number += 1
        match event:
            case "new":
                self.provider(f"N{self.number}")
            case "change":
                self.do(f"update Provider set LastName = 'C{self.number}', LastModified = '{2000 + self.number}'")
            case "silent":
                self.do(f"update Provider set LastName = 'S{self.number}'")
            case "delete":
                self.do("delete from Provider where ProvNo = (select min(ProvNo) from Provider)")
            case "step":
                self.run(self.step(1).run)
            case "fail":
                batch = self.step(1).run
                if batch:
                    self.settle(batch, RunState.FAILED)
            case _:
                self.die(cut)

    def die(self, after: int) -> None:
        """Take a step in a process that dies in it."""
        whole, self.store = self.store, DyingStore(str(self.store.root), after)
        with suppress(Death):
            self.step(1)
        self.store = whole


EVENTS = st.lists(st.sampled_from(["new", "change", "silent", "delete", "step", "die", "fail"]), max_size=25)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, cut=st.integers(0, 80))
def test_p7_the_law_of_the_window(tmp_path_factory: pytest.TempPathFactory, events: list[str], cut: int) -> None:
    """Whatever happens, wherever the daemon dies: what was loaded last of each row is what the source says."""
    cutting = Troubled(tmp_path_factory.mktemp("window"))
    for event in events:
        cutting.happen(event, cut)
    for _ in range(40):
        step = cutting.step(24 * 60)
        if step.closed:
            break
        cutting.run(step.run)
    assert cutting.window.closed_at is not None
    assert cutting.loaded == cutting.rows()


def test_p7_what_a_dead_look_found_is_not_taken_for_loaded(opened: Cutting) -> None:
    """A sweep that died had found a changed chart, which light looks leave alone; the next batch loads other things."""
    opened.do("insert into PerioTooth (ExamNo, ToothNo) values (1, 3)")
    opened.now += 60 * MINUTE
    acts = 3 * (list(TABLES).index("perio_tooth") + 1)
    whole, opened.store = opened.store, DyingStore(str(opened.store.root), acts)
    with pytest.raises(Death):
        opened.step()
    opened.store = whole
    window = opened.window
    window.swept_at = opened.now
    opened.file.write(window)
    opened.do("insert into ReferDr (RefdrID, LastModified) values ('R1', '2026')")
    assert opened.load(5).affected == ("referral_source",)
    opened.step(5)
    batch = opened.step(60).run
    assert batch is not None
    assert batch.tables["perio_tooth"].new == 1
