"""P7: a window's batch reads and validates the charts of the exams it touches, and has the same frames as from all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from perio_pipeline.cutover.censuses import Censuses
from perio_pipeline.cutover.rereading import touched
from perio_pipeline.cutover.window import Batch, Kind, Window, WindowFile
from perio_pipeline.defs.build import build_definitions
from perio_pipeline.defs.resources import BATCH_TAG, DESTINATION_TAG, WorkplaceResource
from perio_pipeline.panda.changes import Guard, affected_tables
from perio_pipeline.panda.tables import BY_EXAM
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.end_to_end.world import PRACTICE, QUIET, lay_out, make_sample

CRM = "highlevel"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
FRAMES = [[kind, table] for table in sorted(BY_EXAM) for kind in ("panda", "validated", "quarantine", "treatments")]


@dataclass
class Office:
    """A practice in its window, as far as its frames go."""

    rooms: Workplace
    instance: dg.DagsterInstance
    number: int = 0

    def __post_init__(self) -> None:
        store = self.rooms.store()
        self.censuses = Censuses(store, PRACTICE, CRM)
        self.file = WindowFile(self.rooms.data / "cutover", PRACTICE, CRM)
        resource = WorkplaceResource(data=str(self.rooms.data), mappings=str(self.rooms.mappings))
        self.job = build_definitions(self.rooms, resource).resolve_implicit_global_asset_job_def()
        self.graph = self.job.asset_layer.asset_graph
        self.charts = dg.AssetSelection.assets(["validated", "perio_site"]).upstream().resolve(self.graph)
        self.start()

    def start(self) -> None:
        """Read everything, and know it."""
        self.run()
        self.look("first", whole=True)
        self.censuses.accept("first")
        self.file.write(self.window(None))

    def window(self, batch: Batch | None) -> Window:
        closes = NOON + timedelta(hours=24)
        return Window(
            practice=PRACTICE, destination=CRM, opened_at=NOON, closes_at=closes, opened_by="jo", under_way=batch
        )

    def panda(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.rooms.data / "sample" / f"{PRACTICE}.db")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def one(self, query: str) -> Any:
        with closing(sqlite3.connect(self.rooms.data / "sample" / f"{PRACTICE}.db")) as connection:
            return connection.execute(query).fetchone()[0]

    def look(self, name: str, *, whole: bool) -> list[str]:
        source = self.rooms.source(self.rooms.practice(PRACTICE))
        return affected_tables(self.censuses.look(source, name, Guard(few=1000), whole=whole))

    def found(self, kind: Kind = Kind.CHANGES, *, whole: bool = True) -> list[str]:
        """The window finds a batch."""
        self.number += 1
        look = f"look {self.number}"
        affected = self.look(look, whole=whole)
        self.file.write(self.window(Batch(number=self.number, look=look, kind=kind, found_at=NOON)))
        return affected

    def batch(self, **found: Any) -> dg.ExecuteInProcessResult:
        """The window finds a batch, and its run succeeds."""
        result = self.load(self.found(**found))
        self.censuses.accept(f"look {self.number}")
        return result

    def load(self, tables: list[str], *, without: str = "") -> dg.ExecuteInProcessResult:
        window = self.file.read()
        assert window is not None
        assert window.under_way is not None
        tags = {BATCH_TAG: window.run_key(window.under_way), DESTINATION_TAG: CRM}
        changed = dg.AssetSelection.assets(*(["panda", name] for name in tables)).downstream()
        return self.run({key for key in changed.resolve(self.graph) if key.path[0] != without}, tags)

    def run(
        self, keys: set[dg.AssetKey] | None = None, tags: dict[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        assert keys is None or keys & self.charts, "nothing has changed"
        chosen = self.job.get_subset(asset_selection=self.charts if keys is None else keys & self.charts)
        return chosen.execute_in_process(QUIET, self.instance, PRACTICE, tags=tags)

    def frames(self) -> dict[str, pd.DataFrame]:
        """The charts' frames without the order and the numbers of their rows."""
        store, frames = self.rooms.store(), {}
        for key in FRAMES:
            frame = store.frame(PRACTICE, key).read()
            if "row" in frame:
                frame = frame.assign(row=frame["row"].nunique())
            frames["/".join(key)] = frame.sort_values(list(frame.columns)).reset_index(drop=True)
        return frames

    def exam(self, which: str = "min") -> int:
        return int(self.one(f"select {which}(ExamNo) from PerioExam join PerioMeas using (ExamNo)"))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    rooms, _ = lay_out(folder, make_sample(tmp_path_factory.mktemp("sample"), 8), None, CRM)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Office(rooms, instance)


