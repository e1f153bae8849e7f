"""P1, G1, G2: what a database says about itself, on a SQLite file and on recorded answers of SQL Servers."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql
from sqlalchemy.exc import ProgrammingError

from perio_pipeline.errors import SourceError
from perio_pipeline.panda import catalogue
from perio_pipeline.panda.bindings import load_bindings
from perio_pipeline.panda.catalogue import MEGABYTE, SqliteCatalogue, SqlServerCatalogue, catalogue_of
from perio_pipeline.panda.drivers import sqlserver_engine
from perio_pipeline.panda.inventory import Inventory, _Reader, take_inventory
from perio_pipeline.panda.sample.generate import generate
from perio_pipeline.panda.source import PandaSource
from perio_pipeline.panda.tables import APPOINTMENT, PATIENT, TABLES

BINDINGS = Path(__file__).resolve().parents[2] / "mappings" / "panda.yaml"
TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inventory") / "harbor.db"
    generate(path, patients=30)
    return path


@pytest.fixture(scope="module")
def taken(sample: Path) -> Inventory:
    return take_inventory(source(sample), TODAY)


def source(path: Path) -> PandaSource:
    return PandaSource(f"sqlite:///{path}", load_bindings(BINDINGS), "mappings/panda.yaml")


def test_p1_every_table_is_counted_and_says_what_reads_it(taken: Inventory, sample: Path) -> None:
    with closing(sqlite3.connect(sample)) as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        counts = {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in names}
    assert {fact.stored.full_name: fact.stored.rows for fact in taken.tables} == counts
    assert {name for fact in taken.bound for name in fact.canonical} == set(TABLES)
    assert [fact.stored.name for fact in taken.unbound] == ["Ledger", "SYNTHETIC"]


def test_g5_columns_that_no_binding_reads_are_counted(taken: Inventory, sample: Path) -> None:
    unread = {(fact.stored.name, column): rows for fact in taken.bound for column, rows in fact.unread.items()}
    assert {("Patient", "SSN"), ("UserAccount", "PwHash"), ("Provider", "OfficeCode")} <= set(unread)
    with closing(sqlite3.connect(sample)) as connection:
        assert unread["Patient", "SSN"] == connection.execute("select count(SSN) from Patient").fetchone()[0] > 0


def test_p1_records_have_periods_and_people_s_birthdays_are_not_looked_at(taken: Inventory) -> None:
    by_table = {period.table: period for period in taken.periods}
    visits = by_table["appointment"]
    assert (visits.column, by_table["patient"].column) == ("starts_at", "created_at")
    assert visits.first is not None
    assert visits.last is not None
    assert visits.first < TODAY
    assert 0 < visits.recent < visits.rows
    assert taken.years is not None
    assert taken.years[0] <= visits.first.year
    assert by_table["patient"].first is not None
    assert by_table["patient"].first.year > 2000  # no patient of the sample is that young


def test_g2_growth_is_the_share_of_the_last_year(taken: Inventory) -> None:
    rows, recent = (sum(getattr(period, name) for period in taken.periods) for name in ("rows", "recent"))
    assert taken.yearly_growth == round(taken.server.used_bytes * recent / rows) > 0
    assert taken.server.used_bytes > 100_000
    assert taken.server.limit_bytes is None


def test_g1_a_file_is_proven_to_be_open_for_reading_only(taken: Inventory, sample: Path) -> None:
    assert (taken.login.rules, taken.login.writable) == ("", ())
    before = sample.read_bytes()
    engine = sa.create_engine(f"sqlite:///{sample}")
    with engine.connect() as connection:
        login = SqliteCatalogue(connection).login()
    engine.dispose()
    assert login.rules == "database"
    assert "Patient" in login.writable
    assert sample.read_bytes() == before


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(SourceError, match="cannot be a postgresql database"):
        catalogue_of(sa.create_mock_engine("postgresql+psycopg://", lambda *_: None))  # type: ignore[arg-type]


Answers = Mapping[Any, Sequence[Mapping[str, Any]] | Exception]
EXPRESS_2019: Answers = {
    catalogue.SERVER: [
        {
            "edition": "Express Edition (64-bit)",
            "engine_edition": 4,
            "major": "15",
            "version": "15.0.4430.1",
            "database_name": "Perio",
            "default_schema": "dbo",
            "collation_name": "SQL_Latin1_General_CP1_CI_AS",
            "utc_offset_minutes": -300,
        }
    ],
    catalogue.OPTIONS: [{"snapshot": "OFF"}],
    catalogue.SIZE: [{"allocated_bytes": 9000 * MEGABYTE, "used_bytes": 8600 * MEGABYTE}],
    catalogue.ROWS: [{"schema_name": "dbo", "table_name": "Patient", "row_count": 4100}],
    catalogue.BYTES: ProgrammingError("", {}, Exception("VIEW DATABASE STATE permission was denied")),
    catalogue.COLUMNS: [
        {"schema_name": "dbo", "table_name": "Patient", "column_name": "PatID"},
        {"schema_name": "dbo", "table_name": "Patient", "column_name": "SSN"},
        {"schema_name": "web", "table_name": "PatientView", "column_name": "PatID"},
    ],
    catalogue.RIGHTS: [{"login_name": "perio_extract", "rules_server": 0, "rules_database": 0}],
    catalogue.TABLE_RIGHTS: [
        {
            "schema_name": "dbo",
            "table_name": "Patient",
            "can_select": 1,
            "can_insert": 0,
            "can_update": 0,
            "can_delete": 0,
        },
        {
            "schema_name": "dbo",
            "table_name": "Audit",
            "can_select": 0,
            "can_insert": 1,
            "can_update": 0,
            "can_delete": 0,
        },
    ],
}


def server(changes: Answers | None = None) -> SqlServerCatalogue:
    answers = {**EXPRESS_2019, **(changes or {})}

    def ask(statement: sa.TextClause) -> Sequence[Mapping[str, Any]]:
        answer = answers[statement]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SqlServerCatalogue(ask)


def facts(**changes: Any) -> Answers:
    (row,) = EXPRESS_2019[catalogue.SERVER]  # type: ignore[misc]
    return {catalogue.SERVER: [{**row, **changes}]}


def test_g2_express_holds_10_gb_and_from_2025_on_50_gb_and_other_editions_have_no_limit() -> None:
    assert server().server().limit_bytes == 10_240 * MEGABYTE
    assert server(facts(major="17")).server().limit_bytes == 51_200 * MEGABYTE
    assert server(facts(engine_edition=2, edition="Standard Edition")).server().limit_bytes is None
    # A compatible server may not know its major version: the smaller limit is the safe one.
    assert server(facts(major=None)).server().limit_bytes == 10_240 * MEGABYTE


def test_g2_the_data_counts_not_the_room_reserved_for_it() -> None:
    found = server().server()
    assert found.used_bytes == 8600 * MEGABYTE
    assert (found.edition, found.version, found.collation) == (
        "Express Edition (64-bit)",
        "15.0.4430.1",
        "SQL_Latin1_General_CP1_CI_AS",
    )
    assert (found.utc_offset_minutes, found.snapshot) == (-300, False)
    reserved = [{"allocated_bytes": 9000 * MEGABYTE, "used_bytes": None}]
    assert server({catalogue.SIZE: reserved}).server().used_bytes == 9000 * MEGABYTE


def test_g1_the_rights_that_the_server_grants_are_known_table_by_table() -> None:
    login = server().login()
    assert (login.name, login.rules) == ("perio_extract", "")
    assert (login.writable, login.unreadable) == (("dbo.Audit",), ("dbo.Audit",))
    for name, rules in (("rules_server", "server"), ("rules_database", "database")):
        rights = [{"login_name": "sa", "rules_server": 0, "rules_database": 1, name: 1}]
        assert server({catalogue.RIGHTS: rights}).login().rules == rules


def test_what_a_narrow_login_may_not_see_is_done_without() -> None:
    tables = {table.full_name: table for table in server().tables()}
    assert (tables["dbo.Patient"].rows, tables["dbo.Patient"].bytes) == (4100, None)
    assert (tables["web.PatientView"].rows, tables["web.PatientView"].columns) == (None, ("PatID",))
    sizes = [{"schema_name": "dbo", "table_name": "Patient", "used_bytes": 8192}]
    assert server({catalogue.BYTES: sizes}).tables()[0].bytes == 8192
    denied = ProgrammingError("", {}, Exception("denied"))
    bare = server({catalogue.OPTIONS: denied, catalogue.SIZE: denied}).server()
    assert (bare.snapshot, bare.used_bytes) == (False, 0)


STATEMENTS = {
    name: getattr(catalogue, name) for name in dir(catalogue) if isinstance(getattr(catalogue, name), sa.TextClause)
}


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_every_statement_only_reads_and_takes_no_sql_variant(name: str) -> None:
    words = str(STATEMENTS[name].compile(dialect=mssql.dialect())).split()
    assert words[0] == "SELECT"
    assert not {"UPDATE", "INSERT", "DELETE", "ALTER", "EXEC", "GRANT"} & {
        word.strip(",()'") for word in words
    } or name in (
        "TABLE_RIGHTS",  # asks about these rights by name
    )
    text = " ".join(words)
    for function in ("SERVERPROPERTY(", "DATABASEPROPERTYEX("):
        assert text.count(function) == text.count("CAST(" + function), "sql_variant must be cast"


def test_rows_are_counted_once_per_table_and_logs_are_no_data() -> None:
    assert "index_id IN (0, 1)" in str(catalogue.ROWS)
    assert "type = 0" in str(catalogue.SIZE)
    assert "CAST(size AS bigint)" in str(catalogue.SIZE)


def test_the_counts_of_a_table_are_one_statement_in_sql_server_s_words() -> None:
    said: list[str] = []

    class Recorded:
        def execute(self, query: Any) -> Any:
            compiled = query.compile(dialect=mssql.dialect(), compile_kwargs={"literal_binds": True})
            said.append(" ".join(str(compiled).split()))
            return self

        def one(self) -> tuple[Any, ...]:
            return (datetime(2019, 2, 3, 8), None, 7, 2) if "min(" in said[-1] else (3,)

    reader = _Reader(Recorded(), server(), "dbo", load_bindings(BINDINGS))  # type: ignore[arg-type]
    found = reader.facts(catalogue.StoredTable("DBO", "patient", ("PatID", "SSN"), 9, None))
    assert (found.canonical, found.unread) == (("patient",), {"SSN": 3})
    assert said[-1] == "SELECT sum(CASE WHEN ([SSN] IS NULL) THEN 0 ELSE 1 END) AS sum_1 FROM [DBO].patient"
    assert reader.facts(catalogue.StoredTable("web", "Patient", ("SSN",), 9, None)).canonical == ()
    period = reader.period(APPOINTMENT, TODAY)
    assert period is not None
    assert (period.first, period.last, period.rows, period.recent) == (date(2019, 2, 3), None, 7, 2)
    assert "min([VisitDateTime])" in said[-1]
    assert "[DateEntered] >= '2025-11-22 00:00:00" in said[-1]
    assert reader.period(PATIENT, TODAY) is not None


LIVE = "PERIO_TEST_MSSQL_URL"


@pytest.mark.skipif(not os.environ.get(LIVE), reason=f"{LIVE} names no SQL Server to try the statements on")
def test_a_live_server_answers_every_question() -> None:
    engine = sqlserver_engine(sa.make_url(os.environ[LIVE]))
    schema = f"perio_{uuid.uuid4().hex[:8]}"
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
            connection.exec_driver_sql(f"CREATE TABLE {schema}.Patient (PatID varchar(9) PRIMARY KEY, SSN text)")
            connection.exec_driver_sql(f"INSERT INTO {schema}.Patient VALUES ('1', 'x'), ('2', NULL)")
            known = catalogue_of(connection)
            # A compatible server may spell names in lower case, and have no views of sizes and rows.
            assert known.server().used_bytes >= 0
            assert f"{schema}.patient" in [name.lower() for name in known.login().writable]
            (table,) = [table for table in known.tables() if table.schema == schema]
            assert table.rows in (2, None)
            assert [column.lower() for column in table.columns] == ["patid", "ssn"]
            reader = _Reader(connection, known, schema, load_bindings(BINDINGS))
            assert list(reader.facts(table).unread.values()) == [1]
        finally:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {schema}.Patient")
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema}")
    engine.dispose()
