"""HighLevel (GoHighLevel) sub-accounts over API v2, with a private integration token."""

from __future__ import annotations

from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.protocol import AccountSettings


def open_account(settings: AccountSettings) -> HighLevelAdapter:
    """The adapter for one sub-account; it sends nothing before it is entered."""
    return HighLevelAdapter(
        HighLevelSettings(settings.url, settings.account_id, settings.token, time_scale=settings.time_scale)
    )
