"""P3: a person reviews what is proposed, decides field by field, and the practice's own bindings say so afterwards."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from perio_pipeline.cli.main import app
from perio_pipeline.mapping.own_findings import with_findings
from perio_pipeline.mapping.proposing.model import Proposal
from perio_pipeline.mapping.proposing.propose import propose
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.settings import PROJECT
from perio_pipeline.signoff.reviewing import review_page
from perio_pipeline.workplace import Workplace


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Proposal:
    path = tmp_path_factory.mktemp("reviewing") / "practice.db"
    generate(path, 20)
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE Patient ADD COLUMN NightGuard TEXT"))
        connection.execute(sa.text("UPDATE Patient SET NightGuard = CASE rowid % 2 WHEN 0 THEN 'Y' ELSE 'N' END"))
    with engine.connect() as connection:
        return propose("harbor", connection)


@pytest.fixture
def rooms(tmp_path: Path, made: Proposal, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A practice with bindings of its own, and the proposal."""
    rooms = Workplace(tmp_path / "data", tmp_path / "mappings")
    shutil.copytree(PROJECT / "mappings", rooms.mappings)
    shutil.copy(rooms.mappings / "panda.yaml", rooms.mappings / "harbor.yaml")
    practice = rooms.mappings / "practices" / "harbor.yaml"
    practice.write_text(practice.read_text(encoding="utf-8").replace("bindings: panda.yaml", "bindings: harbor.yaml"))
    rooms.write_report(made.model_dump_json(), "harbor", "map", "proposal.json")
    monkeypatch.setenv("PERIO_DATA", str(rooms.data))
    monkeypatch.setenv("PERIO_MAPPINGS", str(rooms.mappings))
    return rooms


def perio(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["map", *arguments, "--practice", "harbor"], env={"COLUMNS": "200"})


def lines(rooms: Workplace) -> list[str]:
    return (rooms.mappings / "harbor.yaml").read_text(encoding="utf-8").splitlines()


def decide(rooms: Workplace, **decisions: Any) -> Result:
    path = rooms.data / "decisions.json"
    named = {name.replace("__", "."): value for name, value in decisions.items()}
    path.write_text(json.dumps({"practice": "harbor", "decisions": named}), encoding="utf-8")
    return perio("accept", "--decisions", str(path), "--by", "Jo Doe")


def test_p3_the_page_has_every_field_and_reaches_for_nothing(made: Proposal) -> None:
    page = review_page(made, load_bindings(PROJECT / "mappings" / "panda.yaml"), "panda.yaml", "perio map accept")
    for table in made.tables:
        for field in table.fields:
            assert f'id="{table.canonical}.{field.field}"' in page
    assert not re.search(r"(src|href)=|https?://|@import|fetch\(", page)
    assert page.count("<legend>") == sum(len(table.fields) for table in made.tables)


def test_p3_what_is_open_is_listed(rooms: Workplace) -> None:
    result = perio("review")
    assert result.exit_code == 0, result.output
    assert "fields are for a person to look at" in result.output
    page = rooms.report_file("harbor", "map", "review.html")
    assert page.stat().st_mode & 0o077 == 0


def test_p3_an_entry_is_set_and_every_other_line_stays(rooms: Workplace) -> None:
    before = lines(rooms)
    assert perio("set", "patient.sex.codes.F", "other").exit_code == 0
    changed = [new for old, new in zip(before, lines(rooms), strict=True) if old != new]
    assert changed == ["      sex: {column: Sex, codes: {M: male, F: other, O: other, U: unknown}}"]
    assert perio("unset", "patient.sex").exit_code == 0
    assert len(lines(rooms)) == len(before) - 1


def test_p3_what_a_person_decided_is_taken_over_and_kept_by_name(rooms: Workplace) -> None:
    result = decide(rooms, patient__preferred_name="LastName", patient__suffix=None)
    assert result.exit_code == 0, result.output
    bound = load_bindings(rooms.mappings / "harbor.yaml").tables["patient"].columns
    assert bound["preferred_name"].column == "LastName"
    assert "suffix" not in bound
    kept = json.loads((rooms.mappings / "practices" / "decided" / "harbor" / "0001.json").read_text(encoding="utf-8"))
    assert (kept["by"], kept["decisions"]["patient.suffix"]) == ("Jo Doe", None)


