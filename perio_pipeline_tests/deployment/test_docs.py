"""The documents are true: each command in them parses, each target, link and image is there, each variable is used."""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from perio_pipeline.cli.main import app
from perio_pipeline.crm.packages import CrmPackage, crm_package
from perio_pipeline.crm.protocol import Adapter
from perio_pipeline_tests.end_to_end.world import PROJECT

DOCUMENTS = sorted([PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")])
FENCE = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:\.venv/bin/)?perio [^`]+|make [a-z-]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
VARIABLE = re.compile(r"\bPERIO_[A-Z_]+\b")
ELLIPSIS = ("...", "…")
COMMAND: Any = typer.main.get_command(app)


def commands(path: Path) -> Iterator[str]:
    """Yield every command of a document, those of fenced blocks and those within a sentence."""
    text = path.read_text(encoding="utf-8")
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                yield line.strip()
    yield from (found for found in INLINE.findall(FENCE.sub("", text)))


FOUND = [(path.relative_to(PROJECT), command) for path in DOCUMENTS for command in commands(path)]


def words_of(command: str, program: str) -> list[str] | None:
    """Return the arguments of a program in a command; None where it is not called."""
    words = shlex.split(command, comments=True)
    names = [place for place, word in enumerate(words) if word.rpartition("/")[2] == program]
    others = {"build", "kubectl", "helm"} & set(words)
    return words[names[0] + 1 :] if names and not others else None


def parse(arguments: list[str]) -> None:
    """Parse as the command line does, down to the last option, and run nothing."""
    command, context = COMMAND, click.Context(COMMAND)
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        name, found, arguments = command.resolve_command(context, arguments)
        assert found is not None, name
        command, context = found, click.Context(found)
        if not arguments:
            return
    if not any(word in ELLIPSIS for word in arguments):
        command.make_context("perio", arguments, resilient_parsing=False)


PERIO = [(path, c) for path, c in FOUND if (w := words_of(c, "perio")) and w[0] not in ELLIPSIS]


def test_there_is_something_to_look_at() -> None:
    assert len(PERIO) > 40


@pytest.mark.parametrize(("path", "command"), PERIO, ids=str)
def test_each_perio_command_parses(path: Path, command: str) -> None:
    with contextlib.suppress(click.exceptions.MissingParameter):  # within a sentence it is named, not spelled out
        parse(words_of(command, "perio") or [])


def test_an_option_that_is_not_there_is_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(["status", "--nowhere"])


def test_each_target_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {word for _, command in FOUND if (words := words_of(command, "make")) for word in words[:1]}
    assert named
    assert named - targets == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_link_and_image_leads_somewhere(path: Path) -> None:
    links = [link for link in LINK.findall(path.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_each_variable_is_used_by_something() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    code = "\n".join(
        (PROJECT / name).read_text(encoding="utf-8")
        for name in files
        if name.endswith((".py", ".yaml", "Dockerfile", "Makefile", ".example")) and (PROJECT / name).is_file()
    )
    told = {name for path in DOCUMENTS for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}
    assert {name for name in told if name not in code} == set()


def test_what_another_crm_must_implement_is_told_whole() -> None:
    told = (PROJECT / "docs" / "adding-a-crm.md").read_text(encoding="utf-8")
    wanted = {name for kind in (CrmPackage, Adapter) for name in vars(kind) if not name.startswith("_")}
    assert {name for name in wanted if f"`{name}`" not in told} == set()


@pytest.mark.parametrize("crm", ["highlevel", "freshsales"])
def test_a_crms_folder_shows_what_is_asked_of_it(crm: str) -> None:
    asked = {name for name in vars(CrmPackage) if not name.startswith("_")}
    assert asked <= set(dir(crm_package(crm)))
