"""How many requests a load costs, before it is begun. Pure: the planner multiplies, the hourly limit divides."""

from __future__ import annotations

from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.fieldchecks import MODULES
from perio_pipeline.crm.freshsales.lookups import SELECTORS
from perio_pipeline.crm.freshsales.objects import SPECS

POLLS_PER_JOB = 2
"""Looks at a bulk job until it ends, two seconds apart; an estimate."""


def opening_requests(modules: bool) -> int:
    """Requests that opening an account costs the first time; for some minutes after that, only the probe is sent again.

    Args:
        modules: whether the plan has custom modules, whose fields are then read too.
    """
    return 1 + len(SELECTORS) + len(MODULES) + modules


def requests_for(obj: str, records: int, capabilities: Capabilities, polls: int = POLLS_PER_JOB) -> int:
    """Requests that creating so many records costs when none fails and the index does not lag.

    Args:
        obj: the mapping's object, such as `contacts`.
        records: how many of them, each with a key that its bulk job can go by.
        capabilities: how the account behaves.
        polls: looks at each bulk job.

    Raises:
        ValueError: no such object.
    """
    if obj not in SPECS:
        raise ValueError(f"{constants.NAME} has no object {obj}; it has {', '.join(sorted(SPECS))}")
    if not in_bulk(obj, capabilities):
        return records
    full, rest = divmod(records, constants.BULK_SIZE)
    sizes = [constants.BULK_SIZE] * full + ([rest] if rest else [])
    return sum(_job(size, capabilities, polls) for size in sizes)


def in_bulk(obj: str, capabilities: Capabilities) -> bool:
    """Whether records of this object are created by bulk jobs."""
    spec = SPECS[obj]
    if not capabilities.bulk_upsert or spec.routes.bulk is None:
        return False
    return bool(spec.bulk_name) or capabilities.bulk_key != "id"


def _job(size: int, capabilities: Capabilities, polls: int) -> int:
    if size == 1:
        return 1
    # A look-up is confirmed at the record itself.
    learned = {"filtered_search": 1, "lookup": 2 * size, "upsert": size}[capabilities.read_back]
    return 1 + polls + learned
