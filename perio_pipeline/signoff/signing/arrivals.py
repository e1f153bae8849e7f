"""What became of the records that were to be loaded: counted from the manifest, record by record, not by subtraction.

So a record that a load lost, or never knew, shows as a sum that is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from perio_pipeline.mapping.model import Mapping, ObjectMap
from perio_pipeline.signoff.found import whole_key
from perio_pipeline.store import FrameStore


@dataclass(frozen=True)
class Arrivals:
    """Source rows of an object that make records, by what the manifest says of all their parts in all accounts.

    Attributes:
        loaded: in the CRM.
        failed: not there as they should be, in any part.
        removed: deleted by a person in the CRM, which stays.
        waiting: not in the sample, or not loaded yet.
    """

    loaded: int = 0
    failed: int = 0
    removed: int = 0
    waiting: int = 0

    @property
    def total(self) -> int:
        """All that are accounted for."""
        return self.loaded + self.failed + self.removed + self.waiting


def arrivals(store: FrameStore, practice: str, name: str, mapping: Mapping) -> Arrivals:
    """Count an object's records; nothing where it was never shaped.

    A record that was to be loaded and that the manifest does not know is in none of the counts.
    """
    obj, crm = mapping.objects[name], mapping.destination
    shaped, manifest = (store.frame(practice, [crm, part, name]) for part in ("shaped", "loaded"))
    if not shaped.exists():
        return Arrivals()
    columns = ["source_key", *(["gathered"] if obj.gather else [])]
    records = _whole(shaped.read(columns), obj).drop_duplicates("source_key")
    rows = records["gathered"].astype("int64") if obj.gather else pd.Series(1, index=records.index)
    if not manifest.exists():
        return Arrivals(waiting=int(rows.sum()))
    actions = _whole(manifest.read(["source_key", "action"]), obj)
    said = {str(action): set(group) for action, group in actions.groupby("action")["source_key"]}
    fates = dict.fromkeys(actions["source_key"], "loaded")
    fates |= dict.fromkeys(said.get("removed", ()), "removed") | dict.fromkeys(said.get("failed", ()), "failed")
    if manifest.note().get("pass") == "sample":
        sample = store.frame(practice, [crm, "sample"]).read()
        chosen = _whole(sample[sample["object"] == name], obj)["source_key"]
        fates |= dict.fromkeys(set(records["source_key"]) - set(chosen) - set(fates), "waiting")
    counts = rows.groupby(records["source_key"].map(fates)).sum()
    return Arrivals(**{str(fate): int(count) for fate, count in counts.items()})


def _whole(frame: pd.DataFrame, obj: ObjectMap) -> pd.DataFrame:
    """Name the record of each part of a long text."""
    return frame.assign(source_key=frame["source_key"].map(whole_key)) if obj.split else frame
