"""`perio purge` lists first, removes on a named person's word, proves it, and says what can no longer be done."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from perio_pipeline import settings
from perio_pipeline.cli.main import app
from perio_pipeline.cutover.opening import Cutovers
from perio_pipeline.loading.database import URL_VARIABLE
from perio_pipeline.loading.entries import Intent, RunInfo, Scope
from perio_pipeline.loading.sealing import KEY_VARIABLE
from perio_pipeline.preflight.checks import Verdict
from perio_pipeline.preflight.keeping import kept_too_long

PRACTICE = "harbor"
OLD = "frames/harbor/panda/patient.parquet", "files/harbor/letters/a.pdf", "reports/harbor/freshsales/diff.html"
YOUNG = "frames/harbor/panda/letter.parquet", "staged/harbor.db"
NEVER = "sample/harbor.db", "frames/cove/panda/patient.parquet", "sandbox/highlevel-cove.sqlite"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(settings.PROJECT / "mappings", tmp_path / "mappings")
    folder = tmp_path / "data"
    for name, value in {
        settings.DATA: folder,
        settings.MAPPINGS: tmp_path / "mappings",
        "PERIO_DAGSTER": folder / "dagster",
        "DAGSTER_HOME": settings.PROJECT,
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    for name in (*OLD, *YOUNG, *NEVER):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
        if name not in YOUNG:
            os.utime(file, (LONG_AGO, LONG_AGO))
    with closing(settings.workplace().journal()) as journal:
        where = Scope(PRACTICE, "highlevel", "main", "contacts")
        journal.append(where, RunInfo("r", "full", "jo"), [Intent("P1", "update", "f", values_before={"a": "b"})])
    return folder


def perio(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def purge(*arguments: str) -> str:
    result = perio("purge", "--practice", PRACTICE, *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: str) -> str:
    result = perio("purge", "--practice", PRACTICE, *arguments)
    assert result.exit_code == 1
    assert "What to do:" in result.output
    return result.output


def present(data: Path) -> set[str]:
    return {name for name in (*OLD, *YOUNG, *NEVER) if (data / name).exists()}


def certificate(data: Path) -> dict[str, object]:
    (path,) = (data / "certificates" / PRACTICE).glob("purge-*.json")
    assert path.stat().st_mode & 0o777 == 0o600
    content: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return content


def test_without_yes_it_only_lists(data: Path) -> None:
    said = purge("--all")
    assert "Nothing was removed" in said
    assert present(data) == {*OLD, *YOUNG, *NEVER}


def test_all_removes_everything_of_this_practice_and_nothing_else(data: Path) -> None:
    said = purge("--all", "--yes", "--by", "Dana Frost")
    assert present(data) == set(NEVER)
    assert "no longer" not in said
    assert "A rollback cannot give back earlier values" in said
    proof = certificate(data)
    assert proof["by"] == "Dana Frost"
    assert set(proof["left_after_another_look"].values()) == {0}  # type: ignore[attr-defined]
    removed = {line["place"]: line.get("files", line.get("entries")) for line in proof["removed"]}  # type: ignore[attr-defined]
    assert removed["frames"] == 2
    assert removed["journal"] == 1
    verified = perio("audit", "verify", "--practice", PRACTICE)
    assert verified.exit_code == 0
    assert "The values of 1 of them were erased since" in verified.output


def test_before_a_day_removes_what_has_not_changed_since(data: Path) -> None:
    purge("--before", "2026-02-01", "--yes", "--by", "Dana Frost")
    assert present(data) == {*YOUNG, *NEVER}


def test_a_stated_retention_says_how_old_is_too_old(data: Path) -> None:
    assert "states no retention" in refused()
    file = settings.mappings_folder() / "practices" / f"{PRACTICE}.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "\nretention: {days: 30}\n", encoding="utf-8")
    rooms = settings.workplace()
    check = kept_too_long(rooms, rooms.practice(PRACTICE))
    assert (check.verdict, check.found.partition(" files")[0]) == (Verdict.WARNING, "3")
    purge("--yes", "--by", "Dana Frost")
    assert present(data) == {*YOUNG, *NEVER}
    assert kept_too_long(rooms, rooms.practice(PRACTICE)).verdict is Verdict.OK
    zone = rooms.practice(PRACTICE).locale.zone
    oldest = datetime.now(zone).date() - timedelta(days=30)
    assert certificate(data)["scope"] == f"older than {datetime.combine(oldest, time.min, zone).isoformat()}"


def test_nobody_purges_without_a_name(data: Path) -> None:
    assert "Nobody is named" in refused("--all", "--yes")
    assert present(data) == {*OLD, *YOUNG, *NEVER}


def test_a_run_under_way_keeps_everything(data: Path) -> None:
    with (
        closing(settings.workplace().journal()) as journal,
        journal.locked(PRACTICE, "freshsales", RunInfo("busy", "full", "jo")),
    ):
        assert "Run busy of jo" in refused("--all", "--yes", "--by", "Dana Frost")
    assert present(data) == {*OLD, *YOUNG, *NEVER}


def test_an_open_window_lives_on_these_values(data: Path) -> None:
    rooms = settings.workplace()
    for name in rooms.mapping("highlevel").objects:
        rooms.store().write_note(PRACTICE, ["highlevel", "loaded", name], {"pass": "full"})
    window = Cutovers(rooms, rooms.practice(PRACTICE), "highlevel")
    window.start(datetime.now(UTC), 1, "jo")
    assert "is open" in refused("--all", "--yes", "--by", "Dana Frost")


def test_the_key_is_destroyed_only_when_nothing_else_is_sealed_with_it(data: Path) -> None:
    with closing(settings.workplace().journal()) as journal:
        where = Scope("cove", "highlevel", "main", "contacts")
        journal.append(where, RunInfo("r", "full", "jo"), [Intent("P1", "update", "f", values_before={"a": "b"})])
    assert "cove" in refused("--all", "--destroy-key", "--yes", "--by", "Dana Frost")
    assert (data / "journal.key").exists()
    shutil.rmtree(data)
    with closing(settings.workplace().journal()) as journal:
        where = Scope(PRACTICE, "highlevel", "main", "contacts")
        journal.append(where, RunInfo("r", "full", "jo"), [Intent("P1", "update", "f", values_before={"a": "b"})])
    assert "The journal's key is destroyed" in purge("--all", "--destroy-key", "--yes", "--by", "Dana Frost")
    assert not (data / "journal.key").exists()
