"""P1: a file that cannot be read is named with its line and what would be right, and never with a value of it."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest

from perio_pipeline.errors import SourceError
from perio_pipeline.panda.exports.dialect import Quoting
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import INSURANCE_COVERAGE, RECALL_RULE
from perio_pipeline_tests.panda.exports.writing import bindings, staged

TWO = bindings("insurance_coverage", "recall_rule")
COVERAGE = "PolicyNo,CovClass,CovPercent\n"
RULES = "RuleNo,RuleName,AAPClass,IntervalMonths,VisitType,IsActive\n1,Secretname,,3,M,1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "InsCoverage.csv").write_text(COVERAGE + "1,PV,80\n", encoding="utf-8")
    (tmp_path / "exports" / "RecallRule.csv").write_text(RULES, encoding="utf-8")
    return tmp_path / "exports"


def refused(folder: Path) -> str:
    made, _ = staged(folder, TWO)
    with pytest.raises(SourceError) as error:
        made.check()
    assert "Secret" not in str(error.value)
    assert error.value.remedy
    return str(error.value)


def coverage(folder: Path, content: str | bytes) -> Path:
    path = folder / "InsCoverage.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def classes(source: PandaSource) -> list[str]:
    return next(source.chunks(INSURANCE_COVERAGE))["procedure_class"].tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"InsCoverage\.csv is empty"),
        (codecs.BOM_UTF8, r"InsCoverage\.csv is empty"),
        ("\n\n \n", r"InsCoverage\.csv is empty"),
        ("1,PV,Secret\n2,PV,80\n", r"InsCoverage\.csv, line 1: no header"),
        (
            "PolicyNo,CovClass\n1,Secret\n",
            r"line 1: the header lacks CovPercent, which the bindings",
        ),
        ("PolicyNo,CovClass,CovPercent,covclass\n", r"line 1: the header names CovClass, covclass more than once"),
        ("PolicyNo,CovClass,CovPercent,\n", r"line 1: column 4 of 4 has no name"),
        (COVERAGE + "1,PV\n", r"InsCoverage\.csv, line 2: 2 fields instead of 3"),
        (COVERAGE + '1,"Secret,80\n2,PV,80\n', r"InsCoverage\.csv, line 2: a quote that is not closed"),
        (COVERAGE + '1,"Sec"ret,80\n"2","PV","80"\n', r"InsCoverage\.csv, line 2: a quote that is not closed"),
        (COVERAGE + '"1","a\nb","80"\n"2","Secret"\n', r"InsCoverage\.csv, line 4: 2 fields instead of 3"),
        ("PolicyNo,CovClass,CovPercent\n--------,--------,----------\n", r"line 2: a line of dashes under the header"),
        (
            COVERAGE.encode() + b"1,\xc3\xa9\xc3\xa9,80\n2,Secret\xff,1\n",
            r"InsCoverage\.csv, line 3: bytes that are no UTF-8",
        ),
        (COVERAGE.encode() + b"1,Secret\x81,80\n", r"InsCoverage\.csv, line 2: bytes that are no CP1252"),
        (
            codecs.BOM_UTF8 + COVERAGE.encode() + b"1,Secret\xe4,80\n",
            r"line 2: bytes that are no UTF-8 with",
        ),
        (codecs.BOM_UTF16_LE + COVERAGE.encode("utf-16-le") + b"\x00\xdcx\x00", r"line 2: bytes that are no UTF-16 LE"),
    ],
)
def test_p1_a_broken_file_is_named_with_its_line(folder: Path, content: str | bytes, message: str) -> None:
    coverage(folder, content)
    with pytest.raises(SourceError, match=message):
        staged(folder, TWO)[0].check()
    refused(folder)


def test_p1_bad_bytes_are_found_in_a_large_file_too(folder: Path) -> None:
    text = (COVERAGE + "1,\N{EURO SIGN},80\n" * 200_000).encode()
    coverage(folder, text + b"2,\xff,1\n")
    assert "InsCoverage.csv, line 200002: bytes that are no UTF-8" in refused(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "InsCoverage.csv").unlink(), r"Table InsCoverage has no file in .*InsCoverage\.csv"),
        (
            lambda folder: (folder / "dbo.inscoverage.TXT").write_text("x", encoding="utf-8"),
            r"Table InsCoverage has 2 files: InsCoverage\.csv, dbo\.inscoverage\.TXT",
        ),
    ],
)
def test_p1_a_table_needs_one_file(folder: Path, change: Callable[[Path], object], message: str) -> None:
    change(folder)
    with pytest.raises(SourceError, match=message):
        staged(folder, TWO)[0].check()


def test_p1_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere does not exist.*source\.folder"):
        staged(tmp_path / "nowhere", TWO)


def test_p1_all_that_is_wrong_is_said_at_once(folder: Path) -> None:
    coverage(folder, "")
    (folder / "RecallRule.csv").unlink()
    message = refused(folder)
    assert "InsCoverage.csv is empty" in message
    assert "RecallRule has no file" in message


def test_p1_ten_broken_rows_are_listed_over_all_files_and_all_are_counted(folder: Path) -> None:
    coverage(folder, COVERAGE + "1,Secret\n" * 8)
    (folder / "RecallRule.csv").write_text(RULES + "2,Secret\n" * 5, encoding="utf-8")
    message = refused(folder)
    assert message.startswith("13 broken rows")
    assert message.count(", line ") == 10
    assert "and 3 more" in message


def test_p1_a_mended_file_is_staged_while_the_others_stay(folder: Path) -> None:
    coverage(folder, COVERAGE + "1,PV,80\n2,PV\n")
    made, source = staged(folder, TWO)
    assert made.fresh == ("RecallRule",)
    assert [len(frame) for frame in source.chunks(RECALL_RULE)] == [1]
    assert source.problems([INSURANCE_COVERAGE])  # nothing of it is there
    coverage(folder, COVERAGE + "1,PV,80\n2,BA,70\n")
    made, source = staged(folder, TWO)
    made.check()
    assert made.fresh == ("InsCoverage",)
    assert classes(source) == ["preventive", "basic"]


@pytest.mark.parametrize(
    ("rows", "quoting", "wanted"),
    [
        ('1,5" wide,1\n2,6" wide,1\n', Quoting.DOUBLED, ['5" wide', '6" wide']),
        ('1,"so" he said,1\n2,x,1\n', Quoting.LITERAL, ['"so" he said', "x"]),
        ('1,"so,1\n2,x" y,1\n3,z",1\n4,5" w,1\n', Quoting.LITERAL, ['"so', 'x" y', 'z"', '5" w']),
        ('1,"say ""so""",1\n2,"a,b",1\n', Quoting.DOUBLED, ['say "so"', "a,b"]),
        ('1,"a\r\nb",1\n\n2,x,1\n\n', Quoting.DOUBLED, ["a\r\nb", "x"]),
        ("1,a,1\n2,b,1", Quoting.NONE, ["a", "b"]),
    ],
)
def test_p1_whether_quotes_are_quotes_is_decided_by_all_lines(
    folder: Path, rows: str, quoting: Quoting, wanted: list[str]
) -> None:
    coverage(folder, COVERAGE + rows)
    made, source = staged(folder, TWO)
    made.check()
    assert made.surveys["inscoverage"].dialect.quoting == quoting
    assert classes(source) == wanted
