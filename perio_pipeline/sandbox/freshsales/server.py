"""Runs a sandbox over HTTP on this machine: for good, or for as long as a `with` block lasts."""

from collections.abc import Iterator
from contextlib import contextmanager

from perio_pipeline.sandbox.common.server import RunningSandbox, check_host, running_app, serve_app
from perio_pipeline.sandbox.freshsales.app import create_app
from perio_pipeline.sandbox.freshsales.config import SandboxConfig


class RunningFreshsales(RunningSandbox):
    """A handle on a server that is up, with what only this CRM has."""

    def restore(self, kind: str, record_id: int) -> None:
        """Take a record out of the recycle bin."""
        self.admin("POST", "/restore", {"kind": kind, "id": record_id})

    def outbox(self) -> list[dict[str, object]]:
        """Invitations the account would have mailed."""
        return list(self.admin("GET", "/outbox")["outbox"])


def serve(config: SandboxConfig, host: str = "127.0.0.1", port: int = 8099) -> None:
    """Serve until interrupted. Only loopback hosts: the sandbox has no real security."""
    check_host(host)
    serve_app(create_app(config), host, port)


@contextmanager
def running(config: SandboxConfig, port: int = 0) -> Iterator[RunningFreshsales]:
    """A server in a background thread of this process, on 127.0.0.1; port 0 takes a free one."""
    with running_app(create_app(config), port) as base_url:
        yield RunningFreshsales(base_url)
