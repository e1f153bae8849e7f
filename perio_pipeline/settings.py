"""Where things lie, from the environment: `PERIO_DATA` and `PERIO_MAPPINGS`."""

from __future__ import annotations

import os
from pathlib import Path

from perio_pipeline.workplace import Workplace

PROJECT = Path(__file__).resolve().parent.parent
DATA = "PERIO_DATA"
MAPPINGS = "PERIO_MAPPINGS"


def data_folder() -> Path:
    """Return the data folder: `PERIO_DATA`, or `data` in the project."""
    return Path(os.environ.get(DATA) or PROJECT / "data").absolute()


def mappings_folder() -> Path:
    """Return the mappings folder: `PERIO_MAPPINGS`, or `mappings` in the project."""
    return Path(os.environ.get(MAPPINGS) or PROJECT / "mappings").absolute()


def workplace() -> Workplace:
    """Return the rooms over these folders."""
    return Workplace(data_folder(), mappings_folder())
