"""Stage and extent of one charting, by the 2017 World Workshop classification (Tonetti, Greenwell & Kornman 2018).

The order of evidence: is it a case of periodontitis, how much attachment is lost at the worst interdental site, does a
complexity factor raise the stage. A chart shows neither bone loss nor why a tooth was lost: the number of lost teeth
only makes a suggestion less certain, and decides nothing but the 20 remaining teeth of stage IV. Health and gingivitis
follow Chapple et al. 2018. Everything here works on whole columns of `findings.py`. Codes in `basis`, in this order:

    not_probed, bleeding_not_recorded                                   why there is no suggestion
    interdental_cal, oral_cal, depth_only                               what makes it a case; in the last, depth stands
                                                                        in for attachment loss nobody charted
    isolated_pockets                                                    deep sites that make no case
    depth_5mm, depth_6mm, furcation, mobility, fewer_than_20_teeth      what raised the stage
    no_margins, few_margins, some_margins, zero_margins, two_teeth,     what limits the confidence
    partial_chart, tooth_loss_cause_unknown
    implants_excluded                                                   implants were charted and left out
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from perio_pipeline.clinical.teeth import (
    FIRST_MOLARS,
    INCISORS,
    THIRD_MOLARS,
    Masks,
    count,
    has_non_adjacent_pair,
    mask,
)

Flags = npt.NDArray[np.bool_]
Ranks = npt.NDArray[np.int64]

RANKS = ("healthy", "gingivitis", "stage_1", "stage_2", "stage_3", "stage_4")
"""Diagnoses from mild to severe; a rank is an index into it, -1 is none."""

UNKNOWN, HEALTHY, GINGIVITIS, STAGE_1, STAGE_2, STAGE_3, STAGE_4 = range(-1, 6)

LOW = ("depth_only", "isolated_pockets", "no_margins", "few_margins")
"""Codes that make a suggestion no more than a hint."""

MEDIUM = (
    *("oral_cal", "depth_5mm", "depth_6mm", "furcation", "mobility", "fewer_than_20_teeth"),
    *("some_margins", "zero_margins", "two_teeth", "partial_chart", "tooth_loss_cause_unknown"),
)
"""Codes that leave a suggestion open to a clinician's judgement."""

_ALL_MARGINS = 0.9
"""Share of interdental sites with a margin from which the margins count as charted."""

_FEW_MARGINS = 0.5
"""Below this share the worst attachment loss may well be where no margin was read."""

_EXTENTS = np.array([None, "localized", "generalized", "molar_incisor"], dtype=object)
_CONFIDENCES = np.array([None, "low", "medium", "high"], dtype=object)

_STAGED_TEETH = mask(range(1, 33)) & ~THIRD_MOLARS
_ABSENT_OF_UNDER_20 = 32 - 20 + 1
_LOST_OF_STAGE_4 = 5


def stage(findings: pd.DataFrame) -> pd.DataFrame:
    """Stage every exam on its own.

    Returns:
        The columns rank (index into `RANKS`), extent, confidence and basis, in the order of `findings`.
    """
    chart = {str(name): findings[name].to_numpy() for name in findings.columns}
    no_case, case = _no_case(chart), _case(chart)
    is_case = np.any(list(case.values()), axis=0)
    level, raises = _severity(chart, case)
    rank = np.where(is_case, level, _health(chart))
    codes = {
        **{code: flag & ~is_case for code, flag in no_case.items()},
        **case,
        **{code: flag & is_case for code, flag in raises.items()},
        **{code: flag & (rank > UNKNOWN) for code, flag in _limits(chart, case, rank).items()},
    }
    confidence = np.select([rank == UNKNOWN, _any(codes, LOW), _any(codes, MEDIUM)], [0, 1, 2], default=3)
    return pd.DataFrame(
        {
            "rank": rank,
            "extent": _EXTENTS[_extent(chart, case, rank)],
            "confidence": _CONFIDENCES[confidence],
            "basis": joined_codes(codes),
        }
    )


def _no_case(chart: dict[str, Masks]) -> dict[str, Flags]:
    probed, bleeding = chart["probed"] > 0, chart["bleeding_recorded"].astype(bool)
    return {
        "not_probed": ~probed,
        "bleeding_not_recorded": probed & ~bleeding,
        "isolated_pockets": bleeding & (chart["max_depth"] >= 4),
    }


def _case(chart: dict[str, Masks]) -> dict[str, Flags]:
    """Apply the case definition; where no margin was charted, interdental pockets stand in for attachment loss."""
    charted = chart["interdental_cal_sites"] > 0
    interdental = charted & has_non_adjacent_pair(chart["loss1"])
    oral = ~interdental & (count(chart["oral_loss"]) >= 2)
    return {
        "interdental_cal": interdental,
        "oral_cal": oral,
        "depth_only": ~charted & ~oral & has_non_adjacent_pair(chart["pockets"]),
    }


def _health(chart: dict[str, Masks]) -> Ranks:
    """Tell health from gingivitis by bleeding at 10 % of sites; bleeding or deep pockets are not health either."""
    inflamed = 10 * chart["bleeding_sites"] >= chart["probed"]
    pockets = (chart["max_depth"] >= 5) | (chart["bleeding_pockets"] > 0)
    unknown = (chart["probed"] == 0) | ~chart["bleeding_recorded"].astype(bool)
    return np.select([unknown, inflamed | pockets], [UNKNOWN, GINGIVITIS], default=HEALTHY)


