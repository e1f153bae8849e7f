"""HighLevel (GoHighLevel) sub-accounts over API v2, with a private integration token."""

from __future__ import annotations

from collections.abc import Mapping

from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.budget import HighLevelBudget
from perio_pipeline.crm.highlevel.plans import PLANS
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.probing import ProbePlan, ProbeReport
from perio_pipeline.crm.protocol import AccountSettings, FileLimits
from perio_pipeline.crm.ratewindow import OnWait

__all__ = ["PLANS", "behaviours", "budget_of", "file_limits", "open_account", "probe", "probe_plan"]

_PROBES = ProbePlan((), 0, ())

_FILE_BYTES = 50_000_000
"""The largest file that a contact's file field takes (API facts, section 8: POST /forms/upload-custom-files)."""


def behaviours(capabilities: Mapping[str, bool | int | str]) -> Mapping[str, bool]:
    """None that a mapping could go by: what differs between sub-accounts is read when one is opened."""
    return {}


def budget_of(plan: str, capabilities: Mapping[str, bool | int | str]) -> HighLevelBudget:
    """What requests cost; neither plan nor behaviour makes a difference."""
    return HighLevelBudget()


def file_limits(settings: AccountSettings) -> FileLimits:
    """What a sub-account takes of files; no figure is published for all of them together."""
    return FileLimits(_FILE_BYTES)


def open_account(settings: AccountSettings, on_wait: OnWait | None = None) -> HighLevelAdapter:
    """The adapter for one sub-account; it sends nothing before it is entered. `on_wait` is told of long waits."""
    return HighLevelAdapter(
        HighLevelSettings(settings.url, settings.account_id, settings.token, time_scale=settings.time_scale),
        on_wait=on_wait,
    )


def probe_plan() -> ProbePlan:
    """Nothing is tried: what differs between sub-accounts is read when one is opened."""
    return _PROBES


async def probe(settings: AccountSettings, on_wait: OnWait | None = None) -> ProbeReport:
    """Nothing is tried, and nothing found."""
    return ProbeReport()
