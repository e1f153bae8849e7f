"""P1: dates of exports are read in the order that their column proves, and where it proves none, by its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.exports.dates import Order, iso
from perio_pipeline.panda.exports.reading import DateStyle
from perio_pipeline.panda.exports.staging import Staged
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import PATIENT, PERIO_DIAGNOSIS, PERIO_EXAM
from perio_pipeline_tests.panda.exports.writing import Style, bindings, staged, write_table

TWO = bindings("perio_exam", "perio_diagnosis")
EXAM = ("ExamNo", "PatID", "ProvNo", "ExamType", "Remark", "ExamDate", "DateEntered", "LastModified")
DIAGNOSIS = ("DxNo", "PatID", "ExamNo", "ProvNo", "AAPClass", "AAPGrade", "AAPExtent", "DxDateTime", "DateEntered",
             "LastModified")  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2021-03-14", "2021-03-14 00:00:00"),
        ("2021-03-14T09:05", "2021-03-14 09:05:00"),
        ("20210314", "2021-03-14 00:00:00"),
        ("2021/03/14 09:05:07.1230000", "2021-03-14 09:05:07.123000"),
        ("Mar 14 2021  9:05AM", "2021-03-14 09:05:00"),
        ("Mar  4 2021 12:05AM", "2021-03-04 00:05:00"),
        ("14 March 2021", "2021-03-14 00:00:00"),
        ("14-MAR-21", "2021-03-14 00:00:00"),
        ("March 14, 2021 9:05:07:123PM", "2021-03-14 21:05:07.123000"),
        ("3/14/2021", "2021-03-14 00:00:00"),
        ("3/14/21 9:05 pm", "2021-03-14 21:05:00"),
        ("3/14/49", "2049-03-14 00:00:00"),
        ("3/14/50", "1950-03-14 00:00:00"),
        ("03.04.2021", "2021-03-04 00:00:00"),
    ],
)
def test_p1_each_notation_is_read(text: str, wanted: str) -> None:
    assert iso(text, Order.MONTH_FIRST, 2049) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "2021-02-30",
        "13/13/2021",
        "3/14-2021",
        "2021-03-14Z",
        "3/14/2021 13:05 PM",
        "Mai 14 2021",
        "soon",
        "2021-03-14 25:00",
    ],
)
def test_p1_what_fits_no_style_stays_for_validation_to_refuse(text: str) -> None:
    assert iso(text, Order.MONTH_FIRST, 2049) == text


def stage_two(
    tmp_path: Path, exams: Sequence[Sequence[str]], diagnoses: Sequence[Sequence[str]] = (), stated: Order | None = None
) -> tuple[Staged, PandaSource]:
    """Stage exams and diagnoses that are given by their three dates."""
    folder = tmp_path / "exports"
    folder.mkdir(exist_ok=True)
    rows = [[f"E{number}", "P1", "", "C", "", *dates] for number, dates in enumerate(exams)]
    write_table(folder / "PerioExam.csv", EXAM, rows, Style())
    rows = [[f"D{number}", "P1", "E1", "", "", "", "", *dates] for number, dates in enumerate(diagnoses)]
    write_table(folder / "PerioDx.csv", DIAGNOSIS, rows, Style())
    return staged(folder, TWO, stated)


def style_of(made: Staged, table: str, column: str) -> DateStyle:
    style = made.readings[table].columns[column].dates
    assert style is not None
    return style


def exam_dates(source: PandaSource) -> list[str]:
    return next(source.chunks(PERIO_EXAM))["exam_date"].tolist()


def test_p1_one_value_over_12_proves_the_order_of_its_column(tmp_path: Path) -> None:
    made, source = stage_two(tmp_path, [("3/4/2021", "", ""), ("14/3/2021", "", "")])
    made.check()
    assert exam_dates(source) == ["2021-04-03 00:00:00", "2021-03-14 00:00:00"]
    assert style_of(made, "perioexam", "ExamDate").decided_by == "its values"
    evidence = made.surveys["perioexam"].evidence["ExamDate"].dates
    assert evidence is not None
    assert (evidence.day_first.values, evidence.day_first.line, evidence.either.line) == (1, 3, 2)


def test_p1_an_ambiguous_column_is_read_as_the_others_of_its_file(tmp_path: Path) -> None:
    # The other file says the contrary; the own one counts first.
    made, source = stage_two(tmp_path, [("3/4/2021", "14/3/2021", "")], [("3/14/2021", "", "")])
    made.check()
    assert exam_dates(source) == ["2021-04-03 00:00:00"]
    assert style_of(made, "perioexam", "ExamDate").decided_by == "its file"


def test_p1_then_as_those_of_the_folder(tmp_path: Path) -> None:
    made, source = stage_two(tmp_path, [("3/4/2021", "", "")], [("3/14/2021", "", "")])
    made.check()
    assert exam_dates(source) == ["2021-03-04 00:00:00"]
    assert style_of(made, "perioexam", "ExamDate").decided_by == "the folder"


def test_p1_then_as_the_practice_says(tmp_path: Path) -> None:
    made, source = stage_two(tmp_path, [("3/4/2021", "", "")], stated=Order.DAY_FIRST)
    made.check()
    assert exam_dates(source) == ["2021-04-03 00:00:00"]
    assert style_of(made, "perioexam", "ExamDate").decided_by == "source.dates"


def test_p1_and_where_nothing_decides_it_is_an_error_that_names_the_setting(tmp_path: Path) -> None:
    made, _ = stage_two(tmp_path, [("3/4/2021", "", "")])
    with pytest.raises(
        SourceError, match=r"PerioExam\.csv, line 2: .* column ExamDate is decided by nothing.*day_first"
    ):
        made.check()
    assert made.fresh == ("PerioDx",)


def test_p1_dates_that_are_the_same_either_way_need_no_decision(tmp_path: Path) -> None:
    made, source = stage_two(tmp_path, [("4/4/2021", "", "")])
    made.check()
    assert exam_dates(source) == ["2021-04-04 00:00:00"]


def test_p1_a_contradictory_column_is_read_as_its_neighbours_and_reported(tmp_path: Path) -> None:
    made, source = stage_two(tmp_path, [("3/14/2021", "14/3/2021", ""), ("14/3/2021", "3/4/2021", "")])
    made.check()
    style = style_of(made, "perioexam", "ExamDate")
    assert (style.order, style.decided_by, style.contradictory) == (Order.DAY_FIRST, "its file", True)
    assert exam_dates(source) == ["3/14/2021", "2021-03-14 00:00:00"]


def test_p1_a_contradictory_column_alone_is_an_error_with_its_evidence(tmp_path: Path) -> None:
    made, _ = stage_two(tmp_path, [("3/14/2021", "", ""), ("14/3/2021", "", "")])
    with pytest.raises(
        SourceError, match=r"day comes first on 1 lines \(line 3\) and the month on 1 \(line 2\)"
    ) as error:
        made.check()
    assert "2021" not in str(error.value)


def test_p1_what_another_file_decides_is_decided_anew_when_that_file_changes(tmp_path: Path) -> None:
    stage_two(tmp_path, [("3/4/2021", "", "")], [("3/14/2021", "", "")])
    made, source = stage_two(tmp_path, [("3/4/2021", "", "")], [("14/3/2021", "", "")])
    assert set(made.fresh) == {"PerioExam", "PerioDx"}
    assert exam_dates(source) == ["2021-04-03 00:00:00"]
    assert next(source.chunks(PERIO_DIAGNOSIS))["diagnosed_at"].tolist() == ["2021-03-14 00:00:00"]


def test_p1_two_digit_years_of_birth_are_never_in_the_future(tmp_path: Path) -> None:
    chosen = bindings("patient")
    header = chosen.tables["patient"].physical_columns()
    row = dict.fromkeys(header, "") | {"PatID": "P1", "BirthDate": "3/14/35", "FirstVisit": "3/14/35"}
    (tmp_path / "exports").mkdir()
    write_table(tmp_path / "exports" / "Patient.csv", header, [list(row.values())], Style())
    made, source = staged(tmp_path / "exports", chosen)
    made.check()
    (frame,) = source.chunks(PATIENT)
    assert frame.loc[0, "birth_date"] == "1935-03-14 00:00:00"
    assert frame.loc[0, "first_visit_date"] == "2035-03-14 00:00:00"


def test_p1_two_digit_years_in_front_are_refused_rather_than_taken_for_days(tmp_path: Path) -> None:
    made, _ = stage_two(tmp_path, [("21/03/14", "", ""), ("99/03/14", "", "")])
    with pytest.raises(SourceError, match=r"PerioExam\.csv, line 3: in column ExamDate years of two digits come first"):
        made.check()
