"""P1: large tables come as Arrow through Microsoft's mssql-python, which is optional."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from perio_pipeline.panda import arrow
from perio_pipeline.panda.arrow import ArrowError, arrow_batches, arrow_connection
from perio_pipeline.panda.isolation import COMMITTED, SNAPSHOT, Isolation

SERVER = "mssql+pyodbc://reader:a%7Db%3Bc@db.example:1433/Perio"


class FakeError(Exception):
    pass


class Fake:
    """mssql-python, its connection and its cursor; gives a batch, then fails if it is to."""

    Error = FakeError

    def __init__(self, *, fails: Exception | None = None) -> None:
        self.said: list[Any] = []
        self.fails = fails

    def pooling(self, *, enabled: bool) -> None:
        self.said.append(("pooling", enabled))

    def connect(self, words: str, timeout: int) -> Fake:
        self.said.append((words, timeout))
        return self

    def cursor(self) -> Fake:
        return self

    def execute(self, statement: str, *values: Any, use_prepare: bool = True) -> None:
        assert use_prepare == statement.startswith("SELECT")
        self.said.append((statement, *values) if values else statement)

    def commit(self) -> None:
        self.said.append("commit")

    def close(self) -> None:
        self.said.append("close")

    def arrow_reader(self, batch_size: int) -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"a": [1, 2]})
        if self.fails:
            raise self.fails


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake()
    monkeypatch.setattr(arrow, "import_module", lambda name: fake)
    return fake


QUERY = sa.select(sa.column("a")).select_from(sa.table("t")).where(sa.column("a") > 5)


@pytest.mark.parametrize(("isolation", "level"), [(Isolation.SNAPSHOT, SNAPSHOT), (Isolation.COMMITTED, COMMITTED)])
def test_it_gives_way_isolates_and_binds_its_parameters(installed: Fake, isolation: Isolation, level: str) -> None:
    batches = list(arrow_batches("words", QUERY, 10, isolation))
    assert [[column.to_pylist() for column in batch] for batch in batches] == [[[1, 2]]]
    assert installed.said == [
        ("pooling", False),
        ("words", 15),
        "SET LOCK_TIMEOUT 30000",
        "SET DEADLOCK_PRIORITY LOW",
        level,
        "commit",
        ("SELECT a \nFROM t \nWHERE a > ?", 5),
        "close",
    ]


@pytest.mark.parametrize("failure", [FakeError("Ann Smith"), RuntimeError("Ann Smith"), pa.ArrowInvalid("Ann Smith")])
def test_whatever_fails_in_it_is_one_error_without_words(installed: Fake, failure: Exception) -> None:
    installed.fails = failure
    with pytest.raises(ArrowError) as error:
        list(arrow_batches("words", QUERY, 10, Isolation.SNAPSHOT))
    assert str(error.value) == ""
    assert error.value.__suppress_context__
    assert installed.said[-1] == "close"


def test_it_is_not_used_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(arrow, "import_module", missing)
    assert arrow_connection(sa.make_url(SERVER)) is None


@pytest.mark.usefixtures("installed")
def test_a_url_that_it_cannot_follow_is_left_to_pyodbc() -> None:
    assert arrow_connection(sa.make_url(f"{SERVER}?LongAsMax=yes")) is None
    assert arrow_connection(sa.make_url("mssql+pyodbc:///?odbc_connect=SERVER%3Dx")) is None
    assert arrow_connection(sa.make_url(f"{SERVER}?driver=FreeTDS&LoginTimeout=3")) is not None


@pytest.mark.usefixtures("installed")
def test_it_is_told_what_the_url_says() -> None:
    assert arrow_connection(sa.make_url(f"{SERVER}?Encrypt=strict")) == (
        "Server={db.example,1433};Database={Perio};UID={reader};PWD={a}}b;c};"
        "encrypt={strict};trustservercertificate={no};applicationintent={ReadOnly}"
    )
    trusted = arrow_connection(sa.make_url("mssql+pyodbc://db.example/Perio"))
    assert trusted is not None
    assert "Trusted_Connection={yes}" in trusted


def test_microsoft_s_parser_understands_it() -> None:
    parser = pytest.importorskip("mssql_python.connection_string_parser", reason="mssql-python is not installed")
    words = arrow_connection(sa.make_url(SERVER))
    found = parser._ConnectionStringParser(validate_keywords=True)._parse(words)
    assert {name.lower(): value for name, value in found.items()}["pwd"] == "a}b;c"


def test_what_it_takes_of_the_real_package_is_there() -> None:
    package = pytest.importorskip("mssql_python", reason="mssql-python is not installed")
    for name in ("connect", "pooling", "Error"):
        assert hasattr(package, name)
    assert hasattr(package.Cursor, "arrow_reader")
