"""P3: layouts that hold the same in another form are seen: joined texts, wide charts, split tables, shared columns."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from perio_pipeline.mapping.proposing.codes import propose_codes
from perio_pipeline.mapping.proposing.matching import MOST_CANDIDATES
from perio_pipeline.mapping.proposing.model import Confidence
from perio_pipeline_tests.mapping.proposing.databases import fields, proposal, proposed, table_of

FIRST = ("Ann", "Bea", "Carl", "Dora", "Emil", "Fay", "Gus", "Hal")
LAST = ("Abel", "Brook", "Crane", "Dell", "Estes", "Frost", "Gray", "Hale")
CHANCE = random.Random(7)


def patient(at: int, **columns: Any) -> dict[str, Any]:
    return {
        "PatientID": f"P{at:04}",
        "BirthDate": f"19{at % 60 + 30}-0{at % 9 + 1}-15",
        "Email": f"x{at}@example.com",
        **columns,
    }


@pytest.mark.parametrize(
    ("written", "pattern"),
    [
        ("{last}, {first}", ["{last_name}, {first_name} {middle_name:1}", "{last_name}, {first_name}"]),
        ("{first} {last}", "{first_name:word} {last_name}"),
    ],
)
def test_p3_names_in_one_column_are_taken_apart(tmp_path: Path, written: str, pattern: object) -> None:
    names = [(CHANCE.choice(FIRST), CHANCE.choice(LAST)) for _ in range(60)]
    rows = [patient(at, PatientName=written.format(first=a, last=b)) for at, (a, b) in enumerate(names)]
    found = fields(proposed(tmp_path, "patient", Patient=rows))
    for name in ("first_name", "last_name"):
        assert found[name].binding == {"column": "PatientName", "pattern": pattern}
        assert found[name].confidence is Confidence.LIKELY


def test_p3_a_column_of_its_own_goes_before_a_joined_one(tmp_path: Path) -> None:
    names = [(CHANCE.choice(FIRST), CHANCE.choice(LAST)) for _ in range(60)]
    rows = [patient(at, FirstName=a, LastName=b, FullName=f"{b}, {a}") for at, (a, b) in enumerate(names)]
    found = fields(proposed(tmp_path, "patient", Patient=rows))
    assert (found["first_name"].binding, found["last_name"].binding) == ("FirstName", "LastName")


def site(exam: int, tooth: int, **columns: Any) -> dict[str, Any]:
    return {"ExamID": exam, "ToothNo": tooth, **columns}


def depth() -> int:
    return CHANCE.randint(1, 8)


def test_p3_six_sites_in_one_text_become_six_rows(tmp_path: Path) -> None:
    rows = [
        site(exam, tooth, Depths=" ".join(f"{depth():02}" for _ in range(6)))
        for exam in range(100, 110)
        for tooth in range(1, 33)
    ]
    exams = [{"ExamID": exam, "ExamDate": "2026-01-02", "PatientID": "P1"} for exam in range(100, 110)]
    table = proposed(tmp_path, "perio_site", PerioMeasure=rows, PerioExam=exams)
    assert table.structure["unpivot"]["column"] == "site"
    binding = fields(table)["depth_mm"].binding
    assert isinstance(binding, dict)
    assert binding["column"] == "Depths"
    assert binding["pattern"].startswith("{MB:word} {B:word}")


def test_p3_a_depth_with_its_margin_is_two_fields(tmp_path: Path) -> None:
    sites = ("MB", "B", "DB", "ML", "L", "DL")
    rows = [
        site(exam, tooth, **{f"PDGM_{each}": f"{depth()}/{CHANCE.randint(-3, 3)}" for each in sites})
        for exam in range(100, 110)
        for tooth in range(1, 33)
    ]
    exams = [{"ExamID": exam, "ExamDate": "2026-01-02", "PatientID": "P1"} for exam in range(100, 110)]
    found = fields(proposed(tmp_path, "perio_site", PerioMeasure=rows, PerioExam=exams))
    pattern = "{depth_mm}/{recession_mm}"
    for name in ("depth_mm", "recession_mm"):
        binding = found[name].binding
        assert isinstance(binding, dict)
        assert (binding["column"], binding["pattern"], binding["piece"]) == ("PDGM_{site}", pattern, name)


def test_p3_a_column_for_each_tooth_and_site_becomes_a_row_for_each(tmp_path: Path) -> None:
    names = [f"T{tooth:02}_{each}_Depth" for tooth in range(1, 33) for each in ("MB", "B", "DB", "ML", "L", "DL")]
    rows = [
        {"ExamID": exam, "ExamDate": f"2026-01-{exam - 98:02}", "PatientID": "P1", **{name: depth() for name in names}}
        for exam in range(100, 120)
    ]
    table = proposed(tmp_path, "perio_site", PerioExam=rows)
    assert [each["column"] for each in table.structure["unpivot"]] == ["tooth", "site"]
    assert table.structure["rows_with"] == "T{tooth}_{site}_Depth"
    assert fields(table)["exam_id"].binding == "ExamID"
    assert "T{tooth}_{site}_Depth" in str(fields(table)["depth_mm"].binding)


def test_p3_a_row_of_depths_with_their_margins_is_there_where_such_a_text_is(tmp_path: Path) -> None:
    names = [f"T{tooth:02}_{each}" for tooth in range(1, 33) for each in ("MB", "B", "DB", "ML", "L", "DL")]
    rows = [
        {"ExamID": exam, "ExamDate": f"2026-01-{exam - 98:02}", "PatientID": "P1"}
        | {name: f"{depth()}/{CHANCE.randint(-3, 3)}" for name in names}
        for exam in range(100, 120)
    ]
    table = proposed(tmp_path, "perio_site", PerioExam=rows)
    assert table.structure["rows_with"] == "T{tooth}_{site}"
    assert fields(table)["recession_mm"].binding == {
        "column": "T{tooth}_{site}",
        "pattern": "{depth_mm}/{recession_mm}",
        "piece": "recession_mm",
    }


def quadrants() -> list[str]:
    """The teeth from Universal 1 to 32, as they are called by quadrant."""
    return [f"{quadrant}{at}" for quadrant in (1, 2, 3, 4) for at in (range(8, 0, -1), range(1, 9))[quadrant % 2 == 0]]


@pytest.mark.parametrize("teeth", [[f"{tooth}" for tooth in range(1, 33)], quadrants()], ids=["universal", "quadrants"])
def test_p3_one_row_may_hold_an_exam_its_teeth_and_their_sites(tmp_path: Path, teeth: Sequence[str]) -> None:
    rows = []
    for exam in range(100, 120):
        row = {"ExamID": exam, "ExamDate": f"2026-01-{exam - 98:02}", "PatientID": "P1"}
        for tooth in teeth:
            missing = CHANCE.random() < 0.2
            row[f"Status{tooth}"] = "M" if missing else "P"
            row[f"Mobility{tooth}"] = None if missing else CHANCE.choice((0, 0, 1, 2))
            row |= {f"Depth{tooth}_{each}": None if missing else depth() for each in ("MB", "B", "DB", "ML", "L", "DL")}
        rows.append(row)
    found = proposal(tmp_path, PerioExam=rows)
    for canonical, made, field, column in (
        ("perio_tooth", "tooth", "mobility", "Mobility{tooth}"),
        ("perio_site", "site", "depth_mm", "Depth{tooth}_{site}"),
    ):
        table = table_of(found, canonical)
        unpivot = table.structure["unpivot"]
        one, *_ = unpivot if isinstance(unpivot, list) else [unpivot]
        assert (table.table, made in str(unpivot)) == ("PerioExam", True)
        assert one["values"] == {str(at): tooth for at, tooth in enumerate(teeth, 1)}
        assert column in str(fields(table)[field].binding)
        assert "where" not in table.structure
    assert fields(table_of(found, "perio_exam"))["exam_date"].binding == "ExamDate"


def test_p3_missing_teeth_are_no_other_kind_of_row(tmp_path: Path) -> None:
    sites = ("MB", "B", "DB", "ML", "L", "DL")
    rows = []
    for at in range(320):
        missing = at % 5 == 0
        depths = {f"PD_{each}": None if missing else depth() for each in sites}
        state = {"ToothStatus": "M" if missing else "P", "Mobility": None if missing else at % 3}
        rows.append(site(at // 32 + 100, at % 32 + 1, **state, **depths))
    exams = [{"ExamID": exam, "ExamDate": "2026-01-02", "PatientID": "P1"} for exam in range(100, 110)]
    found = proposal(tmp_path, PerioChart=rows, PerioExam=exams)
    for canonical in ("perio_tooth", "perio_site"):
        assert table_of(found, canonical).table == "PerioChart"
        assert "where" not in table_of(found, canonical).structure
    assert fields(table_of(found, "perio_tooth"))["mobility"].binding == "Mobility"


def test_p3_what_a_numbered_column_says_makes_no_kinds_of_rows(tmp_path: Path) -> None:
    rows = []
    for at in range(60):
        own = patient(at, FirstName="Ann", LastName="Abel", Locker1=("A", "B")[at % 2], Locker2=None)
        own |= {f"Loan{number}": "x" if (at + number) % 2 else None for number in range(1, 9)}
        rows.append(own)
    table = proposed(tmp_path, "patient", Patient=rows)
    assert (table.table, "where" in table.structure) == ("Patient", False)


def test_p3_a_slip_among_numbers_stops_nothing(tmp_path: Path) -> None:
    rows = [patient(at, FirstName="Ann", LastName="Abel", Steps=at * 7 % 89) for at in range(400)]
    rows[1]["Steps"] = "?21"
    found = proposal(tmp_path, Patient=rows)
    (steps,) = [each for each in found.leftover_columns if each.column == "Steps"]
    assert steps.evidence.range == "0 to 90"


def test_p3_the_rest_of_a_record_is_found_in_the_table_beside_it(tmp_path: Path) -> None:
    rows = [patient(at, FirstName=CHANCE.choice(FIRST), LastName=CHANCE.choice(LAST)) for at in range(90)]
    rest = [{"PatientCode": f"P{at:04}", "Smoker": CHANCE.choice(("never", "former", "current"))} for at in range(90)]
    table = proposed(tmp_path, "patient", Patient=rows, PatientHealth=rest)
    (alias,) = table.structure["joins"]
    assert table.structure["joins"][alias]["on"] == {"PatientID": "PatientCode"}
    assert f"{alias}.Smoker" in str(fields(table)["smoking"].binding)


def test_p3_findings_that_share_a_column_of_letters_are_told_apart(tmp_path: Path) -> None:
    signs = ("-", "B", "BP", "P", "C", "PC", "BS", "S")
    rows = [
        site(exam, tooth, Site=each, Depth=depth(), Signs=CHANCE.choice(signs))
        for exam in range(100, 104)
        for tooth in range(1, 33)
        for each in ("MB", "B", "DB", "ML", "L", "DL")
    ]
    exams = [{"ExamID": exam, "ExamDate": "2026-01-02", "PatientID": "P1"} for exam in range(100, 104)]
    found = fields(proposed(tmp_path, "perio_site", PerioMeasure=rows, PerioExam=exams))
    letters = {"bleeding": "B", "suppuration": "S", "plaque": "P", "calculus": "C"}
    for name, letter in letters.items():
        assert found[name].binding == {"column": "Signs", "letter": letter}
        assert found[name].confidence is Confidence.WEAK


def test_p3_numbered_phones_stand_in_the_usual_order(tmp_path: Path) -> None:
    numbers = [f"555-01{at:02}" for at in range(60)]
    rows = [
        patient(at, Phone1=numbers[at], Phone2=numbers[-at] if at % 9 else "?", Phone3=numbers[at]) for at in range(60)
    ]
    found = fields(proposed(tmp_path, "patient", Patient=rows))
    columns = {name: found[name].binding for name in ("home_phone", "work_phone", "mobile_phone")}
    assert columns == {"home_phone": "Phone1", "work_phone": "Phone2", "mobile_phone": "Phone3"}


def test_p3_a_required_field_without_a_telling_name_is_the_only_column_left(tmp_path: Path) -> None:
    rows = [
        {
            "DiagnosisID": at,
            "PatientID": f"P{at:04}",
            "Classification": CHANCE.choice(("Stage I", "Stage II", "Gingivitis")),
            "Found": f"2026-01-{at % 28 + 1:02}",
        }
        for at in range(60)
    ]
    patients = [patient(at) for at in range(60)]
    found = fields(proposed(tmp_path, "perio_diagnosis", PerioDiagnosis=rows, Patient=patients))
    assert found["diagnosed_at"].binding == "Found"
    assert found["diagnosed_at"].confidence is Confidence.WEAK


def test_p3_lists_of_codes_are_found_from_the_rest_of_a_record(tmp_path: Path) -> None:
    states = ("Active", "Inactive", "Deceased")
    groups = [{"StateID": at + 10, "Kind": "PATIENT", "Text": text} for at, text in enumerate(states)]
    patients = [patient(at, FirstName="Ann", LastName="Abel", City="Olympia") for at in range(90)]
    rest = [{"PatientCode": f"P{at:04}", "PatientStateID": at % 3 + 10} for at in range(90)]
    table = proposed(tmp_path, "patient", Patient=patients, PatientRest=rest, StateList=groups)
    assert table.structure["joins"]["statelist"]["on"] == {"patientrest.PatientStateID": "StateID"}
    binding = fields(table)["status"].binding
    assert isinstance(binding, dict)
    assert (binding["column"], binding["codes"]["Deceased"]) == ("statelist.Text", "deceased")


def test_p3_a_table_is_found_among_many_that_are_something_else(tmp_path: Path) -> None:
    others = {f"Sys{at:03}": [{"Key": str(at), "Text": "x", "Day": "2026-01-02"}] for at in range(MOST_CANDIDATES + 9)}
    rows = [patient(at, FirstName="Ann", LastName="Abel", City="Olympia") for at in range(60)]
    assert proposed(tmp_path, "patient", **others, Zz_Patient=rows).table == "Zz_Patient"


def test_p3_whole_numbers_among_decimal_commas(tmp_path: Path) -> None:
    rows = [
        {"Code": f"D{at + 1000}", "Description": "Scaling", "Fee": "251,75" if at % 5 else "60"} for at in range(40)
    ]
    fee = fields(proposed(tmp_path, "procedure_code", Procedures=rows))["fee"]
    assert fee.binding == {"column": "Fee", "decode": "decimal_comma"}


def test_p3_one_comma_by_a_slip_is_no_notation(tmp_path: Path) -> None:
    grades = [("0", "1", "2", "0")[at % 4] if at % 16 else "1+" for at in range(96)]
    grades[7] = "1,1"
    rows = [{"ExamID": at // 32 + 1, "ToothNumber": at % 32 + 1, "Mobility": grades[at]} for at in range(96)]
    mobility = fields(proposed(tmp_path, "perio_tooth", ExamTeeth=rows))["mobility"]
    assert mobility.binding == "Mobility"


def test_p3_codes_that_only_count_are_guessed_in_order_and_said_to_be_weak() -> None:
    choices = ("consultation", "accepted", "in_treatment", "completed", "lost")
    found = propose_codes({"3": 40, "1": 30, "2": 20, "5": 9, "4": 8}, choices)
    assert {each.code: each.target for each in found} == dict(zip("12345", choices, strict=True))
    assert {each.confidence for each in found} == {Confidence.WEAK}
    words = propose_codes({"Accepted": 5, "zz top": 4}, choices)
    assert {each.code: each.target for each in words} == {"Accepted": "accepted", "zz top": None}
