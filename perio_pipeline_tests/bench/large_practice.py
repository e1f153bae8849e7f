"""A practice with as many charts as one that has been charting for decades, to measure what grows with a practice.

The sample's patients have two or three exams each. Here every exam stands several times in the database, the copies
each a quarter of a year further back, with teeth and measurements.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from perio_pipeline.panda.sample.generate import SEED, generate, images_of
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.end_to_end.world import CRM, lay_out

COPIES = 4
"""Of each exam beside itself; 20,000 patients then have more than 25 million site rows."""
DAYS_BACK = 91


def large_practice(folder: Path, patients: int) -> Workplace:
    """Make a practice in an empty folder; returns its rooms. Its database and its images lie there as well."""
    sample = folder / "sample.db"
    generate(sample, patients, SEED)
    with closing(sqlite3.connect(sample)) as database:
        _chart_more(database)
        database.commit()
    rooms, _ = lay_out(folder, sample, None, CRM)
    sample.unlink()
    images_of(sample).mkdir(exist_ok=True)
    return rooms


def _chart_more(database: sqlite3.Connection) -> None:
    (step,) = database.execute("SELECT max(ExamNo) FROM PerioExam").fetchone()
    last = step
    for copy in range(1, COPIES + 1):
        values = {"step": copy * step, "back": f"-{copy * DAYS_BACK} days", "last": last}
        for table in ("PerioExam", "PerioTooth", "PerioMeas"):
            columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
            changed = {"ExamNo": "ExamNo + :step", "ExamDate": "datetime(ExamDate, :back)"}
            chosen = ", ".join(changed.get(name, name) for name in columns)
            database.execute(f"INSERT INTO {table} SELECT {chosen} FROM {table} WHERE ExamNo <= :last", values)
