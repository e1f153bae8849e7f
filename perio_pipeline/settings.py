"""Settings from the environment: where things lie and how reports are linked, and how long a run waits for another."""

from __future__ import annotations

import math
import os
from hashlib import sha256
from pathlib import Path

from perio_pipeline.errors import SettingsError
from perio_pipeline.workplace import Workplace

PROJECT = Path(__file__).resolve().parent.parent
DATA = "PERIO_DATA"
MAPPINGS = "PERIO_MAPPINGS"
WAIT = "PERIO_WAIT_MINUTES"
REPORTS = "PERIO_REPORTS_URL"


def data_folder() -> Path:
    """Return the data folder: `PERIO_DATA`, or `data` in the project."""
    return Path(os.environ.get(DATA) or PROJECT / "data").absolute()


def mappings_folder() -> Path:
    """Return the mappings folder: `PERIO_MAPPINGS`, or `mappings` in the project."""
    return Path(os.environ.get(MAPPINGS) or PROJECT / "mappings").absolute()


def reports_url() -> str:
    """Return the address under which `perio ui` serves the reports: `PERIO_REPORTS_URL`; empty where nobody does."""
    return os.environ.get(REPORTS, "").rstrip("/")


def folder_key(reports: Path) -> str:
    """Return the part of a link that names the folder, so that another folder's server answers with no wrong report."""
    return sha256(str(reports).encode()).hexdigest()[:8]


def report_link(path: Path) -> str:
    """Return the address of a report; empty where it has none."""
    folder = data_folder() / "reports"
    if not reports_url() or not path.is_relative_to(folder):
        return ""
    return f"{reports_url()}/{folder_key(folder)}/{path.relative_to(folder).as_posix()}"


def wait_minutes() -> float:
    """Return how long a run waits for another one on the same practice and destination: `PERIO_WAIT_MINUTES`, or 0.

    Raises:
        SettingsError: it is no number of minutes.
    """
    given = os.environ.get(WAIT) or "0"
    try:
        minutes = float(given)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes < math.inf:
        raise SettingsError(f"{WAIT} is no number of minutes.", "Use a number such as 30, or 0 to refuse at once.")
    return minutes


def workplace() -> Workplace:
    """Return the rooms over these folders."""
    return Workplace(data_folder(), mappings_folder())
