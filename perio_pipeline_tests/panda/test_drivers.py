"""P1: which ODBC driver is used, and what a connection to SQL Server says."""

from __future__ import annotations

import builtins
import logging
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from perio_pipeline.errors import SourceError
from perio_pipeline.panda import drivers
from perio_pipeline.panda.drivers import DRIVER, begin_session, completed, find_driver, sqlserver_engine, weaknesses

SERVER = "mssql+pyodbc://reader:s%3Becret@db.example/Perio"


def fake_pyodbc(*names: str) -> Any:
    return SimpleNamespace(drivers=lambda: list(names))


def packaged(monkeypatch: pytest.MonkeyPatch, folder: Path | None, families: Sequence[str] = ()) -> None:
    def load(name: str) -> Any:
        if folder is None:
            raise ImportError(name)
        return SimpleNamespace(get_libs_dir=lambda: str(folder))

    for family in families:
        library = (folder or Path()) / "linux" / family / "x86_64" / "lib" / "libmsodbcsql-18.6.so.2.1"
        library.parent.mkdir(parents=True)
        library.touch()
    monkeypatch.setattr(drivers, "import_module", load)


def test_the_driver_that_is_named_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged(monkeypatch, None)
    url = completed(sa.make_url(f"{SERVER}?Driver=FreeTDS"), fake_pyodbc(DRIVER))
    assert url.query["Driver"] == "FreeTDS"
    assert "driver" not in url.query


def test_microsoft_s_installed_driver_comes_before_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    packaged(monkeypatch, tmp_path, ["debian_ubuntu"])
    assert find_driver(fake_pyodbc("FreeTDS", DRIVER)) == DRIVER
    assert find_driver(fake_pyodbc("FreeTDS")).startswith(str(tmp_path))


@pytest.mark.parametrize("family", ["debian_ubuntu", "rhel", "suse"])
def test_the_package_s_driver_is_the_one_for_this_linux(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, family: str
) -> None:
    packaged(monkeypatch, tmp_path, ["debian_ubuntu", "rhel", "suse"])
    monkeypatch.setattr(drivers, "_family", lambda: family)
    assert family in Path(find_driver(fake_pyodbc())).parts


def test_without_any_driver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        packaged(monkeypatch, folder)
        with pytest.raises(SourceError, match=r"perio-pipeline\[sqlserver\]"):
            find_driver(fake_pyodbc("FreeTDS"))


def test_without_unixodbc_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged(monkeypatch, None)
    with pytest.raises(SourceError, match="apt-get install unixodbc"):
        sqlserver_engine(sa.make_url(SERVER))


def test_pyodbc_is_not_loaded_for_sqlite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from perio_pipeline.panda.source import PandaSource
    from perio_pipeline_tests.panda.bound import bindings

    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        assert name != "pyodbc"
        return real(name, *rest, **more)

    packaged(monkeypatch, None)
    monkeypatch.setattr(builtins, "__import__", refuse)
    (tmp_path / "panda.db").touch()
    with PandaSource(f"sqlite:///{tmp_path / 'panda.db'}", bindings(), "x").connect() as connection:
        assert connection.dialect.name == "sqlite"


def test_a_connection_is_encrypted_read_only_and_named() -> None:
    url = completed(sa.make_url(SERVER), fake_pyodbc(DRIVER))
    assert dict(url.query) == {
        "Encrypt": "yes",
        "TrustServerCertificate": "no",
        "ApplicationIntent": "ReadOnly",
        "MARS_Connection": "no",
        "APP": "perio-pipeline",
        "driver": DRIVER,
    }


def test_what_the_url_says_holds_however_it_is_spelled() -> None:
    said = "?encrypt=strict&trustservercertificate=yes&app=audit"
    url = completed(sa.make_url(SERVER + said), fake_pyodbc(DRIVER))
    assert (url.query["encrypt"], url.query["trustservercertificate"], url.query["app"]) == ("strict", "yes", "audit")
    assert not {"Encrypt", "TrustServerCertificate", "APP"} & set(url.query)


