"""Tells people that something needs them: by a webhook, by e-mail, or not at all, as somebody chose.

What is told are names and ids: practice, destination, job, run, step. There is no field for anything else, so that no
value of a patient and no text of an error can be sent.
"""

from __future__ import annotations

import os
import smtplib
from collections.abc import Mapping as Environment
from dataclasses import asdict, dataclass
from email.message import EmailMessage

import httpx

from perio_pipeline.errors import SettingsError

WEBHOOK, SMTP, MAIL_FROM, MAIL_TO, UI_URL = (
    "PERIO_NOTIFY_WEBHOOK",
    "PERIO_NOTIFY_SMTP",
    "PERIO_NOTIFY_MAIL_FROM",
    "PERIO_NOTIFY_MAIL_TO",
    "PERIO_UI_URL",
)
LOCAL_UI = "http://127.0.0.1:3000"
SECONDS = 10
"""How long a server may take to answer."""


@dataclass(frozen=True)
class Notice:
    """What is told.

    Attributes:
        event: `run_failed`, `window_closing` or `window_held_up`.
        text: one sentence for people, made of the other fields.
        practice, destination, job, run, step: names and ids; empty where there is none.
        link: to the run in the UI.
    """

    event: str
    text: str
    practice: str = ""
    destination: str = ""
    job: str = ""
    run: str = ""
    step: str = ""
    link: str = ""


@dataclass(frozen=True)
class Recipients:
    """Where notices go: an address that takes a POST, and people's e-mail addresses; nowhere, where both are empty."""

    webhook: str = ""
    mail_to: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.webhook or self.mail_to)


def everybodys(environment: Environment[str, str] = os.environ) -> Recipients:
    """Return the recipients that the environment names for all practices."""
    addresses = environment.get(MAIL_TO, "").split(",")
    return Recipients(environment.get(WEBHOOK, ""), tuple(each.strip() for each in addresses if each.strip()))


def run_link(run: str, environment: Environment[str, str] = os.environ) -> str:
    """Return where a run is seen in the UI."""
    return f"{environment.get(UI_URL) or LOCAL_UI}/runs/{run}"


def send(notice: Notice, to: Recipients, environment: Environment[str, str] = os.environ) -> None:
    """Tell everybody who is to be told.

    Raises:
        SettingsError: an address, or the mail server, is not there or refuses; the others were told.
    """
    problems = []
    if to.webhook:
        problems += _post(notice, to.webhook)
    if to.mail_to:
        problems += _mail(notice, to.mail_to, environment)
    if problems:
        raise SettingsError(f"A notice could not be sent: {'; '.join(problems)}.", "Correct where notices go.")


def _post(notice: Notice, url: str) -> list[str]:
    """An address may be a secret, as with chat systems: it is not shown."""
    try:
        answer = httpx.post(url, json=asdict(notice), timeout=SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return [f"the webhook: {type(error).__name__}"]
    return [] if answer.is_success else [f"the webhook answered {answer.status_code}"]


def _mail(notice: Notice, to: tuple[str, ...], environment: Environment[str, str]) -> list[str]:
    host, _, port = environment.get(SMTP, "").partition(":")
    sender = environment.get(MAIL_FROM, "")
    if not host or not sender or (port and not port.isdigit()):
        return [f"mail needs {SMTP} (host:port) and {MAIL_FROM}"]
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), f"Perio pipeline: {notice.text}"
    message.set_content("\n".join(f"{name}: {value}" for name, value in asdict(notice).items() if value))
    try:
        with smtplib.SMTP(host, int(port or 25), timeout=SECONDS) as server:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls()
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        return [f"the mail server: {type(error).__name__}"]
    return []
