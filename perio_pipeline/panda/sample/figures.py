"""Loads the distilled figures and the word lists that lie beside this module."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ruamel.yaml import YAML

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_HERE = Path(__file__).parent
SITE_ORDER = ("MB", "B", "DB", "ML", "L", "DL")


@dataclass(frozen=True)
class SiteFigures:
    """Per tooth (rows, Universal 1-32) and site (columns, `SITE_ORDER`); per tooth where one number is enough."""

    present_share: FloatArray
    implants: FloatArray
    bleeding_logit: FloatArray
    depth_mean: FloatArray
    margin_mean: FloatArray
    patient_sd: float
    tooth_sd: float
    site_sd: float


@dataclass(frozen=True)
class Cell:
    """One cell of the joint distribution of covariates."""

    age_from: int
    sex: str
    smoking: str
    diabetes: bool
    share: float
    hba1c: tuple[float, ...]
    cigarettes: tuple[int, ...]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache
def site_figures() -> SiteFigures:
    """Return the figures of teeth and sites."""
    teeth, sites = _rows(_HERE / "figures/teeth.csv"), _rows(_HERE / "figures/sites.csv")
    spread = {row["name"]: float(row["value"]) for row in _rows(_HERE / "figures/spread.csv")}

    def grid(column: str) -> FloatArray:
        return np.array([float(row[column]) for row in sites]).reshape(32, len(SITE_ORDER))

    rate = grid("bop_rate")
    return SiteFigures(
        present_share=np.array([float(row["present_share"]) for row in teeth]),
        implants=np.array([float(row["implants"]) for row in teeth]),
        bleeding_logit=np.log(rate / (1 - rate)),
        depth_mean=grid("depth_mean"),
        margin_mean=grid("margin_mean"),
        patient_sd=spread["patient"],
        tooth_sd=spread["tooth"],
        site_sd=spread["site"],
    )


@lru_cache
def covariate_cells() -> tuple[Cell, ...]:
    """Return the joint distribution of age band, sex, smoking and diabetes."""
    return tuple(
        Cell(
            age_from=int(row["age_from"]),
            sex=row["sex"],
            smoking=row["smoking"],
            diabetes=row["diabetes"] == "1",
            share=float(row["share"]),
            hba1c=tuple(float(row[f"hba1c_p{quantile}"]) for quantile in (10, 25, 50, 75, 90)),
            cigarettes=tuple(int(row[f"cigarettes_p{q}"]) for q in (25, 50, 75) if row[f"cigarettes_p{q}"]),
        )
        for row in _rows(_HERE / "figures/covariates.csv")
    )


@lru_cache
def word_list(name: str) -> Any:
    """Return the content of `lists/<name>.yaml`."""
    return YAML(typ="safe").load((_HERE / f"lists/{name}.yaml").read_text(encoding="utf-8"))


@lru_cache
def table_list(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of `lists/<name>.csv`."""
    return tuple(_rows(_HERE / f"lists/{name}.csv"))