def test_a_connection_string_that_is_written_out_is_left_alone() -> None:
    url = sa.make_url("mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BFreeTDS%7D%3BSERVER%3Dx")
    assert completed(url, fake_pyodbc()) == url


@pytest.mark.parametrize("url", ["mssql+pyodbc://reader@perio_dsn", "mssql+pyodbc:///Perio"])
def test_a_url_without_server_or_database_is_refused(url: str) -> None:
    with pytest.raises(SourceError, match="names no server or no database"):
        completed(sa.make_url(url), fake_pyodbc(DRIVER))


def test_another_dbapi_is_refused() -> None:
    with pytest.raises(SourceError, match=r"Begin it with mssql\+pyodbc"):
        sqlserver_engine(sa.make_url("mssql+pymssql://reader@db/Perio"))


def test_the_login_timeout_is_taken_from_the_url() -> None:
    pytest.importorskip("pyodbc", reason="pyodbc needs the system's unixODBC")
    seen: list[dict[str, Any]] = []
    engine = sqlserver_engine(sa.make_url(f"{SERVER}?driver=none&logintimeout=4"))

    @sa.event.listens_for(engine, "do_connect")
    def connect(dialect: Any, record: Any, arguments: Any, parameters: dict[str, Any]) -> None:
        seen.append({**parameters, "text": arguments[0]})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        engine.connect()
    assert seen[0]["timeout"] == 4
    assert "timeout" not in seen[0]["text"].lower()
    assert "PWD={s;ecret}" in seen[0]["text"]
    with pytest.raises(SourceError, match="in seconds"):
        sqlserver_engine(sa.make_url(f"{SERVER}?LoginTimeout=soon"))


class UnknownError(Exception):
    pass


class Connection:
    """Records what is said on a new connection; knows no LOCK_TIMEOUT, as a compatible server may not."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def cursor(self) -> Connection:
        return self

    def execute(self, statement: str) -> None:
        self.said.append(statement)
        if "LOCK_TIMEOUT" in statement:
            raise UnknownError

    def close(self) -> None:
        self.said.append("close")

    def commit(self) -> None:
        self.said.append("commit")

    def rollback(self) -> None:
        self.said.append("rollback")


def test_each_connection_gives_way_to_the_practice() -> None:
    made = Connection()
    begin_session(made, UnknownError)
    assert made.said == ["SET LOCK_TIMEOUT 30000", "rollback", "SET DEADLOCK_PRIORITY LOW", "close", "commit"]


@pytest.mark.parametrize(
    ("host", "said", "found"),
    [
        ("db.example", "", 0),
        ("db.example", "?Encrypt=no", 1),
        ("db.example", "?encrypt=optional&TrustServerCertificate=Yes", 2),
        ("192.168.1.5", "?TrustServerCertificate=yes", 1),
        ("127.0.0.1", "?TrustServerCertificate=yes&Encrypt=no", 0),
        ("localhost", "?TrustServerCertificate=yes", 0),
        ("tcp:localhost,1433", "?TrustServerCertificate=yes", 0),
        (r"localhost\SQLEXPRESS", "?TrustServerCertificate=yes", 0),
    ],
)
def test_trust_without_proof_is_warned_of_except_on_this_machine(host: str, said: str, found: int) -> None:
    url = sa.make_url(f"mssql+pyodbc://x/Perio{said}").set(host=host)
    assert len(weaknesses(url)) == found
    assert weaknesses(sa.make_url("sqlite:///x.db")) == []


def test_a_weak_connection_is_logged(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("pyodbc", reason="pyodbc needs the system's unixODBC")
    with caplog.at_level(logging.WARNING):
        sqlserver_engine(sa.make_url(f"{SERVER}?driver=none&Encrypt=no")).dispose()
    assert "not encrypted" in caplog.text
    assert "s;ecret" not in caplog.text
