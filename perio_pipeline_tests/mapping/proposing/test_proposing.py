"""What is proposed for a database: the right columns, each once, and nothing of what they hold."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from ruamel.yaml import YAML
from typer.testing import CliRunner

from perio_pipeline.cli.main import app
from perio_pipeline.mapping.proposing.codes import propose_codes
from perio_pipeline.mapping.proposing.model import Confidence, FieldProposal, Proposal, TableProposal
from perio_pipeline.mapping.proposing.propose import propose
from perio_pipeline.mapping.proposing.written import bindings_text
from perio_pipeline.panda.bindings import Bindings, load_bindings
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline_tests.panda.bound import BINDINGS

CANARY = "Zyqqvander"
"""In no list of names, no vocabulary and no schema."""

PLANTED = {
    "Patient": ("FirstName", "LastName", "NickName", "Email", "CellPhone", "SSN", "PatStatus"),
    "Account": ("Street", "City", "LastName"),
    "Visit": ("VisitNote", "VisitStatus"),
    "CustomFinding": ("FindingValue",),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("proposing") / "practice.db"
    generate(path, 30)
    with sqlite3.connect(path) as connection:
        for table, columns in PLANTED.items():
            for at, column in enumerate(columns):
                where = f"rowid = (SELECT rowid FROM {table} LIMIT 1 OFFSET {at})"
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (f"{CANARY}{at}",))
    return path


@pytest.fixture(scope="module")
def proposal(database: Path) -> Proposal:
    with sa.create_engine(f"sqlite:///{database}").connect() as connection:
        return propose("smith", connection)


@pytest.fixture(scope="module")
def truth() -> Bindings:
    return load_bindings(BINDINGS)


def test_every_table_and_nearly_every_column_is_found(proposal: Proposal, truth: Bindings) -> None:
    assert {each.canonical: each.table for each in proposal.tables} == {n: b.table for n, b in truth.tables.items()}
    right = [
        _is_right(truth, each.canonical, field.field, field.binding)
        for each in proposal.tables
        for field in each.fields
    ]
    assert sum(right) / len(right) >= 0.95


def test_what_is_called_strong_is_right(proposal: Proposal, truth: Bindings) -> None:
    strong = [
        (table.canonical, field.field)
        for table in proposal.tables
        for field in table.fields
        if field.confidence is Confidence.STRONG and not _is_right(truth, table.canonical, field.field, field.binding)
    ]
    assert strong == []


def test_each_column_is_proposed_once(proposal: Proposal) -> None:
    for table in proposal.tables:
        fields = [each for each in table.fields if each.field != "depth_state" and each.binding is not None]
        counted = Counter(_column(each.binding) for each in fields)
        assert {column for column, times in counted.items() if times > 1} <= {_flags(table.canonical)}


def test_nothing_that_a_patient_has_is_told(proposal: Proposal) -> None:
    assert CANARY not in proposal.model_dump_json()
    assert CANARY not in bindings_text(proposal)


def test_the_command_shows_and_writes_it(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mappings = tmp_path / "mappings"
    (mappings / "practices").mkdir(parents=True)
    (mappings / "practices" / "smith.yaml").write_text(
        (BINDINGS.parent / "practices" / "harbor.yaml")
        .read_text(encoding="utf-8")
        .replace("practice: harbor", "practice: smith")
        .replace("sqlite:///${PERIO_DATA}/sample/harbor.db", f"sqlite:///{database}"),
        encoding="utf-8",
    )
    monkeypatch.setenv("PERIO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PERIO_MAPPINGS", str(mappings))
    told = CliRunner().invoke(app, ["map", "propose", "--practice", "smith", "--write", "smith.yaml"])
    assert told.exit_code == 0, told.output
    assert CANARY not in told.output
    assert load_bindings(mappings / "smith.yaml").tables["patient"].table == "Patient"
    report = tmp_path / "data" / "reports" / "smith" / "map" / "proposal.json"
    assert report.stat().st_mode & 0o077 == 0
    assert Proposal.model_validate(json.loads(report.read_text(encoding="utf-8"))).practice == "smith"
    again = CliRunner().invoke(app, ["map", "propose", "--practice", "smith", "--write", "smith.yaml"])
    assert again.exit_code == 1


def test_codes_mean_what_their_words_say() -> None:
    meant = {each.code: each.target for each in propose_codes({"Aktiv": 9, "Verstorben": 2}, ("active", "deceased"))}
    assert meant == {"Aktiv": "active", "Verstorben": "deceased"}
    turned = {each.code: each.target for each in propose_codes({"Y": 3, "N": 4}, ("true", "false"), opposite=True)}
    assert turned == {"Y": "false", "N": "true"}


def _flags(canonical: str) -> str | None:
    return "BSPC_{site}" if canonical == "perio_site" else None


def _column(binding: object) -> str | None:
    return (
        binding
        if isinstance(binding, str)
        else binding.get("column") or binding.get("text")
        if isinstance(binding, dict)
        else None
    )


def _is_right(truth: Bindings, table: str, field: str, binding: object) -> bool:
    bound = truth.tables[table].columns.get(field)
    return bound is None or _column(binding) == bound.column


def test_codes_of_several_words_are_written_as_yaml_however_many_they_are() -> None:
    codes = {f"General dentist (DMD) of office {number}": "dmd" for number in range(12)}
    score = {"score": 1.0, "confidence": Confidence.STRONG}
    role = FieldProposal(field="role", required=True, binding={"column": "Role", "codes": codes}, **score)
    table = TableProposal(canonical="provider", table="Provider", fields=[role], **score)
    written = bindings_text(Proposal(practice="smith", source="sqlite", tables=[table]))
    assert YAML(typ="safe").load(written)["tables"]["provider"]["columns"]["role"]["codes"] == codes
