"""A sandbox in a process of its own, so that the load that is measured has one to itself."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from perio_pipeline.sandbox.common.server import RunningSandbox
from perio_pipeline.sandbox.freshsales import server as freshsales_server
from perio_pipeline.sandbox.freshsales.config import SandboxConfig as FreshsalesConfig
from perio_pipeline.sandbox.highlevel import server as highlevel_server


@contextmanager
def served(config: Any) -> Iterator[RunningSandbox]:
    """Serve a sandbox for as long as the block runs."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(config, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield RunningSandbox(ours.recv())
    finally:
        ours.close()
        process.join()


def _serve(config: Any, parent: Connection) -> None:
    server: Any = freshsales_server if isinstance(config, FreshsalesConfig) else highlevel_server
    with server.running(config) as sandbox:
        parent.send(sandbox.base_url)
        try:
            parent.recv()
        except EOFError:
            return
