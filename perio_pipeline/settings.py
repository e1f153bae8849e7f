"""Settings from the environment: `PERIO_DATA` and `PERIO_MAPPINGS`, where things lie, and `PERIO_WAIT_MINUTES`."""

from __future__ import annotations

import math
import os
from pathlib import Path

from perio_pipeline.errors import SettingsError
from perio_pipeline.workplace import Workplace

PROJECT = Path(__file__).resolve().parent.parent
DATA = "PERIO_DATA"
MAPPINGS = "PERIO_MAPPINGS"
WAIT = "PERIO_WAIT_MINUTES"


def data_folder() -> Path:
    """Return the data folder: `PERIO_DATA`, or `data` in the project."""
    return Path(os.environ.get(DATA) or PROJECT / "data").absolute()


def mappings_folder() -> Path:
    """Return the mappings folder: `PERIO_MAPPINGS`, or `mappings` in the project."""
    return Path(os.environ.get(MAPPINGS) or PROJECT / "mappings").absolute()


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
