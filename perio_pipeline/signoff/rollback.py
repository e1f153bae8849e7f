"""The three lists of a rollback for people: what was reversed, what was kept and why, what failed and why (P9).

Lines hold ids, field names and the CRM's reasons; no values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, fields

import pandas as pd

from perio_pipeline.loading.undone import Fate, Undone
from perio_pipeline.panda.frames import TEXT
from perio_pipeline.signoff.crm_words import words_of
from perio_pipeline.signoff.templates import csv_text, render

FRAME = "rollback"
REPORT = "rollback"
COLUMNS = tuple(each.name for each in fields(Undone))


def rollback_frame(lines: Sequence[Undone]) -> pd.DataFrame:
    """Return one row per record, all str: object, account, source_key, crm_id, fate, did, reason."""
    rows = [tuple(str(value) for value in astuple(line)) for line in lines]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(TEXT)


def rollback_counts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row per object, in the order of the rollback: object (str), reversed, kept, failed (int64)."""
    order = frame["object"].drop_duplicates()
    counted = pd.crosstab(frame["object"], frame["fate"]).reindex(order)
    wide = counted.reindex(columns=[fate.value for fate in Fate], fill_value=0)
    return wide.rename_axis(columns=None).reset_index().astype({fate.value: "int64" for fate in Fate})


def rollback_reasons(frame: pd.DataFrame) -> pd.DataFrame:
    """Return why records were kept or failed: fate, object, reason (str), records (int64), the most frequent first."""
    left = frame[frame["fate"] != Fate.REVERSED.value]
    counted = left.groupby(["fate", "object", "reason"]).size().rename("records").reset_index()
    return counted.sort_values(["fate", "records"], ascending=[True, False], ignore_index=True)


def to_csv(frame: pd.DataFrame) -> str:
    """Return all lines as CSV."""
    return csv_text(COLUMNS, frame[list(COLUMNS)].itertuples(index=False, name=None))


def to_html(frame: pd.DataFrame, practice: str, crm: str, load_pass: str, *, dry_run: bool) -> str:
    """Return the page: counts, then what was kept and what failed, record by record."""
    left = frame[frame["fate"] != Fate.REVERSED.value]
    return render(
        "rollback.html",
        practice=practice,
        words=words_of(crm),
        load_pass=load_pass,
        dry_run=dry_run,
        totals={fate.value: int((frame["fate"] == fate.value).sum()) for fate in Fate},
        counts=rollback_counts(frame).to_dict("records"),
        left={fate.value: left[left["fate"] == fate.value].to_dict("records") for fate in (Fate.KEPT, Fate.FAILED)},
    )
