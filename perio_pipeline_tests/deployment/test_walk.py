"""The commands of the documents are run as a new user runs them: in their order, on small practices and the sandboxes.

First the walk, every command of it; then all that the other documents add to it, on the sample practice.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from perio_pipeline_tests.deployment import warm_perio
from perio_pipeline_tests.deployment.documents import Command, commands, documents
from perio_pipeline_tests.deployment.test_docs import ELLIPSIS
from perio_pipeline_tests.end_to_end.world import PROJECT

WALK = PROJECT / "docs" / "first-practice.md"
PATIENTS = 20

ELSEWHERE = {
    "docker ": "needs Docker",
    "buildah ": "needs a base image, from a registry",
    "sh docker/": "writes secrets for Docker",
    "kubectl ": "needs a cluster",
    "helm ": "needs a cluster",
    "make ui": "serves until Ctrl-C",
    "perio ui": "serves until Ctrl-C",
    "perio sandbox": "serves until Ctrl-C; the walk has it running",
    "make setup": "needs the package index; it made what runs these tests",
    "make sbom": "needs the package index",
    "make audit": "needs the advisory service",
    "make test": "runs these tests",
    "make bench": "an hour",
    "make cutover": "minutes to an hour",
    "make faults": "minutes to an hour; the gate runs the small one",
    "make schedules": "minutes to an hour; the gate runs the small one",
    "make demo": "too dear: a whole migration to each CRM; the walk is the one, `perio demo --to freshsales` the other",
    "perio plan --practice": "too dear: reads a practice anew; the assessment and each migration do the same",
    "perio match --practice seaside --to highlevel": "too dear: reads a practice anew; each migration matches",
    "perio retry": "too dear: a whole migration; perio_pipeline_tests/loading and end_to_end have it",
    "perio match --practice harbor --to highlevel --decide": "needs a list that a person has edited, as "
    "perio_pipeline_tests/end_to_end/test_existing.py has",
    "export PERIO_JOURNAL_URL": "needs a PostgreSQL server; perio_pipeline_tests/end_to_end/test_postgres.py has one",
    "PERIO_TEST_MSSQL_URL": "needs a SQL Server",
}
"""How commands begin that are not run here, and why; they are parsed all the same."""

ENDS_WITH = {
    "perio match --practice harbor --to highlevel --show": "Nobody has looked yet at what highlevel holds",
    "perio cutover trust-deletions --practice harbor --to highlevel --table appointment": "No window of practice",
    "perio purge --practice harbor": "Practice harbor states no retention",
    "perio source describe --practice harbor": "Practice harbor hands over a database",
}
"""Commands that cannot succeed with the sample practice, and what they say; they end with exit code 1."""

BY_THE_WAY = ("practice", "by", "approved-by", "hours", "patients", "write")
"""Options whose values make no other command of it."""
PLACEHOLDER = re.compile(r"[A-Z]{4,}(\.yaml)?")


def spelled(command: Command) -> str:
    """Return a command as it is run."""
    text = command.text.removeprefix(".venv/bin/")
    return re.sub(r"--patients \d+", f"--patients {PATIENTS}", text)


def starts(command: Command) -> str | None:
    """Return the beginning by which a command is one of those that run elsewhere."""
    return next((begin for begin in ELSEWHERE if f"{spelled(command)} ".startswith(begin)), None)


def only_named(command: Command) -> bool:
    """Whether a sentence names a command, and does not spell it out."""
    words = command.words[1:]
    whole = "--practice" in words or words[:1] == ["sample"] or "demo" in words
    return not whole or any(word in ELLIPSIS or PLACEHOLDER.fullmatch(word) for word in words)


def kind(command: Command) -> str:
    """Return what is the same in commands that differ in the practice or in a person's name."""
    words = shlex.join(shlex.split(spelled(command), comments=True))
    return re.sub(rf" --({'|'.join(BY_THE_WAY)}) ('[^']*'|\S+)", "", words)


def to_run() -> list[Command]:
    """Return every command of the walk, then those of other documents that nobody has run before."""
    found = list(commands(WALK))
    known = {kind(command) for command in found}
    for command in (each for document in documents() if document != WALK for each in commands(document)):
        if kind(command) not in known:
            known.add(kind(command))
            found.append(command)
    return [each for each in found if starts(each) is None and (each.in_block or not only_named(each))]


