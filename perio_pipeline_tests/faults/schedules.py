"""Random schedules: which faults strike which requests of a load in trouble. Data, and a seed that repeats them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CHANCE = 0.2
"""How likely each kind of a schedule's faults strikes a request that it fits."""
RUNS = 2
"""Loads in trouble before the quiet one."""
EARLY, LATE = 5, 150
"""Between which requests of a load its token expires."""

ANY: Mapping[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429},
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502},
    "503": {"kind": "status", "status": 503},
    "timeout": {"kind": "silent", "times": 4},
    "reset": {"kind": "reset"},
    "reset mid-body": {"kind": "cut"},
    "lost response": {"kind": "lost_response"},
    "lagging search": {"kind": "stall_search", "seconds": 30, "times": 4},
    "dropped field": {"kind": "drop_field"},
    "expired token": {"kind": "expire_token", "times": 1},
}
"""Kind of fault → how the sandbox plays it.

A few timeouts are enough: each costs the time that it stands for. A search lags for two minutes at most: the loader
waits a little longer before it takes a record that it does not find for one that was never made."""
OF_CRM: Mapping[str, Mapping[str, dict[str, Any]]] = {
    "highlevel": {"422 but created": {"kind": "created_but_422", "method": "POST"}},
    "freshsales": {
        "500 but created": {"kind": "created_but_error", "method": "POST"},
        "partial bulk job": {"kind": "partial_bulk", "path": "bulk_upsert", "rows": 3},
        "failed bulk job": {"kind": "failed_job", "path": "bulk_upsert", "rows": 3},
        "busy": {"kind": "busy", "path": "bulk_upsert"},
    },
}


@dataclass(frozen=True)
class Schedule:
    """What goes wrong in one seed's loads.

    Attributes:
        seed: everything follows from it.
        kinds: the kinds of fault that are mixed.
        runs: the faults of each load, in the sandbox's words.
    """

    seed: int
    kinds: tuple[str, ...]
    runs: tuple[tuple[dict[str, Any], ...], ...]


def schedule(seed: int, crm: str, fields: Sequence[str]) -> Schedule:
    """Draw a schedule: two kinds of fault or more, up to all of them; every fourth seed has all.

    Args:
        seed: the same gives the same.
        crm: the destination.
        fields: what may be dropped.
    """
    chance = random.Random(f"{crm} {seed}")
    known = {**ANY, **OF_CRM[crm]}
    number = len(known) if seed % 4 == 3 else chance.randint(2, len(known))
    kinds = tuple(sorted(chance.sample(sorted(known), number)))
    runs = []
    for _ in range(RUNS):
        # The first that strikes is the one that happens: no kind is to hide behind another for good.
        order = chance.sample(kinds, len(kinds))
        runs.append(tuple(_fault(known[kind], chance, fields) for kind in order))
    return Schedule(seed, kinds, tuple(runs))


def _fault(played: Mapping[str, Any], chance: random.Random, fields: Sequence[str]) -> dict[str, Any]:
    fault = {**played, "seed": chance.randrange(2**32)}
    if fault["kind"] == "expire_token":  # it ends the load, so that it must not come with the first requests
        return {**fault, "nth": chance.randint(EARLY, LATE)}
    if fault["kind"] == "drop_field":
        fault["field"] = chance.choice(fields)
    return {**fault, "probability": CHANCE}
