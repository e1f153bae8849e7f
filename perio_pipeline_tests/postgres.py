"""A PostgreSQL server for the tests: a private one, made for the session, or the one at `PERIO_TEST_POSTGRES_URL`.

A private server listens on a Unix socket in a folder of its own and ends with the process that started it, however
that ends. PostgreSQL refuses to run as root, so that root starts it as the user its package makes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

URL_VARIABLE = "PERIO_TEST_POSTGRES_URL"
REQUIRED_VARIABLE = "PERIO_TEST_POSTGRES"
SYSTEM_USER = "postgres"
START_SECONDS = 30


@dataclass
class PostgresServer:
    """A server that runs. `folder` and `binaries` are those of a private one.

    Attributes:
        url: its database, as a role that may make schemas.
        folder: where a private server's files and socket lie.
        binaries: where its programs are.
    """

    url: sa.URL
    folder: Path | None = None
    binaries: Path | None = None
    _process: subprocess.Popen[bytes] | None = None
    _schemas: set[str] = field(default_factory=set)

    def journal_url(self, folder: Path, **settings: str) -> str:
        """Return the URL of the journal that belongs to a folder: a schema of its own, made where it is not there.

        `settings` are what the server's owner could have set for every session.
        """
        schema = f"perio_{sha256(str(folder).encode()).hexdigest()[:16]}"
        if schema not in self._schemas:
            self.run(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            self._schemas.add(schema)
        options = {"search_path": schema, **settings}
        url = self.url.update_query_dict({"options": " ".join(f"-c{name}={value}" for name, value in options.items())})
        return url.render_as_string(hide_password=False)

    def run(self, statement: str) -> list[Any]:
        """Run one statement outside of transactions; returns its rows."""
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                result = connection.exec_driver_sql(statement)
                return list(result) if result.returns_rows else []
        finally:
            engine.dispose()

    def drop_schemas(self) -> None:
        """Take away all journals."""
        for schema in self._schemas:
            self.run(f"DROP SCHEMA {schema} CASCADE")
        self._schemas.clear()

    @contextmanager
    def tablespace(self, name: str, folder: Path) -> Iterator[None]:
        """Let a private server keep tables in a folder; all journals are gone when the block ends."""
        if os.geteuid() == 0:
            shutil.chown(folder, SYSTEM_USER)
        self.run(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        try:
            yield
        finally:
            self.drop_schemas()
            self.run(f"DROP TABLESPACE {name}")

    def own(self) -> Path:
        """Return a private server's folder; skips the test on a server that is not ours to stop or to fill."""
        if self.folder is None:
            pytest.skip(f"needs a server of its own, not the one at {URL_VARIABLE}")
        return self.folder

    def start(self) -> None:
        """Start a private server and wait until it answers."""
        assert self.folder is not None
        assert self.binaries is not None
        options = {"listen_addresses": "", "unix_socket_directories": str(self.folder), "wal_level": "minimal"}
        # No test cuts the power: what a killed server wrote stays with the operating system.
        options |= {"max_wal_senders": "0", "log_min_messages": "fatal", "fsync": "off"}
        command = [*_lowered("--pdeathsig", "QUIT"), str(self.binaries / "postgres"), "-D", str(self.folder / "data")]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = (self.folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.run("SELECT 1")
                return
            except sa.exc.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop a private server as a failing machine would: at once, its connections cut."""
        assert self._process is not None
        self._process.send_signal(subprocess.signal.SIGQUIT)  # type: ignore[attr-defined]
        self._process.wait(timeout=START_SECONDS)


@contextmanager
def server() -> Iterator[PostgresServer]:
    """Have a server while the block runs; skips the test where there is none, and says what would be needed."""
    given = os.environ.get(URL_VARIABLE)
    if given:
        named = PostgresServer(sa.make_url(given))
        try:
            yield named
        finally:
            named.drop_schemas()
        return
    binaries = _binaries()
    if binaries is None:
        reason = f"no PostgreSQL here: apt-get install postgresql, or name a server in {URL_VARIABLE}"
        if os.environ.get(REQUIRED_VARIABLE) == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="perio-pg-", dir="/tmp"))  # a socket's path may have 107 bytes, no more
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SYSTEM_USER)
        make = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "perio", "--auth=trust", "--encoding=UTF8"]
        make += ["--locale=C", "--no-sync"]
        subprocess.run([*_lowered(), *make], cwd=folder, check=True, capture_output=True)
        url = sa.URL.create("postgresql+psycopg", "perio", database="postgres", query={"host": str(folder)})
        private = PostgresServer(url, folder, binaries)
        private.start()
        try:
            yield private
        finally:
            private.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lowered(*options: str) -> list[str]:
    """Start of a command that runs as an ordinary user."""
    user = [f"--reuid={SYSTEM_USER}", f"--regid={SYSTEM_USER}", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *user, *options, "--"]


def _binaries() -> Path | None:
    """Debian keeps the server's programs out of the path: /usr/lib/postgresql/VERSION/bin."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return versions[-1].parent if versions else None