def test_p3_codes_that_the_proposal_did_not_see_stay(rooms: Workplace) -> None:
    assert decide(rooms, patient__sex={"column": "Sex", "codes": {"F": "female"}}).exit_code == 0
    codes = load_bindings(rooms.mappings / "harbor.yaml").tables["patient"].columns["sex"].codes
    assert codes == {"M": "male", "F": "female", "O": "other", "U": "unknown"}


def test_p3_a_table_that_was_not_bound_comes_with_its_fields(rooms: Workplace, made: Proposal) -> None:
    assert perio("unset", "recall_rule.active").exit_code == 0
    path = rooms.mappings / "harbor.yaml"
    text = path.read_text(encoding="utf-8")
    start = text.index("  recall_rule:\n")
    end = text.find("\n  practice_finding:", start)
    path.write_text(text[:start] + text[end + 1 :] + "\nabsent: [recall_rule]\n", encoding="utf-8")
    (table,) = [each for each in made.tables if each.canonical == "recall_rule"]
    named = [f"recall_rule.{each.field}" for each in table.fields if each.binding is not None]
    result = perio("accept", *named, "--by", "Jo")
    assert result.exit_code == 0, result.output
    bindings = load_bindings(path)
    assert bindings.tables["recall_rule"].table == table.table
    assert "recall_rule" not in bindings.absent


def test_g5_a_column_of_this_practice_alone_becomes_a_field_of_the_contact(rooms: Workplace) -> None:
    result = perio("accept", "patient.findings.Night guard", "--by", "Jo")
    assert result.exit_code == 0, result.output
    assert "Finding_Night_Guard__c" in result.output
    assert (
        load_bindings(rooms.mappings / "harbor.yaml").tables["patient"].findings["Night guard"].column == "NightGuard"
    )
    destination = rooms.practice("harbor").destination("highlevel")
    assert destination.findings["Night guard"].choices == {"Y": "Yes", "N": "No"}
    custom = with_findings(rooms.mapping("highlevel"), destination.findings).objects["contacts"].custom
    assert custom["Finding_Night_Guard__c"].label == "Night guard (latest)"


def test_g5_a_column_is_carried_over_in_both_files_or_in_none(rooms: Workplace) -> None:
    practice = rooms.mappings / "practices" / "harbor.yaml"
    before = practice.read_bytes(), lines(rooms)
    result = decide(rooms, **{"patient.findings.Night guard": "NightGuard", "patient.sex": {"bit": 3, "letter": "A"}})
    assert result.exit_code == 1, result.output
    assert (practice.read_bytes(), lines(rooms)) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("set", "patient.nonsense", "X"), "has no field nonsense"),
        (("set", "nobody.name", "X"), "no canonical table nobody"),
        (("set", "patient.sex", "{column: Sex"), "is no YAML mapping"),
        (("accept", "--by", "Jo"), "Nothing is said to be accepted"),
        (("accept", "patient.nonsense", "--by", "Jo"), "Nothing is proposed for patient.nonsense"),
        (("accept", "--strong", "--by", " "), "no name is given"),
    ],
)
def test_p3_what_cannot_be_done_is_refused_and_changes_nothing(
    rooms: Workplace, arguments: tuple[str, ...], said: str
) -> None:
    before = lines(rooms)
    result = perio(*arguments)
    assert (result.exit_code, lines(rooms)) == (1, before)
    assert said in " ".join(result.output.split())


def test_p3_bindings_that_others_read_are_not_edited(rooms: Workplace) -> None:
    practice = rooms.mappings / "practices" / "harbor.yaml"
    practice.write_text(practice.read_text(encoding="utf-8").replace("bindings: harbor.yaml", "bindings: panda.yaml"))
    result = perio("set", "patient.sex", "Sex")
    assert result.exit_code == 1
    assert "Make a copy" in result.output
