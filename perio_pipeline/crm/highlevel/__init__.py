"""HighLevel (GoHighLevel) sub-accounts over API v2, with a private integration token."""

from __future__ import annotations

from collections.abc import Mapping

from perio_pipeline.crm.highlevel import constants
from perio_pipeline.crm.highlevel.adapter import HighLevelAdapter
from perio_pipeline.crm.highlevel.budget import HighLevelBudget
from perio_pipeline.crm.highlevel.capabilities import SHAPING, capabilities_from
from perio_pipeline.crm.highlevel.plans import PLANS
from perio_pipeline.crm.highlevel.probes import probe_account, probe_plan
from perio_pipeline.crm.highlevel.settings import HighLevelSettings
from perio_pipeline.crm.probing import ProbeReport
from perio_pipeline.crm.protocol import AccountSettings, Behaviour, FileLimits
from perio_pipeline.crm.ratewindow import OnWait

__all__ = ["PLANS", "behaviours", "budget_of", "file_limits", "open_account", "probe", "probe_plan", "shaping"]


def behaviours(capabilities: Mapping[str, bool | int | str]) -> Mapping[str, bool]:
    """The sub-account's capabilities that are on or off; what else differs is read when one is opened."""
    known = capabilities_from(capabilities).as_mapping()
    return {name: value for name, value in known.items() if isinstance(value, bool)}


def shaping(capabilities: Mapping[str, Behaviour]) -> Mapping[str, Behaviour]:
    """The capabilities by which other records are sent or taken over."""
    known = capabilities_from(capabilities).as_mapping()
    return {name: known[name] for name in SHAPING}


def budget_of(plan: str, capabilities: Mapping[str, bool | int | str]) -> HighLevelBudget:
    """What requests cost; neither plan nor behaviour makes a difference."""
    return HighLevelBudget()


def file_limits(settings: AccountSettings) -> FileLimits:
    """What a sub-account takes of files; no figure is published for all of them together."""
    return FileLimits(constants.FILE_BYTES)


def open_account(settings: AccountSettings, on_wait: OnWait | None = None) -> HighLevelAdapter:
    """The adapter for one sub-account; it sends nothing before it is entered. `on_wait` is told of long waits."""
    return HighLevelAdapter(_settings(settings), on_wait=on_wait)


async def probe(settings: AccountSettings, on_wait: OnWait | None = None) -> ProbeReport:
    """Find out how a sub-account behaves; leaves it as it was."""
    return await probe_account(_settings(settings), on_wait)


def _settings(settings: AccountSettings) -> HighLevelSettings:
    return HighLevelSettings(
        settings.url,
        settings.account_id,
        settings.token,
        capabilities=capabilities_from(settings.capabilities),
        time_scale=settings.time_scale,
        set_up=settings.set_up,
    )