def _severity(chart: dict[str, Masks], case: dict[str, Flags]) -> tuple[Ranks, dict[str, Flags]]:
    """Return the stage as if every exam were a case, and what raised it above the stage of its attachment loss."""
    loss = _loss(chart, case)
    by_loss = np.select([loss >= 5, loss >= 3], [STAGE_3, STAGE_2], default=STAGE_1)
    depth = chart["max_depth"]
    raises = {
        "depth_5mm": (depth == 5) & (by_loss < STAGE_2),
        "depth_6mm": (depth >= 6) & (by_loss < STAGE_3),
        "furcation": (chart["furcated_deep"] != 0) & (by_loss < STAGE_3),
    }
    is_severe = (by_loss == STAGE_3) | raises["depth_6mm"] | raises["furcation"]
    absent = count(chart["missing"] | chart["implants"])
    raises["mobility"] = is_severe & (chart["mobile"] != 0)
    raises["fewer_than_20_teeth"] = is_severe & (absent >= _ABSENT_OF_UNDER_20)
    is_complex = raises["mobility"] | raises["fewer_than_20_teeth"]
    level = np.select([is_complex, is_severe, raises["depth_5mm"]], [STAGE_4, STAGE_3, STAGE_2], default=by_loss)
    return level, raises


def _loss(chart: dict[str, Masks], case: dict[str, Flags]) -> Masks:
    """Return the attachment loss that counts: the worst interdental one, or the oral one where the case rests on it."""
    return np.where(case["oral_cal"], np.maximum(chart["max_cal"], chart["max_oral_cal"]), chart["max_cal"])


def _limits(chart: dict[str, Masks], case: dict[str, Flags], rank: Ranks) -> dict[str, Flags]:
    # An attachment loss of 5 mm is past the last boundary, so a margin more or less cannot change the stage.
    is_settled = np.any(list(case.values()), axis=0) & (_loss(chart, case) >= 5)
    charted = chart["interdental_cal_sites"] > 0
    share = chart["interdental_cal_sites"] / np.maximum(chart["interdental_sites"], 1)
    expected = _STAGED_TEETH & ~chart["missing"] & ~chart["implants"]
    lost = count((chart["missing"] | chart["implants"]) & _STAGED_TEETH)
    is_mild = (rank == STAGE_1) | (rank == STAGE_2)
    return {
        "no_margins": ~charted,
        "few_margins": charted & ~is_settled & (share < _FEW_MARGINS),
        "some_margins": charted & ~is_settled & (share >= _FEW_MARGINS) & (share < _ALL_MARGINS),
        "zero_margins": chart["zero_margins"].astype(bool) & (rank < STAGE_3),
        "two_teeth": case["interdental_cal"] & (count(chart["loss1"]) == 2),
        "partial_chart": 2 * count(chart["probed_teeth"]) < count(expected),
        "tooth_loss_cause_unknown": (is_mild & (lost > 0)) | ((rank == STAGE_3) & (lost >= _LOST_OF_STAGE_4)),
        "implants_excluded": chart["implants"] != 0,
    }


def _extent(chart: dict[str, Masks], case: dict[str, Flags], rank: Ranks) -> Ranks:
    """Return an index into `_EXTENTS`.

    Share of the probed teeth at the stage's own severity (Kornman & Papapanou 2020), from 30 % on generalised.

    Only first molars (at least two) and incisors affected is the molar-incisor pattern. Gingivitis is generalised where
    more than 30 % of the sites bleed.
    """
    affected = np.select(
        [case["oral_cal"], case["depth_only"], chart["max_cal"] >= 5, chart["max_cal"] >= 3],
        [chart["oral_loss"], chart["pockets"], chart["loss5"], chart["loss3"]],
        default=chart["loss1"],
    )
    is_pattern = (
        (affected & ~np.int64(FIRST_MOLARS | INCISORS) == 0)
        & (count(affected & FIRST_MOLARS) >= 2)
        & (affected & INCISORS != 0)
    )
    is_wide = 10 * count(affected) >= 3 * count(chart["probed_teeth"])
    bleeds_widely = 10 * chart["bleeding_sites"] > 3 * chart["probed"]
    return np.select(
        [rank <= HEALTHY, rank == GINGIVITIS, is_pattern],
        [0, np.where(bleeds_widely, 2, 1), 3],
        default=np.where(is_wide, 2, 1),
    )


def _any(codes: dict[str, Flags], names: tuple[str, ...]) -> Flags:
    holds: Flags = np.any([codes[name] for name in names], axis=0)
    return holds


def joined_codes(codes: dict[str, Flags]) -> pd.Series:
    """Join the codes that hold in each row; charts repeat, so only distinct combinations are spelled out."""
    names = list(codes)
    combinations, rows = np.unique(np.column_stack(list(codes.values())), axis=0, return_inverse=True)
    texts = ["+".join(name for name, holds in zip(names, row, strict=True) if holds) for row in combinations]
    return pd.Series(np.array(texts, dtype=object)[rows], dtype="str").replace("", None)
