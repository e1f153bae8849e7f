"""What an account said of its set-up a short while ago, kept on disk so that the next run need not ask again.

A delta run that changes one record would otherwise spend more requests on pipelines, users and custom fields than on
the record. Whatever is refused makes it forget: the set-up may have changed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from perio_pipeline.ownerfile import write_whole

JsonObject = dict[str, Any]

REMEMBERED_SECONDS = 3600.0
"""Of our clock, not the CRM's: it is a person who changes an account's set-up."""


class SetUp:
    """One account's answers, by what was asked.

    Args:
        path: the file; readable by its owner only, since it names the account's users.
        relied_on: whether what it says is taken for an answer; else the account is asked, and its answers are kept.
        clock: seconds since the epoch.
    """

    def __init__(self, path: Path, *, relied_on: bool, clock: Callable[[], float] = time.time) -> None:
        self._path, self._relied_on, self._clock = path, relied_on, clock

    def said(self, question: str) -> JsonObject | None:
        """Return what the CRM answered a short while ago; None where it is to be asked."""
        kept = self._read().get(question) if self._relied_on else None
        if not isinstance(kept, list) or not 0 <= self._clock() - float(kept[0]) < REMEMBERED_SECONDS:
            return None
        answer: JsonObject = kept[1]
        return answer

    def keep(self, question: str, answer: JsonObject | None) -> None:
        """Remember an answer."""
        if answer is not None:
            content = {**self._read(), question: [self._clock(), answer]}
            write_whole(self._path, json.dumps(content).encode())

    def forget(self) -> None:
        """Ask again when it is needed next."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> JsonObject:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}


async def answered(
    kept: SetUp | None, question: str, ask: Callable[[], Awaitable[JsonObject | None]]
) -> JsonObject | None:
    """Return an earlier run's answer where it may be relied on; else ask, and keep the answer for later runs."""
    known = kept.said(question) if kept is not None else None
    if known is not None:
        return known
    answer = await ask()
    if kept is not None:
        kept.keep(question, answer)
    return answer


def doubt(kept: SetUp | None) -> None:
    """Forget what was kept: something was refused or is missing, so that the set-up may have changed."""
    if kept is not None:
        kept.forget()
