"""Patients' values never leave the places that are for them (PHI): a day with a practice whose values nobody else has.

A subprocess migrates the practice into both CRMs, which quote what they are sent when they refuse it; a step fails of
an exception that quotes a row; rows are quarantined; lists, reports and the audit log are written; all is rolled back.
Then everything is looked through for those values but the places that are named in `retention.places`. Five planted
leaks prove that the search finds what it should.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from cryptography.fernet import Fernet

from perio_pipeline.cli.sandboxes import configuration, sandbox_token
from perio_pipeline.loading.journal import open_journal
from perio_pipeline.panda.sample.generate import images_of
from perio_pipeline.redaction import error_log
from perio_pipeline.retention.places import value_free
from perio_pipeline.sandbox.common.exchange import Reply, Request
from perio_pipeline.sandbox.common.gateway import BaseGateway
from perio_pipeline.sandbox.freshsales.faults import Fault as FreshsalesFault
from perio_pipeline.sandbox.highlevel.faults import Fault as HighLevelFault
from perio_pipeline.workplace import Workplace
from perio_pipeline_tests.canary.driver import LEAK, LEAKS
from perio_pipeline_tests.canary.planting import plant
from perio_pipeline_tests.canary.scanner import Hit, Scanner
from perio_pipeline_tests.canary.watching import processes, watching
from perio_pipeline_tests.end_to_end.world import PRACTICE, PROJECT, SERVERS, change_destination, make_sample

pytestmark = pytest.mark.slow

PATIENTS = 20
FAULTS = {
    "highlevel": HighLevelFault(
        kind="status", method="POST", path="notes$|contacts/$|opportunities/$", every=7, status=400
    ),
    "freshsales": FreshsalesFault(kind="status", method="POST", path="notes|deals|documents", every=7, status=400),
}
"""What each CRM refuses, quoting it."""

UNREAD = {"Patient.SSN", "Ledger.Descript"}
"""What no binding names: it is never even read."""
LEAKED = ("Patient.LastName", "Patient.CellPhone", "InstaNote.NoteBody", "InsPolicy.SubscriberNo", "ImageRef.FilePath")
"""What the planted leaks show, one each."""


@dataclass
class Day:
    """A practice, and all that was found of its values in the wrong places."""

    rooms: Workplace
    home: Path
    environment: dict[str, str]
    planted: dict[str, str]
    secrets: dict[str, str]
    said: bytes = b""
    hits: set[Hit] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.canaries = Scanner(self.planted)
        self.everything = Scanner(self.planted | self.secrets)
        self._looked_at: dict[Path, float] = {}

    def run(self, *arguments: str, **environment: str) -> set[Hit]:
        """Run the driver, watch it, and look through everything it left; returns what was found."""
        command = [sys.executable, "-m", "perio_pipeline_tests.canary.driver", *arguments]
        hits: set[Hit] = set()
        with (
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self.environment | environment,
                cwd=PROJECT,
                start_new_session=True,
            ) as process,
            watching(lambda: hits.update(self._look(process.pid))),
        ):
            self.said, _ = process.communicate()
        assert b"Traceback" not in self.said, self.said.decode()[-3000:]
        hits |= self.everything.bytes(self.said, "what was said")
        return hits | self.everything.files(value_free(self.rooms.data, PRACTICE))

    def _look(self, group: int) -> set[Hit]:
        """Command lines hold neither values nor secrets, environments and temporary files no values."""
        hits: set[Hit] = set()
        for number, command, environment in processes(group):
            self.seen.add(number)
            hits |= self.everything.bytes(command, "a command line")
            if LEAK.encode() not in environment:  # the driver is told by its environment what to leak
                hits |= self.canaries.bytes(environment, "an environment")
        for file in self.home.rglob("*"):
            if file.is_file() and self._looked_at.get(file) != (changed := file.stat().st_mtime):
                self._looked_at[file] = changed
                hits |= self.everything.file(file)
        return hits

    @property
    def dagster(self) -> Path:
        """Where Dagster keeps its own."""
        return self.rooms.data / "dagster"


def thin_out(database: Path) -> None:
    """Leave a third of what there is most of: it says nothing new, and each row costs requests."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in ("Visit", "InstaNote", "TxItem"):
            connection.execute(f"delete from {table} where rowid % 3 > 0")


def quoting(patch: pytest.MonkeyPatch) -> None:
    """Let the sandboxes quote, in each refusal, all that they were sent."""
    send = BaseGateway._send

    async def quote(self: Any, request: Request, reply: Reply, *rest: Any, **named: Any) -> None:
        if reply.status >= 400 and reply.content is None:
            reply = replace(reply, body=_with(reply.body, request.body.decode("utf-8", "replace")))
        await send(self, request, reply, *rest, **named)

    patch.setattr(BaseGateway, "_send", quote)


