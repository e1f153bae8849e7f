"""Keeps patients' values out of consoles: what Dagster redacts it still logs in full, and that must stay private."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

REDACTED = "dagster.redacted_errors"
SWITCH = "DAGSTER_REDACT_USER_CODE_ERRORS"
"""Texts of unforeseen exceptions may hold values: with it Dagster stores an error's id in their place."""


def error_log(data: Path) -> Path:
    """Return the file that holds the full texts of unforeseen errors; readable by its owner only."""
    return data / "logs" / "redacted-errors.log"


def keep_errors_private(data: Path) -> None:
    """Have unforeseen errors redacted, however Dagster was started, and their full texts in the error log only."""
    os.environ.setdefault(SWITCH, "1")
    logger = logging.getLogger(REDACTED)
    logger.propagate = False
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.addHandler(_PrivateFile(error_log(data), encoding="utf-8", delay=True))


class _PrivateFile(logging.FileHandler):
    """Makes its file, and the folder, when there is something to write."""

    def _open(self) -> Any:
        path = Path(self.baseFilename)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

        def private(name: str, flags: int) -> int:
            return os.open(name, flags, 0o600)

        file: Any = open(path, "a", encoding=self.encoding, opener=private)  # noqa: SIM115
        return file
