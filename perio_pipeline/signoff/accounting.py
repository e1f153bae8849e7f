"""Counts that must add up: source = loaded + quarantined + skipped by policy + merged, from the frames themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

from perio_pipeline.crm.protocol import RequestStats
from perio_pipeline.loading.objects import ACTIONS
from perio_pipeline.loading.traffic import Costs
from perio_pipeline.mapping.model import Mapping
from perio_pipeline.panda.tables import TABLES
from perio_pipeline.signoff.found import whole_key
from perio_pipeline.store import FrameStore, StoredFrame


@dataclass(frozen=True)
class ObjectStatus:
    """Where one object of a destination stands after its latest load.

    `source` rows are those of the object's base frame before validation, `shaped` rows those of it that make records;
    `left_out` are skipped by policy, merged or arrive as another object; requests are those of the latest run that
    touched the object. `requests_per_record` is of the latest load that wrote anything, with the opening of the
    account, and `requests_per_record_readback` of the latest read-back; None where there was none.
    """

    source: int = 0
    quarantined: int = 0
    left_out: int = 0
    shaped: int = 0
    created: int = 0
    updated: int = 0
    adopted: int = 0
    unchanged: int = 0
    failed: int = 0
    leftover: int = 0
    marked: int = 0
    removed: int = 0
    cells_compared: int = 0
    differences_explained: int = 0
    differences_unexplained: int = 0
    requests: int = 0
    writes: int = 0
    rate_limited: int = 0
    requests_per_record: float | None = None
    requests_per_record_readback: float | None = None


def table_accounting(store: FrameStore, practice: str, table: str) -> dict[str, int]:
    """Return extracted, valid and quarantined rows of a canonical table."""
    quarantine = store.frame(practice, ["quarantine", table]).read(["row"])
    return {
        "extracted": store.frame(practice, ["panda", table]).rows(),
        "valid": store.frame(practice, ["validated", table]).rows(),
        "quarantined": int(quarantine["row"].nunique()),
    }


def patients_accounted(store: FrameStore, practice: str) -> dict[str, int]:
    """Return valid patients, and how many are loaded, merged and skipped."""
    dispositions = store.frame(practice, ["validated", "patient_identity"]).read(["disposition"])["disposition"]
    counts = {name: int((dispositions == name).sum()) for name in ("load", "merged", "skipped")}
    return {"valid": store.frame(practice, ["validated", "patient"]).rows(), **counts}


def object_accounting(store: FrameStore, practice: str, name: str, mapping: Mapping) -> dict[str, int]:
    """Return valid rows of an object's base frame, and how many are shaped and left out.

    A record that goes to several accounts, or is cut into parts, counts once; one that gathers rows counts them all.
    """
    obj, crm = mapping.objects[name], mapping.destination
    shaped = store.frame(practice, [crm, "shaped", name]).read(["source_key", *(["gathered"] if obj.gather else [])])
    whole = shaped.assign(source_key=shaped["source_key"].map(whole_key)) if obj.split else shaped
    records = whole.drop_duplicates("source_key")
    left_out = store.frame(practice, [crm, "left_out", name]).read(["source_key"])["source_key"]
    return {
        "valid": store.frame(practice, mapping.asset_key(obj.rows)).rows(),
        "shaped": int(records["gathered"].sum()) if obj.gather else len(records),
        "left_out": int(left_out.nunique()),
    }


def destination_status(
    store: FrameStore,
    practice: str,
    crm: str,
    mapping: Mapping,
    traffic: dict[str, RequestStats],
    costs: dict[str, Costs],
) -> dict[str, ObjectStatus]:
    """Return object → where it stands; objects that were never shaped are left out."""
    return {
        name: _status(store, practice, name, mapping, traffic.get(name, RequestStats()), costs.get(name, Costs()))
        for name in mapping.objects
        if store.frame(practice, [crm, "shaped", name]).exists()
    }


def status_table(statuses: dict[str, ObjectStatus]) -> pd.DataFrame:
    """Return one row per object with all its counts."""
    return pd.DataFrame([{"object": name, **asdict(status)} for name, status in statuses.items()])


def _status(
    store: FrameStore, practice: str, name: str, mapping: Mapping, traffic: RequestStats, costs: Costs
) -> ObjectStatus:
    crm = mapping.destination
    counts = object_accounting(store, practice, name, mapping)
    base = mapping.asset_key(mapping.objects[name].rows)[-1]
    tables = (
        table_accounting(store, practice, base) if base in TABLES else {"extracted": counts["valid"], "quarantined": 0}
    )
    actions: dict[str, int] = dict.fromkeys(ACTIONS, 0)
    manifest = store.frame(practice, [crm, "loaded", name])
    if manifest.exists():
        actions |= {str(key): int(rows) for key, rows in manifest.read(["action"])["action"].value_counts().items()}
    readback = store.frame(practice, [crm, "readback", name])
    return ObjectStatus(
        source=tables["extracted"],
        quarantined=tables["quarantined"],
        left_out=counts["left_out"],
        shaped=counts["shaped"],
        **actions,
        **diff_counts(store.frame(practice, [crm, "diff", name])),
        requests=traffic.requests,
        writes=traffic.writes,
        rate_limited=traffic.rate_limited,
        requests_per_record=_per_record(costs.load, costs.written),
        requests_per_record_readback=_per_record(costs.readback, readback.rows() if readback.exists() else 0),
    )


def _per_record(requests: int, records: int) -> float | None:
    return round(requests / records, 4) if records else None


def diff_counts(differences: StoredFrame) -> dict[str, int]:
    """Return the counts of an object's latest diff, from the summary beside its frame."""
    summary = differences.note()
    unexplained = int(summary.get("unexplained", 0))
    return {
        "cells_compared": int(summary.get("cells", 0)),
        "differences_explained": int(summary.get("differences", 0)) - unexplained,
        "differences_unexplained": unexplained,
    }