def again(result: dg.ExecuteInProcessResult, table: str = "perio_site") -> int | None:
    """How many exams were validated again; None for all."""
    value = _metadata(result, "validated", table).get("exams_validated_again")
    return int(str(value.value)) if value else None


def rows_read(result: dg.ExecuteInProcessResult, table: str = "perio_site") -> int:
    """How many rows left the database; 0 where nobody asked for the table."""
    found = _metadata(result, "panda", table).get("source/source_rows")
    return int(str(found.value)) if found else 0


def _metadata(result: dg.ExecuteInProcessResult, *key: str) -> Mapping[str, Any]:
    events = result.get_asset_materialization_events()
    return next((each.materialization.metadata for each in events if each.asset_key == dg.AssetKey(key)), {})


def as_from_all(office: Office) -> bool:
    """Whether the frames are those that a run without a window makes."""
    spliced = office.frames()
    office.run()  # outside a window
    whole = office.frames()
    for name, frame in whole.items():
        pd.testing.assert_frame_equal(spliced[name], frame, obj=name)
    return True


CHANGES: dict[str, Callable[[int], list[str]]] = {
    "a site deeper": lambda exam: [f"update PerioMeas set PD_MB = coalesce(PD_MB, 0) % 8 + 2 where ExamNo = {exam}"],
    "depths that are none": lambda exam: [
        f"update PerioMeas set PD_MB = 77 + (PD_MB = 77), PD_B = 40 where ExamNo = {exam}"
    ],
    "a tooth charted twice": lambda exam: [
        f"insert into PerioTooth select * from PerioTooth where ExamNo = {exam} limit 1",
        f"insert into PerioMeas select * from PerioMeas where ExamNo = {exam} limit 1",
    ],
    "a tooth that has gone": lambda exam: [f"update PerioTooth set ToothStat = 'M' where ExamNo = {exam}"],
    "an exam deleted": lambda exam: [
        f"delete from {table} where ExamNo = {exam}" for table in ("PerioMeas", "PerioTooth", "PerioDx", "PerioExam")
    ],
    "a chart without its exam": lambda exam: [f"delete from PerioExam where ExamNo = {exam}"],
    "another day": lambda exam: [
        f"update PerioExam set ExamDate = '2026-11-25 00:00:00', LastModified = '2026-12-01' where ExamNo = {exam}"
    ],
}


@pytest.mark.parametrize("change", CHANGES)
def test_p7_one_exam_is_read_and_the_frames_are_those_of_all(office: Office, change: str) -> None:
    exam = office.exam("max") if change.startswith("a site") else office.exam()
    office.panda(*CHANGES[change](exam))
    tables = office.found()
    result = office.load(tables)
    office.censuses.accept(f"look {office.number}")
    rows = office.one(f"select count(*) from PerioMeas where ExamNo = {exam}")
    assert rows_read(result) == (rows if "perio_site" in tables else 0)
    assert again(result) == 1
    assert as_from_all(office)