class Desk:
    """A new user's desk: the project's folder as it was cloned, with a terminal in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.variables = {
            name: value for name, value in os.environ.items() if not name.startswith(("PERIO", "DAGSTER"))
        }
        self.variables |= {
            "PATH": f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PERIO_DATA": str(folder / "data"),
            "PERIO_MAPPINGS": str(folder / "mappings"),
            "COLUMNS": "120",
        }
        self.processes = warm_perio.context()
        self.sandboxes: dict[tuple[str, str], BaseProcess] = {}
        for name in (".venv", "Makefile", "docs", "perio_pipeline"):
            (folder / name).symlink_to(PROJECT / name)
        shutil.copytree(PROJECT / "mappings", folder / "mappings")
        self._at_free_ports(folder / "mappings" / "practices" / "harbor.yaml")

    @staticmethod
    def _at_free_ports(path: Path) -> None:
        """Move the sandboxes to where neither they nor those of the walk's practice, 100 further, disturb anybody."""
        ports = next(p for p in range(8710, 8790, 2) if all(map(_free, (p, p + 1, p + 100, p + 101))))
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(":8765", f":{ports}").replace(":8766", f":{ports + 1}"), encoding="utf-8")

    def run(self, command: Command) -> tuple[int, str]:
        """Run a command; returns its exit code and what it wrote."""
        program, *arguments = shlex.split(spelled(command), comments=True)
        if program != "perio":
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", spelled(command)],
                cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False,
            )  # fmt: skip
            return done.returncode, done.stdout + done.stderr
        self._have_sandbox(arguments)
        spread = [each for word in arguments for each in (map(str, self.folder.glob(word)) if "*" in word else [word])]
        return warm_perio.perio(self.processes, spread, self.folder, self.variables, typed="y\n")

    def _have_sandbox(self, arguments: list[str]) -> None:
        """Start the sandbox that a command would start, and leave it running for the next ones."""
        named = dict(pairwise(arguments))
        place = named.get("--practice", "harbor"), named.get("--to", "")
        if place in self.sandboxes or not place[1]:
            return
        sandbox = ["sandbox", "--practice", place[0], "--to", place[1]]
        process = warm_perio.started(self.processes, sandbox, self.folder, self.variables)
        port = _port(self.folder / "mappings" / "practices" / f"{place[0]}.yaml", place[1])
        while process.is_alive() and _free(port):
            time.sleep(0.1)
        if process.is_alive():
            self.sandboxes[place] = process

    def leave(self) -> None:
        """End what is still running."""
        for process in self.sandboxes.values():
            process.terminate()
            process.join()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _port(practice: Path, crm: str) -> int:
    found = re.search(rf"^  {crm}:\n    url: \S+:(\d+)$", practice.read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return int(found[1])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("desk"))
    sample = Command("", f"perio sample --patients {PATIENTS}", in_block=True)
    assert made.run(sample)[0] == 0
    yield made
    made.leave()


@pytest.mark.slow
@pytest.mark.parametrize("command", to_run(), ids=str)
def test_each_command_does_what_the_documents_say(desk: Desk, command: Command) -> None:
    code, said = desk.run(command)
    message = ENDS_WITH.get(spelled(command))
    assert "Traceback" not in said, said
    assert code == (1 if message else 0), said
    assert message is None or message in said


def test_what_is_not_run_stands_in_the_documents() -> None:
    every = [command for document in documents() for command in commands(document)]
    assert set(ELSEWHERE) - {starts(command) for command in every} == set()
    assert set(ENDS_WITH) - {spelled(command) for command in every} == set()


def test_the_walk_goes_from_assessment_to_rollback() -> None:
    steps = ["assess", "map confirm", "schema plan", "migrate --pass sample", "migrate --pass full", "signoff",
             "cutover look", "reconcile", "rollback"]  # fmt: skip
    walked = [re.sub(r" --(practice|to) \S+", "", spelled(command)) for command in commands(WALK)]
    assert [step for step in steps if not any(line.startswith(f"perio {step}") for line in walked)] == []
