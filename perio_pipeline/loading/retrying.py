"""Tries again only what did not arrive, after a fix: in the source, in the mapping, or in the CRM (P8)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from perio_pipeline.loading.entries import State
from perio_pipeline.loading.objects import NOT_LOADED, Target

RECORD = ["source_key", "account"]


def unsettled(target: Target, name: str, shaped: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Return the shaped records that failed in the latest load, and those of it whose content is not proven.

    Args:
        target: the destination.
        name: the object.
        shaped: its records as they are now.
        manifest: that of the latest load; records it does not have were not to be loaded and are left alone.
    """
    failed = manifest.loc[manifest["action"].isin(NOT_LOADED), RECORD]
    wanted = set(failed.itertuples(index=False, name=None))
    for account in manifest["account"].unique():
        known = target.journal.known(target.scope(str(account), name)).values()
        open_keys = {each.source_key for each in known if each.state != State.DONE or each.fingerprint is None}
        loaded = manifest.loc[manifest["account"] == account, "source_key"]
        wanted |= {(key, account) for key in open_keys.intersection(loaded)}
    return shaped[_among(shaped, wanted)]


def renewed(earlier: pd.DataFrame, again: pd.DataFrame, looked_at: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return a manifest, or a read-back, with the records of the retry in place of what was there of them.

    Records that the retry did not touch are unchanged.

    Args:
        earlier: what there was.
        again: what the retry found.
        looked_at: the records that it looked at, where some of them may not be there any more.
    """
    touched = again if looked_at is None else looked_at
    others = earlier[~_among(earlier, set(touched[RECORD].itertuples(index=False, name=None)))]
    if "action" in others:
        others = others.assign(action=others["action"].mask(~others["action"].isin(NOT_LOADED), "unchanged"))
    whole = pd.concat([others, again]).astype(earlier.dtypes.to_dict())
    return whole.sort_values(["account", "source_key"], ignore_index=True)


def _among(frame: pd.DataFrame, records: set[tuple[str, str]]) -> np.ndarray:
    """Whether each row is one of the records: as many booleans as rows, also where there are none."""
    return pd.MultiIndex.from_frame(frame[RECORD]).isin(list(records))
