"""The database itself: same bytes every time, every bound column, whole references, nothing that reaches anybody."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from sample_practices import BINDINGS, SamplePractice

from perio_pipeline.panda.sample import writer
from perio_pipeline.panda.sample.generate import generate, images_of
from perio_pipeline.panda.sample.image_store import Images
from perio_pipeline.panda.sample.schema import TABLES

SITES = ("MB", "B", "DB", "ML", "L", "DL")

REFERENCES = (
    ("Patient", "AccountNO", "Account"),
    ("Patient", "ProvNo", "Provider"),
    ("PatReferral", "PatID", "Patient"),
    ("PatReferral", "RefdrID", "ReferDr"),
    ("Visit", "ProvNo", "Provider"),
    ("PerioExam", "PatID", "Patient"),
    ("PerioTooth", "ExamNo", "PerioExam"),
    ("PerioMeas", "ExamNo", "PerioExam"),
    ("PerioDx", "ExamNo", "PerioExam"),
    ("PerioDx", "PatID", "Patient"),
    ("TxPlan", "PatID", "Patient"),
    ("TxPhase", "PlanNo", "TxPlan"),
    ("TxItem", "PlanNo", "TxPlan"),
    ("InstaNote", "PatID", "Patient"),
    ("InstaNote", "VisitNo", "Visit"),
    ("Letter", "PatID", "Patient"),
    ("Letter", "TemplateNo", "LetterTemplate"),
    ("Letter", "RefdrID", "ReferDr"),
    ("Letter", "PlanNo", "TxPlan"),
    ("ImageRef", "PatID", "Patient"),
    ("InsPolicy", "PatID", "Patient"),
    ("InsCoverage", "PolicyNo", "InsPolicy"),
    ("CustomFinding", "PatID", "Patient"),
    ("CustomFinding", "ExamNo", "PerioExam"),
    ("UserAccount", "ProvNo", "Provider"),
)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pictures(database: Path) -> dict[str, str]:
    """The drawn images of a practice; volumes are only large."""
    folder = images_of(database)
    return {str(path.relative_to(folder)): digest(path) for path in folder.rglob("*.jpg")}


def test_the_same_seed_gives_the_same_bytes(sample60: SamplePractice, tmp_path: Path) -> None:
    generate(tmp_path / "again.db", 60)
    for suffix in ("", ".planted.json", ".truth.json"):
        assert digest(tmp_path / f"again.db{suffix}") == digest(Path(f"{sample60.path}{suffix}"))
    assert pictures(tmp_path / "again.db") == pictures(sample60.path)


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    out = tmp_path / "other.db"
    command = [sys.executable, "-m", "perio_pipeline.panda.sample", "--patients", "12", "--out", str(out)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    generate(tmp_path / "here.db", 12)
    assert digest(out) == digest(tmp_path / "here.db")
    assert re.search(r"Patient +12\b", said)


def test_another_seed_gives_another_practice(tmp_path: Path) -> None:
    generate(tmp_path / "one.db", 5, seed=1)
    generate(tmp_path / "two.db", 5, seed=2)
    assert digest(tmp_path / "one.db") != digest(tmp_path / "two.db")


@pytest.mark.parametrize("patients", [1, 2, 7])
def test_any_size_has_exactly_that_many_patients(tmp_path: Path, patients: int) -> None:
    assert generate(tmp_path / "small.db", patients).rows["Patient"] == patients


def test_row_counts_are_those_of_the_database(sample: SamplePractice) -> None:
    assert {table: sample.number(f"SELECT COUNT(*) FROM {table}") for table in TABLES} == dict(sample.planted.rows)


def bound_columns(binding: dict) -> set[str]:
    columns = set()
    for entry in binding["columns"].values():
        name = entry if isinstance(entry, str) else entry.get("column", "")
        columns |= {name.replace("{site}", site) for site in SITES} if "{site}" in name else {name}
    return columns - {""}


@pytest.mark.parametrize("name", BINDINGS)
def test_every_bound_column_exists_and_is_used(sample250: SamplePractice, name: str) -> None:
    table, columns = BINDINGS[name]["table"], bound_columns(BINDINGS[name])
    assert columns <= set(TABLES[table].column_names)
    empty = {c for c in columns if not sample250.number(f"SELECT COUNT(*) FROM {table} WHERE {c} IS NOT NULL")}
    assert empty == set()


def test_every_listed_status_occurs(sample250: SamplePractice) -> None:
    for table, column, codes in (
        ("TxPlan", "PlanStatus", {"CON", "ACC", "INT", "CMP", "LST"}),
        ("Visit", "VisitStatus", {"S", "F", "C", "X", "N"}),
        ("TxItem", "ItemStatus", {"P", "A", "S", "C", "D"}),
        ("Patient", "PatStatus", {"A", "I", "R", "D", "P", "X"}),
        ("PerioExam", "ExamType", {"C", "R", "M"}),
        ("InstaNote", "NoteType", {"SOAP", "PROG", "INSTA", "TEL"}),
    ):
        assert codes <= {value for (value,) in sample250.rows(f"SELECT DISTINCT {column} FROM {table}")}


@pytest.mark.parametrize(("table", "column", "parent"), REFERENCES)
def test_references_are_whole(sample: SamplePractice, table: str, column: str, parent: str) -> None:
    key = TABLES[parent].key[0]
    allowed = sample.planted.problems["orphan_exam_provider"] if (table, column) == ("PerioExam", "ProvNo") else 0
    missing = (
        f"SELECT COUNT(*) FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {key} FROM {parent})"
    )
    assert sample.number(missing) == allowed


def test_people_have_alphanumeric_keys(sample: SamplePractice) -> None:
    for table in ("Account", "Patient", "Provider", "ReferDr"):
        key = TABLES[table].key[0]
        assert all(re.search("[A-Z]", value) for (value,) in sample.rows(f"SELECT {key} FROM {table}"))


def test_contact_data_reach_nobody(sample: SamplePractice) -> None:
    placeholders = {"NA", "000-0000000", "9999999999"}
    for table, columns in {
        "Account": ("HomePhone",),
        "Patient": ("HomePhone", "CellPhone", "WorkPhone"),
        "Provider": ("Phone",),
        "ReferDr": ("RefdrWorkPhone", "RefdrFax"),
    }.items():
        for column in columns:
            for (phone,) in sample.rows(f"SELECT {column} FROM {table} WHERE {column} <> ''"):
                digits = re.sub(r" x\d+$|\D", "", phone)
                assert phone in placeholders or re.fullmatch(r"[2-9]\d\d55501\d\d", digits), column
    for table, column in (("Patient", "Email"), ("Provider", "Email"), ("ReferDr", "RefdrEmail")):
        for (address,) in sample.rows(f"SELECT {column} FROM {table} WHERE {column} <> ''"):
            assert re.search(r"[@.]example\.(com|org|net)$", address)
    assert all(re.match("000-|9", ssn) for (ssn,) in sample.rows("SELECT SSN FROM Patient WHERE SSN <> ''"))


def test_unrelated_people_share_no_phone(sample: SamplePractice) -> None:
    families = "SELECT COUNT(*) FROM (SELECT 1 FROM Patient WHERE {0} LIKE '%555%' GROUP BY {0} HAVING {1} > 1)"
    assert sample.number(families.format("HomePhone", "COUNT(DISTINCT AccountNO)")) <= len(sample.planted.survivors)
    assert (
        sample.number(families.format("CellPhone", "COUNT(DISTINCT AccountNO)"))
        == (sample.planted.problems["duplicate_patient_likely"])
    )


def test_times_are_written_as_panda_writes_them(sample: SamplePractice) -> None:
    for table in TABLES.values():
        for column, kind in table.columns:
            if kind == "DATETIME":
                wrong = (
                    f"SELECT COUNT(*) FROM {table.name} WHERE length({column}) <> 19 OR datetime({column}) <> {column}"
                )
                assert sample.number(wrong) == 0, (table.name, column)


def test_nothing_was_changed_after_today_or_before_it_was_made(sample: SamplePractice) -> None:
    for table in TABLES.values():
        if "LastModified" in table.column_names:
            late = "LastModified > '2026-11-03' OR LastModified < DateEntered OR DateEntered IS NULL"
            assert sample.number(f"SELECT COUNT(*) FROM {table.name} WHERE {late}") == 0, table.name


def test_the_database_says_that_it_is_synthetic(sample60: SamplePractice) -> None:
    ((statement, seed),) = sample60.rows("SELECT Statement, Seed FROM SYNTHETIC")
    assert "invented" in statement
    assert seed == 2026


def test_memory_does_not_grow_with_the_practice(
    sample60: SamplePractice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BATCH_ROWS", 500)
    # Drawings are few and kept; what must not grow are the rows.
    monkeypatch.setattr(Images, "write", lambda images, kind, path, *_: small_file(images.place(path)))
    monkeypatch.setattr(Images, "enlarge", lambda images, path: small_file(images.place(path)))

    def small_file(path: Path) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.write_bytes(b"0123456789")

    def peak(patients: int) -> int:
        tracemalloc.start()
        generate(tmp_path / "memory.db", patients)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(90) < 1.35 * peak(25)
