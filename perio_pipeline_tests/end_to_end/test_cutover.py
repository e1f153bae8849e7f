"""P7, end to end: while the window is open, what changes in PANDA reaches the CRM, and what people edit there stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import pandas as pd
import pytest

from perio_pipeline.cutover.opening import Cutovers
from perio_pipeline.cutover.report import REPORT
from perio_pipeline.cutover.window import Kind, Window
from perio_pipeline.defs.sensors import cutover_sensor
from perio_pipeline.errors import GateError, SettingsError
from perio_pipeline_tests.end_to_end.world import CRM, PRACTICE, QUIET, World, checks, failures, world

pytestmark = pytest.mark.slow
STAMP = "2026-11-26 10:00:00"


@dataclass
class Desk:
    """A practice in its cutover: people work in PANDA and in the CRM, and the daemon ticks."""

    world: World
    now: datetime = datetime(2026, 12, 1, 7, tzinfo=UTC)
    cost: int = 0

    @property
    def crm(self) -> str:
        return self.world.crm

    @property
    def cutovers(self) -> Cutovers:
        rooms = self.world.rooms
        return Cutovers(rooms, rooms.practice(PRACTICE), self.crm)

    @property
    def window(self) -> Window:
        window = self.cutovers.file.read()
        assert window is not None
        return window

    def panda(self, *statements: str) -> None:
        """People change the database."""
        with closing(sqlite3.connect(self.world.rooms.data / "sample" / f"{PRACTICE}.db")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def one(self, query: str) -> Any:
        with closing(sqlite3.connect(self.world.rooms.data / "sample" / f"{PRACTICE}.db")) as connection:
            return connection.execute(query).fetchone()[0]

    def edit(self, crm_id: str, **values: Any) -> None:
        """A person changes a contact in the CRM."""
        headers = {"Authorization": f"Bearer {self.world.token}", "Version": "2021-07-28"}
        answer = httpx.put(f"{self.world.sandbox.base_url}/contacts/{crm_id}", headers=headers, json=values)
        answer.raise_for_status()

    def tick(self, minutes: float = 6) -> dg.RunRequest | dg.SkipReason | None:
        """The daemon asks the sensor, as a new process would."""
        self.now += timedelta(minutes=minutes)
        definitions = self.world.definitions()
        assets = list(definitions.assets or ())
        sensor = cutover_sensor(PRACTICE, self.crm, self.world.rooms.mapping(self.crm), assets, lambda: self.now)  # type: ignore[arg-type]
        resources = {"workplace": definitions.resources["workplace"]}  # type: ignore[index]
        with dg.build_sensor_context(instance=self.world.instance, resources=resources) as context:
            return sensor(context)  # type: ignore[return-value]

    def run(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """The daemon runs what the sensor asked for."""
        job = self.world.definitions().resolve_job_def(f"delta_migration_{self.crm}")
        before = self.requests()
        result = job.execute_in_process(
            run_config={**request.run_config, **QUIET},
            instance=self.world.instance,
            partition_key=request.partition_key,
            asset_selection=request.asset_selection,
            tags=request.tags,
            raise_on_error=False,
        )
        self.cost = self.requests() - before
        return result

    def pick_up(self, minutes: float = 6) -> dg.ExecuteInProcessResult:
        """A tick that finds something, and its run."""
        request = self.tick(minutes)
        assert isinstance(request, dg.RunRequest)
        result = self.run(request)
        assert failures(result) == {}
        return result

    def contact(self, patient: str) -> tuple[str, dict[str, Any]]:
        seen = self.frame("readback", "contacts").set_index("source_key")
        crm_id = str(seen.loc[patient, "crm_id"])
        return crm_id, self.world.get(f"/contacts/{crm_id}")["contact"]

    def frame(self, *key: str) -> pd.DataFrame:
        return self.world.rooms.store().frame(PRACTICE, [self.crm, *key]).read()

    def requests(self) -> int:
        return sum(route["count"] for route in self.world.sandbox.stats()["routes"])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, sample_20: Path) -> Iterator[Desk]:
    with world(tmp_path_factory.mktemp("cutover"), sample_20) as made:
        desk = Desk(made)
        with pytest.raises(SettingsError, match="not loaded into highlevel as a whole"):
            desk.cutovers.start(desk.now, 24, "jo")
        assert failures(made.migrate()) == {}
        assert isinstance(desk.tick(), dg.SkipReason)
        desk.cutovers.start(desk.now, 24, "jo")
        with pytest.raises(GateError, match="open already"):
            desk.cutovers.start(desk.now, 24, "jo")
        yield desk


def test_p7_the_first_batch_looks_at_everything_and_writes_nothing(desk: Desk) -> None:
    desk.pick_up()
    assert desk.window.under_way is not None
    assert desk.window.under_way.kind is Kind.OPENING
    assert isinstance(desk.tick(), dg.SkipReason)
    assert desk.window.loaded[-1].kind is Kind.OPENING
    assert sum(status.writes for status in desk.world.status().values()) == 0


def test_p7_no_change_asks_the_crm_for_nothing(desk: Desk) -> None:
    before = desk.requests()
    assert isinstance(desk.tick(), dg.SkipReason)
    assert desk.requests() == before


def change_exam(desk: Desk, patient: str) -> None:
    """The latest exam of a patient gets another day."""
    desk.panda(
        f"update PerioExam set ExamDate = '2026-11-25 00:00:00', LastModified = '{STAMP}' where ExamNo = "
        f"(select ExamNo from PerioExam where PatID = '{patient}' order by ExamDate desc limit 1)"
    )


def test_p7_a_changed_exam_changes_its_patients_summary(desk: Desk) -> None:
    patient = desk.frame("readback", "contacts").dropna(subset=["Last_Exam_Date__c"])["source_key"].iloc[0]
    change_exam(desk, patient)
    desk.pick_up()
    _, contact = desk.contact(patient)
    fields = {each["id"]: each["value"] for each in contact["customFields"]}
    assert "2026-11-25" in {str(value)[:10] for value in fields.values()}
    read, replaced = 2, 3
    assert desk.cost <= 3 + read + replaced + read, "the record is read, written and read back; its charts as well"


def test_p7_new_edited_and_deleted_records_and_a_conflict(desk: Desk) -> None:
    contacts = desk.frame("readback", "contacts")
    patients = contacts[contacts["source_key"].isin(desk.frame("shaped", "contacts")["source_key"])]["source_key"]
    edited, both = patients.iloc[1], patients.iloc[2]
    desk.edit(desk.contact(edited)[0], firstName="Byhand")
    desk.edit(desk.contact(both)[0], city="Elsewhere")
    account = desk.one(f"select AccountNO from Patient where PatID = '{both}'")
    desk.panda(
        f"update Account set City = 'Anacortes', LastModified = '{STAMP}' where AccountNO = '{account}'",
        f"update Patient set NickName = 'Nick', LastModified = '{STAMP}' where PatID = '{edited}'",
        "delete from InstaNote where NoteNo = (select max(NoteNo) from InstaNote)",
    )
    result = desk.pick_up()
    assert desk.contact(edited)[1]["firstName"] == "Byhand"
    assert desk.contact(both)[1]["city"] == "Elsewhere"
    diff = desk.frame("diff", "contacts")
    assert set(diff[diff["source_key"] == both]["cause"]) >= {"conflict"}
    red = [name for name, check in checks(result).items() if not check.passed]
    assert red == []
    assert list(desk.frame("loaded", "notes")["action"]).count("marked") == 1


def test_p7_what_panda_deleted_says_so_until_it_is_there_again(desk: Desk) -> None:
    shaped = desk.frame("shaped", "appointments")
    visit = str(shaped["source_key"].iloc[0])
    before = desk.frame("readback", "appointments").set_index("source_key").loc[visit]
    one = f"from Visit where VisitNo = {visit}"
    desk.panda(f"create table Kept as select * {one}", f"delete {one}")
    desk.pick_up()
    marked = desk.frame("readback", "appointments").set_index("source_key").loc[visit]
    assert marked["title"] == f"Deleted in PANDA: {before['title']}"
    assert marked["appointmentStatus"] == "cancelled"
    assert desk.cost == 3, "the record is read, written, and read back"
    diff = desk.frame("diff", "appointments")
    assert list(diff[diff["source_key"] == visit]["cause"]) == ["deleted"]
    desk.panda("insert into Visit select * from Kept", "drop table Kept")
    desk.pick_up()
    after = desk.frame("readback", "appointments").set_index("source_key").loc[visit]
    assert after.equals(before)


def test_p7_what_a_person_deleted_in_the_crm_stays_deleted(desk: Desk) -> None:
    seen = desk.frame("readback", "tasks").set_index("source_key")
    visit = str(seen.index[0])
    patient = desk.one(f"select PatID from Visit where VisitNo = {visit}")
    crm_id, _ = desk.contact(patient)
    desk.world.delete(f"/contacts/{crm_id}/tasks/{seen.loc[visit, 'crm_id']}")
    desk.panda(f"update Visit set ProcDescript = 'Another', LastModified = '{STAMP}' where VisitNo = {visit}")
    result = desk.pick_up()
    manifest = desk.frame("loaded", "tasks").set_index("source_key")
    assert list(manifest.loc[[visit], "action"]) == ["removed"]
    diff = desk.frame("diff", "tasks")
    assert list(diff[diff["source_key"] == visit]["cause"]) == ["removed"]
    assert [name for name, check in checks(result).items() if not check.passed] == []


def test_p7_the_window_closes_itself_and_reports(desk: Desk) -> None:
    assert isinstance(desk.tick(), dg.SkipReason)
    desk.pick_up(24 * 60)
    closing = desk.tick(1)
    assert isinstance(closing, dg.SkipReason)
    assert desk.window.closed_at is not None
    page = desk.world.rooms.report_file(PRACTICE, CRM, REPORT).read_text(encoding="utf-8")
    assert "In conflict" in page


def test_p7_one_changed_exam_costs_nine_requests_in_freshsales(tmp_path: Path, sample_20: Path) -> None:
    with world(tmp_path, sample_20, {"capabilities": {"key_user": "migration@example.com"}}, "freshsales") as made:
        desk = Desk(made)
        assert failures(made.migrate()) == {}
        desk.cutovers.start(desk.now, 24, "jo")
        desk.pick_up()
        assert isinstance(desk.tick(), dg.SkipReason)
        before = desk.frame("readback", "contacts").set_index("source_key")
        patient = str(before.dropna(subset=["Last_Pocket_Depth_MM__c"]).index[0])
        change_exam(desk, patient)
        desk.pick_up()
        after = desk.frame("readback", "contacts").set_index("source_key")
        assert not after.loc[patient].equals(before.loc[patient])
        read, replaced = 2, 2
        assert desk.cost <= 3 + read + replaced + read, "the record is read, written and read back; its charts as well"
        desk.panda("delete from InstaNote where NoteNo = (select max(NoteNo) from InstaNote)")
        desk.pick_up()
        manifest = desk.frame("loaded", "notes").set_index("source_key")
        (marked,) = manifest.index[manifest["action"] == "marked"]
        notes = desk.frame("readback", "notes").set_index("source_key")
        assert "Deleted in PANDA" in notes.loc[marked, "description"]
