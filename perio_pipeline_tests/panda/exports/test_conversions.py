"""P1: what exports write for nulls, bits, bytes and decimals is what the database holds, where that is proven."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.canonical import Table
from perio_pipeline.panda.exports.staging import Staged
from perio_pipeline.panda.tables import TABLES
from perio_pipeline_tests.panda.exports.writing import Style, bindings, staged, write_table


def stage_one(folder: Path, table: str, *rows: dict[str, str]) -> tuple[Staged, pd.DataFrame]:
    """Stage rows of a table that are given by physical column; all other columns are empty."""
    chosen = bindings(table)
    bound = chosen.tables[table]
    header = bound.physical_columns()
    folder = folder / "exports"
    folder.mkdir()
    texts = [list((dict.fromkeys(header, "") | row).values()) for row in rows]
    write_table(folder / f"{bound.table}.csv", header, texts, Style())
    made, source = staged(folder, chosen)
    made.check()
    return made, pd.concat(source.chunks(TABLES[table]), ignore_index=True)


def values(frame: pd.DataFrame, name: str) -> list[str | None]:
    return [None if pd.isna(each) else each for each in frame[name]]


def test_p1_bits_that_are_words_are_bits(tmp_path: Path) -> None:
    rows = [{"ProvNo": f"P{number}", "IsHidden": word} for number, word in enumerate(["True", "False", "", "2"])]
    _, frame = stage_one(tmp_path, "provider", *rows)
    assert values(frame, "active") == ["false", "true", None, "2"]


def test_p1_a_word_for_null_is_proven_by_a_column_without_free_text(tmp_path: Path) -> None:
    made, frame = stage_one(
        tmp_path,
        "patient",
        {"PatID": "1", "LastName": "Secret", "CigsPerDay": "NULL", "NickName": "NULL"},
        {"PatID": "2", "LastName": "x", "CigsPerDay": "3", "NickName": ""},
    )
    assert values(frame, "preferred_name") == [None, None]
    assert values(frame, "cigarettes_per_day") == [None, "3"]
    assert made.readings["patient"].null_words == ("NULL",)


def test_p1_a_patient_may_be_called_null(tmp_path: Path) -> None:
    _, frame = stage_one(
        tmp_path,
        "patient",
        {"PatID": "1", "FirstName": "NULL", "LastName": "NULL"},
        {"PatID": "2", "LastName": r"\N"},
    )
    assert values(frame, "last_name") == ["NULL", r"\N"]


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (["6,5", "1234,50", "7"], ["6.5", "1234.50", "7"]),
        (["1.234,56", "0,125"], ["1234.56", "0.125"]),
        (["1,234", "6,5"], ["1.234", "6.5"]),
        (["1,234", "5,678"], ["1,234", "5,678"]),  # thousands or thousandths: validation refuses it
        (["6,5", "6.5"], ["6,5", "6.5"]),
        (["1,234.50", "2"], ["1,234.50", "2"]),
    ],
)
def test_p1_commas_are_decimal_only_where_that_is_proven(tmp_path: Path, written: list[str], wanted: list[str]) -> None:
    rows = [{"ProcCode": f"D{number}", "Fee": fee} for number, fee in enumerate(written)]
    assert values(stage_one(tmp_path, "procedure_code", *rows)[1], "fee") == wanted


def test_p1_hexadecimal_digits_are_bytes_in_the_bound_code_page(tmp_path: Path) -> None:
    rows = [{"TemplateNo": "1", "TemplateRtf": "0x5C2792"}, {"TemplateNo": "2", "TemplateRtf": "0x"}]
    assert values(stage_one(tmp_path, "letter_template", *rows)[1], "body") == [
        "\\'\N{RIGHT SINGLE QUOTATION MARK}",
        None,
    ]


def test_p1_bytes_that_were_exported_as_text_are_that_text(tmp_path: Path) -> None:
    row = {"TemplateNo": "1", "TemplateRtf": "{\\rtf1 a\N{RIGHT SINGLE QUOTATION MARK}}"}
    assert values(stage_one(tmp_path, "letter_template", row)[1], "body") == [row["TemplateRtf"]]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["0x5C27", "Secret"], r"LetterTemplate\.csv: column TemplateRtf holds bytes as 0x… on 1 lines \(line 2\)"),
        (["System.Byte[]"], r"holds System\.Byte\[\] in place of bytes on 1 lines \(line 2\)"),
        (
            ["7B5C727466317D7B5C72", "7B5C727466317D7B"],
            r"nothing but digits, without 0x, on 2 lines",
        ),
    ],
)
def test_p1_bytes_that_are_half_lost_are_refused(tmp_path: Path, cells: list[str], message: str) -> None:
    rows = [{"TemplateNo": str(number), "TemplateRtf": cell} for number, cell in enumerate(cells)]
    with pytest.raises(SourceError, match=message) as error:
        stage_one(tmp_path, "letter_template", *rows)
    assert "Secret" not in str(error.value)


@pytest.mark.parametrize("table", [pytest.param(each, id=each.name) for each in TABLES.values()])
def test_p1_every_table_may_have_no_rows(tmp_path: Path, table: Table) -> None:
    made, frame = stage_one(tmp_path, table.name)
    assert len(frame) == 0
    assert frame.columns.tolist() == table.column_names
    assert next(iter(made.surveys.values())).rows == 0
