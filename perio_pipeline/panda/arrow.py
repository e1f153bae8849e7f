"""Reads large tables of SQL Server as Arrow batches, with Microsoft's mssql-python where that is installed.

It is several times as fast as rows through pyodbc, and optional: without it, and where it fails, rows are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from perio_pipeline.panda.drivers import LOGIN_TIMEOUT, SESSION, completed_words
from perio_pipeline.panda.isolation import COMMITTED, SNAPSHOT, Isolation

_WORDS = {
    "encrypt",
    "trustservercertificate",
    "applicationintent",
    "authentication",
    "trusted_connection",
    "hostnameincertificate",
    "servercertificate",
    "serverspn",
    "multisubnetfailover",
    "ipaddresspreference",
}
"""What of a connection string mssql-python takes."""

_OWN = {"driver", "app", "mars_connection", "logintimeout"}
"""What it decides itself, or does without."""


class ArrowError(Exception):
    """mssql-python failed; it does not say with which number, so that rows are read to find out."""


def arrow_connection(url: sa.URL) -> str | None:
    """Return mssql-python's connection string for a URL; None where it is not installed, or cannot say all of it."""
    words = completed_words(url)
    if words is None or _module() is None or set(words) - _WORDS - _OWN:
        return None
    port = f",{url.port}" if url.port else ""
    said = {"Server": f"{url.host}{port}", "Database": url.database or ""}
    if url.username:
        said |= {"UID": url.username, "PWD": str(url.password or "")}
    elif "authentication" not in words:
        said |= {"Trusted_Connection": "yes"}
    said |= {name: value for name, value in words.items() if name in _WORDS}
    return ";".join(f"{name}={_braced(value)}" for name, value in said.items())


def arrow_batches(connection: str, query: sa.Select[Any], rows: int, isolation: Isolation) -> Iterator[list[Any]]:
    """Stream a statement's rows in batches; each is a list of Arrow arrays, one per column.

    Raises:
        ArrowError: anything went wrong on the way.
    """
    driver = _module()
    text, values = compiled(query)
    try:
        with closing(driver.connect(connection, timeout=LOGIN_TIMEOUT)) as opened:
            cursor = opened.cursor()
            for statement in (*SESSION, SNAPSHOT if isolation is Isolation.SNAPSHOT else COMMITTED):
                cursor.execute(statement, use_prepare=False)  # what a prepared SET sets ends with it
            opened.commit()
            cursor.execute(text, *values)
            for batch in cursor.arrow_reader(batch_size=rows):
                yield list(batch.columns)
    except Exception:  # its own errors, its C++ part's RuntimeError, Arrow's: none says more than that it failed
        raise ArrowError from None


def compiled(query: sa.Select[Any]) -> tuple[str, list[Any]]:
    """Return a statement in SQL Server's words, and its parameters in order."""
    dialect: Any = mssql.dialect
    said = query.compile(dialect=dialect(paramstyle="qmark"), compile_kwargs={"render_postcompile": True})
    values = said.construct_params()
    return str(said), [values[name] for name in said.positiontup or ()]


def _module() -> Any:
    """mssql-python without its pool: a connection's isolation would be handed on with it."""
    try:
        module = import_module("mssql_python")
    except ImportError:
        return None
    module.pooling(enabled=False)
    return module


def _braced(value: str) -> str:
    return "{" + value.replace("}", "}}") + "}"