def _with(body: Any, text: str) -> Any:
    """The same answer, with the text behind each of its messages."""
    if isinstance(body, dict):
        return {name: _with(part, text) for name, part in body.items()}
    if isinstance(body, list):
        return [*body, text]
    return f"{body}: {text}" if isinstance(body, str) else body


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The practice with its canaries, and both CRMs, which quote what they refuse."""
    folder = tmp_path_factory.mktemp("canary")
    rooms = Workplace(folder / "data", folder / "mappings")
    shutil.copytree(PROJECT / "mappings", rooms.mappings)
    sample = make_sample(folder, PATIENTS)
    source = rooms.data / "sample"
    source.mkdir(parents=True)
    database = Path(shutil.copy(sample, source / f"{PRACTICE}.db"))
    shutil.copytree(images_of(sample), images_of(database))
    thin_out(database)
    planted = plant(database, images_of(database))
    key = Fernet.generate_key().decode()
    token = sandbox_token(PRACTICE, "main")
    home = folder / "home"
    (home / "tmp").mkdir(parents=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "COLUMNS": "300",
        "PERIO_DATA": str(rooms.data),
        "PERIO_MAPPINGS": str(rooms.mappings),
        "PERIO_JOURNAL_KEY": key,
        "PERIO_HARBOR_HIGHLEVEL_TOKEN": token,
        "PERIO_HARBOR_FRESHSALES_TOKEN": token,
    }
    secrets = {key: "the journal's key", token: "a token"}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        quoting(patch)
        patch.setenv("PERIO_JOURNAL_KEY", key)
        for crm, fault in FAULTS.items():
            change_destination(rooms, crm, {"time_scale": 2000})
            config = configuration(rooms, rooms.practice(PRACTICE), crm)
            config = type(config)(**{**dict(config), "state_path": None, "faults": (fault,)})
            sandbox = stack.enter_context(SERVERS[crm].running(config))
            change_destination(rooms, crm, {"url": sandbox.base_url})
        yield Day(rooms, home, environment, planted, secrets)


def test_no_value_leaves_its_place_and_each_planted_leak_is_found(practice: Day) -> None:
    found = practice.run("day", *FAULTS)
    assert not found, told(found)
    nothing_was_left_untried(practice)
    everything_is_for_its_owner_only(practice)
    by_column = {column: value for value, column in practice.planted.items()}
    chosen = dict(zip(LEAKS, LEAKED, strict=True))
    leaked = practice.run("leaks", **{LEAK: ",".join(by_column[column] for column in LEAKED)})
    missed = [leak for leak, column in chosen.items() if column not in {hit.label for hit in leaked}]
    assert missed == [], told(leaked)


def nothing_was_left_untried(day: Day) -> None:
    """The search would prove nothing if the values had never been near: they are where they may be."""
    frames = "".join(
        pq.read_table(file).to_pandas().to_csv() for file in day.rooms.data.glob("frames/*/panda/*.parquet")
    )
    read = {hit.label for hit in day.canaries.bytes(frames.encode(), "what was read")}
    assert read == set(day.planted.values()) - UNREAD, "what is bound was read, and nothing else"
    assert day.canaries.file(error_log(day.rooms.data)), "an exception quoted a row"
    journal = open_journal(day.rooms.data)
    try:
        entries = list(journal.entries(PRACTICE))
        sealed = json.dumps([journal.seal.open(entry.values_after) for entry in entries if entry.values_after])
    finally:
        journal.close()
    assert len({hit.label for hit in day.canaries.bytes(sealed.encode(), "the journal")}) > 10
    refused = {entry.destination for entry in entries if entry.status == "refused"}
    assert refused == set(FAULTS), "each CRM refused something, and quoted it"
    assert {entry.destination for entry in entries if entry.operation == "delete"} == set(FAULTS)
    checked = {file.name for file in value_free(day.rooms.data, PRACTICE)}
    assert checked >= {"preflight.json", "checklist.html", "rollback.csv", "index.db", "runs.db", "journal.sqlite"}
    assert {Path(name).suffix for name in checked if name.startswith("audit-")} == {".jsonl", ".csv"}
    assert day.seen


def everything_is_for_its_owner_only(day: Day) -> None:
    loose = [
        str(path.relative_to(day.rooms.data))
        for path in day.rooms.data.rglob("*")
        if path.stat().st_mode & 0o077 and "sample" not in path.parts
    ]
    assert loose == []


def told(hits: set[Hit]) -> str:
    """What was found, the most frequent first; never a value."""
    counts = Counter((hit.label, hit.form, hit.where) for hit in hits)
    return "\n".join(" · ".join(hit) for hit, _ in counts.most_common(60))
