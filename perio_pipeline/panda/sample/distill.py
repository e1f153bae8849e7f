"""Distils NHANES figures into the small tables under `figures/`; the only module that reads the NHANES folder.

Run it with `python -m perio_pipeline.panda.sample.distill <nhanes folder>`. Its output is committed, so that nothing
needs the folder at run time; `figures/PROVENANCE.md` says what each file holds and where it comes from.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

FIGURES = Path(__file__).parent / "figures"

SITE_OF_NHANES = {"D": "DB", "M": "B", "S": "MB"}
"""Site letters of the bleeding codebook, facial only → ours."""

SITE_OF_SEEDS = {"DF": "DB", "MdF": "B", "MF": "MB", "DL": "DL", "MdL": "L", "ML": "ML"}
"""Site names of the seed exams → ours."""

FACIAL_OF_LINGUAL = {"DL": "DB", "L": "B", "ML": "MB"}
"""Lingual sites were not examined for bleeding in 2001-04; they take the rate of the facial site across."""

SITE_ORDER = ["MB", "B", "DB", "ML", "L", "DL"]
SECOND_MOLAR_OF_THIRD = {1: 2, 16: 15, 17: 18, 32: 31}
MINIMUM_CELL = 10
"""Cells of the covariate table with fewer adults are dropped: figures, not persons, leave this script."""


def _mirror(tooth: int) -> int:
    """The same tooth on the other side of the arch."""
    return 17 - tooth if tooth <= 16 else 49 - tooth


def _both_sides(frame: pd.DataFrame) -> pd.DataFrame:
    """Every row once more for the mirrored tooth, which doubles the numbers behind each mean."""
    return pd.concat([frame, frame.assign(tooth=frame["tooth"].map(_mirror))], ignore_index=True)


def _with_third_molars(frame: pd.DataFrame) -> pd.DataFrame:
    """Third molars, which NHANES leaves out, as copies of the second molars."""
    copies = [frame[frame["tooth"] == second].assign(tooth=third) for third, second in SECOND_MOLAR_OF_THIRD.items()]
    return pd.concat([frame, *copies], ignore_index=True)


def teeth(folder: Path) -> pd.DataFrame:
    """How often each tooth is there in adults, and how implants distribute over positions."""
    availability = pd.read_csv(folder / "nhanes_perio_site_availability_2009_2014.csv")
    probed = availability[availability["measure"] == "probing_depth"].groupby("tooth_universal")[
        ["n_measured", "n_cannot_assess"]
    ]
    counts = probed.sum()
    share = dict(counts["n_measured"] / (counts["n_measured"] + counts["n_cannot_assess"]))
    status = pd.read_csv(folder / "nhanes_tooth_status_2009_2014.csv", dtype={"code": str})
    by_code = status.pivot_table(index="tooth_universal", columns="code", values="n", aggfunc="sum", fill_value=0)
    for third, second in SECOND_MOLAR_OF_THIRD.items():
        share[third] = share[second] * by_code.loc[third, "2"] / by_code.loc[second, "2"]
    frame = pd.DataFrame({"present_share": pd.Series(share).round(4), "implants": by_code["3"]})
    return frame.rename_axis("tooth").sort_index().reset_index()


def sites(folder: Path) -> pd.DataFrame:
    """Per tooth and site: bleeding rate, mean probing depth and mean margin (positive apical of the CEJ)."""
    bleeding = pd.read_csv(folder / "nhanes_bop_site_rates_2001_2004.csv")
    bleeding["tooth"], bleeding["site"] = bleeding["tooth_universal"], bleeding["site_nhanes"].map(SITE_OF_NHANES)
    sums = bleeding.groupby(["tooth", "site"])[["n_bleed", "n_no_bleed"]].sum()
    rate = (sums["n_bleed"] / (sums["n_bleed"] + sums["n_no_bleed"])).rename("bop_rate").reset_index()
    lingual = rate.assign(site=rate["site"].map({facial: other for other, facial in FACIAL_OF_LINGUAL.items()}))
    seeds = _both_sides(_seeds(folder))
    means = seeds.groupby(["tooth", "site"])[["pd_mm", "recession_mm"]].mean().reset_index()
    frame = pd.concat([rate, lingual], ignore_index=True).merge(means, on=["tooth", "site"])
    frame = frame.rename(columns={"pd_mm": "depth_mean", "recession_mm": "margin_mean"}).round(4)
    frame = _with_third_molars(frame)
    frame["order"] = frame["site"].map({site: place for place, site in enumerate(SITE_ORDER)})
    return frame.sort_values(["tooth", "order"]).drop(columns="order").reset_index(drop=True)


def _seeds(folder: Path) -> pd.DataFrame:
    seeds = pd.read_csv(folder / "nhanes_seed_full_mouth_exams_long.csv")
    return seeds.assign(tooth=seeds["tooth_universal"], site=seeds["site"].map(SITE_OF_SEEDS))


def spread(folder: Path) -> pd.DataFrame:
    """Standard deviations of probing depth between patients, teeth and sites, and its correlation with the margin."""
    seeds = _seeds(folder)
    residual = seeds["pd_mm"] - seeds.groupby(["tooth", "site"])["pd_mm"].transform("mean")
    by_patient = residual.groupby(seeds["SEQN"]).transform("mean")
    by_tooth = residual.groupby([seeds["SEQN"], seeds["tooth"]]).transform("mean") - by_patient
    parts = {
        "patient": float(by_patient.std()),
        "tooth": float(by_tooth.std()),
        "site": float((residual - by_patient - by_tooth).std()),
        "depth_margin_correlation": float(np.corrcoef(seeds["pd_mm"], seeds["recession_mm"])[0, 1]),
    }
    return pd.DataFrame({"name": list(parts), "value": [round(value, 4) for value in parts.values()]})


def covariates(folder: Path) -> pd.DataFrame:
    """Joint weighted shares of age band, sex, smoking and diabetes, with quartiles of HbA1c and cigarettes a day."""
    adults = pd.read_csv(folder / "nhanes_2009_2014_adults30_covariates.csv")
    adults = adults.dropna(subset=["smoking", "diabetes", "hba1c_pct"]).assign(
        age_from=lambda frame: frame["age"] // 5 * 5,
        sex=lambda frame: frame["sex_1M_2F"].map({1: "M", 2: "F"}),
        diabetes=lambda frame: frame["diabetes"].astype(int),
    )
    cells = adults.groupby(["age_from", "sex", "smoking", "diabetes"])
    frame = cells["exam_weight"].sum().rename("share").to_frame()
    frame["adults"] = cells.size()
    for quantile in (10, 25, 50, 75, 90):
        frame[f"hba1c_p{quantile}"] = cells["hba1c_pct"].quantile(quantile / 100).round(1)
    for quantile in (25, 50, 75):
        frame[f"cigarettes_p{quantile}"] = cells["cigs_per_day_30d"].quantile(quantile / 100).round().astype("Int64")
    frame = frame[frame["adults"] >= MINIMUM_CELL].drop(columns="adults").reset_index()
    frame.loc[frame["smoking"] != "current", ["cigarettes_p25", "cigarettes_p50", "cigarettes_p75"]] = pd.NA
    frame["share"] = (frame["share"] / frame["share"].sum()).round(6)
    return frame


TABLES = {"teeth": teeth, "sites": sites, "spread": spread, "covariates": covariates}
"""File name under `figures/` → the function that computes it."""


def distill(nhanes: Path, out: Path = FIGURES) -> None:
    """Write every table of `TABLES` from the NHANES folder to `out`; the same input gives the same bytes."""
    out.mkdir(parents=True, exist_ok=True)
    for name, compute in TABLES.items():
        compute(nhanes).to_csv(out / f"{name}.csv", index=False, lineterminator="\n")


if __name__ == "__main__":
    distill(Path(sys.argv[1]))