def test_p7_a_new_exam_is_added(office: Office) -> None:
    exam = office.exam()
    columns = {
        table: ", ".join("99999" if name == "ExamNo" else name for name in names)
        for table in ("PerioExam", "PerioTooth", "PerioMeas")
        for names in [office.one(f"select group_concat(name) from pragma_table_info('{table}')").split(",")]
    }
    office.panda(
        *(f"insert into {table} select {names} from {table} where ExamNo = {exam}" for table, names in columns.items())
    )
    result = office.batch()
    assert rows_read(result) == office.one(f"select count(*) from PerioMeas where ExamNo = {exam}")
    assert as_from_all(office)


def test_p7_exams_of_a_patient_who_is_held_back_and_comes_back_follow(office: Office) -> None:
    valid = office.rooms.store().frame(PRACTICE, ["validated", "perio_exam"]).read()
    patient = valid["patient_id"].mode()[0]
    name = office.one(f"select LastName from Patient where PatID = '{patient}'")
    exams = int((valid["patient_id"] == patient).sum())
    for hour, last_name in (("10", ""), ("11", name)):
        stamp = f"2026-12-01 {hour}:00:00"
        office.panda(f"update Patient set LastName = '{last_name}', LastModified = '{stamp}' where PatID = '{patient}'")
        result = office.batch()
        assert again(result) == exams, "the charts are not read, and validated for these exams alone"
        assert as_from_all(office)


def test_p7_one_change_after_another(office: Office) -> None:
    first, last = office.exam(), office.exam("max")
    for exam, change in ((first, "depths that are none"), (last, "a tooth charted twice"), (first, "a site deeper")):
        office.panda(*CHANGES[change](exam))
        assert again(office.batch()) == 1
    held = office.rooms.store().frame(PRACTICE, ["quarantine", "perio_site"]).read()
    assert held.groupby("row")["row_key"].nunique().max() == 1, "no two rows share a number"
    assert as_from_all(office)


def test_p7_the_last_batch_and_runs_without_one_look_at_everything(office: Office) -> None:
    practice = office.rooms.practice(PRACTICE)
    office.panda(*CHANGES["a site deeper"](office.exam()))
    result = office.batch(kind=Kind.CLOSING)
    assert (again(result), rows_read(result)) == (None, office.one("select count(*) from PerioMeas"))
    assert touched(office.rooms, practice, CRM, "another run") is None
    assert again(office.run()) is None


def test_p7_what_a_failed_run_has_read_is_validated_by_the_next(office: Office) -> None:
    office.panda(*CHANGES["a site deeper"](office.exam()))
    office.load(office.found(), without="validated")
    office.panda(*CHANGES["depths that are none"](office.exam("max")))
    assert again(office.batch()) is None, "the extract is not the next one after that which was validated"
    assert as_from_all(office)


def test_p7_what_another_batch_has_read_is_not_passed_over(office: Office) -> None:
    office.panda(*CHANGES["a site deeper"](office.exam()))
    office.load(office.found(), without="validated")
    office.censuses.accept(f"look {office.number}")  # as that of another destination's window
    office.panda("update Patient set LastName = LastName || 'x', LastModified = '2026-12-01 13:00:00'")
    assert again(office.batch()) is None
    assert as_from_all(office)


def test_p7_other_settings_and_other_bindings_look_at_everything(office: Office) -> None:
    practice = office.rooms.mappings / "practices" / f"{PRACTICE}.yaml"
    practice.write_text(practice.read_text(encoding="utf-8").replace("country: US", "country: CA"), encoding="utf-8")
    office.panda(*CHANGES["a site deeper"](office.exam()))
    result = office.batch()
    assert again(result) is None
    assert rows_read(result) < office.one("select count(*) from PerioMeas")
    bindings = office.rooms.mappings / "panda.yaml"
    text = bindings.read_text(encoding="utf-8")
    bindings.write_text(text.replace('null_when: ["-1", "99"]}', 'null_when: ["-1", "99", "98"]}'), encoding="utf-8")
    office.panda(*CHANGES["depths that are none"](office.exam("max")))
    result = office.batch()
    assert rows_read(result) == office.one("select count(*) from PerioMeas")
    assert as_from_all(office)
