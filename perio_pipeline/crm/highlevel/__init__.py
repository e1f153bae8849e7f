"""HighLevel (GoHighLevel) sub-accounts over API v2, with a private integration token."""

from __future__ import annotations

from collections.abc import Mapping

from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.budget import HighLevelBudget
from perio_pipeline.crm.highlevel.plans import PLANS
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.protocol import AccountSettings
from perio_pipeline.crm.ratewindow import OnWait

__all__ = ["PLANS", "behaviours", "budget_of", "open_account"]


def behaviours(capabilities: Mapping[str, bool | int | str]) -> Mapping[str, bool]:
    """None that a mapping could go by: what differs between sub-accounts is read when one is opened."""
    return {}


def budget_of(plan: str, capabilities: Mapping[str, bool | int | str]) -> HighLevelBudget:
    """What requests cost; neither plan nor behaviour makes a difference."""
    return HighLevelBudget()


def open_account(settings: AccountSettings, on_wait: OnWait | None = None) -> HighLevelAdapter:
    """The adapter for one sub-account; it sends nothing before it is entered. `on_wait` is told of long waits."""
    return HighLevelAdapter(
        HighLevelSettings(settings.url, settings.account_id, settings.token, time_scale=settings.time_scale),
        on_wait=on_wait,
    )
