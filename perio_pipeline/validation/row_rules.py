"""Rules that need more than one cell: clinical plausibility, names with suffixes, clock gaps, birth dates.

Each rule looks at the typed frame and says which rows it hits and what, if anything, replaces the cell. The frame's
index is 0..n-1. Rules never hold a row back themselves; the rule's action in `treatments` decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perio_pipeline.panda.canonical import Kind, Table
from perio_pipeline.validation.context import Context
from perio_pipeline.validation.names import map_distinct

OLDEST_PATIENT_YEARS = 115
"""Nobody alive is older."""

FDI_TEETH = (33, 48)
"""Numbers that only FDI has: Universal ends at 32."""

ENTRANCES: dict[str, tuple[int, ...]] = {
    "buccal": (1, 2, 3, 14, 15, 16, 17, 18, 19, 30, 31, 32),
    "lingual": (17, 18, 19, 30, 31, 32),
    "mesial": (1, 2, 3, 5, 12, 14, 15, 16),
    "distal": (1, 2, 3, 5, 12, 14, 15, 16),
}
"""Side → the Universal numbers of teeth that have a furcation entrance there."""

SUFFIXES = {"JR": "Jr.", "SR": "Sr.", "II": "II", "III": "III", "IV": "IV"}
"""Suffixes of names as people type them → as they are written."""

_SUFFIXED = re.compile(r"(.*?\w\w)[,\s]+(JR|SR|II|III|IV)\.?", re.IGNORECASE)
_CAPITALS = re.compile(r"[A-ZÀ-ÖØ-Þ]{3,}")
_UNSAFE_CAPITALS = re.compile(r"MC.*|MAC.*|[IVX]+|[^AEIOUYÀ-ÖØ-Þ]+")

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Hit:
    """One rule's hits in one column: a mask over the rows, and the whole column as it shall be, if it changes."""

    column: str
    rule: str
    mask: Mask
    column_after: pd.Series | None = None


RowRule = Callable[[pd.DataFrame, Context], list[Hit]]


def birth_date(frame: pd.DataFrame, context: Context) -> list[Hit]:
    """Find birth dates in the future or too long ago."""
    born = frame["birth_date"]
    today = pd.Timestamp(context.today)
    oldest = today - pd.DateOffset(years=OLDEST_PATIENT_YEARS + 1)
    return [Hit("birth_date", "implausible_birth_date", _mask((born > today) | (born <= oldest)))]


def suffix_in_last_name(frame: pd.DataFrame, context: Context) -> list[Hit]:
    """Move a suffix at the end of the last name into its own column, unless another suffix stands there."""
    suffix = map_distinct(frame["last_name"], _suffix)
    recorded = map_distinct(frame["suffix"], lambda text: SUFFIXES.get(text.strip(".").upper(), text))
    moves = suffix.notna() & (recorded.isna() | (recorded == suffix))
    last_name = frame["last_name"].mask(moves, map_distinct(frame["last_name"], _without_suffix))
    return [
        Hit("last_name", "suffix_in_last_name", _mask(moves), last_name),
        Hit(
            "suffix", "suffix_in_last_name", _mask(moves & frame["suffix"].isna()), frame["suffix"].mask(moves, suffix)
        ),
    ]


def capital_names(frame: pd.DataFrame, context: Context, columns: tuple[str, ...]) -> list[Hit]:
    """Write names in capitals in normal case where that is certain: one plain word, no Mc, Mac, initials or numeral."""
    hits = []
    for name in columns:
        after = map_distinct(frame[name], _normal_case)
        hits.append(Hit(name, "capital_name", _mask(after != frame[name]) & _mask(after.notna()), after))
    return hits


def fdi_numbering(frame: pd.DataFrame, context: Context) -> list[Hit]:
    """Find all rows of exams that hold a tooth number only FDI has."""
    exams = frame.loc[_mask(frame["tooth"].between(*FDI_TEETH)), "exam_id"].dropna().unique()
    return [Hit("tooth", "fdi_numbering", _mask(frame["exam_id"].isin(exams)))] if len(exams) else []


def depth_state(frame: pd.DataFrame, context: Context) -> list[Hit]:
    """Find depths that contradict their state: measured without a depth, or a depth without measuring."""
    state = frame["depth_state"]
    contradicts = (state == "measured") != frame["depth_mm"].notna()
    return [Hit("depth_mm", "depth_state", _mask(contradicts) & _mask(state.notna()))]


def tooth_missing(frame: pd.DataFrame, context: Context) -> list[Hit]:
    """Find depths on teeth that the exam records as missing."""
    if context.missing_teeth is None:
        return []
    absent = context.missing_teeth.hold(frame)
    return [Hit("depth_mm", "tooth_missing", absent & _mask(frame["depth_mm"].notna()))]


def no_furcation_entrance(frame: pd.DataFrame, context: Context) -> list[Hit]:
    """Clear furcation degrees where the tooth has no entrance; degree 0 says nothing wrong."""
    hits = []
    for side, teeth in ENTRANCES.items():
        degree = frame[f"furcation_{side}"]
        wrong = _mask(degree > 0) & ~_mask(frame["tooth"].isin(teeth)) & _mask(frame["tooth"].notna())
        hits.append(Hit(degree.name, "no_furcation_entrance", wrong, degree.mask(wrong)))  # type: ignore[arg-type]
    return hits


def clock_changes(frame: pd.DataFrame, context: Context, columns: tuple[str, ...]) -> list[Hit]:
    """Find local times that the change to daylight saving time skipped, and those that came twice when it ended."""
    hits = []
    for name in columns:
        local = frame[name]
        first, second = (
            local.dt.tz_localize(context.time_zone, nonexistent="NaT", ambiguous=np.full(len(local), summer))
            for summer in (True, False)
        )
        hits.append(Hit(name, "dst_gap", _mask(first.isna() & local.notna())))
        hits.append(Hit(name, "dst_overlap", _mask(first.ne(second) & first.notna())))
    return hits


def rules_for(table: Table) -> tuple[RowRule, ...]:
    """Return the table's row rules in the order they run."""
    times = tuple(column.name for column in table.columns if column.kind is Kind.DATETIME)
    return ROW_RULES.get(table.name, ()) + ((partial(clock_changes, columns=times),) if times else ())


_PEOPLE = partial(capital_names, columns=("first_name", "last_name"))

ROW_RULES: dict[str, tuple[RowRule, ...]] = {
    "patient": (birth_date, suffix_in_last_name, _PEOPLE, partial(capital_names, columns=("preferred_name",))),
    "guarantor_account": (_PEOPLE,),
    "provider": (_PEOPLE,),
    "staff_user": (_PEOPLE,),
    # A referrer's last name may be free text, where capitals are often an abbreviation.
    "referral_source": (partial(capital_names, columns=("first_name",)),),
    "perio_tooth": (fdi_numbering, no_furcation_entrance),
    "perio_site": (fdi_numbering, depth_state, tooth_missing),
}
"""Row rules by table."""


def _mask(condition: pd.Series) -> Mask:
    """Return the condition as a plain mask: no value counts as no hit."""
    return condition.to_numpy(dtype=bool, na_value=False)


def _suffix(name: str) -> str | None:
    match = _SUFFIXED.fullmatch(name)
    return SUFFIXES[match[2].upper()] if match else None


def _without_suffix(name: str) -> str | None:
    match = _SUFFIXED.fullmatch(name)
    return match[1] if match else None


def _normal_case(text: str) -> str:
    certain = _CAPITALS.fullmatch(text) and not _UNSAFE_CAPITALS.fullmatch(text)
    return text.capitalize() if certain else text
