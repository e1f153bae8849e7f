"""How many requests a load costs, before it is begun. Pure: the planner multiplies, the hourly limit divides."""

from __future__ import annotations

from dataclasses import dataclass

from perio_pipeline.crm.budget import Work
from perio_pipeline.crm.freshsales import constants
from perio_pipeline.crm.freshsales.capabilities import Capabilities
from perio_pipeline.crm.freshsales.fieldchecks import MODULES
from perio_pipeline.crm.freshsales.lookups import SELECTORS
from perio_pipeline.crm.freshsales.memory import REMEMBERED_SECONDS
from perio_pipeline.crm.freshsales.objects import SPECS, LinkStyle, ObjectSpec

POLLS_PER_JOB = 1
"""Looks at a bulk job until it ends; the first comes when a job of its size should have ended. An estimate."""
_PROOFS = 2
"""Single reads that prove a walk through lists."""


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
    spec = _spec(obj)
    if not in_bulk(obj, capabilities):
        return records * _single(spec, capabilities)
    full, rest = divmod(records, capabilities.bulk_rows)
    sizes = [capabilities.bulk_rows] * full + ([rest] if rest else [])
    return sum(_job(spec, size, capabilities, polls) for size in sizes)


def read_back_requests(
    obj: str, records: int, capabilities: Capabilities, *, others: int = 0, parents: int | None = None
) -> int:
    """Requests that reading so many records back costs when lists show them all and in full.

    Args:
        obj: the mapping's object.
        records: how many of them.
        capabilities: how the account behaves.
        others: further records in the same module that were made after these: lists begin with the newest.
        parents: for activities and files, how many records they belong to; as many as they are when it is not known.

    Raises:
        ValueError: no such object.
    """
    spec = _spec(obj)
    if spec.children:
        downloads = records if spec.entity == constants.DOCUMENT and capabilities.download_files else 0
        return min(records, records if parents is None else parents) + downloads
    lists = capabilities.view_lists == "all" or (capabilities.view_lists == "standard" and obj != constants.PLAN_LINES)
    if not lists or records < constants.WORTH_A_LIST:
        return records
    # The views of contacts are known from opening the account.
    views = 0 if spec.plural == constants.CONTACTS else 1
    pages = -(-(records if capabilities.scroll_lists else records + others) // constants.PAGE)
    return min(records, pages + _PROOFS) + views


def in_bulk(obj: str, capabilities: Capabilities) -> bool:
    """Whether records of this object are created by bulk jobs."""
    spec = _spec(obj)
    if not capabilities.bulk_upsert or spec.routes.bulk is None:
        return False
    return bool(spec.bulk_name) or capabilities.bulk_key != "id"


@dataclass(frozen=True)
class FreshsalesBudget:
    """One account; see `budget.Budget` for what each method says.

    Attributes:
        capabilities: how the account behaves.
        modules: whether its plan has custom modules.
    """

    capabilities: Capabilities
    modules: bool

    def opening(self, times: int, hours: float) -> int:
        """The set-up is read again once it may have changed; between that only the probe is sent."""
        whole = min(times, 1 + int(hours * constants.HOUR / REMEMBERED_SECONDS))
        return whole * opening_requests(self.modules) + times - whole

    def writing(self, work: Work) -> int:
        """An update reads what it replaces, and a contact's accounts once more; a file's versions are compared too."""
        if SPECS[work.object].entity == constants.DOCUMENT:
            looks = 2 * (1 + self.capabilities.download_files)
            return requests_for(work.object, work.created, self.capabilities) + work.updated * (looks + 1)
        styles = [SPECS[work.object].links.get(name) for name in work.held_by]
        accounts = LinkStyle.PRIMARY_ACCOUNT in styles
        return requests_for(work.object, work.created, self.capabilities) + work.updated * (2 + accounts)

    def reading(self, work: Work) -> int:
        """Lists where they show several records for one request."""
        links = [name for name in SPECS[work.object].links if name in work.held_by]
        parents = len(work.held_by[links[0]]) if links else None
        return read_back_requests(work.object, work.held, self.capabilities, others=work.others, parents=parents)


def _spec(obj: str) -> ObjectSpec:
    if obj not in SPECS:
        raise ValueError(f"{constants.NAME} has no object {obj}; it has {', '.join(sorted(SPECS))}")
    return SPECS[obj]


def _single(spec: ObjectSpec, capabilities: Capabilities) -> int:
    """Who holds an address is asked before a record is upserted by it."""
    return 1 + _by_address(spec, capabilities.upsert_key)


def _job(spec: ObjectSpec, size: int, capabilities: Capabilities, polls: int) -> int:
    if size <= constants.FEW_ROWS:
        return size * _single(spec, capabilities)
    learned = {"filtered_search": 1, "lookup": size, "upsert": size * _single(spec, capabilities)}
    sent = size if capabilities.bulk_cost == "rows" else 1
    return _by_address(spec, capabilities.bulk_key) + sent + polls + learned[capabilities.read_back]


def _by_address(spec: ObjectSpec, key: str) -> bool:
    return key == constants.EMAILS and spec.plural == constants.CONTACTS
