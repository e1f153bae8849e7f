"""Connects to SQL Server: which ODBC driver is used, and what a connection says unless `source.url` says otherwise.

pyodbc is loaded for SQL Server only: it needs the system's unixODBC, which the sample practice does without.
"""

from __future__ import annotations

import logging
import re
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from perio_pipeline.errors import SourceError

DRIVER = "ODBC Driver 18 for SQL Server"
DEFAULTS = {
    "Encrypt": "yes",
    "TrustServerCertificate": "no",
    "ApplicationIntent": "ReadOnly",
    "MARS_Connection": "no",
    "APP": "perio-pipeline",
}
LOGIN_TIMEOUT = 15
"""Seconds until a server that does not answer counts as out of reach; `LoginTimeout` in the URL sets another."""

SESSION = ("SET LOCK_TIMEOUT 30000", "SET DEADLOCK_PRIORITY LOW")
"""We wait for others' locks only so long, and where we and the practice lock each other, we give way."""

_LOG = logging.getLogger(__name__)


def sqlserver_engine(url: sa.URL) -> sa.Engine:
    """Return an engine for a SQL Server; nothing is opened yet.

    Raises:
        SourceError: another driver than pyodbc is named, pyodbc or an ODBC driver is missing, or no database is named.
    """
    pyodbc = _pyodbc(url)
    for weakness in weaknesses(url):
        _LOG.warning(weakness)
    given, timeout = _without_timeout(url)
    engine = sa.create_engine(completed(given, pyodbc), connect_args={"timeout": timeout})

    sa.event.listen(engine, "connect", lambda connection, _: begin_session(connection, pyodbc.Error))
    return engine


def begin_session(connection: Any, error: type[Exception]) -> None:
    """Say on a new connection of a driver what holds for all that it does."""
    cursor = connection.cursor()
    for statement in SESSION:
        try:
            cursor.execute(statement)
        except error:  # a compatible server may not know it
            connection.rollback()
    cursor.close()
    connection.commit()  # SNAPSHOT can be set outside of a transaction only


def completed(url: sa.URL, pyodbc: Any) -> sa.URL:
    """Return the URL with its driver and with the defaults for what it does not say.

    Raises:
        SourceError: there is no driver, or the URL names no database.
    """
    if _value(url, "odbc_connect"):
        return url  # whoever wrote it has said everything
    if not url.host or not url.database:
        raise SourceError(
            "`source.url` names no server or no database.",
            "Write mssql+pyodbc://LOGIN:PASSWORD@SERVER:1433/DATABASE; see docs/sql-server.md.",
        )
    missing = {name: value for name, value in DEFAULTS.items() if _value(url, name) is None}
    if _value(url, "driver") is None:
        missing["driver"] = find_driver(pyodbc)
    return url.update_query_dict(missing)


def completed_words(url: sa.URL) -> dict[str, str] | None:
    """Return what the connection says besides server, database and login, in lower case; None for `odbc_connect`."""
    if _value(url, "odbc_connect"):
        return None
    given = {name.lower(): str(value) for name, value in url.query.items()}
    return {**{name.lower(): value for name, value in DEFAULTS.items()}, **given}


def find_driver(pyodbc: Any) -> str:
    """Return the name or the path of Microsoft's ODBC driver.

    Raises:
        SourceError: there is none.
    """
    if DRIVER in pyodbc.drivers():
        return DRIVER
    path = _packaged()
    if path is None:
        raise SourceError(
            f"There is no {DRIVER} on this machine.",
            "Install it as Microsoft describes, or its package: pip install 'perio-pipeline[sqlserver]'; "
            "see docs/sql-server.md.",
        )
    return str(path)


def weaknesses(url: sa.URL) -> list[str]:
    """Say where the connection is less protected than it should be; on this machine itself it needs no protection."""
    if url.get_backend_name() != "mssql" or _is_loopback(url.host):
        return []
    found = []
    if (_value(url, "Encrypt") or "yes").lower() in ("no", "false", "optional"):
        found.append("The connection to SQL Server is not encrypted (`Encrypt` in `source.url`).")
    if (_value(url, "TrustServerCertificate") or "no").lower() in ("yes", "true"):
        found.append("Nobody checks that the SQL Server is the right one (`TrustServerCertificate` in `source.url`).")
    return found


def _pyodbc(url: sa.URL) -> Any:
    if url.get_driver_name() != "pyodbc":
        raise SourceError("`source.url` names a driver that is not supported.", "Begin it with mssql+pyodbc://.")
    try:
        return import_module("pyodbc")
    except ImportError:
        raise SourceError(
            "The database driver cannot be loaded (pyodbc).",
            "Install unixODBC (Debian: apt-get install unixodbc); see docs/sql-server.md.",
        ) from None


def _packaged() -> Path | None:
    """Find the driver in Microsoft's Python package, in the folder for this kind of Linux."""
    try:
        folder = Path(import_module("mssql_python_odbc").get_libs_dir())
    except ImportError:
        return None
    found = sorted(folder.rglob("libmsodbcsql*"))  # linux/<family>/<processor>/lib
    family = _family()
    return next((path for path in found if family in path.parts), next(iter(found), None))


def _family() -> str:
    release = Path("/etc/os-release")
    words = release.read_text(encoding="utf-8").lower() if release.is_file() else ""
    return "suse" if "suse" in words else "rhel" if "rhel" in words or "fedora" in words else "debian_ubuntu"


def _without_timeout(url: sa.URL) -> tuple[sa.URL, int]:
    """`LoginTimeout` is no word of a connection string: pyodbc takes it apart."""
    text = _value(url, "LoginTimeout")
    if text is None:
        return url, LOGIN_TIMEOUT
    if not text.isdecimal():
        raise SourceError("`LoginTimeout` in `source.url` is no number.", "Give it in seconds.")
    return url.difference_update_query([name for name in url.query if name.lower() == "logintimeout"]), int(text)


def _value(url: sa.URL, name: str) -> str | None:
    """A word of the URL's query, however it is spelled."""
    return next((str(value) for key, value in url.query.items() if key.lower() == name.lower()), None)


def _is_loopback(host: str | None) -> bool:
    name = re.split(r"[,\\]", (host or "").removeprefix("tcp:"))[0]  # before a port or an instance
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower() in ("localhost", "(local)", ".", "")
