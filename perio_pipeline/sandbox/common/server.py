"""Runs a sandbox over HTTP on this machine: for good, or for as long as a `with` block lasts."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from perio_pipeline.sandbox.common.admin import is_loopback
from perio_pipeline.sandbox.common.connection import DroppableProtocol
from perio_pipeline.sandbox.common.faults import BaseFault

START_SECONDS = 10.0


class RunningSandbox:
    """A handle on a server that is up."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def stats(self) -> dict[str, Any]:
        """Counts of requests by location, method, route and status."""
        return self.admin("GET", "/stats")

    def moments(self) -> dict[str, list[float]]:
        """Account → when each of its requests took a slot of the quota, in simulated seconds."""
        return dict(self.admin("GET", "/moments")["moments"])

    def faults(self, *faults: BaseFault) -> None:
        """Plan more faults."""
        self.admin("POST", "/faults", [fault.model_dump() for fault in faults])

    def clear_faults(self) -> None:
        """Forget all faults."""
        self.admin("DELETE", "/faults")

    def state_digest(self) -> str:
        """Hash of all content."""
        return str(self.admin("GET", "/state-digest")["digest"])

    def state(self) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Account → kind → its records, as the server keeps them."""
        return dict(self.admin("GET", "/state")["state"])

    def checkpoint(self) -> None:
        """Remember the content as it is now."""
        self.admin("POST", "/checkpoint")

    def reset(self) -> None:
        """Go back to the last checkpoint: content, quotas and tokens, without faults and counts."""
        self.admin("POST", "/reset")

    def replace_token(self, old: str, new: str) -> None:
        """Renew a token: the old one opens nothing any more."""
        self.admin("POST", "/token", {"old": old, "new": new})

    def edit(self, kind: str, record_id: Any, changes: dict[str, Any]) -> None:
        """Change a record as a person in the CRM would."""
        self.admin("POST", "/edit", {"kind": kind, "id": record_id, "changes": changes})

    def requests(self) -> list[dict[str, Any]]:
        """Recorded requests; the configuration must have switched recording on."""
        return list(self.admin("GET", "/requests")["requests"])

    def whose(self) -> str | None:
        """The file whose content is served; None where all is forgotten."""
        state = self.admin("GET", "/whose")["state"]
        return None if state is None else str(state)

    def admin(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call one of the sandbox's own routes."""
        with httpx.Client(trust_env=False) as client:
            reply = client.request(method, f"{self.base_url}/__sandbox{path}", json=body)
        reply.raise_for_status()
        return dict(reply.json())


def serve_app(app: Starlette, host: str, port: int) -> None:
    """Serve until interrupted."""
    _server(app, host, port).run()


@contextmanager
def running_app(app: Starlette, port: int = 0) -> Iterator[str]:
    """A server in a background thread of this process, on 127.0.0.1; port 0 takes a free one. Yields its address."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    server = _server(app, "127.0.0.1", port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def check_host(host: str) -> None:
    """Refuse to be reachable from other machines: the sandbox has no real security."""
    if not is_loopback(host):
        raise ValueError(f"The sandbox serves only this machine: {host!r} is not a loopback address. Use 127.0.0.1.")


def _server(app: Starlette, host: str, port: int) -> uvicorn.Server:
    settings = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=DroppableProtocol,
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(settings)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("The sandbox did not start.")
        time.sleep(0.005)
