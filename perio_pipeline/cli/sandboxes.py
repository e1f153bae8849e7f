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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from perio_pipeline import settings
from perio_pipeline.crm.packages import crm_package
from perio_pipeline.crm.protocol import FieldSpec, FieldType
from perio_pipeline.errors import DestinationError, SettingsError
from perio_pipeline.mapping.practice import VARIABLE, Destination, Practice, is_sandbox
from perio_pipeline.panda.tables import PROVIDER
from perio_pipeline.sandbox.common.server import RunningSandbox
from perio_pipeline.sandbox.freshsales import seed as freshsales_seed
from perio_pipeline.sandbox.freshsales import server as freshsales_server
from perio_pipeline.sandbox.freshsales.behaviour import Behaviour
from perio_pipeline.sandbox.freshsales.config import FieldConfig, ModuleConfig
from perio_pipeline.sandbox.freshsales.config import SandboxConfig as FreshsalesConfig
from perio_pipeline.sandbox.highlevel import seed as highlevel_seed
from perio_pipeline.sandbox.highlevel import server as highlevel_server
from perio_pipeline.sandbox.highlevel.config import SandboxConfig as HighLevelConfig
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


def state_path(data: Path, practice: str, crm: str) -> Path:
    """Return the file that holds what is in a practice's sandbox."""
    return data / "sandbox" / f"{crm}-{practice}.sqlite"


def configuration(workplace: Workplace, practice: Practice, crm: str) -> Any:
    """Build the sandbox of a practice: its accounts, and users with the e-mails of PANDA's providers.

    Raises:
        SettingsError: there is no sandbox for this CRM, or none like the practice's file says.
    """
    if crm not in SANDBOXES:
        raise SettingsError(f"There is no sandbox for {crm}.", f"Use one of: {', '.join(SANDBOXES)}.")
    state = state_path(workplace.data, practice.practice, crm)
    state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    destination = practice.destination(crm)
    build = partial(SANDBOXES[crm].build, state_path=state, clock_factor=destination.time_scale)
    try:
        return build(workplace, practice, destination)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise SettingsError(
            f"There is no {crm} account like that of practice {practice.practice}: {wrong}.",
            f"Correct destinations.{crm}.accounts in practices/{practice.practice}.yaml.",
        ) from None


def _highlevel(workplace: Workplace, practice: Practice, destination: Destination, **server: Any) -> Any:
    emails = provider_emails(workplace, practice)
    locations = tuple(
        highlevel_seed.practice(
            account.id,
            f"{practice.name}: {account.name}",
            sandbox_token(practice.practice, account.name),
            user_emails=emails,
            timezone=practice.time_zone,
        )
        for account in destination.accounts
    )
    return HighLevelConfig(locations=locations, **server)


def _freshsales(workplace: Workplace, practice: Practice, destination: Destination, **server: Any) -> Any:
    """Custom fields and the view of all deals are there already, as an admin makes them from the checklist."""
    mapping = workplace.effective(practice, "freshsales")
    models = {spec.model for spec in mapping.field_specs()}
    accounts = tuple(
        freshsales_seed.practice(
            account.id,
            f"{practice.name}: {account.name}",
            sandbox_token(practice.practice, account.name),
            plan=crm_package("freshsales").PLANS.plan(destination.plan).name,  # type: ignore[arg-type]  # it is checked
            user_emails=provider_emails(workplace, practice),
            custom_fields=[_admins_field(spec) for spec in mapping.field_specs()],
            custom_modules=[
                ModuleConfig(entity_name=model, singular_name=model, plural_name=f"{model}s")
                for model in sorted(models)
                if model.startswith("cm_")
            ],
            time_zone=practice.time_zone,
        )
        for account in destination.accounts
    )
    return FreshsalesConfig(accounts=accounts, behaviour=Behaviour(all_deals_view=True), **server)


ADMIN_TYPES = {
    FieldType.TEXT: "text",
    FieldType.PHONE: "text",
    FieldType.LONG_TEXT: "paragraph",
    FieldType.NUMBER: "number",
    FieldType.DATE: "date",
    FieldType.DATE_TIME: "date_time",
    FieldType.CHOICE: "dropdown",
    FieldType.MULTI_CHOICE: "multi_select_dropdown",
    FieldType.CHECKBOX: "checkbox",
    FieldType.LOOKUP: "auto_complete",
}
"""What an admin picks in Freshsales' field editor for each of our types."""


def _admins_field(spec: FieldSpec) -> FieldConfig:
    return FieldConfig.model_validate(
        {
            "name": spec.label,
            "type": ADMIN_TYPES[spec.type],
            "choices": spec.options,
            "module": _module(spec.model),
            **({"lookup": _module(spec.target)} if spec.target else {}),
        }
    )


def _module(model: str) -> str:
    return model if model.startswith("cm_") else f"{model}s"


@dataclass(frozen=True)
class Sandbox:
    """A CRM's sandbox: how it is configured for a practice, and how it is served."""

    build: Callable[..., Any]
    serve: Callable[..., None]


SANDBOXES = {
    "highlevel": Sandbox(_highlevel, highlevel_server.serve),
    "freshsales": Sandbox(_freshsales, freshsales_server.serve),
}
"""Every CRM that has one."""


def provider_emails(workplace: Workplace, practice: Practice) -> list[str]:
    """Return the providers' e-mails, so that owners can be matched as in a real account."""
    frames = list(workplace.source(practice).chunks(PROVIDER))
    emails = {email.strip().lower() for frame in frames for email in frame["email"].dropna()}
    return sorted(email for email in emails if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email))


def serve(workplace: Workplace, practice: Practice, crm: str) -> None:
    """Serve the practice's sandbox until interrupted."""
    host, port = address(practice, crm)
    config = configuration(workplace, practice, crm)
    SANDBOXES[crm].serve(config, host=host, port=port)


@contextmanager
def at_hand(practice: Practice, crm: str) -> Iterator[bool]:
    """Have the practice's sandbox running while the block runs; yields whether it was started for this.

    Does nothing for a destination that is not on this machine.

    Raises:
        SettingsError: the sandbox of another practice or data folder answers there.
        DestinationError: none could be started.
    """
    if not is_sandbox(practice.destination(crm).url):
        yield False
        return
    if _answers(*address(practice, crm)):
        _check_whose(practice, crm)
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


def _check_whose(practice: Practice, crm: str) -> None:
    """Refuse to write into somebody else's sandbox; what is no sandbox of ours is taken for the CRM it stands for."""
    host, port = address(practice, crm)
    try:
        state = RunningSandbox(f"http://{host}:{port}").whose()
    except (httpx.HTTPError, ValueError, TypeError, KeyError):
        return
    if state is not None and state != str(state_path(settings.data_folder(), practice.practice, crm).resolve()):
        raise SettingsError(
            f"On {host}:{port} answers a sandbox that does not hold the data of practice {practice.practice} for {crm} "
            "in this data folder.",
            "End it, or give the destination another port in the practice's file.",
        )


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
