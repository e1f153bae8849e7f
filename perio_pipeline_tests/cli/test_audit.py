"""P10: `perio audit` on a journal: exported, verified from the file alone, and against the journal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner, Result

from perio_pipeline import settings
from perio_pipeline.cli.main import app
from perio_pipeline.loading.database import URL_VARIABLE
from perio_pipeline.loading.entries import Intent, RunInfo, Scope
from perio_pipeline.loading.sealing import KEY_VARIABLE

PRACTICE = "harbor"


@pytest.fixture(autouse=True)
def _data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder with four entries of two destinations."""
    shutil.copytree(settings.PROJECT / "mappings", tmp_path / "mappings")
    monkeypatch.setenv(settings.DATA, str(tmp_path / "data"))
    monkeypatch.setenv(settings.MAPPINGS, str(tmp_path / "mappings"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    _append("P1", "P2")


def _append(*keys: str) -> None:
    journal = settings.workplace().journal()
    for crm in ("highlevel", "freshsales"):
        where = Scope(PRACTICE, crm, "main", "contacts")
        journal.append(where, RunInfo("r", "full", "jo"), [Intent(key, "create", "f") for key in keys])
    journal.close()


def perio(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments])


def refused(*arguments: str) -> str:
    result = perio(*arguments)
    assert result.exit_code == 1, result.output
    assert "What to do:" in result.output
    return result.output


def export(folder: Path, *arguments: str) -> Path:
    result = perio("export", "--practice", PRACTICE, "--out", str(folder), *arguments)
    assert result.exit_code == 0, result.output
    (path,) = folder.iterdir()
    assert path.name in result.output
    return path


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_an_export_is_verified_from_the_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    path = export(tmp_path / "out", "--format", form, "--to", "highlevel")
    monkeypatch.setenv(settings.DATA, str(tmp_path / "elsewhere"))
    monkeypatch.setenv(settings.MAPPINGS, str(tmp_path / "elsewhere"))
    result = perio("verify", str(path))
    assert result.exit_code == 0
    assert "4 entries of practice harbor are as they were written" in result.output
    assert "No key was at hand" in result.output
    assert not (tmp_path / "elsewhere").exists()


def test_by_default_it_goes_to_the_practices_reports() -> None:
    assert perio("export", "--practice", PRACTICE).exit_code == 0
    (path,) = (settings.data_folder() / "reports" / PRACTICE / "audit").iterdir()
    assert path.suffix == ".jsonl"


def test_a_changed_line_is_named_by_its_number(tmp_path: Path) -> None:
    path = export(tmp_path / "out")
    path.write_bytes(path.read_bytes().replace(b'"P2"', b'"P3"', 1))
    assert "Line 3 does not say what was written" in refused("verify", str(path))


def test_the_journal_is_verified_and_must_continue_the_export(tmp_path: Path) -> None:
    path = export(tmp_path / "out")
    _append("P3")
    assert "6 entries" in perio("verify", "--practice", PRACTICE).output
    assert perio("verify", str(path), "--practice", PRACTICE).exit_code == 0
    for file in settings.data_folder().glob("journal.*"):
        file.unlink()
    _append("P9")
    assert "forged" in refused("verify", str(path), "--practice", PRACTICE)


def test_a_key_from_the_environment_tells_a_forged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = export(tmp_path / "out")
    monkeypatch.setenv(KEY_VARIABLE, (settings.data_folder() / "journal.key").read_text())
    assert "No key" not in perio("verify", str(path)).output
    monkeypatch.setenv(KEY_VARIABLE, Fernet.generate_key().decode())
    assert "another key" in refused("verify", str(path))


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    assert "nothing to verify" in refused("verify")
    assert "no destination salesforce" in refused("export", "--practice", PRACTICE, "--to", "salesforce")
    assert "cannot be read" in refused("verify", str(tmp_path / "no.jsonl"))


def test_a_head_made_anew_is_said_for_ever(tmp_path: Path) -> None:
    journal = settings.workplace().journal()
    with journal.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE head")
    journal.close()
    _append("P3")
    path = export(tmp_path / "out")
    for command in (["--practice", PRACTICE], [str(path)]):
        result = perio("verify", *command)
        assert result.exit_code == 0
        assert "The first 4 were there when the journal began to keep a sealed head" in result.output
