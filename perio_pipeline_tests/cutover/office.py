"""What people do while a practice moves over: work in PANDA, and edits of the same patients in the CRM."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

LATE = timedelta(hours=3)
"""How long before its commit a late transaction was stamped."""
WRONG_CLOCK = "1999-12-31 23:59:59"


@dataclass
class Office:
    """Staff at work in a sample practice's database.

    Attributes:
        path: the database.
        rng: decides what they do.
        done: what they did → how often.
    """

    path: Path
    rng: random.Random
    done: dict[str, int] = field(default_factory=dict)

    def work(self, now: datetime, acts: int) -> None:
        """Do some things, committed as one."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for _ in range(acts):
                act = self.rng.choice(ACTS)
                self.done[act.__name__] = self.done.get(act.__name__, 0) + 1
                act(self, connection, self._stamp(now))

    def _stamp(self, now: datetime) -> str:
        """The time a row gets: now, of a transaction that began hours ago, or by a clock that runs wrong."""
        chance = self.rng.random()
        if chance < 0.1:
            return WRONG_CLOCK
        moment = now - LATE if chance < 0.2 else now
        return f"{moment:%Y-%m-%d %H:%M:%S}"

    def any_key(self, connection: sqlite3.Connection, table: str, column: str, where: str = "1") -> object:
        """The key of some row."""
        keys = [row[0] for row in connection.execute(f"select {column} from {table} where {where} order by 1")]
        return self.rng.choice(keys)

    def new_key(self, connection: sqlite3.Connection, table: str, column: str) -> int:
        """A number that no row has."""
        return int(connection.execute(f"select max({column}) from {table}").fetchone()[0]) + 1

    def copied(self, connection: sqlite3.Connection, table: str, column: str, old: object, **changes: object) -> None:
        """Add a copy of rows with other values in some columns."""
        cursor = connection.execute(f"select * from {table} where {column} = ?", (old,))
        names = [each[0] for each in cursor.description]
        for row in cursor.fetchall():
            values = [changes.get(name, value) for name, value in zip(names, row, strict=True)]
            connection.execute(f"insert into {table} values ({', '.join('?' * len(names))})", values)


def new_appointment(office: Office, connection: sqlite3.Connection, stamp: str) -> None:
    """Somebody makes an appointment."""
    old = office.any_key(connection, "Visit", "VisitNo")
    key = office.new_key(connection, "Visit", "VisitNo")
    day = f"2026-12-{office.rng.randint(10, 28)} {office.rng.randint(8, 16):02}:30:00"
    office.copied(connection, "Visit", "VisitNo", old, VisitNo=key, VisitDateTime=day, LastModified=stamp)


def new_patient(office: Office, connection: sqlite3.Connection, stamp: str) -> None:
    """A new patient registers."""
    old = office.any_key(connection, "Patient", "PatID", "PatStatus = 'A'")
    number = 900_000 + office.rng.randint(0, 99_999)
    mail, phone = f"new{number}@example.com", f"360-555-{number % 10_000:04}"
    changes = {"FirstName": f"New{number}", "Email": mail, "CellPhone": phone, "HomePhone": None, "WorkPhone": None}
    office.copied(connection, "Patient", "PatID", old, PatID=f"{number}NW", LastModified=stamp, **changes)


def new_exam(office: Office, connection: sqlite3.Connection, stamp: str) -> None:
    """A patient is charted."""
    old = office.any_key(connection, "PerioExam", "ExamNo")
    key = office.new_key(connection, "PerioExam", "ExamNo")
    today = f"{stamp[:10]} 00:00:00" if stamp != WRONG_CLOCK else "2026-11-26 00:00:00"
    office.copied(connection, "PerioExam", "ExamNo", old, ExamNo=key, ExamDate=today, LastModified=stamp)
    for table in ("PerioTooth", "PerioMeas"):
        office.copied(connection, table, "ExamNo", old, ExamNo=key)


def corrected_chart(office: Office, connection: sqlite3.Connection, stamp: str) -> None:
    """A depth is corrected; the exam's stamp moves, the chart's rows have none."""
    exam = office.any_key(connection, "PerioMeas", "ExamNo")
    connection.execute("update PerioMeas set PD_MB = 6 where ExamNo = ? and ToothNo <= 16", (exam,))
    connection.execute("update PerioExam set LastModified = ? where ExamNo = ?", (stamp, exam))


def changed_plan(office: Office, connection: sqlite3.Connection, stamp: str) -> None:
    """A plan is accepted, completed or lost."""
    plan, status = office.any_key(connection, "TxPlan", "PlanNo"), office.rng.choice(["INT", "CMP", "LST"])
    connection.execute("update TxPlan set PlanStatus = ?, LastModified = ? where PlanNo = ?", (status, stamp, plan))


def moved_house(office: Office, connection: sqlite3.Connection, stamp: str) -> None:
    """A family moves."""
    account, city = office.any_key(connection, "Account", "AccountNO"), office.rng.choice(["Ferndale", "Blaine"])
    connection.execute("update Account set City = ?, LastModified = ? where AccountNO = ?", (city, stamp, account))


def silent_edit(office: Office, connection: sqlite3.Connection, stamp: str) -> None:
    """Something writes past the stamp."""
    patient, name = office.any_key(connection, "Patient", "PatID"), f"Nick{office.rng.randint(1, 99)}"
    connection.execute("update Patient set NickName = ? where PatID = ?", (name, patient))


def deleted_note(office: Office, connection: sqlite3.Connection, stamp: str) -> None:
    """A note that was written for the wrong patient goes."""
    note = office.any_key(connection, "InstaNote", "NoteNo")
    connection.execute("delete from InstaNote where NoteNo = ?", (note,))


ACTS = (
    new_appointment,
    new_appointment,
    new_patient,
    new_exam,
    corrected_chart,
    changed_plan,
    moved_house,
    silent_edit,
    deleted_note,
)
