"""How many requests a load costs, before it is begun. Pure: the planner multiplies, the rate limit divides."""

from __future__ import annotations

from perio_pipeline.crm.budget import Work
from perio_pipeline.crm.highlevel import constants
from perio_pipeline.crm.highlevel.objects import SPECS

OPENING_REQUESTS = 5
"""The location, its pipelines, users and calendars, and the custom fields."""

_FILE_UPDATE = 6


class HighLevelBudget:
    """One sub-account; see `budget.Budget` for what each method says."""

    def opening(self, times: int, hours: float) -> int:
        """Nothing of the account is remembered between two openings."""
        return times * OPENING_REQUESTS

    def writing(self, work: Work) -> int:
        """One request per record, and one more per update to read what it replaces; links to companies go together.

        Before a file is replaced it is read with its content, by the loader and by the adapter; then come the upload
        and the field without the earlier version.
        """
        created = work.created
        if work.object == constants.CHARTS:
            return created + _FILE_UPDATE * work.updated
        if work.object == constants.COMPANY_LINKS:
            created = sum(_pages(size, constants.LINKS_PER_REQUEST) for size in work.created_by["businessId"])
        return created + 2 * work.updated

    def reading(self, work: Work) -> int:
        """One request per record, but for those that one list shows: a contact's, a company's, or the account's.

        A file is read by its contact and downloaded.
        """
        if work.object == constants.COMPANY_LINKS:
            return sum(_pages(size, constants.PAGE) for size in work.held_by["businessId"])
        if work.object == constants.CHARTS:
            return len(work.held_by["contactId"]) + work.held
        spec = SPECS[work.object]
        if spec.of_contact:
            return len(work.held_by["contactId"])
        return _pages(work.held, constants.PAGE) if spec.listing is not None else work.held


def _pages(records: int, size: int) -> int:
    return -(-records // size)
