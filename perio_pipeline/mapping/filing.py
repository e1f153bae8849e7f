"""The files of a destination: which of them its mapping sends, to which account, and in which variant."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary

import pandas as pd

from perio_pipeline.crm.protocol import FileLimits
from perio_pipeline.files.fitting import Policy, Reduce, fit, unified
from perio_pipeline.files.frames import SENT, SOURCES, VISIT_HISTORY
from perio_pipeline.mapping.model import OWN, Mapping
from perio_pipeline.mapping.rows import IDENTITY, Frames, Router, follow_survivors

SENT_FRAME = f"{OWN}/{SENT.name}"
HISTORY_FRAME = f"{OWN}/{VISIT_HISTORY.name}"


def kinds_sent(mapping: Mapping) -> dict[str, str]:
    """Return kind of file → the object that sends it; none where the mapping sends no files."""
    return {
        str(join.where["kind"]): name
        for name, obj in mapping.present().items()
        for join in obj.join.values()
        if join.frame == SENT_FRAME and join.where.get("kind") in SOURCES
    }


def files_by_account(files: Dictionary[str, pd.DataFrame], frames: Frames, router: Router) -> pd.DataFrame:
    """Put the files of the patients that are loaded together (`fitting.unified`), with the `account` each goes to.

    Args:
        files: kind → `files/<kind>`.
        frames: `validated/patient` and `validated/patient_identity`.
        router: patients to accounts.
    """
    identity = frames[IDENTITY]
    loaded = identity.loc[identity["disposition"] == "load", "patient_id"]
    rows = follow_survivors(unified(dict(files)), frames)
    rows = rows[rows["patient_id"].isin(loaded)]
    accounts = rows["patient_id"].map(router.route(frames)).fillna(router.default)
    return rows.assign(account=accounts).reset_index(drop=True)


def fit_files(
    files: pd.DataFrame,
    limits: Dictionary[str, FileLimits],
    policy: Policy,
    reduce: Reduce,
    placed: Dictionary[str, set[tuple[str, str]]],
) -> pd.DataFrame:
    """Decide in which variant each file goes to its account (`frames.SENT`).

    Args:
        files: `files_by_account`.
        limits: account → what it takes.
        policy: what becomes of files that do not go as they are.
        reduce: makes smaller copies.
        placed: account → (kind, file_id) of what it holds already.
    """
    parts = [fit(files.iloc[:0], FileLimits(), policy, reduce)]
    for account, group in files.groupby("account", sort=True):
        held = placed.get(str(account), set())
        names = zip(group["kind"], group["file_id"], strict=True)
        group = group.assign(placed=[name in held for name in names])
        parts.append(fit(group, limits[str(account)], policy, reduce))
    return pd.concat(parts, ignore_index=True)
