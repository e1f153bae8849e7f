"""The documents are true: each command in them parses, each target, link and image is there, each variable is used."""

from __future__ import annotations

import contextlib
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from perio_pipeline.cli.main import app
from perio_pipeline.crm.packages import CrmPackage, crm_package
from perio_pipeline.crm.protocol import Adapter
from perio_pipeline_tests.deployment.documents import LINK, Command, commands, documents
from perio_pipeline_tests.end_to_end.world import PROJECT

DOCUMENTS = documents()
VARIABLE = re.compile(r"\bPERIO_[A-Z_]+\b")
FOUND = [command for document in DOCUMENTS for command in commands(document)]
COMMAND: Any = typer.main.get_command(app)
ELLIPSIS = ("...", "…")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


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


PERIO = [command for command in FOUND if (w := command.arguments("perio")) and w[0] not in ELLIPSIS]


def test_there_is_something_to_look_at() -> None:
    assert len(PERIO) > 40


def test_every_document_can_be_reached_from_the_readme() -> None:
    assert set(DOCUMENTS) == {PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")}


@pytest.mark.parametrize("command", PERIO, ids=str)
def test_each_perio_command_parses(command: Command) -> None:
    with contextlib.suppress(click.exceptions.MissingParameter):  # within a sentence it is named, not spelled out
        parse(command.arguments("perio") or [])


def test_an_option_that_is_not_there_is_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(["status", "--nowhere"])


def test_each_target_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {word for command in FOUND if (words := command.arguments("make")) for word in words[:1]}
    assert named
    assert named - targets == set()


def anchors(path: Path) -> set[str]:
    """Return the names by which a document's headings are linked, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text_of(path), flags=re.M | re.S), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_link_image_and_anchor_leads_somewhere(path: Path) -> None:
    inside = re.sub(r"^```.*?^```", "", text_of(path), flags=re.M | re.S)
    links = [(link, anchor) for link, anchor in LINK.findall(inside) if "://" not in link]
    assert [link for link, _ in links if not (path.parent / link).exists()] == []
    aims = [(path.parent / link if link else path, anchor) for link, anchor in links if anchor]
    assert [f"{aim.name}#{anchor}" for aim, anchor in aims if anchor not in anchors(aim)] == []


NAMED_PATH = re.compile(r"`((?:perio_pipeline|perio_pipeline_tests|mappings|docker|docs)/[^`\s]*|[\w/]+\.py)`")
PLACES = [PROJECT, PROJECT / "perio_pipeline", PROJECT / "mappings"]
GENERATED = ("docker/env/", "mappings/practices/seaside.yaml", "mappings/seaside.yaml")
"""What a reader makes."""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_each_path_that_is_named_is_there(path: Path) -> None:
    named = [n for n in NAMED_PATH.findall(text_of(path)) if not re.search(r"[<*{]", n) and not n.startswith(GENERATED)]
    assert [name for name in named if not any((place / name).exists() for place in PLACES)] == []


def test_each_place_of_the_architecture_is_there() -> None:
    named = re.findall(r"`([\w/.]+/[\w.]*)`", text_of(PROJECT / "docs" / "architecture.md"))
    assert len(named) > 20
    assert [name for name in named if not any((place / name).exists() for place in PLACES)] == []


def test_the_architecture_tells_the_layers_as_they_are_checked() -> None:
    contract = tomllib.loads(text_of(PROJECT / "pyproject.toml"))["tool"]["importlinter"]["contracts"][0]
    layers = [re.findall(r"perio_pipeline\.(\w+)", layer) for layer in contract["layers"]]
    told = re.search(r"^`cli` →(?:.+\n)+", text_of(PROJECT / "docs" / "architecture.md"), re.MULTILINE)
    assert told
    rooms = [re.findall(r"`(\w+)`", layer) for layer in told[0].split("→")]
    assert [set(each) for each in rooms] == [set(each) for each in layers[: len(rooms)]]


def test_each_variable_is_used_by_something() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split()
    code = "\n".join(
        (PROJECT / name).read_text(encoding="utf-8")
        for name in files
        if name.endswith((".py", ".yaml", "Dockerfile", "Makefile", ".example")) and (PROJECT / name).is_file()
    )
    told = {name for path in DOCUMENTS for name in VARIABLE.findall(text_of(path))}
    assert {name for name in told if name not in code} == set()


def test_what_another_crm_must_implement_is_told_whole() -> None:
    told = (PROJECT / "docs" / "adding-a-crm.md").read_text(encoding="utf-8")
    wanted = {name for kind in (CrmPackage, Adapter) for name in vars(kind) if not name.startswith("_")}
    assert {name for name in wanted if f"`{name}`" not in told} == set()


@pytest.mark.parametrize("crm", ["highlevel", "freshsales"])
def test_a_crms_folder_shows_what_is_asked_of_it(crm: str) -> None:
    asked = {name for name in vars(CrmPackage) if not name.startswith("_")}
    assert asked <= set(dir(crm_package(crm)))
