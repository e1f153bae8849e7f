"""Local CRM servers for practices whose destination is on this machine; their state lies in the data folder."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from perio_pipeline.errors import DestinationError, SettingsError
from perio_pipeline.mapping.practice import VARIABLE, Practice, is_sandbox
from perio_pipeline.panda.tables import PROVIDER
from perio_pipeline.sandbox.highlevel import seed, server
from perio_pipeline.sandbox.highlevel.config import SandboxConfig
from perio_pipeline.workplace import Workplace

START_SECONDS = 20


def sandbox_token(practice: str, account: str) -> str:
    """Return the token the sandbox knows for an account; no secret, since the sandbox is on this machine only."""
    return f"pit-sandbox-{practice}-{account}"


def give_tokens(practice: Practice, crm: str) -> None:
    """Set the sandbox's tokens in the environment where the practice's file asks for variables that are not set."""
    destination = practice.destination(crm)
    if not is_sandbox(destination.url):
        return
    for account in destination.accounts:
        for variable in VARIABLE.findall(account.token):
            os.environ.setdefault(variable, sandbox_token(practice.practice, account.name))


def address(practice: Practice, crm: str) -> tuple[str, int]:
    """Return host and port of a practice's sandbox.

    Raises:
        SettingsError: the destination is not on this machine.
    """
    url = practice.destination(crm).url
    if not is_sandbox(url):
        raise SettingsError(
            f"The destination {crm} of practice {practice.practice} is not on this machine.",
            "A sandbox is served on a loopback address only, such as http://127.0.0.1:8765.",
        )
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


def configuration(workplace: Workplace, practice: Practice, crm: str) -> SandboxConfig:
    """Build the sandbox of a practice: its accounts, and users with the e-mails of PANDA's providers."""
    if crm != "highlevel":
        raise SettingsError(f"There is no sandbox for {crm}.", "Use highlevel.")
    emails = provider_emails(workplace, practice)
    destination = practice.destination(crm)
    locations = tuple(
        seed.practice(
            account.id,
            f"{practice.name}: {account.name}",
            sandbox_token(practice.practice, account.name),
            user_emails=emails,
            timezone=practice.time_zone,
        )
        for account in destination.accounts
    )
    state = workplace.data / "sandbox" / f"{crm}-{practice.practice}.sqlite"
    state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return SandboxConfig(locations=locations, clock_factor=destination.time_scale, state_path=state)


def provider_emails(workplace: Workplace, practice: Practice) -> list[str]:
    """Return the providers' e-mails, so that owners can be matched as in a real account."""
    frames = list(workplace.source(practice).chunks(PROVIDER))
    emails = {email.strip().lower() for frame in frames for email in frame["email"].dropna()}
    return sorted(email for email in emails if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email))


def serve(workplace: Workplace, practice: Practice, crm: str) -> None:
    """Serve the practice's sandbox until interrupted."""
    host, port = address(practice, crm)
    server.serve(configuration(workplace, practice, crm), host=host, port=port)


@contextmanager
def at_hand(practice: Practice, crm: str) -> Iterator[bool]:
    """Have the practice's sandbox running while the block runs; yields whether it was started for this.

    Does nothing for a destination that is not on this machine.
    """
    if not is_sandbox(practice.destination(crm).url) or _answers(*address(practice, crm)):
        yield False
        return
    command = [sys.executable, "-m", "perio_pipeline.cli.main", "sandbox", "--with-parent"]
    command += ["--practice", practice.practice, "--to", crm]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(process, *address(practice, crm))
        yield True
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=START_SECONDS)


def end_with_parent() -> None:
    """End this process when standard input closes: a sandbox never outlives the command that needed it."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def _wait(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(host, port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise DestinationError(
                f"The sandbox did not start on {host}:{port}.", "Run `perio sandbox` to see why, or free the port."
            )
        time.sleep(0.05)


def _answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0
