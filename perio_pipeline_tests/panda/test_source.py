"""P1: a PANDA database is read through its bindings, as text, in key order, and errors name what is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from perio_pipeline.errors import MappingError, SourceError
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.panda.bound import BoundTable
from perio_pipeline.panda.decoding import as_text, decode_rows
from perio_pipeline.panda.fields import BoundColumn
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import PATIENT, PERIO_SITE, PROVIDER, TABLES

BINDINGS = Path(__file__).resolve().parents[2] / "mappings" / "panda.yaml"


def database(path: Path, *statements: str) -> str:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    return f"sqlite:///{path}"


def source(url: str) -> PandaSource:
    return PandaSource(url, load_bindings(BINDINGS), "mappings/panda.yaml")


@pytest.fixture
def providers(tmp_path: Path) -> str:
    return database(
        tmp_path / "panda.db",
        "create table Provider (ProvNo text, FirstName text, LastName text, ProvType text, NPI text, Email text, "
        "Phone text, IsHidden integer, DateEntered text, LastModified text)",
        "insert into Provider values ('P2','Ida','North','H','','','',1,'2020-01-02 00:00:00',null)",
        "insert into Provider values ('P1','Max','South','P','1234567893','m@example.com','555',0,null,null)",
        "insert into Provider values ('P3','Eve','West','ZZ','','','',0,null,null)",
    )


def test_rows_come_in_key_order_with_their_codes_decoded(providers: str) -> None:
    (frame,) = source(providers).chunks(PROVIDER)
    assert frame["provider_id"].tolist() == ["P1", "P2", "P3"]
    assert frame["active"].tolist() == ["true", "false", "true"]
    assert frame["role"].tolist() == ["periodontist", "rdh", "ZZ"]  # unknown code: kept, for validation to name


def test_empty_text_is_no_value_and_every_column_is_text(providers: str) -> None:
    (frame,) = source(providers).chunks(PROVIDER)
    assert frame["npi"].isna().tolist() == [False, True, True]
    assert frame.columns.tolist() == PROVIDER.column_names
    assert all(str(dtype) == "str" for dtype in frame.dtypes)


def test_reading_in_small_pieces_gives_the_same_rows(providers: str) -> None:
    pieces = list(source(providers).chunks(PROVIDER, rows=1))
    assert len(pieces) == 3
    (whole,) = source(providers).chunks(PROVIDER)
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), whole)


def test_the_source_is_opened_read_only(providers: str) -> None:
    with source(providers).connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("delete from Provider")


def test_a_missing_column_is_named_with_its_entry(tmp_path: Path) -> None:
    url = database(tmp_path / "panda.db", "create table Provider (ProvNo text, FirstName text)")
    with pytest.raises(SourceError, match=r"Provider has no column LastName \(tables\.provider\.columns\.last_name\)"):
        source(url).check([PROVIDER])


def test_a_missing_table_is_named_with_its_entry(providers: str) -> None:
    with pytest.raises(SourceError, match=r"no table Patient \(tables\.patient\)"):
        source(providers).check([PATIENT])


def test_a_missing_database_file_is_named() -> None:
    with pytest.raises(SourceError, match="does not exist"):
        source("sqlite:////nowhere/panda.db").check([PATIENT])


def test_an_unreachable_server_is_named_without_the_password() -> None:
    pytest.importorskip("pyodbc", reason="pyodbc needs the system's unixODBC")
    with pytest.raises(SourceError) as error:
        source("mssql+pyodbc://sa:geheim@127.0.0.1:1/panda?driver=none").check([PATIENT])
    assert "127.0.0.1" in str(error.value)
    assert "geheim" not in str(error.value)


def test_one_row_with_six_site_columns_becomes_six_rows() -> None:
    bound = load_bindings(BINDINGS).tables["perio_site"]
    columns = bound.physical_columns()
    row = dict.fromkeys(columns)
    row |= {"ExamNo": "E1", "ToothNo": 3, "PD_MB": 5, "GM_MB": 102, "BSPC_MB": 3, "PD_B": -1, "PD_DB": 99, "PD_ML": 0}
    frame = decode_rows(PERIO_SITE, bound, columns, [tuple(row[name] for name in columns)]).set_index("site")
    assert frame.index.tolist() == ["MB", "B", "DB", "ML", "L", "DL"]
    assert frame["depth_state"].tolist() == [
        "measured",
        "not_recorded",
        "not_assessable",
        "measured",
        "not_recorded",
        "not_recorded",
    ]
    assert frame["depth_mm"].dropna().to_dict() == {"MB": "5", "ML": "0"}  # 13: a real zero stays, -1 and 99 do not
    assert frame.loc["MB", "recession_mm"] == "-2"  # 14: 102 means 2 mm coronal of the junction
    assert frame.loc["MB", ["bleeding", "suppuration", "plaque"]].tolist() == ["true", "true", "false"]  # 15


def test_a_bleeding_bit_nobody_named_is_kept_for_validation_to_refuse() -> None:
    bound = load_bindings(BINDINGS).tables["perio_site"]
    columns = bound.physical_columns()
    row = dict.fromkeys(columns) | {"ExamNo": "E1", "ToothNo": 3, "PD_MB": 2, "BSPC_MB": 17}
    frame = decode_rows(PERIO_SITE, bound, columns, [tuple(row[name] for name in columns)])
    assert frame.loc[0, "bleeding"] == "?17"


def test_legacy_bytes_are_read_in_their_code_page() -> None:
    assert as_text([b"patient\x92s", None], "cp1252").tolist()[0] == "patient\N{RIGHT SINGLE QUOTATION MARK}s"


def test_mixed_types_in_one_column_are_all_kept_as_text() -> None:
    assert as_text([1, "x", 2.5, None, b"y"], None).tolist()[:3] == ["1", "x", "2.5"]


def edited(tmp_path: Path, change: Callable[[str], str]) -> Path:
    path = tmp_path / "panda.yaml"
    path.write_text(change(BINDINGS.read_text(encoding="utf-8")), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("      patient_id: PatID\n", "", 1), "required field patient_id is not bound"),
        (lambda text: text.replace("first_name: FirstName", "fist_name: FirstName", 1), "has no such field"),
        (lambda text: text.replace("M: male", "M: mal"), "`mal` is not a code of patient.sex"),
        (lambda text: text.replace("VisitNote, encoding: cp1252", "VisitNote, encoding: latin99"), "cp1252"),
        (lambda text: text.replace("tables:", "tabels:", 1), "Did you mean `tables`"),
        (lambda text: text + "\n  : [", "not YAML"),
    ],
)
def test_a_mistake_in_the_bindings_names_file_line_and_what_would_be_right(
    tmp_path: Path, change: Callable[[str], str], message: str
) -> None:
    with pytest.raises(MappingError, match=message) as error:
        load_bindings(edited(tmp_path, change))
    assert error.value.line > 0
    assert "panda.yaml" in str(error.value)


def test_every_canonical_table_is_bound() -> None:
    assert set(load_bindings(BINDINGS).tables) == set(TABLES)


def test_a_column_is_either_read_or_constant() -> None:
    with pytest.raises(ValueError, match="only one"):
        BoundTable(table="T", columns={"a": BoundColumn(column="A", value="x")})
