"""Serves the reports to the browser of the user who started `perio ui`, and to nobody else on this machine.

Browsers open no file from a page that came over HTTP, so a link in the Dagster UI needs an address. Reports may hold
patients' values, which lie in folders that only their owner can read; so it is here: the kernel says whose each
connection is. A name that somebody else's page points to this machine is refused, and nothing is kept by the browser.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from perio_pipeline import settings

CONNECTIONS = Path("/proc/net/tcp")
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@contextmanager
def serving(data: Path) -> Iterator[bool]:
    """Serve the reports of a data folder while the block runs; yields whether they are.

    They are not where no address is given, or none of this machine, or where its port is taken.
    """
    url = urlsplit(settings.reports_url())
    if url.hostname != "127.0.0.1" or not url.port:
        yield False
        return
    try:
        server = ThreadingHTTPServer((url.hostname, url.port), partial(_Reports, directory=str(data / "reports")))
    except OSError:
        yield False
        return
    server.daemon_threads = True
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield True
        finally:
            server.shutdown()


def owner(connections: str, client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """Return the user whose end of a connection `client` is, by the kernel's table; None where it is not in it."""
    ends = [_written(*client), _written(*server)]
    rows = (line.split() for line in connections.splitlines()[1:])
    return next((int(row[7]) for row in rows if row[1:3] == ends), None)


def _written(host: str, port: int) -> str:
    """Write an address as the kernel does on a little-endian machine: proc_net_tcp(5)."""
    return f"{IPv4Address(host).packed[::-1].hex().upper()}:{port:04X}"


class _Reports(SimpleHTTPRequestHandler):
    """Hands out files of the folder, to the owner of this process."""

    def send_head(self) -> Any:
        """Find the file that is asked for, or refuse; for GET and HEAD."""
        host, port = self.connection.getsockname()
        whose = owner(CONNECTIONS.read_text(encoding="ascii"), self.client_address, (host, port))
        if whose != os.getuid() or self.headers["Host"] != f"{host}:{port}":
            self.send_error(HTTPStatus.FORBIDDEN, "Reports are for the user who started perio ui")
            return None
        folder, _, rest = self.path.lstrip("/").partition("/")
        if folder != settings.folder_key(Path(self.directory)):
            self.send_error(HTTPStatus.NOT_FOUND, "This is the perio ui of another data folder")
            return None
        self.path = f"/{rest}"
        return super().send_head()

    def list_directory(self, path: str | os.PathLike[str]) -> BinaryIO | None:  # type: ignore[override]
        """Refuse: links name files."""
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def end_headers(self) -> None:
        """Let the browser keep nothing, and no other page show it."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is the UI's."""
