"""Every planted count is what a query finds in the database; the queries know nothing of the generator."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from sample_practices import BINDINGS, SamplePractice

from perio_pipeline.panda.sample.generate import images_of
from perio_pipeline.panda.sample.problems import PROBLEMS

PHONE_PLACEHOLDERS = "('NA', '000-0000000', '9999999999')"


def sites(kind: str, condition: str) -> str:
    """Count the sites of PerioMeas for which a condition on `x` holds."""
    columns = [f"{kind}_{site}" for site in ("MB", "B", "DB", "ML", "L", "DL")]
    return "SELECT " + " + ".join(
        f"(SELECT COUNT(*) FROM PerioMeas WHERE {condition.replace('x', column)})" for column in columns
    )


def shared(column: str) -> str:
    """Count the values of a column that two or more people of one account have."""
    return f"""SELECT COUNT(*) FROM (SELECT 1 FROM Patient
        WHERE {column} <> '' AND {column} NOT IN {PHONE_PLACEHOLDERS}
        GROUP BY AccountNO, {column} HAVING COUNT(DISTINCT FirstName || BirthDate) > 1)"""


def unknown(table: str, field: str) -> str:
    """Count the codes that the binding of a status does not list."""
    binding = BINDINGS[table]
    codes = ", ".join(f"'{code}'" for code in binding["columns"][field]["codes"])
    return f"SELECT COUNT(*) FROM {binding['table']} WHERE {binding['columns'][field]['column']} NOT IN ({codes})"


def having(table: str, condition: str) -> str:
    return f"SELECT COUNT(*) FROM {table} WHERE {condition}"


QUERIES = {
    "duplicate_patient_certain": """SELECT COUNT(*) FROM Patient a JOIN Patient b USING (LastName, FirstName, BirthDate,
        AccountNO) WHERE a.PatID < b.PatID""",
    "duplicate_patient_likely": """SELECT COUNT(*) FROM Patient a JOIN Patient b USING (BirthDate, CellPhone)
        WHERE a.PatID < b.PatID AND a.AccountNO <> b.AccountNO""",
    "guarantor_holds_address": having("Account", "Street <> '' AND AccountNO IN (SELECT AccountNO FROM Patient)"),
    "shared_family_email": shared("Email"),
    "shared_family_phone": shared("HomePhone"),
    "shared_family_mobile": shared("CellPhone"),
    "birth_date_placeholder": having("Patient", "date(BirthDate) IN ('1900-01-01', '1753-01-01')"),
    "birth_date_impossible": having(
        "Patient",
        "date(BirthDate) > '2026-11-02' OR date(BirthDate) BETWEEN '1753-01-02' AND '1899-12-31'",
    ),
    "policy_never_ends": having("InsPolicy", "DateTerm LIKE '9999%'"),
    "visit_at_midnight": having("Visit", "VisitDateTime LIKE '% 00:00:00'"),
    "patient_deceased": having("Patient", "PatStatus = 'D'"),
    "patient_archived": having("Patient", "PatStatus = 'R'"),
    "patient_deleted": having("Patient", "PatStatus = 'X'"),
    "note_rtf": having("InstaNote", r"CAST(NoteBody AS TEXT) LIKE '{\rtf1%'"),
    "note_html": having("InstaNote", "CAST(NoteBody AS TEXT) LIKE '<div>%'"),
    "note_signature_blob": having("InstaNote", "instr(NoteBody, CAST('base64,' AS BLOB))"),
    "tooth_range_dash": having("TxItem", "ToothRange LIKE '%-%,%'"),
    "tooth_range_hash": having("TxItem", "ToothRange LIKE '%#%'"),
    "tooth_range_to": having("TxItem", "ToothRange LIKE '% to %'"),
    "tooth_range_semicolon": having("TxItem", "ToothRange LIKE '%;%'"),
    "tooth_range_reversed": having(
        "TxItem",
        "ToothRange LIKE '%-%' AND ToothRange NOT LIKE '%,%'"
        " AND CAST(ToothRange AS INTEGER) > CAST(substr(ToothRange, instr(ToothRange, '-') + 1) AS INTEGER)",
    ),
    "quadrant_spelling": having("TxItem", "SurfArea NOT IN ('UR', 'UL', 'LL', 'LR')"),
    "item_primary_tooth": having("TxItem", "ToothRange GLOB '[A-T]'"),
    "item_supernumerary_tooth": having("TxItem", "ToothRange GLOB '[5-8][0-9]'"),
    "exam_fdi_numbers": "SELECT COUNT(DISTINCT ExamNo) FROM PerioTooth WHERE ToothNo > 32",
    "implant_charted": having("PerioTooth", "ToothStat = 'I'"),
    "depth_on_missing_tooth": "SELECT COUNT(*) FROM PerioMeas JOIN PerioTooth USING (ExamNo, ToothNo)"
    " WHERE ToothStat = 'M'",
    "depth_zero": sites("PD", "x = 0"),
    "depth_not_recorded": sites("PD", "x IS NULL OR x = -1"),
    "depth_not_assessable": sites("PD", "x = 99"),
    "margin_negative": sites("GM", "x > 100"),
    "margin_not_charted": """SELECT COUNT(*) FROM (SELECT ExamNo FROM PerioMeas GROUP BY ExamNo
        HAVING MAX(MAX(GM_MB, GM_B, GM_DB, GM_ML, GM_L, GM_DL)) = -1
        AND SUM(PD_MB BETWEEN 0 AND 98 OR PD_B BETWEEN 0 AND 98 OR PD_DB BETWEEN 0 AND 98
            OR PD_ML BETWEEN 0 AND 98 OR PD_L BETWEEN 0 AND 98 OR PD_DL BETWEEN 0 AND 98))""",
    "depth_impossible": sites("PD", "x > 15 AND x <> 99"),
    "flag_unknown_bit": sites("BSPC", "x >= 16"),
    "mobility_half_grade": having("PerioTooth", "Mobility IN ('+', '1+', '2+')"),
    "mobility_junk": having("PerioTooth", "Mobility NOT IN ('0', '+', '1', '1+', '2', '2+', '3')"),
    "furcation_impossible": having(
        "PerioTooth",
        "ExamNo NOT IN (SELECT ExamNo FROM PerioTooth WHERE ToothNo > 32) AND ("
        "FurcB > 0 AND ToothNo NOT IN (1, 2, 3, 14, 15, 16, 17, 18, 19, 30, 31, 32)"
        " OR FurcL > 0 AND ToothNo NOT IN (17, 18, 19, 30, 31, 32)"
        " OR FurcM > 0 AND ToothNo NOT IN (1, 2, 3, 5, 12, 14, 15, 16)"
        " OR FurcD > 0 AND ToothNo NOT IN (1, 2, 3, 5, 12, 14, 15, 16))",
    ),
    "phone_with_extension": having("Patient", "WorkPhone LIKE '% x%'"),
    "phone_placeholder": having("Patient", f"HomePhone IN {PHONE_PLACEHOLDERS}"),
    "bridge_na": having("Patient", "MiddleInitial = 'NA'"),
    "bridge_underscore": having("Account", r"Street LIKE '%\_%' ESCAPE '\'"),
    "unread_ssn": having("Patient", "SSN <> ''"),
    "mojibake_name": having("Patient", "LastName LIKE '%Ã%'"),
    "name_upper_case": having("Patient", "FirstName = upper(FirstName) AND LastName = upper(LastName)"),
    "name_suffix_in_last_name": having(
        "Patient", "LastName LIKE '% JR.' OR LastName LIKE '% SR.' OR LastName LIKE '% III'"
    ),
    "fee_zero": having("TxItem", "FeeAmt = 0"),
    "fee_missing": having("TxItem", "FeeAmt IS NULL"),
    "status_unknown_patient": unknown("patient", "status"),
    "status_unknown_visit": unknown("appointment", "status"),
    "status_unknown_plan": unknown("treatment_plan", "status"),
    "status_unknown_item": unknown("treatment_item", "status"),
    "visit_in_dst_gap": having(
        "Visit", "time(VisitDateTime) BETWEEN '02:00:00' AND '02:59:59' AND strftime('%m%w', VisitDateTime) = '030'"
    ),
    "orphan_visit": having("Visit", "PatID NOT IN (SELECT PatID FROM Patient)"),
    "orphan_exam_provider": having("PerioExam", "ProvNo NOT IN (SELECT ProvNo FROM Provider)"),
    "orphan_item_phase": having("TxItem", "PhaseNo NOT IN (SELECT PhaseNo FROM TxPhase)"),
    "orphan_item_code": having("TxItem", "ProcCode NOT IN (SELECT ProcCode FROM ProcCode)"),
    "referrer_free_text": having("ReferDr", "RefType = 'OTH'"),
    "referrer_practice_spelling": """SELECT SUM(spellings - 1) FROM (SELECT COUNT(DISTINCT RefdrPractice) spellings
        FROM ReferDr WHERE RefType IN ('GP', 'SP') GROUP BY RefdrWorkPhone)""",
    "referrer_same_name_offices": """SELECT COUNT(*) FROM (SELECT 1 FROM ReferDr WHERE RefdrPractice <> ''
        GROUP BY RefdrPractice HAVING COUNT(DISTINCT RefdrCity) > 1)""",
    "referrer_is_patient": """SELECT COUNT(*) FROM Patient JOIN ReferDr ON WorkPhone = RefdrWorkPhone
        AND FirstName = RefdrFirstName AND LastName = RefdrLastName""",
    "patient_refers": """SELECT COUNT(*) FROM Patient JOIN ReferDr ON CellPhone = RefdrWorkPhone
        AND FirstName = RefdrFirstName AND LastName = RefdrLastName WHERE RefType = 'PT'""",
    "provider_is_patient": "SELECT COUNT(*) FROM Patient JOIN Provider USING (FirstName, LastName, Email)",
    "test_patient": having("Patient", "'test' IN (lower(FirstName), lower(LastName)) OR LastName = 'Testpatient'"),
    "duplicate_chart_row": """SELECT SUM(times - 1) FROM (SELECT COUNT(*) times FROM PerioMeas
        GROUP BY ExamNo, ToothNo)""",
    "letter_with_phi": having("Letter", "LetterRtf IS NOT NULL"),
    "bridge_only_patient": having(
        "Patient",
        "BridgePatID <> '' AND PatID NOT IN (SELECT PatID FROM Visit) AND PatID NOT IN (SELECT PatID FROM PerioExam)"
        " AND PatID NOT IN (SELECT PatID FROM TxPlan) AND PatID NOT IN (SELECT PatID FROM InstaNote)",
    ),
    "patient_without_last_name": having("Patient", "coalesce(LastName, '') = ''"),
    "patient_without_contact": having("Patient", "coalesce(Email, HomePhone, CellPhone, WorkPhone, '') = ''"),
    "image_over_25_mb": having("ImageRef", "FileBytes > 25 * 1024 * 1024"),
    "image_path_outside": having("ImageRef", "FilePath LIKE 'C:%'"),
    "image_path_other_case": having("ImageRef", "FilePath LIKE '%.JPG' AND FilePath NOT GLOB '*.jpg'"),
    "image_large_photo": having("ImageRef", "ImageType = 'PH' AND FileBytes > 1000000"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_finds_what_was_planted(sample: SamplePractice, name: str) -> None:
    assert sample.number(QUERIES[name]) == sample.planted.problems[name]


def carried_forward(sample: SamplePractice) -> int:
    """Exams whose chart rows equal those of an earlier exam of the patient."""
    charts: dict[int, list[tuple]] = defaultdict(list)
    for exam, *row in sample.rows("SELECT * FROM PerioMeas ORDER BY ExamNo, ToothNo"):
        charts[exam].append(tuple(row))
    seen: set[tuple] = set()
    found = 0
    for patient, exam in sample.rows("SELECT PatID, ExamNo FROM PerioExam ORDER BY ExamDate"):
        chart = (patient, *charts[exam])
        found += chart in seen
        seen.add(chart)
    return found


def wrong_npis(sample: SamplePractice) -> int:
    """NPIs whose Luhn sum with the prefix 80840 is not a multiple of ten."""
    query = "SELECT RefdrNPI FROM ReferDr WHERE RefdrNPI <> '' UNION ALL SELECT NPI FROM Provider WHERE NPI <> ''"
    return sum(_luhn("80840" + npi) % 10 != 0 for (npi,) in sample.rows(query))


def _luhn(digits: str) -> int:
    doubled = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}
    return sum(doubled[digit] if place % 2 else int(digit) for place, digit in enumerate(reversed(digits)))


def bytes_over_127(sample: SamplePractice) -> int:
    return sum(not body.isascii() for (body,) in sample.rows("SELECT NoteBody FROM InstaNote"))


def off_chart(sample: SamplePractice) -> int:
    known = {str(key) for (key,) in sample.rows("SELECT DxNo FROM PerioDx")}
    return len(known.intersection(sample.planted.keys["diagnosis_off_chart"]))


def images(sample: SamplePractice) -> list[tuple[Path, int]]:
    """Where each image within the store should lie, in the case of its file, and its size by the database."""
    folder = images_of(sample.path)
    names = {str(path.relative_to(folder)).casefold(): path for path in folder.rglob("*")}
    rows = sample.rows("SELECT FilePath, FileBytes FROM ImageRef WHERE FilePath NOT LIKE 'C:%'")
    relative = [(path.replace("\\", "/"), size) for path, size in rows]
    return [(names.get(path.casefold(), folder / path), size) for path, size in relative]


def missing_files(sample: SamplePractice) -> int:
    return sum(not path.exists() for path, _ in images(sample))


def broken_files(sample: SamplePractice) -> int:
    return sum(path.exists() and path.stat().st_size != size for path, size in images(sample))


def unknown_files(sample: SamplePractice) -> int:
    heads = [path.read_bytes()[:132] for path, _ in images(sample) if path.exists()]
    return sum(not head.startswith(b"\xff\xd8\xff") and not head.endswith(b"DICM") for head in heads)


FINDERS = {
    "image_file_missing": missing_files,
    "image_file_broken": broken_files,
    "image_file_unknown": unknown_files,
    "exam_carried_forward": carried_forward,
    "npi_invalid": wrong_npis,
    "note_cp1252": bytes_over_127,
    "diagnosis_off_chart": off_chart,
}


@pytest.mark.parametrize("name", FINDERS)
def test_a_search_finds_what_was_planted(sample: SamplePractice, name: str) -> None:
    assert FINDERS[name](sample) == sample.planted.problems[name]


def test_every_problem_is_checked_here() -> None:
    assert QUERIES.keys() | FINDERS.keys() == PROBLEMS.keys()


def test_sixty_patients_have_every_problem_at_least_once(sample60: SamplePractice) -> None:
    assert [name for name, count in sample60.planted.problems.items() if count < 1] == []


@pytest.mark.parametrize("name", [problem.name for problem in PROBLEMS.values() if problem.rate])
def test_planted_counts_grow_with_the_practice(sample250: SamplePractice, name: str) -> None:
    assert sample250.planted.problems[name] == PROBLEMS[name].target(250)


def test_each_duplicate_names_its_survivor(sample: SamplePractice) -> None:
    people = {row[0]: row[1:] for row in sample.rows("SELECT PatID, BirthDate, CellPhone FROM Patient")}
    planted = sample.planted.problems
    assert len(sample.planted.survivors) == (planted["duplicate_patient_certain"] + planted["duplicate_patient_likely"])
    assert all(people[duplicate] == people[kept] for duplicate, kept in sample.planted.survivors.items())


def test_the_sidecars_hold_counts_and_keys_only(sample60: SamplePractice) -> None:
    counts = json.loads(Path(f"{sample60.path}.planted.json").read_text(encoding="utf-8"))
    truth = json.loads(Path(f"{sample60.path}.truth.json").read_text(encoding="utf-8"))
    assert counts == {"problems": dict(sample60.planted.problems), "rows": dict(sample60.planted.rows)}
    assert truth["survivors"] == dict(sample60.planted.survivors)
    assert {name: len(keys) for name, keys in truth["keys"].items()} == {
        name: count for name, count in sample60.planted.problems.items() if name in truth["keys"]
    }
    surnames = {name for (name,) in sample60.rows("SELECT LastName FROM Patient WHERE length(LastName) > 3")}
    assert not surnames.intersection(json.dumps(truth).replace('"', " ").split())
