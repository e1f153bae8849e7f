"""P1: staging goes on from where it was interrupted, stages nothing twice, and processes do not disturb each other."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.bindings import Bindings
from perio_pipeline.panda.exports import staging
from perio_pipeline.panda.exports.book import Book
from perio_pipeline.panda.exports.reading import FileReading
from perio_pipeline.panda.exports.survey import Survey
from perio_pipeline.panda.exports.uses import TableUse
from perio_pipeline.panda.tables import INSURANCE_COVERAGE, RECALL_RULE
from perio_pipeline_tests.panda.exports.writing import bindings, staged

TWO = bindings("insurance_coverage", "recall_rule")
FILES = {
    "InsCoverage.csv": "PolicyNo,CovClass,CovPercent\n1,PV,80\n2,BA,70\n",
    "dbo.recallrule.TSV": "RuleNo\tRuleName\tAAPClass\tIntervalMonths\tVisitType\tIsActive\n1\tA\t\t3\tM\t1\n",
    "Ledger.csv": "whatever is bound to nothing is not looked at",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "exports"
    made.mkdir()
    for name, content in FILES.items():
        (made / name).write_text(content, encoding="utf-8")
        os.utime(made / name, (1_700_000_000, 1_700_000_000))
    return made


def database(folder: Path) -> Path:
    return folder.parent / "staged" / "practice.db"


def tables(folder: Path) -> set[str]:
    with closing(sqlite3.connect(database(folder))) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def test_p1_what_is_staged_is_not_staged_or_even_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(staged(folder, TWO)[0].fresh) == {"InsCoverage", "RecallRule"}
    before = database(folder).read_bytes()

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(staging, "survey", never)
    monkeypatch.setattr(staging, "sha256", never)
    made, _ = staged(folder, TWO)
    made.check()
    assert made.fresh == ()
    assert database(folder).read_bytes() == before


def test_p1_only_a_file_that_changed_is_staged_again(folder: Path) -> None:
    staged(folder, TWO)
    (folder / "InsCoverage.csv").write_text("CovPercent;PolicyNo;CovClass\n60;3;IM\n", encoding="utf-8")
    made, source = staged(folder, TWO)
    assert made.fresh == ("InsCoverage",)
    (frame,) = source.chunks(INSURANCE_COVERAGE)
    assert frame.to_dict("records") == [{"policy_id": "3", "procedure_class": "implant", "percent": "60"}]


def test_p1_a_file_with_a_new_date_and_the_same_bytes_is_not_staged_again(folder: Path) -> None:
    staged(folder, TWO)
    os.utime(folder / "InsCoverage.csv")
    assert staged(folder, TWO)[0].fresh == ()


def test_p1_other_bindings_or_another_stager_stage_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staged(folder, TWO)
    assert len(staged(folder, TWO.model_copy(update={"source": "other"}))[0].fresh) == 2
    monkeypatch.setattr(staging, "STAGER", staging.STAGER + 1)
    assert len(staged(folder, TWO)[0].fresh) == 2


def test_p1_a_table_that_nothing_reads_any_more_is_gone(folder: Path) -> None:
    staged(folder, TWO)
    assert tables(folder) == {"InsCoverage", "RecallRule"}
    staged(folder, bindings("recall_rule"))
    assert tables(folder) == {"RecallRule"}


def test_p1_a_staged_file_that_was_deleted_is_made_again(folder: Path) -> None:
    staged(folder, TWO)
    database(folder).unlink()
    assert len(staged(folder, TWO)[0].fresh) == 2


def test_p1_files_are_the_owner_s_only(folder: Path) -> None:
    staged(folder, TWO)
    assert stat.S_IMODE(database(folder).parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in database(folder).parent.iterdir()} == {0o600}


def test_p1_an_interrupted_file_is_not_there_and_staging_goes_on_from_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = staging._rows

    def interrupted(path: Path, reading: FileReading) -> Iterator[Iterator[Sequence[object]]]:
        yield from whole(path, reading)
        if path.stem == "dbo.recallrule":
            raise KeyboardInterrupt

    monkeypatch.setattr(staging, "_rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        staged(folder, TWO)
    assert tables(folder) == {"InsCoverage"}
    monkeypatch.setattr(staging, "_rows", whole)
    made, source = staged(folder, TWO)
    assert made.fresh == ("RecallRule",)
    assert source.count(RECALL_RULE) == 1


def test_p1_a_file_that_changes_while_it_is_read_is_not_staged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = staging.survey

    def meanwhile(path: Path, use: TableUse, digest: str) -> Survey:
        made = real(path, use, digest)
        if path.name == "InsCoverage.csv":
            path.write_text(FILES[path.name] + "3,PV,1\n", encoding="utf-8")
        return made

    monkeypatch.setattr(staging, "survey", meanwhile)
    made, _ = staged(folder, TWO)
    with pytest.raises(SourceError, match=r"InsCoverage\.csv changed while it was read"):
        made.check()
    assert tables(folder) == {"RecallRule"}


def test_p1_a_full_disk_is_said_without_a_value(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full: Secret")

    monkeypatch.setattr(Book, "write", full)
    with pytest.raises(SourceError, match="cannot be staged") as error:
        staged(folder, TWO)
    assert "Secret" not in str(error.value)


def _stage_and_die(folder: Path, chosen: Bindings) -> None:
    whole = staging._rows

    def killed(path: Path, reading: FileReading) -> Iterator[Iterator[Sequence[object]]]:
        for batch in whole(path, reading):
            yield batch
            if path.stem == "dbo.recallrule":
                os.kill(os.getpid(), signal.SIGKILL)

    staging._rows = killed
    staged(folder, chosen)


def test_p1_a_killed_process_leaves_whole_tables_and_no_lock(folder: Path) -> None:
    rules = "".join(f"{number}\tA\t\t3\tM\t1\n" for number in range(50_000))
    header = FILES["dbo.recallrule.TSV"].partition("\n")[0]
    (folder / "dbo.recallrule.TSV").write_text(f"{header}\n{rules}", encoding="utf-8")
    process = multiprocessing.get_context("spawn").Process(target=_stage_and_die, args=(folder, TWO))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    made, source = staged(folder, TWO)
    made.check()
    assert made.fresh == ("RecallRule",)
    assert source.count(RECALL_RULE) == 50_000


def _stage_in_a_process(folder: Path, chosen: Bindings, into: multiprocessing.Queue[int]) -> None:  # type: ignore[type-arg]
    made, source = staged(folder, chosen)
    made.check()
    assert source.count(INSURANCE_COVERAGE) == 20_000
    into.put(len(made.fresh))


def test_p1_two_processes_stage_each_table_once(folder: Path) -> None:
    rows = "".join(f"{number},PV,80\n" for number in range(20_000))
    (folder / "InsCoverage.csv").write_text("PolicyNo,CovClass,CovPercent\n" + rows, encoding="utf-8")
    context = multiprocessing.get_context("spawn")
    into = context.Queue()
    running = [context.Process(target=_stage_in_a_process, args=(folder, TWO, into)) for _ in range(3)]
    for process in running:
        process.start()
    for process in running:
        process.join(120)
    assert [process.exitcode for process in running] == [0, 0, 0]
    assert sorted(into.get(timeout=5) for _ in running) == [0, 0, 2]
    into.close()
    into.join_thread()


def test_p1_a_schema_in_the_bindings_and_in_the_file_s_name_agree(folder: Path) -> None:
    rule = TWO.tables["recall_rule"].model_copy(update={"table": "dbo.RecallRule"})
    chosen = TWO.model_copy(update={"tables": {**TWO.tables, "recall_rule": rule}})
    made, source = staged(folder, chosen)
    made.check()
    assert source.count(RECALL_RULE) == 1
    other = TWO.model_copy(update={"tables": {"recall_rule": rule.model_copy(update={"table": "web.RecallRule"})}})
    with pytest.raises(SourceError, match=r"Table web\.RecallRule has no file"):
        staged(folder, other)[0].check()


def test_p1_p7_the_version_of_a_row_is_exported_too(folder: Path) -> None:
    rule = TWO.tables["recall_rule"].model_copy(update={"version": ("RowVer",)})
    chosen = TWO.model_copy(update={"tables": {"recall_rule": rule}})
    with pytest.raises(SourceError, match="the header lacks RowVer"):
        staged(folder, chosen)[0].check()
    header, row = FILES["dbo.recallrule.TSV"].splitlines()
    (folder / "dbo.recallrule.TSV").write_text(f"{header}\trowver\n{row}\t0x00000000000007D1\n", encoding="utf-8")
    made, source = staged(folder, chosen)
    made.check()
    (versions,) = source.versions(RECALL_RULE)
    assert versions["version"].tolist() == ["0x00000000000007D1"]
