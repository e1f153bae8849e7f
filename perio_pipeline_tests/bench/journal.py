"""Journal appends beside bare inserts of as many rows and bytes, both durable when they return."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from pathlib import Path

import pandas as pd

from perio_pipeline.crm.protocol import Payload, Ref
from perio_pipeline.loading.entries import Intent, Item, Result, RunInfo, Scope
from perio_pipeline.loading.journal import open_journal
from perio_pipeline_tests.bench.figures import Figure
from perio_pipeline_tests.shaped import ShapedPractice

SECONDS = 5.0
SIZES = (1, 16)
"""Entries per commit: a load alone, and what 16 coroutines share."""
SCOPE = Scope("harbor", "highlevel", "main", "contacts")
RUN = RunInfo("bench", "full", "bench")
FINGERPRINT = "f" * 64


def figures(practice: ShapedPractice) -> list[Figure]:
    """Take about twenty seconds; intents hold what a contact's really hold."""
    payload = _payload(practice)
    found = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            ours, width = _journal(Path(folder), payload, size)
            bare = _bare(Path(folder) / "bare.sqlite", width, size)
        found.append(
            Figure(
                name=f"journal entries, {size} per commit",
                figure=ours,
                unit="entries/s",
                reference=f"bare SQLite: {bare:,.0f} rows/s",
                ratio=ours / bare,
                machine_independent=False,
            )
        )
    return found


def _payload(practice: ShapedPractice) -> Payload:
    obj = practice.rooms.effective(practice.practice, "highlevel").objects["contacts"]
    row = practice.shaped("highlevel")["contacts"].iloc[0]
    values = {str(name): str(value) for name, value in row.items() if pd.notna(value)}
    fields = {name: values[name] for name in obj.fields if name in values}
    custom = {name: values[name] for name in obj.custom if name in values}
    return Payload("contacts", str(row["source_key"]), fields, custom, {}, obj.mark.field, str(row["mark"]))


def _journal(folder: Path, payload: Payload, size: int) -> tuple[float, int]:
    """Intents and results in turn; entries per second, and the bytes of one."""
    journal = open_journal(folder)
    try:
        started, written = time.perf_counter(), 0
        while time.perf_counter() - started < SECONDS:
            keys = [f"P{written + number}" for number in range(size)]
            intents: list[Item] = [Intent(key, "create", FINGERPRINT, payload=payload) for key in keys]
            results: list[Item] = [Result(key, "create", FINGERPRINT, "done", Ref("contacts", key)) for key in keys]
            journal.append(SCOPE, RUN, intents)
            journal.append(SCOPE, RUN, results)
            written += 2 * size
        rate = written / (time.perf_counter() - started)
    finally:
        journal.close()
    files = sum(file.stat().st_size for file in folder.glob("journal.sqlite*"))
    return rate, files // written


def _bare(path: Path, width: int, size: int) -> float:
    """Rows of the same width, as many to a commit; rows per second."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (content BLOB);")
    content = b"x" * width
    started, written = time.perf_counter(), 0
    while time.perf_counter() - started < SECONDS:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO row VALUES (?)", [(content,)] * size)
        connection.execute("COMMIT")
        written += size
    connection.close()
    return written / (time.perf_counter() - started)
